// What is known of a batch, made of the items that have ended so far.

import type { Batch, BatchItem, BatchStatus } from '../core/batch.ts';
import type { GenerateOutcome, Usage } from '../core/generation.ts';
import { mayRunAgain } from './enter.ts';
import { refusal } from './refusal.ts';
import { asReplay } from './settle.ts';

export interface BatchState {
  readonly id: string;
  readonly status: BatchStatus;
  readonly total: number;
  /** In any order. */
  readonly ended: readonly BatchItem[];
}

export function summarise({ id, status, total, ended }: BatchState): Batch {
  const outcomes = new Array<GenerateOutcome | undefined>(total).fill(undefined);
  for (const { index, outcome } of ended) outcomes[index] = outcome;
  const succeededCount = ended.filter(({ outcome }) => isSuccess(outcome)).length;
  return {
    id,
    status,
    outcomes,
    succeededCount,
    failedCount: ended.length - succeededCount,
    usage: sumOf(ended),
  };
}

/** The batch as told to somebody who asks for it again: nothing was spent on it this time. */
export function asReplayed({ id, status, outcomes }: Batch): Batch {
  const ended = outcomes.flatMap((outcome, index) =>
    outcome === undefined ? [] : [{ index, outcome: replayedOutcome(outcome) }],
  );
  return summarise({ id, status, total: outcomes.length, ended });
}

function replayedOutcome(outcome: GenerateOutcome): GenerateOutcome {
  if (outcome.type !== 'ENDED') return outcome;
  const { type, generation } = outcome.terminal;
  // Of other ends there is more to tell than their content.
  const isAnswer = type === 'SUCCESS' || type === 'OUTPUT_INVALID';
  if (isAnswer && generation.contentState !== 'AVAILABLE') return refusal('RESULT_EXPIRED');
  return { ...outcome, replayed: true };
}

/** Whether the item may end in another way when its batch is sent again under its key. */
export function mayComeOutOtherwise({ outcome }: BatchItem): boolean {
  return outcome.type !== 'ENDED' || mayRunAgain(outcome.terminal);
}

const isSuccess = (outcome: GenerateOutcome): boolean =>
  outcome.type === 'ENDED' && outcome.terminal.type === 'SUCCESS';

/** A sum with one unknown cost in it is unknown. */
function sumOf(ended: readonly BatchItem[]): Usage {
  const sum = {
    inputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    costNanoUsd: 0n as bigint | undefined,
    savedNanoUsd: 0n,
    source: 'PROVIDER' as Usage['source'],
  };
  for (const { outcome } of ended) {
    const charged = outcome.type === 'ENDED' ? outcome.terminal.generation.usage : undefined;
    if (charged === undefined || outcome.type !== 'ENDED') continue;
    const usage = outcome.replayed ? asReplay(charged) : charged;
    sum.inputTokens += usage.inputTokens;
    sum.cachedInputTokens += usage.cachedInputTokens;
    sum.cacheWriteTokens += usage.cacheWriteTokens;
    sum.outputTokens += usage.outputTokens;
    sum.reasoningTokens += usage.reasoningTokens;
    sum.savedNanoUsd += usage.savedNanoUsd;
    sum.costNanoUsd =
      sum.costNanoUsd === undefined || usage.costNanoUsd === undefined
        ? undefined
        : sum.costNanoUsd + usage.costNanoUsd;
    if (usage.source === 'ESTIMATED') sum.source = 'ESTIMATED';
  }
  return sum;
}
