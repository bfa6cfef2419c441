// The port to what ended batches came to: for each item its outcome without content, which is looked up by the id of
// the generation where it is still kept.

import type { BatchItem, BatchStatus } from '../../core/batch.ts';
import type { Owner } from './result-store.ts';

export interface StoredBatch {
  readonly owner: Owner;
  readonly id: string;
  readonly status: Exclude<BatchStatus, 'RUNNING'>;
  /** In the order they ended; none is missing. */
  readonly items: readonly BatchItem[];
}

export interface BatchStore {
  put(batch: StoredBatch): void;
  get(batchId: string): StoredBatch | undefined;
}
