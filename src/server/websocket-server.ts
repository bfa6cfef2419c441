// GraphQL over WebSocket (graphql-transport-ws): graphql-ws speaks the protocol, this file decides who may connect, how
// many, how much, and how a socket ends. Subscriptions only; they run on the path all transports share.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { handleProtocols } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Caller } from '../core/caller.ts';
import { ERROR_TABLE, SluiceError } from '../core/errors.ts';
import type { Arrival } from './arrival.ts';
import { requireHttps, strictTransportHeader } from './https-only.ts';
import type { ServerLogger } from './server-logger.ts';
import type { WebSocketServerOptions } from './socket-options.ts';
import { createSocketSession, type SocketSession } from './socket-session.ts';

/** How long a stopping server waits for a peer to say goodbye. */
const closeReplyMs = 2_000;

export interface GatewaySockets {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, arrival: Arrival): Promise<void>;
  /** Closes idle sockets with 1012 spread over `spreadMs`, the others when their last operation has ended. Resolves when all have. */
  stop(spreadMs: number): Promise<void>;
  /** Closes all that are left with 1012, then cuts those that do not answer. */
  close(): void;
}

export function createWebSocketServer(options: WebSocketServerOptions): GatewaySockets {
  const { settings, throttle, lifecycle, logger } = options;
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: settings().maxBodyBytes,
    handleProtocols,
  });
  let answerHeaders: readonly string[] = [];
  server.on('headers', (headers) => headers.push(...answerHeaders));
  const sessions = new Set<SocketSession>();
  const perCaller = new Map<string, number>();
  let isStopping = false;
  let whenEmpty: (() => void) | undefined;

  /** Takes a place among the caller's sockets; undefined when all are taken. */
  function takePlace(caller: Caller): (() => void) | undefined {
    const id = `${caller.organizationId}/${caller.projectId}/${caller.principalKind}/${caller.principalId}`;
    const taken = perCaller.get(id) ?? 0;
    const limits = settings().sockets;
    if (taken >= (caller.principalKind === 'USER' ? limits.perUser : limits.perKey)) return undefined;
    perCaller.set(id, taken + 1);
    return () => {
      const left = (perCaller.get(id) ?? 1) - 1;
      if (left === 0) perCaller.delete(id);
      else perCaller.set(id, left);
    };
  }

  function open(socket: WebSocket, { client }: Arrival): void {
    const session = createSocketSession({ ...options, socket, address: client.address, takePlace });
    sessions.add(session);
    void session.closed.then(() => {
      sessions.delete(session);
      if (sessions.size === 0) {
        clearInterval(heartbeat);
        heartbeat = undefined;
        whenEmpty?.();
      }
    });
    heartbeat ??= setInterval(() => {
      for (const each of sessions) each.ping();
    }, options.pingMs ?? 12_000);
    if (isStopping) session.closeWhenIdle();
  }
  let heartbeat: NodeJS.Timeout | undefined;

  return {
    async handleUpgrade(request, socket, head, arrival) {
      const { client, requestId, settings: current } = arrival;
      const strictTransport = strictTransportHeader(client, request);
      try {
        lifecycle.requireAccepting();
        if (current.httpsOnly) requireHttps(client);
        if (!current.cors.allowsSocket(request)) {
          throw new SluiceError(
            'FORBIDDEN',
            'Pages of this origin may not connect: the server must list it in "allowedOrigins".',
          );
        }
        await throttle.countUpgrade(client.address);
      } catch (error) {
        return refuseUpgrade(socket, error, requestId, logger, strictTransport);
      }
      server.options.maxPayload = current.maxBodyBytes;
      // Asked for within this turn.
      answerHeaders = strictTransport === undefined ? [] : [strictTransport.join(': ')];
      server.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, arrival));
    },
    stop(spreadMs) {
      isStopping = true;
      // All at once would send every client to the next server in the same moment.
      let index = 0;
      for (const session of sessions) {
        const delayMs = (index++ / sessions.size) * spreadMs;
        const timer = setTimeout(() => session.closeWhenIdle(), delayMs);
        void session.closed.then(() => clearTimeout(timer));
      }
      if (sessions.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        whenEmpty = resolve;
      });
    },
    close() {
      isStopping = true;
      for (const session of sessions) {
        session.close(1012, 'Service restart');
        const timer = setTimeout(() => session.terminate(), closeReplyMs);
        void session.closed.then(() => clearTimeout(timer));
      }
      server.close();
    },
  };
}

/** Before the upgrade a socket speaks HTTP. */
function refuseUpgrade(
  socket: Duplex,
  error: unknown,
  requestId: string,
  logger: ServerLogger,
  header?: readonly [string, string],
): void {
  const known = error instanceof SluiceError ? error : new SluiceError('INTERNAL_SERVER_ERROR');
  if (known.code === 'INTERNAL_SERVER_ERROR') logger.error({ err: error, requestId }, 'an upgrade failed');
  const { status, retryable } = ERROR_TABLE[known.code];
  const body = JSON.stringify({ errors: [{ message: known.message, extensions: { code: known.code, requestId } }] });
  const retryAfter = retryable ? `Retry-After: ${Math.max(1, Math.ceil((known.retryAfterMs ?? 0) / 1_000))}\r\n` : '';
  socket.end(
    `HTTP/1.1 ${status} ${known.code}\r\nContent-Type: application/json; charset=utf-8\r\nX-Request-Id: ${requestId}\r\n${retryAfter}${header === undefined ? '' : `${header.join(': ')}\r\n`}Cache-Control: no-store\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
