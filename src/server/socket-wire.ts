// Between ws and graphql-ws: messages in, messages out, and what a peer may not do to either: say much before it has
// said who it is, have answers pile up that it does not read, send what only servers send.

import { CloseCode, MessageType, type WebSocket as ProtocolSocket, stringifyMessage } from 'graphql-ws';
import type { RawData, WebSocket } from 'ws';
import { isNestedDeeper } from '../core/json.ts';
import { hasTooMuchStructure } from './json-structure.ts';
import type { ServerLogger } from './server-logger.ts';

export interface SocketWireOptions {
  readonly socket: WebSocket;
  readonly close: (code: number, reason: string) => void;
  /** Until the peer has signed in. */
  readonly isStranger: () => boolean;
  /** Of one message of a stranger. */
  readonly maxStrangerBytes: number;
  readonly logger: ServerLogger;
}

/** Answers waiting for a peer that goes on sending. */
const maxUnreadBytes = 16 * 1024 * 1024;
const maxPingDepth = 64;

export function createSocketWire(options: SocketWireOptions): ProtocolSocket {
  const { socket, close, isStranger, maxStrangerBytes, logger } = options;

  /** Resolves when the bytes have left: the next result is taken from its source only then. */
  const send = (text: string): Promise<void> =>
    new Promise((resolve) => {
      if (socket.readyState !== socket.OPEN) resolve();
      else socket.send(text, () => resolve());
    });

  return {
    protocol: socket.protocol,
    send,
    close: (code = 1000, reason = '') => close(code, reason),
    onPing: (payload) => {
      // What is nested too deeply cannot be written again.
      const echo = payload === undefined || isNestedDeeper(payload, maxPingDepth) ? {} : { payload };
      return send(stringifyMessage({ type: MessageType.Pong, ...echo }));
    },
    onMessage: (handle) => {
      socket.on('message', (data: RawData, isBinary: boolean) => {
        // Closed by us: whatever a peer that says no goodbye still sends is nobody's any more, maybe by a key that is gone.
        if (socket.readyState !== socket.OPEN) return;
        // Text was checked to be UTF-8 on its way in, bytes were not.
        if (isBinary) return close(CloseCode.BadRequest, 'Messages must be text');
        if (isStranger() && byteLength(data) > maxStrangerBytes) return close(1009, 'First message too big');
        if (socket.bufferedAmount > maxUnreadBytes) return close(1013, 'Try again later');
        if (hasTooMuchStructure(bytesOf(data))) return close(CloseCode.BadRequest, 'Too many parts in a message');
        handle(String(data)).catch((error: unknown) => {
          if (isServersOwn(error)) return close(CloseCode.BadRequest, 'Invalid message received');
          logger.error({ err: error }, 'unexpected error on a socket');
          close(CloseCode.InternalServerError, 'Internal server error');
        });
      });
    },
  };
}

/** graphql-ws throws a plain error for messages of the protocol that only a server sends. */
const isServersOwn = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('Unexpected message of type ');

/** ws hands text over as one Buffer, unless it is told otherwise. */
const bytesOf = (data: RawData): Uint8Array =>
  Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? new Uint8Array(data) : data;

const byteLength = (data: RawData): number =>
  Array.isArray(data) ? data.reduce((sum, part) => sum + part.length, 0) : data.byteLength;
