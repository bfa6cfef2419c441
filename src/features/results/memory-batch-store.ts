// Ended batches in this process's memory, bounded by the number of their items; the least recently used go first.

import { LRUCache } from 'lru-cache';
import type { BatchStore, StoredBatch } from './batch-store.ts';

export interface MemoryBatchStoreOptions {
  readonly ttlMs: number;
  /** Of all batches together. */
  readonly maxItems?: number;
}

export interface MemoryBatchStore extends BatchStore {
  /** For what is put from now on. */
  adjust(times: Pick<MemoryBatchStoreOptions, 'ttlMs'>): void;
}

export function createMemoryBatchStore({ maxItems = 20_000, ...options }: MemoryBatchStoreOptions): MemoryBatchStore {
  let { ttlMs } = options;
  const batches = new LRUCache<string, StoredBatch>({
    maxSize: maxItems,
    sizeCalculation: ({ items }) => items.length,
    ttl: ttlMs,
    ttlResolution: 1000,
  });
  return {
    put: (batch) => void batches.set(batch.id, batch, { ttl: ttlMs }),
    get: (batchId) => batches.get(batchId),
    adjust: (times) => {
      ({ ttlMs } = times);
    },
  };
}
