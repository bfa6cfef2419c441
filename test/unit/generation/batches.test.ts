// Batches that somebody waits for: their items, their keys, and what happens when the caller leaves.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { UpstreamError } from '../../../src/core/upstream-error.ts';
import {
  answer,
  answerAll,
  callOf,
  contentStatesOf,
  costNanoUsd,
  endsOf,
  prepareBatch,
  settled,
  textsOf,
  usage,
} from '../../support/batch-tests.ts';
import { createTestGenerations, type TestGenerations, testCaller } from '../../support/create-test-generations.ts';
import { fakeTime } from '../../support/fake-time.ts';

const stay = new AbortController().signal;
const fault = (retryable: boolean): UpstreamError =>
  new UpstreamError('UPSTREAM_ERROR', 'The provider failed.', { phase: 'ANSWERED', retryable, status: 500 });

let test: TestGenerations;

beforeEach(() => {
  test = createTestGenerations();
});
afterEach(() => test.close());

describe('a batch', () => {
  it('sends ten at once and keeps the order of its items', async () => {
    const running = test.generations.batch(prepareBatch(test, 12), stay);
    expect(test.provider.open()).toBe(10);
    for (let index = 0; index < 12; index++) await answer(test, index);
    const batch = await running;
    expect(textsOf(batch)).toEqual(Array.from({ length: 12 }, (_, index) => `p${index}`));
    expect(batch).toMatchObject({
      status: 'SUCCEEDED',
      succeededCount: 12,
      failedCount: 0,
      usage: { inputTokens: 120, costNanoUsd: 12n * costNanoUsd },
    });
  });

  it('lets one item fail alone', async () => {
    const items = [{ model: 'chat', prompt: 'a' }, { model: 'chat', prompt: 'b' }, { model: 'no' }];
    const running = test.generations.batch(test.generations.prepareBatch({ items }, test.asker(), ['input']), stay);
    callOf(test, 0).fail(fault(false));
    await answer(test, 1);
    const batch = await running;
    expect(endsOf(batch)).toEqual(['FAILED', 'SUCCESS', 'INVALID_INPUT']);
    expect(batch).toMatchObject({ status: 'SUCCEEDED', succeededCount: 1, failedCount: 2, usage: { costNanoUsd } });
  });

  it('whose own parts break fails in the one item, and says so to the operator', async () => {
    using broken = createTestGenerations(
      {},
      {
        claims: {
          claim: () => {
            throw new Error('secret detail');
          },
          look: () => ({ type: 'CLAIMED' }),
          finish: () => {},
          release: () => {},
        },
      },
    );
    const items = [
      { model: 'chat', prompt: 'a', idempotencyKey: 'own' },
      { model: 'chat', prompt: 'b' },
    ];
    const running = broken.generations.batch(
      broken.generations.prepareBatch({ items }, broken.asker(), ['input']),
      stay,
    );
    await answer(broken, 0);
    const batch = await running;
    expect(endsOf(batch)).toEqual(['FAILED', 'SUCCESS']);
    expect(batch.outcomes[0]).toMatchObject({ terminal: { code: 'INTERNAL', generation: { status: 'FAILED' } } });
    expect(broken.defects).toHaveLength(1);
  });

  it('is known by its id afterwards to its caller alone, without what was said in it', async () => {
    answerAll(test);
    const { id } = await test.generations.batch(prepareBatch(test, 3), stay);
    const found = test.generations.findBatch(id, testCaller);
    expect(found).toMatchObject({
      id,
      status: 'SUCCEEDED',
      succeededCount: 3,
      usage: { costNanoUsd: 3n * costNanoUsd },
    });
    expect(found && textsOf(found)).toEqual([undefined, undefined, undefined]);
    expect(found && contentStatesOf(found)).toEqual(['NOT_STORED', 'NOT_STORED', 'NOT_STORED']);
    for (const part of ['organizationId', 'projectId', 'principalId'] as const) {
      expect(test.generations.findBatch(id, { ...testCaller, [part]: 'other' })).toBeUndefined();
    }
    expect(test.generations.findBatch('bat_nobody', testCaller)).toBeUndefined();
  });

  it('starts nothing more when its caller goes', async () => {
    const caller = new AbortController();
    const running = test.generations.batch(prepareBatch(test, 30), caller.signal);
    expect(test.provider.calls).toHaveLength(10);
    caller.abort();
    const batch = await running;
    expect(batch).toMatchObject({ status: 'CANCELLED', succeededCount: 0, failedCount: 30 });
    expect(test.provider.calls).toHaveLength(10);
    expect(test.generations.findBatch(batch.id, testCaller)).toMatchObject({ status: 'CANCELLED' });
  });

  it('starts nothing at all when its caller is gone already', async () => {
    const batch = await test.generations.batch(prepareBatch(test, 2), AbortSignal.abort());
    expect(endsOf(batch)).toEqual(['CANCELLED', 'CANCELLED']);
    expect(test.provider.calls).toHaveLength(0);
  });
});

