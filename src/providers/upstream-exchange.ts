// One request and its answer on undici's `dispatch`: the time-outs, the bounds, the abort, and how far the attempt got.
// Ends exactly once, by `resolve` or by `reject` with an UpstreamError; no timer and no listener outlives it.

import type { Dispatcher } from 'undici';
import { UpstreamError, type UpstreamPhase } from '../core/upstream-error.ts';
import type { ProviderTimeouts } from './provider.ts';
import { type AnswerHeaders, headerValue, providerRequestId } from './retry-after.ts';
import { createServerSentEventsReader, type ServerSentEventsReader } from './server-sent-events.ts';
import {
  cancelledError,
  cutError,
  errorFromNetwork,
  readingFailedError,
  type TimeoutKind,
  timeoutError,
  unreadableError,
  withDetails,
} from './upstream-errors.ts';
import { createUpstreamTimers } from './upstream-timers.ts';

/**
 * How far a streamed answer is: WAITING for the first token; WRITING; FINISHED: whole, though more may be told (usage);
 * DONE: nothing comes any more.
 */
export type StreamProgress = 'WAITING' | 'WRITING' | 'FINISHED' | 'DONE';

export interface UpstreamPost {
  /** Where to post on the client's origin, query included. Default: the client's own address. */
  readonly path?: string;
  /** JSON. */
  readonly body: string;
  /** A streamed body was asked for: first-token and idle time-outs apply. */
  readonly streamed: boolean;
  readonly timeouts: ProviderTimeouts;
  readonly signal: AbortSignal;
  /** Called synchronously for each event of a streamed 2xx body. May throw UpstreamError. */
  readonly onEvent: (data: string, type: string | undefined) => StreamProgress;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** undefined: the body was streamed and went to `onEvent`. */
  readonly body: string | undefined;
}

export interface AnswerBounds {
  /** Bytes of a plain body. */
  readonly maxBodyBytes: number;
  /** UTF-16 units of one event of a streamed body. */
  readonly maxEventLength: number;
}

/** A server that closes an idle connection does so within the time the reset takes to arrive. */
const STALE_WITHIN_MS = 2_000;

/**
 * Whether the server closed the idle connection while we took it: then it cannot have read the request. Later, or on a
 * connection that never answered, it may have read it, and may bill it.
 */
export const wasStale = (connection: Connection | undefined, sentAtMs: number | undefined): boolean =>
  sentAtMs !== undefined && (connection?.answers ?? 0) > 0 && performance.now() - sentAtMs < STALE_WITHIN_MS;

/** A pooled connection; `answers` counts since it was opened. */
export interface Connection {
  answers: number;
}

export interface UpstreamExchange extends Dispatcher.DispatchHandler {
  /** Set by the pool when it gives the exchange to a connection. */
  connection: Connection | undefined;
}

/** Of an error body nobody needs more; and nobody waits long for its end. */
const MAX_ERROR_BODY_BYTES = 65_536;
const ERROR_BODY_WAIT_MS = 1_000;
/** A stream that has said its last word gets so long to end by itself, which keeps the connection. */
const LINGER_MS = 1_000;

