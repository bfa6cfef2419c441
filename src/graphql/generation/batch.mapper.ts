// Turns batches and their events into the shapes of the schema.

import type * as core from '../../core/batch.ts';
import { formatCursor } from '../../generation/cursor.ts';
import type { BatchGeneratePayload, BatchProgress } from './batch.types.ts';
import { toGenerateResult, toTokenUsage } from './generation.mapper.ts';

export function toBatchPayload(batch: core.Batch): BatchGeneratePayload {
  return {
    batchId: batch.id,
    status: batch.status,
    items: batch.outcomes.map((outcome, index) => ({ index, result: outcome && toGenerateResult(outcome) })),
    succeededCount: batch.succeededCount,
    failedCount: batch.failedCount,
    usage: toTokenUsage(batch.usage),
  };
}

export function toBatchProgress({ sequence, completed, total, item }: core.BatchEvent, batchId: string): BatchProgress {
  return {
    batchId,
    sequence,
    cursor: formatCursor(batchId, sequence),
    completed,
    total,
    item: item && { index: item.index, result: toGenerateResult(item.outcome) },
  };
}
