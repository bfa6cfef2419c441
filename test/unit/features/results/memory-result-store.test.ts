import { describe, expect, it } from '@jest/globals';
import { createMemoryResultStore } from '../../../../src/features/results/memory-result-store.ts';
import { fakeTime } from '../../../support/fake-time.ts';
import { sampleTerminal } from '../../../support/generation-samples.ts';

describe('results in memory', () => {
  const owner = { organizationId: 'o', projectId: 'p', principalId: 'k' };

  it('keeps content only where it is asked to, and says which', () => {
    const store = createMemoryResultStore({ metadataTtlMs: 60_000 });
    store.put(owner, sampleTerminal({ id: 'gen_1' }), 60_000);
    store.put(owner, sampleTerminal({ id: 'gen_2' }), 0);
    expect(store.get('gen_1')?.terminal.generation).toMatchObject({ text: 'Hello', contentState: 'AVAILABLE' });
    expect(store.get('gen_2')?.terminal.generation).toMatchObject({ text: undefined, contentState: 'NOT_STORED' });
    expect(store.get('gen_3')).toBeUndefined();
  });

  it('keeps an answer of exactly the limit, in bytes of UTF-8', () => {
    const store = createMemoryResultStore({ metadataTtlMs: 60_000 });
    store.put(owner, sampleTerminal({ id: 'fits', text: 'é'.repeat(131_072) }), 60_000);
    store.put(owner, sampleTerminal({ id: 'one more', text: `${'é'.repeat(131_072)}x` }), 60_000);
    expect(store.get('fits')?.terminal.generation.contentState).toBe('AVAILABLE');
    expect(store.get('one more')?.terminal.generation.contentState).toBe('NOT_STORED');
  });

  it('does not keep a content that is too large, and drops the oldest when all together are', () => {
    const store = createMemoryResultStore({ metadataTtlMs: 60_000, maxBodyBytes: 10_000, maxContentBytes: 10_000 });
    store.put(owner, sampleTerminal({ id: 'big', text: 'x'.repeat(10_001) }), 60_000);
    expect(store.get('big')?.terminal.generation.contentState).toBe('NOT_STORED');
    for (const id of ['a', 'b', 'c']) store.put(owner, sampleTerminal({ id, text: 'x'.repeat(2000) }), 60_000);
    expect(store.get('a')?.terminal.generation).toMatchObject({ text: undefined, contentState: 'EXPIRED' });
    expect(store.get('c')?.terminal.generation.contentState).toBe('AVAILABLE');
  });

  it('keeps what it knows of a result for the time it was told last', () => {
    using time = fakeTime();
    const store = createMemoryResultStore({ metadataTtlMs: 86_400_000 });
    store.put(owner, sampleTerminal({ id: 'before' }), 0);
    store.adjust({ metadataTtlMs: 60_000 });
    store.put(owner, sampleTerminal({ id: 'after' }), 0);
    time.advance(62_000);
    expect(['before', 'after'].map((id) => store.get(id) !== undefined)).toEqual([true, false]);
  });
});
