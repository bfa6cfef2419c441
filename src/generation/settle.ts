// What an attempt used and costs: the provider's word where there is one, else counted from what was delivered.

import type { TokenCounts } from '../core/chat.ts';
import type { Usage, UsageSource } from '../core/generation.ts';
import { costNanoUsd } from '../core/money.ts';
import type { UpstreamError } from '../core/upstream-error.ts';
import type { TokenEstimator } from '../features/pricing/token-estimator.ts';
import type { PreparedCall } from './prepared-call.ts';

const NOTHING: TokenCounts = {
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
};

export interface Settlement {
  /** The attempt answered: `usage` as the provider told it, if it did. */
  settleAnswer(call: PreparedCall, usage: TokenCounts | undefined, written: string): Usage;
  /** The attempt failed: nothing for what was never sent or was refused, else at least the input. */
  settleFailure(call: PreparedCall, error: UpstreamError, written: string): Usage;
}

export function createSettlement(estimator: TokenEstimator): Settlement {
  const priced = (call: PreparedCall, tokens: TokenCounts, source: UsageSource): Usage => ({
    ...tokens,
    costNanoUsd: call.prices === undefined ? undefined : costNanoUsd(tokens, call.prices),
    savedNanoUsd: 0n,
    source,
  });

  const counted = (call: PreparedCall, written: string): Usage => {
    const outputTokens = written === '' ? 0 : estimator.estimateText(call.model.name, written);
    return priced(call, { ...NOTHING, inputTokens: call.inputTokens, outputTokens }, 'ESTIMATED');
  };

  return {
    settleAnswer(call, usage, written) {
      if (usage === undefined) return counted(call, written);
      estimator.learn(call.model.name, call.request, usage.inputTokens);
      return priced(call, usage, 'PROVIDER');
    },
    settleFailure(call, error, written) {
      const { usage } = error;
      if (usage !== undefined && error.usageBeforeOutput) {
        const outputTokens = Math.max(usage.outputTokens, estimator.estimateText(call.model.name, written));
        return priced(call, { ...usage, outputTokens }, 'ESTIMATED');
      }
      if (usage !== undefined) return priced(call, usage, 'PROVIDER');
      if (error.phase === 'NOT_SENT' || error.phase === 'ANSWERED') return priced(call, NOTHING, 'PROVIDER');
      return counted(call, written);
    },
  };
}

/** The same answer told again: nothing was spent on it this time, and this is what that saved. */
export function asReplay(usage: Usage): Usage {
  return { ...usage, costNanoUsd: 0n, savedNanoUsd: usage.costNanoUsd ?? 0n };
}