/** @throws UpstreamError when the body of a 2xx answer is neither. */
function bodyKind(headers: AnswerHeaders): 'EVENTS' | 'JSON' {
  if ((headerValue(headers, 'content-encoding') ?? 'identity') !== 'identity') {
    throw unreadableError('compressed its answer although it was asked not to', 'ANSWERED');
  }
  const contentType = headerValue(headers, 'content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (contentType === 'text/event-stream') return 'EVENTS';
  if (contentType === '' || contentType.endsWith('json')) return 'JSON';
  const told = /^[\w.+/-]{1,64}$/.test(contentType) ? `"${contentType}"` : 'another content type';
  throw unreadableError(`answered with ${told} instead of JSON. Check its baseUrl`, 'ANSWERED');
}

export function createExchange(
  { streamed, timeouts, signal, onEvent }: UpstreamPost,
  { maxBodyBytes, maxEventLength }: AnswerBounds,
  resolve: (answer: UpstreamAnswer) => void,
  reject: (error: UpstreamError) => void,
): UpstreamExchange {
  let settled = false;
  let controller: Dispatcher.DispatchController | undefined;
  let head: { readonly status: number; readonly headers: AnswerHeaders } | undefined;
  let firstByteSeen = false;
  let sentAtMs: number | undefined;
  let events: ServerSentEventsReader | undefined;
  let progress: StreamProgress = 'WAITING';
  let chunks: Buffer[] = [];
  let bodyBytes = 0;
  let linger: NodeJS.Timeout | undefined;
  const timers = createUpstreamTimers(timeouts.totalMs, timedOut);
  signal.addEventListener('abort', onAbort, { once: true });
  timers.enter('CONNECT', timeouts.connectMs);

  function phase(): UpstreamPhase {
    if (controller === undefined) return 'NOT_SENT';
    if (head === undefined) return 'NO_ANSWER';
    if (events !== undefined) return progress === 'WAITING' ? 'NO_ANSWER' : 'PARTIAL';
    return head.status >= 300 ? 'ANSWERED' : 'PARTIAL';
  }

  function settle(): void {
    settled = true;
    timers.stop();
    signal.removeEventListener('abort', onAbort);
    events?.stop();
  }

  function fail(error: UpstreamError): void {
    if (settled) return;
    settle();
    controller?.abort(error);
    const known = head && { status: head.status, providerRequestId: providerRequestId(head.headers) };
    reject(known === undefined ? error : withDetails(error, known));
  }

  function succeed(): void {
    if (settled || head === undefined) return;
    settle();
    const text = events === undefined ? Buffer.concat(chunks, bodyBytes).toString('utf8') : undefined;
    chunks = [];
    resolve({ ...head, body: text });
  }

  /** For what ends an answer early: it is good if it was whole by then, or if it only lacks the end of an error. */
  function endOr(error: () => UpstreamError): void {
    const whole = events === undefined ? phase() === 'ANSWERED' : progress === 'FINISHED' || progress === 'DONE';
    if (whole) {
      succeed();
      controller?.abort(new Error('The answer was whole.'));
    } else {
      fail(error());
    }
  }

  function onAbort(): void {
    fail(cancelledError(phase()));
  }

  function timedOut(kind: TimeoutKind, ms: number): void {
    if (!settled) endOr(() => timeoutError(kind, ms, phase()));
  }

  function readEvent(data: string, type: string | undefined): void {
    const before = progress;
    progress = onEvent(data, type);
    // The caller may have aborted while it took the event.
    if (settled) return;
    if (before === 'WAITING' && progress !== 'WAITING' && streamed) timers.enter('IDLE', timeouts.idleMs);
    if (progress === 'DONE') {
      succeed();
      linger = setTimeout(() => controller?.abort(new Error('The answer was whole.')), LINGER_MS);
    }
  }

  function readHead(status: number, headers: AnswerHeaders): void {
    head = { status, headers };
    const kind = status >= 300 ? 'ERROR' : bodyKind(headers);
    if (kind === 'EVENTS') {
      events = createServerSentEventsReader({
        maxEventLength,
        onEvent: readEvent,
        onTooLarge: () => fail(unreadableError('sent an event larger than an answer may be', phase())),
      });
    } else if (kind === 'ERROR') {
      timers.enter('TOTAL', ERROR_BODY_WAIT_MS);
    } else {
      // Maybe a whole body instead of the stream that was asked for: nothing comes before it is done.
      timers.enter(undefined, 0);
    }
  }

  function readData(chunk: Buffer): void {
    if (events !== undefined) {
      timers.refreshIdle();
      events.feed(chunk);
      return;
    }
    chunks.push(chunk);
    bodyBytes += chunk.length;
    if (phase() === 'ANSWERED') {
      if (bodyBytes > MAX_ERROR_BODY_BYTES) endOr(() => cutError('ANSWERED'));
    } else if (bodyBytes > maxBodyBytes) {
      fail(unreadableError(`sent more than ${maxBodyBytes} bytes`, 'PARTIAL'));
    }
  }

  function guarded(read: () => void): void {
    try {
      read();
    } catch (error) {
      fail(error instanceof UpstreamError ? error : readingFailedError(error));
    }
  }

  const exchange: UpstreamExchange = {
    connection: undefined,
    onRequestStart(started) {
      if (settled) {
        started.abort(new Error('The caller is gone.'));
        return;
      }
      controller = started;
      sentAtMs = performance.now();
      timers.enter(streamed ? 'FIRST_TOKEN' : undefined, timeouts.firstTokenMs);
    },
    onResponseStarted() {
      firstByteSeen = true;
    },
    onResponseStart(_controller, status, headers) {
      if (settled || status < 200) return;
      if (exchange.connection !== undefined) exchange.connection.answers += 1;
      guarded(() => readHead(status, headers));
    },
    onResponseData(_controller, chunk) {
      if (!settled) guarded(() => readData(chunk));
    },
    onResponseEnd() {
      clearTimeout(linger);
      if (settled) return;
      if (events === undefined) succeed();
      else endOr(() => cutError(phase()));
    },
    onResponseError(_controller, error) {
      clearTimeout(linger);
      if (settled) return;
      const staleConnection = !firstByteSeen && wasStale(exchange.connection, sentAtMs);
      endOr(() => errorFromNetwork(error, staleConnection ? 'NOT_SENT' : phase()));
    },
  };
  return exchange;
}
