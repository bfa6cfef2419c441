// Refusals on a bare socket, for what never became a request with a response: broken HTTP, upgrades. In the shape of
// every other error, and the connection is gone soon after, whatever the peer does.

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ERROR_TABLE, SluiceError } from '../core/errors.ts';
import { securityHeaders } from './security-headers.ts';

/** How long the peer may take to read the answer before the connection is cut. */
const lingerMs = 1_000;

export function refuseSocket(
  socket: Duplex,
  error: unknown,
  requestId: string,
  more?: readonly [name: string, value: string],
): void {
  const { code, message, retryAfterMs } =
    error instanceof SluiceError ? error : new SluiceError('INTERNAL_SERVER_ERROR');
  const { status, retryable } = ERROR_TABLE[code];
  const body = JSON.stringify({ errors: [{ message, extensions: { code, requestId } }] });
  const headers: (readonly [string, string])[] = [
    ['X-Request-Id', requestId],
    ...securityHeaders,
    ['Content-Type', 'application/json; charset=utf-8'],
    ['Content-Length', String(Buffer.byteLength(body))],
    ['Connection', 'close'],
  ];
  if (more !== undefined) headers.push(more);
  if (retryable) headers.push(['Retry-After', String(Math.max(1, Math.ceil((retryAfterMs ?? 0) / 1_000)))]);
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  if (!socket.writable) return void socket.destroy();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  // Without a reader the peer's goodbye would never be noticed; with bytes unread, closing would overtake the answer.
  socket.once('close', () => clearTimeout(timer)).once('end', () => socket.destroy());
  socket.resume().end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`);
}
