// A batch: its items run as plain calls, a bounded number at a time, each to its own outcome.

import type { Clock } from '../core/clock.ts';
import type { GenerateOutcome, Usage } from '../core/generation.ts';
import { newBatchId } from '../core/ids.ts';
import type { BatchOutcome, PreparedBatch } from './generations.ts';
import type { PreparedCall } from './prepared-call.ts';
import { asReplay } from './settle.ts';

export async function runBatch(
  batch: PreparedBatch,
  run: (call: PreparedCall, signal: AbortSignal) => Promise<GenerateOutcome>,
  clock: Clock,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  const outcomes: GenerateOutcome[] = new Array(batch.items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < batch.items.length) {
      const index = next++;
      const item = batch.items[index];
      if (item !== undefined) outcomes[index] = item.type === 'PREPARED' ? await run(item, signal) : item;
    }
  };
  await Promise.all(Array.from({ length: Math.min(batch.concurrency, batch.items.length) }, worker));

  const succeededCount = outcomes.filter((one) => one.type === 'ENDED' && one.terminal.type === 'SUCCESS').length;
  return {
    batchId: newBatchId(clock.now()),
    items: outcomes,
    succeededCount,
    failedCount: outcomes.length - succeededCount,
    usage: sumOf(outcomes),
  };
}

/** A sum with one unknown cost in it is unknown. */
function sumOf(outcomes: readonly GenerateOutcome[]): Usage {
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
  for (const outcome of outcomes) {
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
