// GraphQL over WebSocket (graphql-transport-ws): graphql-ws speaks the protocol, this file decides who may connect, how
// many, how much, and how a socket ends. Subscriptions only; they run on the path all transports share.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { handleProtocols } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Caller } from '../core/caller.ts';
import { SluiceError } from '../core/errors.ts';
import type { Arrival } from './arrival.ts';
import { requireHttps, strictTransportHeader } from './https-only.ts';
import { refuseSocket } from './refuse-socket.ts';
import type { WebSocketServerOptions } from './socket-options.ts';
import { createSocketSession, type SocketSession } from './socket-session.ts';

/** Around the messages of a peer that signs in. */
const framingBytes = 1_024;
/** How long a stopping server waits for a peer to say goodbye. */
const closeReplyMs = 2_000;

interface Upgrade {
  readonly requestId: string;
  readonly strictTransport: readonly [name: string, value: string] | undefined;
}

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
  /** What is being upgraded: ws asks for headers, or complains, within the same turn. */
  let upgrading: Upgrade | undefined;
  server.on('headers', (headers) => {
    if (upgrading?.strictTransport !== undefined) headers.push(upgrading.strictTransport.join(': '));
  });
  server.on('wsClientError', (_error, socket) => {
    if (upgrading === undefined) return void socket.destroy();
    const says = 'This is not a valid WebSocket handshake (RFC 6455, version 13).';
    refuseSocket(socket, new SluiceError('BAD_USER_INPUT', says), upgrading.requestId, upgrading.strictTransport);
  });
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

  function open(
    socket: WebSocket,
    wire: Duplex,
    origin: string | undefined,
    { client, settings: current }: Arrival,
  ): void {
    const bytes = countBytes(wire, current.maxAnonymousBodyBytes + framingBytes, () =>
      session.close(1009, 'Too much before signing in'),
    );
    const session = createSocketSession({
      ...options,
      socket,
      address: client.address,
      origin,
      takePlace: (caller) => {
        bytes.stop();
        return takePlace(caller);
      },
    });
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
        if (!(error instanceof SluiceError)) logger.error({ err: error, requestId }, 'an upgrade failed');
        return refuseSocket(socket, error, requestId, strictTransport);
      }
      server.options.maxPayload = current.maxBodyBytes;
      upgrading = { requestId, strictTransport };
      server.handleUpgrade(request, socket, head, (webSocket) =>
        open(webSocket, socket, request.headers.origin, arrival),
      );
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

/** ws hands a message over when it is there whole: of strangers, that would be too late. */
function countBytes(wire: Duplex, most: number, onTooMany: () => void): { stop(): void } {
  let count = 0;
  const stop = (): void => void wire.off('data', add);
  const add = (chunk: Buffer): void => {
    count += chunk.length;
    if (count <= most) return;
    stop();
    onTooMany();
  };
  wire.on('data', add);
  return { stop };
}
