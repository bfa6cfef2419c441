// Turns generations and what calls came to into the shapes of the schema. Plain objects with a __typename: graphql-js
// then needs no instanceof to tell the members of a union apart.

import type * as core from '../../core/generation.ts';
import { formatNanoUsd } from '../../core/money.ts';
import { asReplay } from '../../generation/settle.ts';
import type { GenerateResult } from './generate-result.types.ts';
import type { Attempt, Generation, TokenUsage } from './generation.types.ts';

export function toTokenUsage(usage: core.Usage): TokenUsage {
  return {
    inputTokens: usage.inputTokens,
    cachedInputTokens: usage.cachedInputTokens,
    cacheWriteTokens: usage.cacheWriteTokens,
    outputTokens: usage.outputTokens,
    reasoningTokens: usage.reasoningTokens,
    totalTokens: usage.inputTokens + usage.outputTokens,
    costUsd: usage.costNanoUsd === undefined ? undefined : formatNanoUsd(usage.costNanoUsd),
    savedUsd: formatNanoUsd(usage.savedNanoUsd),
    source: usage.source,
  };
}

/** `replayed`: told to somebody who did not pay for it, so its usage is what that saved. */
export function toGeneration(generation: core.Generation, replayed = false): Generation {
  const { usage } = generation;
  return {
    __typename: 'Generation',
    id: generation.id,
    status: generation.status,
    model: generation.model,
    text: generation.text,
    json: generation.json,
    reasoning: generation.reasoning,
    toolCalls: generation.toolCalls,
    contentState: generation.contentState,
    finishReason: generation.finishReason,
    usage: usage && toTokenUsage(replayed ? asReplay(usage) : usage),
    attempts: generation.attempts.map(toAttempt),
    clampedBy: generation.clampedBy,
    warnings: generation.warnings,
    createdAt: generation.createdAtMs,
    completedAt: generation.completedAtMs,
    latencyMs: generation.latencyMs,
    firstTokenMs: generation.firstTokenMs,
  };
}

function toAttempt(attempt: core.Attempt): Attempt {
  return { ...attempt, usage: attempt.usage && toTokenUsage(attempt.usage) };
}

export function toGenerateResult(outcome: core.GenerateOutcome): GenerateResult {
  switch (outcome.type) {
    case 'ENDED':
      return fromTerminal(outcome.terminal, outcome.replayed);
    case 'RUNNING':
      return {
        __typename: 'GenerateSuccess',
        generation: toGeneration(outcome.generation, outcome.replayed),
        replayed: outcome.replayed,
      };
    case 'INVALID_INPUT':
      return { __typename: 'InvalidInputError', code: outcome.code, message: outcome.message, path: outcome.path };
    case 'IDEMPOTENCY':
      return {
        __typename: 'IdempotencyError',
        code: outcome.code,
        message: outcome.message,
        path: ['input', 'idempotencyKey'],
        retryAfterMs: outcome.retryAfterMs,
      };
  }
}

function fromTerminal(terminal: core.Terminal, replayed: boolean): GenerateResult {
  const generation = toGeneration(terminal.generation, replayed);
  if (terminal.type === 'SUCCESS') return { __typename: 'GenerateSuccess', generation, replayed };
  const common = { message: terminal.message, path: undefined, generation };
  switch (terminal.type) {
    case 'OUTPUT_INVALID':
      return { __typename: 'OutputInvalidError', ...common, pointers: terminal.pointers };
    case 'BLOCKED':
      return { __typename: 'ContentBlockedError', ...common, stage: terminal.stage, categories: terminal.categories };
    case 'UNAVAILABLE':
      return {
        __typename: 'ModelUnavailableError',
        message: terminal.message,
        path: undefined,
        retryAfterMs: terminal.retryAfterMs,
      };
    case 'FAILED':
      return {
        __typename: 'GenerationFailedError',
        ...common,
        code: terminal.code,
        retryable: terminal.retryable,
        retryAfterMs: terminal.retryAfterMs,
      };
    case 'CANCELLED':
      return {
        __typename: 'GenerationFailedError',
        ...common,
        code: 'CANCELLED',
        retryable: false,
        retryAfterMs: undefined,
      };
  }
}
