// A forward proxy for one test: CONNECT tunnels and whole addresses. It says what it was asked, knows names of its own
// as a proxy on another network does, and can refuse, stay silent or ask for a password.

import { createServer, request as forward, type IncomingMessage } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { KeyAndCertificate } from './certificates.ts';

export interface TestProxyOptions {
  /** Host name → port on loopback it stands for. Other names are refused with 502. */
  readonly hosts?: Readonly<Record<string, number>>;
  /** `user:password`; without them it answers 407. */
  readonly credentials?: string;
  /** Answers CONNECT with this status. */
  readonly status?: number;
  /** Says that a tunnel stands, and closes it. */
  readonly breaks?: boolean;
  /** Takes CONNECT and never answers. */
  readonly silent?: boolean;
  /** Speaks TLS itself. */
  readonly tls?: KeyAndCertificate;
}

export interface TestProxy extends AsyncDisposable {
  readonly port: number;
  /** e.g. `CONNECT llm.example.test:443`, `POST http://llm.example.test/v1`. */
  readonly asked: readonly string[];
  /** Headers of what it was asked, by the same position. */
  readonly headers: readonly IncomingMessage['headers'][];
  openSockets(): number;
  close(): Promise<void>;
}

export async function startTestProxy(options: TestProxyOptions = {}): Promise<TestProxy> {
  const { hosts = {}, credentials, status, breaks, silent, tls } = options;
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket));
  };
  const refusalOf = (request: IncomingMessage, host: string): number | undefined => {
    asked.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    const given = request.headers['proxy-authorization'];
    if (credentials !== undefined && given !== `Basic ${Buffer.from(credentials).toString('base64')}`) return 407;
    return status ?? (hosts[host] === undefined ? 502 : undefined);
  };

  const server = tls === undefined ? createServer() : createSecureServer(tls);
  server.on('connection', keep);
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    const host = (request.url ?? '').replace(/:\d+$/, '');
    const refusal = refusalOf(request, host);
    client.on('error', () => client.destroy());
    if (silent) return;
    if (breaks) {
      client.end('HTTP/1.1 200 Connection established\r\n\r\n');
      return;
    }
    if (refusal !== undefined) {
      client.end(
        `HTTP/1.1 ${refusal} No\r\nproxy-authenticate: Basic realm="secret-realm"\r\ncontent-length: 0\r\n\r\n`,
      );
      return;
    }
    const upstream = keep(connect(hosts[host] ?? 0, '127.0.0.1'));
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    upstream.once('close', () => client.destroy());
    client.once('close', () => upstream.destroy());
  });
  server.on('request', (request, response) => {
    const url = new URL(request.url ?? '', 'http://nowhere');
    const refusal = refusalOf(request, url.hostname);
    if (refusal !== undefined) {
      response.writeHead(refusal).end();
      return;
    }
    const { 'proxy-authorization': _ours, ...passedOn } = request.headers;
    const upstream = forward(
      {
        host: '127.0.0.1',
        port: hosts[url.hostname],
        method: request.method,
        path: url.pathname + url.search,
        headers: passedOn,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    upstream.on('error', () => response.destroy());
    response.once('close', () => upstream.destroy());
    request.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    headers,
    openSockets: () => sockets.size,
    close,
    [Symbol.asyncDispose]: close,
  };
}