describe('the key of a batch', () => {
  const keyed = (count = 3, changes: object = {}) => prepareBatch(test, count, { idempotencyKey: 'b', ...changes });

  it('brings the same batch again, for nothing', async () => {
    answerAll(test);
    const first = await test.generations.batch(keyed(), stay);
    const again = await test.generations.batch(keyed(3, { concurrency: 1 }), stay);
    expect(test.provider.calls).toHaveLength(3);
    expect(again.id).toBe(first.id);
    expect(again).toMatchObject({ succeededCount: 3, usage: { costNanoUsd: 0n, savedNanoUsd: 3n * costNanoUsd } });
    expect(again.outcomes).toMatchObject([{ replayed: true }, { replayed: true }, { replayed: true }]);
    // Looked at by its id it is what it was: paid for once.
    expect(test.generations.findBatch(first.id, testCaller)).toMatchObject({
      usage: { costNanoUsd: 3n * costNanoUsd },
    });
  });

  it('joins those who ask while it runs', async () => {
    const first = test.generations.batch(keyed(), stay);
    const second = test.generations.batch(keyed(), stay);
    expect(test.provider.calls).toHaveLength(3);
    for (let index = 0; index < 3; index++) await answer(test, index);
    expect((await second).id).toBe((await first).id);
    expect(await second).toMatchObject({ succeededCount: 3, usage: { costNanoUsd: 0n } });
    expect(await first).toMatchObject({ succeededCount: 3, usage: { costNanoUsd: 3n * costNanoUsd } });
  });

  it('with other items is answered item by item', async () => {
    answerAll(test);
    await test.generations.batch(keyed(2), stay);
    const more = await test.generations.batch(keyed(3), stay);
    expect(endsOf(more)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    expect(more.usage).toMatchObject({ costNanoUsd, savedNanoUsd: 2n * costNanoUsd });
    expect(test.provider.calls).toHaveLength(3);
    const other = await test.generations.batch(keyed(2, { prefix: 'other' }), stay);
    expect(other.outcomes).toMatchObject([
      { type: 'IDEMPOTENCY', code: 'KEY_PARAMETER_MISMATCH' },
      { type: 'IDEMPOTENCY', code: 'KEY_PARAMETER_MISMATCH' },
    ]);
    expect(test.provider.calls).toHaveLength(3);
  });

  it('is free again for the items that may come out otherwise, and for those only', async () => {
    const first = test.generations.batch(keyed(), stay);
    await answer(test, 0);
    callOf(test, 1).fail(fault(true));
    callOf(test, 2).fail(fault(false));
    const { id } = await first;
    const second = test.generations.batch(keyed(), stay);
    expect(test.provider.calls).toHaveLength(4);
    await answer(test, 3);
    const again = await second;
    expect(again.id).not.toBe(id);
    expect(endsOf(again)).toEqual(['SUCCESS', 'SUCCESS', 'FAILED']);
    expect(again.usage).toMatchObject({ costNanoUsd, savedNanoUsd: costNanoUsd });
    expect((await test.generations.batch(keyed(), stay)).id).toBe(again.id);
  });

  it('is another principal’s own', async () => {
    answerAll(test);
    const first = await test.generations.batch(keyed(), stay);
    const caller = { ...testCaller, principalId: 'key:other' };
    const other = await test.generations.batch(keyed(3, { caller, prefix: 'other' }), stay);
    expect(other.id).not.toBe(first.id);
    expect(test.provider.calls).toHaveLength(6);
  });

  it('is not the key of a call, though they read the same', async () => {
    answerAll(test);
    await test.generations.batch(keyed(), stay);
    await test.generations.generate(test.prepare({ prompt: 'x', idempotencyKey: 'b' }), stay);
    expect(test.provider.calls).toHaveLength(4);
  });

  it('lets it outlive its caller for the grace time, beginning further items, and then stops it at once', async () => {
    using time = fakeTime();
    const caller = new AbortController();
    const first = test.generations.batch(keyed(3, { concurrency: 1 }), caller.signal);
    caller.abort();
    time.advance(29_000);
    await answer(test, 0);
    expect(test.provider.calls).toHaveLength(2);
    const backAgain = new AbortController();
    const second = test.generations.batch(keyed(), backAgain.signal);
    time.advance(60_000);
    expect(test.provider.open()).toBe(1);
    backAgain.abort();
    time.advance(29_999);
    expect(test.provider.open()).toBe(1);
    time.advance(1);
    expect(callOf(test, 1).call.signal.aborted).toBe(true);
    await settled();
    expect(await first).toMatchObject({ status: 'CANCELLED', succeededCount: 1, failedCount: 2 });
    expect((await second).id).toBe((await first).id);
    void test.generations.batch(keyed(), stay);
    // What was answered is not run again.
    expect(test.provider.calls).toHaveLength(4);
  });

  it('of an item is that item’s, with or without the batch', async () => {
    const items = [
      { model: 'chat', prompt: 'x', idempotencyKey: 'own' },
      { model: 'chat', prompt: 'y' },
    ];
    const caller = new AbortController();
    const running = test.generations.batch(
      test.generations.prepareBatch({ items }, test.asker(), ['input']),
      caller.signal,
    );
    const plain = test.generations.generate(test.prepare({ prompt: 'x', idempotencyKey: 'own' }), stay);
    expect(test.provider.calls).toHaveLength(2);
    caller.abort();
    // The item that somebody else waits for goes on.
    expect([0, 1].map((index) => callOf(test, index).call.signal.aborted)).toEqual([false, true]);
    callOf(test, 0).emit('Hello');
    callOf(test, 0).finish('STOP', usage);
    expect(await plain).toMatchObject({ terminal: { type: 'SUCCESS' }, replayed: true });
    const batch = await running;
    expect(endsOf(batch)).toEqual(['SUCCESS', 'CANCELLED']);
    const found = test.generations.findBatch(batch.id, testCaller);
    expect(found && textsOf(found)).toEqual(['Hello', undefined]);
  });
});
