// Writes answers that are not GraphQL results of Apollo's: errors before execution, and plain JSON.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import { codeOf, retryAfterSeconds, statusOf } from '../graphql/format-error.ts';
import type { JsonAnswer } from './negotiate.ts';

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  mediaType = 'application/json',
  /** Whose body is waited for with the end of the answer, not with its text: see `discardBody`. */
  request?: IncomingMessage,
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': `${mediaType}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(text),
  });
  if (request === undefined || request.complete) return void response.end(text);
  response.write(text);
  request.once('close', () => response.end()).resume();
}

/** `json.legacy` counts for requests that were well-formed: only those can be errors "inside" GraphQL. */
export function answerErrors(
  response: ServerResponse,
  errors: readonly GraphQLFormattedError[],
  json: JsonAnswer,
  wasWellFormed: boolean,
  request?: IncomingMessage,
): void {
  const seconds = retryAfterSeconds(errors);
  if (seconds !== undefined) response.setHeader('Retry-After', seconds);
  const code = codeOf(errors[0]);
  if (code === 'METHOD_NOT_ALLOWED' && !response.hasHeader('Allow')) response.setHeader('Allow', 'POST, OPTIONS');
  answerJson(response, statusOf(errors, json.legacy && wasWellFormed), { errors }, json.mediaType, request);
}

const lingerMs = 5_000;

/**
 * Takes the body of a refused request off the wire so that the answer arrives: closing with unread bytes resets the
 * connection, and a reset may overtake the answer. Drops at most `maxBytes`, for at most five seconds.
 */
export function discardBody(request: IncomingMessage, maxBytes: number): void {
  const { headers } = request;
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  if (request.complete || !hasBody) return;
  let left = maxBytes;
  const stop = (): void => void request.socket.destroy();
  const timer = setTimeout(stop, lingerMs).unref();
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) stop();
  });
  request.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer));
  request.resume();
}
