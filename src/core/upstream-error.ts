// What can go wrong between us and a model provider, in words the generation story and routing decide by.
// Providers throw nothing else; the one mapping from status and body stands in providers/upstream-errors.ts.

import type { TokenCounts } from './chat.ts';

/**
 * How far an attempt got, which decides whether a retry could be charged twice:
 * NOT_SENT nothing reached the provider; NO_ANSWER sent, no answer head or first token yet;
 * ANSWERED an answer with a status ≥ 400 or an error body (charged 0);
 * PARTIAL the answer began and was cut.
 */
export type UpstreamPhase = 'NOT_SENT' | 'NO_ANSWER' | 'ANSWERED' | 'PARTIAL';

export type UpstreamFailure =
  /** Provider fault or throttling: unreachable, 408, 429, 5xx, cut, malformed. */
  | 'UPSTREAM_ERROR'
  /** The provider refuses this request (other 4xx): asking again does not help. */
  | 'UPSTREAM_REJECTED'
  /** The provider's own safety system refused the input or the output. */
  | 'UPSTREAM_BLOCKED'
  /** One of our time-outs: connect, first token, idle, total. */
  | 'DEADLINE_EXCEEDED'
  /** We were told to stop (`signal`). */
  | 'CANCELLED';

export interface UpstreamErrorDetails {
  readonly phase: UpstreamPhase;
  readonly retryable: boolean;
  /** HTTP status of the answer, if there was one. */
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly providerRequestId?: string | undefined;
  /** Usage the provider reported before or with the failure. */
  readonly usage?: TokenCounts | undefined;
  /** True: `usage` was told before the output was written, whose tokens it does not count. */
  readonly usageBeforeOutput?: boolean | undefined;
  /** The provider does not take the credential it was sent. Default: false. */
  readonly refusedCredential?: boolean | undefined;
  /** Categories of an UPSTREAM_BLOCKED refusal, as the provider names them. */
  readonly categories?: readonly string[] | undefined;
  readonly cause?: unknown;
}

/** `message` is shown to callers: it says what happened without the prompt, the answer, keys or addresses. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly failure: UpstreamFailure;
  readonly phase: UpstreamPhase;
  readonly retryable: boolean;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly providerRequestId: string | undefined;
  readonly usage: TokenCounts | undefined;
  readonly usageBeforeOutput: boolean;
  readonly refusedCredential: boolean;
  readonly categories: readonly string[];

  constructor(failure: UpstreamFailure, message: string, details: UpstreamErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.failure = failure;
    this.phase = details.phase;
    this.retryable = details.retryable;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.providerRequestId = details.providerRequestId;
    this.usage = details.usage;
    this.usageBeforeOutput = details.usageBeforeOutput ?? false;
    this.refusedCredential = details.refusedCredential ?? false;
    this.categories = details.categories ?? [];
  }
}
