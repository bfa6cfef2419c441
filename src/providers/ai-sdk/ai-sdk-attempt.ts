// One attempt through a package of the AI SDK: how far it got, its time-outs, its abort. The package runs the request;
// what the fetch sees of the network and the reader of the answer is told here, and here it is judged.

import { UpstreamError, type UpstreamPhase } from '../../core/upstream-error.ts';
import type { ProviderCall } from '../provider.ts';
import { type AnswerHeaders, headerValue, providerRequestId } from '../retry-after.ts';
import { cancelledError, errorFromNetwork, type TimeoutKind, timeoutError, withDetails } from '../upstream-errors.ts';
import { createUpstreamTimers } from '../upstream-timers.ts';

export interface AiSdkAttempt {
  /** Aborted when the attempt is over, however it ended: whatever still runs for it stops. */
  readonly signal: AbortSignal;
  /** Rejects with an UpstreamError when a time is over, when the caller stops, or when the attempt is given up. */
  readonly stopped: Promise<never>;
  phase(): UpstreamPhase;
  /** What the network did to the attempt, if that ended it. */
  networkError(): UpstreamError | undefined;
  /** A request begins; the phase is that of the latest. */
  connecting(): void;
  /** Its connection stands and it is being written. */
  sent(): void;
  answered(status: number, headers: AnswerHeaders): void;
  /** A piece of the answer came; returns how many bytes came since the package made something of them. */
  received(chunk: Uint8Array): number;
  /** The package made something of what came. */
  read(): void;
  /** `staleConnection`: it was used before and closed without a byte back. */
  broke(error: unknown, staleConnection: boolean): void;
  /** The answer is no use, whatever the package makes of it. */
  giveUp(error: UpstreamError): void;
  /** The model has begun to write. */
  wrote(): void;
  /** The answer is whole: no time counts any more, and what is left of the connection gets a moment to end by itself. */
  whole(): void;
  end(): void;
  readonly status: number | undefined;
  readonly headers: AnswerHeaders;
  /** The beginning of a JSON body in place of a stream, which a package sees nothing in: maybe it tells an error. */
  readonly bodyInsteadOfStream: string | undefined;
}

/** Enough for an error. */
const MAX_KEPT_BYTES = 65_536;
/** A stream that has said its last word gets so long to end by itself, which keeps the connection. */
const LINGER_MS = 1_000;

export function createAttempt({
  streamed,
  timeouts,
  signal,
}: Pick<ProviderCall, 'streamed' | 'timeouts' | 'signal'>): AiSdkAttempt {
  const controller = new AbortController();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  // Whoever no longer listens must not be told by a crash.
  stopped.catch(() => undefined);
  let ended = false;
  let isSent = false;
  let head: { readonly status: number; readonly headers: AnswerHeaders } | undefined;
  let writing = false;
  let unreadBytes = 0;
  let kept: Uint8Array[] | undefined;
  let keptBytes = 0;
  let linger: NodeJS.Timeout | undefined;
  let broken: { readonly error: unknown; readonly staleConnection: boolean } | undefined;
  const timers = createUpstreamTimers(timeouts.totalMs, timedOut);
  if (signal.aborted) giveUp(cancelledError('NOT_SENT'));
  else signal.addEventListener('abort', onAbort, { once: true });

  function phase(): UpstreamPhase {
    if (!isSent) return 'NOT_SENT';
    if (head === undefined) return 'NO_ANSWER';
    if (head.status >= 300) return 'ANSWERED';
    return streamed && !writing ? 'NO_ANSWER' : 'PARTIAL';
  }

  function whole(): void {
    timers.stop();
    signal.removeEventListener('abort', onAbort);
  }

  function end(): void {
    clearTimeout(linger);
    if (ended) return;
    ended = true;
    whole();
    controller.abort();
  }

  function giveUp(error: UpstreamError): void {
    if (ended) return;
    const known = head && { status: head.status, providerRequestId: providerRequestId(head.headers) };
    reject(known === undefined ? error : withDetails(error, known));
    end();
  }

  function onAbort(): void {
    giveUp(cancelledError(phase()));
  }

  function timedOut(kind: TimeoutKind, ms: number): void {
    giveUp(timeoutError(kind, ms, phase()));
  }

  return {
    signal: controller.signal,
    stopped,
    phase,
    networkError: () => {
      if (broken === undefined) return undefined;
      const { error, staleConnection } = broken;
      return error instanceof UpstreamError ? error : errorFromNetwork(error, staleConnection ? 'NOT_SENT' : phase());
    },
    connecting: () => {
      isSent = false;
      head = undefined;
      broken = undefined;
      if (!ended) timers.enter('CONNECT', timeouts.connectMs);
    },
    sent: () => {
      isSent = true;
      if (!ended) timers.enter(streamed ? 'FIRST_TOKEN' : undefined, timeouts.firstTokenMs);
    },
    answered: (status, headers) => {
      head = { status, headers };
      const isJson = /^\s*application\/json\b/i.test(headerValue(headers, 'content-type') ?? '');
      kept = streamed && isJson && status < 300 ? [] : undefined;
    },
    received: (chunk) => {
      timers.refreshIdle();
      if (kept !== undefined && keptBytes < MAX_KEPT_BYTES) {
        kept.push(chunk);
        keptBytes += chunk.length;
      }
      unreadBytes += chunk.length;
      return unreadBytes;
    },
    read: () => {
      unreadBytes = 0;
    },
    broke: (error, staleConnection) => {
      broken = { error, staleConnection };
    },
    giveUp,
    wrote: () => {
      if (writing) return;
      writing = true;
      if (!ended && streamed) timers.enter('IDLE', timeouts.idleMs);
    },
    whole: () => {
      whole();
      linger = setTimeout(end, LINGER_MS);
    },
    end,
    get status() {
      return head?.status;
    },
    get headers() {
      return head?.headers ?? {};
    },
    get bodyInsteadOfStream() {
      return kept && Buffer.concat(kept).toString('utf8');
    },
  };
}
