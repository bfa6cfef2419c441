import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createMemoryBatchStore } from '../../src/features/results/memory-batch-store.ts';
import { type FakeTime, fakeTime } from '../support/fake-time.ts';
import { describeBatchStore, storedBatch } from './batch-store-conformance.ts';

const ttlMs = 86_400_000;

let time: FakeTime;
beforeAll(() => {
  time = fakeTime();
});
afterAll(() => time[Symbol.dispose]());

describeBatchStore('memory', {
  ttlMs,
  open: () => createMemoryBatchStore({ ttlMs }),
  advance: (ms) => time.advance(ms),
});

it('forgets the batch that was asked for least recently when all have too many items', () => {
  const store = createMemoryBatchStore({ ttlMs, maxItems: 250 });
  store.put(storedBatch('a', 100));
  store.put(storedBatch('b', 100));
  expect(store.get('a')).toBeDefined();
  store.put(storedBatch('c', 100));
  expect(['a', 'b', 'c'].map((id) => store.get(id) !== undefined)).toEqual([true, false, true]);
});

it('keeps what is put after it was told other times for as long as those say', () => {
  const store = createMemoryBatchStore({ ttlMs });
  store.put(storedBatch('before', 1));
  store.adjust({ ttlMs: 60_000 });
  store.put(storedBatch('after', 1));
  time.advance(62_000);
  expect(['before', 'after'].map((id) => store.get(id) !== undefined)).toEqual([true, false]);
});
