// A generation: one logical model call, what is known of it, how it ends, and the events of its log.

import type { ModelFinishReason, TokenCounts, ToolCall } from './chat.ts';
import type { JsonValue } from './json.ts';

export type GenerationStatus = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'BLOCKED' | 'CANCELLED';
export type FinishReason = ModelFinishReason | 'CANCELLED' | 'ERROR';
export type ContentState = 'AVAILABLE' | 'EXPIRED' | 'NOT_STORED' | 'FORBIDDEN';
export type AttemptOutcome = 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'TIMED_OUT' | 'LOST' | 'SKIPPED';

/** PROVIDER: as billed by the provider. ESTIMATED: counted from what was delivered. */
export type UsageSource = 'PROVIDER' | 'ESTIMATED';

export interface Usage extends TokenCounts {
  /** undefined: no price is known for the model. */
  readonly costNanoUsd: bigint | undefined;
  /** What a replay (later a cache hit) did not cost again. */
  readonly savedNanoUsd: bigint;
  readonly source: UsageSource;
}

export interface Attempt {
  /** From 1. */
  readonly number: number;
  readonly provider: string;
  /** The provider's name of the model. */
  readonly model: string;
  readonly outcome: AttemptOutcome;
  readonly errorCode: string | undefined;
  readonly latencyMs: number;
  readonly firstTokenMs: number | undefined;
  readonly usage: Usage | undefined;
  readonly providerRequestId: string | undefined;
}

/** A snapshot: made new at each change that can be seen, never mutated. Times in ms since the epoch. */
export interface Generation {
  readonly id: string;
  readonly status: GenerationStatus;
  readonly model: string;
  readonly text: string | undefined;
  readonly json: JsonValue | undefined;
  readonly reasoning: string | undefined;
  readonly toolCalls: readonly ToolCall[];
  readonly contentState: ContentState;
  readonly finishReason: FinishReason | undefined;
  readonly usage: Usage | undefined;
  readonly attempts: readonly Attempt[];
  /** MODEL: the caller's output cap was above what the model can write and was lowered to it. */
  readonly clampedBy: 'MODEL' | undefined;
  /** What was asked for and not done, or not counted: whole sentences for the caller. */
  readonly warnings: readonly string[];
  /** Whom the caller made it for. Personal: told to nobody, never logged. */
  readonly endUserId: string | undefined;
  readonly createdAtMs: number;
  readonly completedAtMs: number | undefined;
  readonly latencyMs: number | undefined;
  readonly firstTokenMs: number | undefined;
}

export type GenerationFailureCode =
  | 'UPSTREAM_ERROR'
  | 'UPSTREAM_REJECTED'
  | 'DEADLINE_EXCEEDED'
  | 'CANCELLED'
  | 'NODE_LOST'
  | 'OUTPUT_INVALID'
  | 'GUARD_FAILED'
  | 'OVERLOADED'
  | 'INTERNAL';

export type InvalidInputCode =
  | 'INVALID'
  | 'MODEL_NOT_FOUND'
  | 'MODEL_UNPRICED'
  | 'CONTEXT_TOO_LONG'
  | 'CAPABILITY_MISSING'
  | 'MAX_PRICE_EXCEEDED';

export type IdempotencyErrorCode = 'KEY_PARAMETER_MISMATCH' | 'IN_PROGRESS_ELSEWHERE' | 'RESULT_EXPIRED';

/** Refused before anything ran; nothing was charged. `path` starts at the field's argument, e.g. `['input','prompt']`. */
export interface InvalidInput {
  readonly type: 'INVALID_INPUT';
  readonly code: InvalidInputCode;
  readonly message: string;
  readonly path: readonly string[];
}

export interface IdempotencyRefusal {
  readonly type: 'IDEMPOTENCY';
  readonly code: IdempotencyErrorCode;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

/** How a generation that ran came to its end. */
export type Terminal =
  | { readonly type: 'SUCCESS'; readonly generation: Generation }
  | {
      readonly type: 'OUTPUT_INVALID';
      readonly message: string;
      /** JSON pointers into the answer; `''` is the whole answer. */
      readonly pointers: readonly string[];
      readonly generation: Generation;
    }
  | {
      readonly type: 'BLOCKED';
      readonly message: string;
      /** Where it was blocked, e.g. `PROVIDER`. */
      readonly stage: string;
      readonly categories: readonly string[];
      readonly generation: Generation;
    }
  | {
      readonly type: 'UNAVAILABLE';
      readonly message: string;
      readonly retryAfterMs: number | undefined;
      readonly generation: Generation;
    }
  | {
      readonly type: 'FAILED';
      readonly code: GenerationFailureCode;
      readonly message: string;
      readonly retryable: boolean;
      readonly retryAfterMs: number | undefined;
      readonly generation: Generation;
    }
  | {
      readonly type: 'CANCELLED';
      /** CANCELLED: somebody asked for it. ABANDONED: nobody listened any more. */
      readonly cause: 'CANCELLED' | 'ABANDONED';
      readonly message: string;
      readonly generation: Generation;
    };

/**
 * What a call came to: a terminal (its own, or one it attached to or replayed), a generation that goes on running
 * (`startGeneration`), or a refusal. `replayed`: this call did not run the model and was not charged.
 */
export type GenerateOutcome =
  | { readonly type: 'ENDED'; readonly terminal: Terminal; readonly replayed: boolean }
  | { readonly type: 'RUNNING'; readonly generation: Generation; readonly replayed: boolean }
  | InvalidInput
  | IdempotencyRefusal;

/** One entry of a generation's log. `sequence` runs from 1 without gaps; exactly one TERMINAL, the last. */
export type GenerationEvent =
  | {
      readonly type: 'STARTED';
      readonly sequence: number;
      readonly model: string;
      readonly createdAtMs: number;
    }
  /** `offset`: UTF-16 index of `text` in the whole answer. */
  | { readonly type: 'TEXT'; readonly sequence: number; readonly text: string; readonly offset: number }
  | { readonly type: 'REASONING'; readonly sequence: number; readonly text: string }
  | {
      readonly type: 'TOOL_CALL';
      readonly sequence: number;
      readonly index: number;
      readonly id: string | undefined;
      readonly name: string | undefined;
      readonly argumentsText: string;
    }
  | { readonly type: 'TERMINAL'; readonly sequence: number; readonly terminal: Terminal };
