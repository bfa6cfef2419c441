// What every adapter of the batch store port promises.

import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BatchStore, StoredBatch } from '../../src/features/results/batch-store.ts';
import { sampleTerminal } from '../support/generation-samples.ts';

export interface BatchStoreSetup {
  open(): BatchStore;
  readonly ttlMs: number;
  /** Lets the time of the adapter pass. */
  advance(ms: number): void;
}

export const storedBatch = (id: string, itemCount: number): StoredBatch => ({
  owner: { organizationId: 'o', projectId: 'p', principalId: 'k' },
  id,
  status: 'SUCCEEDED',
  items: Array.from({ length: itemCount }, (_, index) => ({
    index: itemCount - 1 - index,
    outcome: {
      type: 'ENDED',
      terminal: sampleTerminal({ id: `gen_${index}`, text: undefined }),
      replayed: index === 1,
    },
  })),
});

export function describeBatchStore(name: string, setup: BatchStoreSetup): void {
  describe(`batch store: ${name}`, () => {
    let store: BatchStore;

    beforeEach(() => {
      store = setup.open();
    });

    it('gives a batch back whole, its items in the order they ended', () => {
      store.put(storedBatch('a', 3));
      store.put({ ...storedBatch('b', 1), status: 'CANCELLED' });
      expect(store.get('a')).toEqual(storedBatch('a', 3));
      expect(store.get('b')?.status).toBe('CANCELLED');
      expect(store.get('nobody')).toBeUndefined();
    });

    it('keeps a batch for its time', () => {
      store.put(storedBatch('a', 3));
      setup.advance(setup.ttlMs - 5000);
      expect(store.get('a')).toBeDefined();
      setup.advance(10_000);
      expect(store.get('a')).toBeUndefined();
    });
  });
}
