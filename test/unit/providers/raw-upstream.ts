// A bare TCP (or TLS) server that reads HTTP requests and lets the test write every byte of the answer, or none.

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import type { KeyAndCertificate } from '../../support/certificates.ts';

export interface RawRequest {
  readonly head: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly socket: Socket;
  /** Number of the connection, from 1. */
  readonly connection: number;
}

export interface RawUpstream {
  /** `http://127.0.0.1:<port>`, or https */
  readonly url: string;
  readonly requests: readonly RawRequest[];
  readonly openSockets: () => number;
  /** Resolves when the client has closed this connection, or the last one. */
  closed(request: RawRequest): Promise<void>;
  close(): Promise<void>;
}

export function answerHead(contentType: string, status = 200, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ 'content-type': contentType, 'transfer-encoding': 'chunked', ...headers });
  return `HTTP/1.1 ${status} Some Reason\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

export function bodyChunk(bytes: Buffer | string): Buffer {
  const buffer = Buffer.from(bytes as string);
  return Buffer.concat([Buffer.from(`${buffer.length.toString(16)}\r\n`), buffer, Buffer.from('\r\n')]);
}

export const LAST_CHUNK = '0\r\n\r\n';

/** A whole answer with one write per piece, each in a turn of its own. */
export async function writePieces(socket: Socket, head: string, pieces: readonly (Buffer | string)[]): Promise<void> {
  socket.setNoDelay(true);
  socket.write(head);
  for (const piece of pieces) {
    await new Promise((resolve) => setImmediate(resolve));
    if (piece.length > 0) socket.write(bodyChunk(piece));
  }
  socket.write(LAST_CHUNK);
}

export function writeJson(
  socket: Socket,
  body: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): void {
  socket.write(answerHead('application/json', status, headers));
  if (body !== '') socket.write(bodyChunk(body));
  socket.write(LAST_CHUNK);
}

export async function startRawUpstream(
  onRequest: (request: RawRequest, number: number) => void,
  tls?: KeyAndCertificate,
): Promise<RawUpstream> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  const closings = new Map<Socket, Promise<void>>();
  let connections = 0;
  const onConnection = (socket: Socket): void => {
    const connection = ++connections;
    sockets.add(socket);
    closings.set(
      socket,
      new Promise((resolve) => {
        socket.once('close', () => {
          sockets.delete(socket);
          resolve();
        });
      }),
    );
    let received = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const head = received.toString('latin1', 0, headEnd);
      const lines = head.split('\r\n').slice(1);
      const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s).slice(0, 2)));
      const length = Number(headers['content-length'] ?? 0);
      if (received.length < headEnd + 4 + length) return;
      const body = received.toString('utf8', headEnd + 4, headEnd + 4 + length);
      received = received.subarray(headEnd + 4 + length);
      const request = { head, path: head.split(' ')[1] ?? '', headers, body, socket, connection };
      requests.push(request);
      onRequest(request, requests.length);
    });
  };
  const server = tls === undefined ? createServer(onConnection) : createSecureServer(tls, onConnection);
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    openSockets: () => sockets.size,
    closed: (request) => closings.get(request.socket) ?? Promise.resolve(),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}
