// Servers for tests of safe-fetch: one that stands for the public internet and two that stand for our own network, real
// sockets all of them; and a safe-fetch with a resolver that the test plays.

import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createOutboundHosts, parseAllowedHost } from '../../src/platform/outbound-hosts.ts';
import { createSafeFetch, type SafeFetchOptions, type SafeFetchRequest } from '../../src/platform/safe-fetch.ts';
import { type ResolvedAddress, SafeFetchError } from '../../src/platform/safe-fetch-exchange.ts';
import { createSelfSignedCertificate } from './certificates.ts';

/** Stands for an address on the public internet; 127.0.0.1 stays what it is. */
export const PUBLIC = '127.0.0.2';
export const PRIVATE = '127.0.0.1';
const { cert, key } = createSelfSignedCertificate(['one.test', 'two.test', 'named.internal', '127.0.0.1', '127.0.0.2']);

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface TestServer {
  readonly server: Server;
  readonly port: number;
  readonly sockets: Set<Socket>;
  /** All there ever were. */
  connections: number;
  requests: IncomingMessage[];
  handler: Handler;
}

const ok: Handler = (_request, response) => response.end('SECRET-BODY');

async function listen(address: string, port: number, secure: boolean): Promise<TestServer> {
  const onRequest: Handler = (request, response) => {
    started.requests.push(request);
    started.handler(request, response);
  };
  const server = secure ? createHttpsServer({ cert, key }, onRequest) : createHttpServer(onRequest);
  const started: TestServer = { server, port: 0, sockets: new Set(), connections: 0, requests: [], handler: ok };
  server.on('connection', (socket) => {
    started.connections += 1;
    started.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => started.sockets.delete(socket));
  });
  server.listen(port, address);
  await once(server, 'listening');
  return Object.assign(started, { port: (server.address() as AddressInfo).port });
}

/** One port on which both addresses answer. */
async function listenOnBoth(secure: boolean): Promise<{ open: TestServer; inner: TestServer }> {
  const open = await listen(PUBLIC, 0, secure);
  try {
    return { open, inner: await listen(PRIVATE, open.port, secure) };
  } catch {
    // Somebody else has it at the other address.
    open.server.close();
    return listenOnBoth(secure);
  }
}

export interface TestServers {
  /** https on PUBLIC. */
  readonly open: TestServer;
  /** https on PRIVATE, at the port of `open`. */
  readonly inner: TestServer;
  /** http on PRIVATE. */
  readonly plain: TestServer;
  readonly all: readonly TestServer[];
  close(): Promise<void>;
  /** As if nothing had been asked. */
  reset(): void;
}

export async function startServers(): Promise<TestServers> {
  const { open, inner } = await listenOnBoth(true);
  const plain = await listen(PRIVATE, 0, false);
  const all = [open, inner, plain];
  return {
    open,
    inner,
    plain,
    all,
    reset: () => {
      for (const server of all) Object.assign(server, { connections: 0, requests: [], handler: ok });
    },
    close: async () => {
      for (const { server, sockets } of all) {
        for (const socket of sockets) socket.destroy();
        server.close();
        await once(server, 'close');
      }
    },
  };
}

/** Our side has closed every connection. */
export const allClosed = ({ sockets }: TestServer): Promise<unknown> =>
  Promise.all([...sockets].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))));

export interface Setup extends Partial<Omit<SafeFetchOptions, 'hosts'>> {
  /** What the resolver says to each question in turn; the last answer stands. */
  readonly names?: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly allowed?: readonly string[];
}

export function setup({ names = {}, allowed = [], ...options }: Setup = {}) {
  const asked: string[] = [];
  const allowedHosts = allowed.map((text) => parseAllowedHost(text) ?? { host: text, port: undefined });
  const fetch = createSafeFetch({
    hosts: createOutboundHosts(allowedHosts),
    timeoutMs: 20_000,
    maxBytes: 1_000,
    maxRedirects: 3,
    ca: cert,
    lookup: async (hostname) => {
      const answers = names[hostname];
      if (answers === undefined) throw new Error('ENOTFOUND');
      const answer = answers[Math.min(asked.filter((name) => name === hostname).length, answers.length - 1)] ?? [];
      asked.push(hostname);
      return answer.map((address): ResolvedAddress => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
    ...options,
  });
  const run = (url: string, more: Partial<SafeFetchRequest> = {}) =>
    fetch({ url, signal: new AbortController().signal, ...more });
  const failure = async (url: string, more: Partial<SafeFetchRequest> = {}): Promise<SafeFetchError> => {
    const error = await run(url, more).then(
      () => new Error('It should have been refused.'),
      (reason: unknown) => reason,
    );
    if (!(error instanceof SafeFetchError)) throw error;
    if (!/^[A-Z].*\.$/.test(error.message) || error.message.includes('SECRET')) {
      throw new Error(`That is no message for a caller: ${error.message}`);
    }
    return error;
  };
  return { run, failure, asked };
}

/** The resolver of most tests: `one.test` and `two.test` are public, as far as `mayConnect` says. */
export const asPublic: Setup = {
  names: { 'one.test': [[PUBLIC]], 'two.test': [[PUBLIC]] },
  mayConnect: (address) => address === PUBLIC,
};
