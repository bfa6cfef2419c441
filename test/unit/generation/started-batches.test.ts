// Batches that run to their ends whoever listens: startBatch, batch, batchEvents, cancelBatch, and a stop of the server.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { formatCursor } from '../../../src/generation/cursor.ts';
import type { BatchReader, ReaderOptions } from '../../../src/generation/generations.ts';
import {
  answer,
  answerAll,
  type BatchChanges,
  callOf,
  collect,
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
const other = { ...testCaller, principalId: 'key:other' };

let test: TestGenerations;

beforeEach(() => {
  test = createTestGenerations();
});
afterEach(() => test.close());

const start = (count: number, changes: BatchChanges = {}) =>
  test.generations.startBatch(prepareBatch(test, count, changes));
const find = (id: string) => {
  const found = test.generations.findBatch(id, testCaller);
  if (found === undefined) throw new Error('the batch should be known');
  return found;
};
const follow = (id: string, options: Partial<ReaderOptions> = {}): BatchReader =>
  test.generations.followBatch(id, testCaller, { after: undefined, onStalled: () => {}, ...options });
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('startBatch', () => {
  it('answers at once and runs to its end, a bounded number at a time', async () => {
    const batch = start(5, { concurrency: 2 });
    expect(batch).toMatchObject({ status: 'RUNNING', succeededCount: 0, failedCount: 0, usage: { costNanoUsd: 0n } });
    expect(endsOf(batch)).toEqual([undefined, undefined, undefined, undefined, undefined]);
    let most = 0;
    for (let index = 0; index < 5; index++) {
      most = Math.max(most, test.provider.open());
      await answer(test, index);
      expect(find(batch.id)).toMatchObject({
        status: index < 4 ? 'RUNNING' : 'SUCCEEDED',
        succeededCount: index + 1,
        usage: { costNanoUsd: BigInt(index + 1) * costNanoUsd },
      });
    }
    expect(most).toBe(2);
    expect(textsOf(find(batch.id))).toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
  });

  it('shows the results it has as they come, in the order of the items', async () => {
    const { id } = start(3);
    await answer(test, 2);
    expect(textsOf(find(id))).toEqual([undefined, undefined, 'p2']);
    await answer(test, 0);
    expect(textsOf(find(id))).toEqual(['p0', undefined, 'p2']);
  });

  it('makes generations that are found by their ids, with their answers', async () => {
    answerAll(test);
    const { id } = start(2);
    await settled();
    for (const outcome of find(id).outcomes) {
      const { generation } = outcome?.type === 'ENDED' ? outcome.terminal : { generation: undefined };
      expect(test.generations.find(generation?.id ?? '', testCaller)).toMatchObject({
        text: 'ok',
        contentState: 'AVAILABLE',
      });
    }
  });

  it('has nothing to wait for where every item is known already', async () => {
    answerAll(test);
    const items = ['a', 'b'].map((prompt) => ({ model: 'chat', prompt, idempotencyKey: prompt }));
    for (const item of items) await test.generations.generate(test.prepare(item), stay);
    const batch = test.generations.startBatch(test.generations.prepareBatch({ items }, test.asker(), ['input']));
    expect(batch).toMatchObject({ status: 'SUCCEEDED', succeededCount: 2, usage: { costNanoUsd: 0n } });
    expect(test.provider.calls).toHaveLength(2);
  });

  it('is stopped by nobody’s leaving', async () => {
    using time = fakeTime();
    const { id } = start(2, { idempotencyKey: 'b' });
    const reader = follow(id);
    await reader.next();
    await reader.return?.();
    time.advance(3_600_000);
    expect(test.provider.open()).toBe(2);
  });
});

describe('the key of a started batch', () => {
  const keyed = (count = 2, changes: BatchChanges = {}) => start(count, { idempotencyKey: 'b', ...changes });

  it('brings the same batch while it runs and when it has ended, for nothing', async () => {
    const first = keyed();
    const second = keyed(2, { concurrency: 1 });
    expect(second).toMatchObject({ id: first.id, status: 'RUNNING' });
    await answer(test, 0);
    expect(keyed()).toMatchObject({ id: first.id, status: 'RUNNING', succeededCount: 1, usage: { costNanoUsd: 0n } });
    await answer(test, 1);
    const third = keyed();
    expect(third).toMatchObject({ id: first.id, status: 'SUCCEEDED', succeededCount: 2 });
    expect(third.usage).toMatchObject({ costNanoUsd: 0n, savedNanoUsd: 2n * costNanoUsd });
    expect(textsOf(third)).toEqual(['p0', 'p1']);
    expect(test.provider.calls).toHaveLength(2);
  });

  it('refuses other input, before anything runs', () => {
    keyed();
    for (const changed of [
      prepareBatch(test, 3, { idempotencyKey: 'b' }),
      prepareBatch(test, 2, { idempotencyKey: 'b', prefix: 'q' }),
    ]) {
      expect(() => test.generations.checkStart(changed)).toThrow(code('KEY_PARAMETER_MISMATCH'));
      expect(() => test.generations.startBatch(changed)).toThrow(code('KEY_PARAMETER_MISMATCH'));
    }
    expect(test.provider.calls).toHaveLength(2);
    expect(() => keyed(3, { caller: other })).not.toThrow();
  });

  it('is not claimed by a look at it', () => {
    const batch = prepareBatch(test, 2, { idempotencyKey: 'b' });
    test.generations.checkStart(batch);
    test.generations.checkStart(prepareBatch(test, 2, { idempotencyKey: 'b', prefix: 'q' }));
    expect(test.generations.startBatch(batch).status).toBe('RUNNING');
  });

  it('says so when the batch is no longer kept', async () => {
    using forgetful = createTestGenerations({}, { batches: { put: () => {}, get: () => undefined } });
    answerAll(forgetful);
    const batch = prepareBatch(forgetful, 2, { idempotencyKey: 'b' });
    forgetful.generations.startBatch(batch);
    await settled();
    expect(() => forgetful.generations.checkStart(batch)).toThrow(code('RESULT_EXPIRED'));
    expect(() => forgetful.generations.startBatch(batch)).toThrow(code('RESULT_EXPIRED'));
    // The items of batchGenerate have results of their own, and these are kept.
    expect(await forgetful.generations.batch(batch, stay)).toMatchObject({
      succeededCount: 2,
      usage: { costNanoUsd: 0n },
    });
    expect(forgetful.provider.calls).toHaveLength(2);
  });

  it('meets batchGenerate: in one batch for the same items, item by item for others', async () => {
    const { id } = keyed();
    const same = test.generations.batch(prepareBatch(test, 2, { idempotencyKey: 'b' }), stay);
    const more = test.generations.batch(prepareBatch(test, 3, { idempotencyKey: 'b' }), stay);
    expect(test.provider.calls).toHaveLength(3);
    for (let index = 0; index < 3; index++) await answer(test, index);
    expect(await same).toMatchObject({ id, succeededCount: 2, usage: { costNanoUsd: 0n } });
    expect(await more).toMatchObject({ succeededCount: 3, usage: { costNanoUsd, savedNanoUsd: 2n * costNanoUsd } });
  });

  it('makes a batch that somebody waited for run to its end', async () => {
    using time = fakeTime();
    const caller = new AbortController();
    const waiting = test.generations.batch(prepareBatch(test, 2, { idempotencyKey: 'b' }), caller.signal);
    keyed();
    caller.abort();
    time.advance(3_600_000);
    await answer(test, 0);
    await answer(test, 1);
    expect(await waiting).toMatchObject({ status: 'SUCCEEDED', succeededCount: 2 });
  });
});

describe('the events of a batch', () => {
  it('tell its start and each item as it ends, to every reader, whenever it comes', async () => {
    const { id } = start(3);
    const early = collect(follow(id));
    await answer(test, 1);
    const late = collect(follow(id));
    await answer(test, 2);
    await answer(test, 0);
    const events = await early;
    expect(events).toMatchObject([
      { sequence: 1, completed: 0, total: 3, item: undefined },
      {
        sequence: 2,
        completed: 1,
        total: 3,
        item: { index: 1, outcome: { terminal: { generation: { text: 'p1' } } } },
      },
      {
        sequence: 3,
        completed: 2,
        total: 3,
        item: { index: 2, outcome: { terminal: { generation: { text: 'p2' } } } },
      },
      {
        sequence: 4,
        completed: 3,
        total: 3,
        item: { index: 0, outcome: { terminal: { generation: { text: 'p0' } } } },
      },
    ]);
    expect(await late).toEqual(events);
    expect(await collect(follow(id))).toEqual(events);
  });

  it('go on behind a cursor, at the end for one beyond it', async () => {
    const { id } = start(3);
    await answer(test, 0);
    const rest = collect(follow(id, { after: formatCursor(id, 2) }));
    const beyond = collect(follow(id, { after: formatCursor(id, 77) }));
    await answer(test, 1);
    await answer(test, 2);
    expect((await rest).map((event) => event.sequence)).toEqual([3, 4]);
    expect((await beyond).map((event) => event.sequence)).toEqual([3, 4]);
    expect(await collect(follow(id, { after: formatCursor(id, 4) }))).toEqual([]);
  });

  it.each([
    ['of another batch', () => formatCursor('bat_other', 1)],
    ['that is garbage', () => 'garbage'],
  ])('are refused behind a cursor %s', (_what, cursor) => {
    const { id } = start(1);
    expect(() => follow(id, { after: cursor() })).toThrow(code('CURSOR_INVALID'));
  });

  it('are their owner’s alone, and read as unknown to others', () => {
    const { id } = start(1);
    const options = { after: undefined, onStalled: () => {} };
    for (const part of ['organizationId', 'projectId', 'principalId'] as const) {
      const stranger = { ...testCaller, [part]: 'other' };
      expect(() => test.generations.followBatch(id, stranger, options)).toThrow(code('NOT_FOUND'));
    }
    expect(() => follow('bat_nobody')).toThrow(code('NOT_FOUND'));
    expect(test.generations.findBatch(id, other)).toBeUndefined();
  });

  it('are told again from what is stored when their log is gone, from the start only', async () => {
    const { id } = start(2, { idempotencyKey: 'b' });
    await answer(test, 1);
    await answer(test, 0);
    const events = await collect(follow(id));
    test.forgetLogs();
    expect(await collect(follow(id))).toEqual(events);
    expect(() => follow(id, { after: formatCursor(id, 1) })).toThrow(code('CURSOR_EXPIRED'));
    expect(textsOf(find(id))).toEqual(['p0', 'p1']);
  });

  it('hold the very answers that the results hold, not copies of them', async () => {
    answerAll(test);
    const { id } = start(1);
    const [, event] = await collect(follow(id));
    const outcome = event?.item?.outcome;
    const { generation } = outcome?.type === 'ENDED' ? outcome.terminal : { generation: undefined };
    expect(generation).toBeDefined();
    expect(test.generations.find(generation?.id ?? '', testCaller)).toBe(generation);
  });
});

describe('what is left of a batch', () => {
  it('is everything while its log is kept, whatever the size of an answer', async () => {
    const { id } = start(1);
    callOf(test, 0).emit('x'.repeat(300_000));
    callOf(test, 0).finish('STOP', usage);
    await settled();
    expect(textsOf(find(id))[0]).toHaveLength(300_000);
    test.forgetLogs();
    expect(contentStatesOf(find(id))).toEqual(['NOT_STORED']);
  });

  it('is all but the content when that has had its time', async () => {
    using time = fakeTime();
    using short = createTestGenerations({ streamRetentionMs: 60_000 });
    answerAll(short);
    const { id } = short.generations.startBatch(prepareBatch(short, 2));
    await settled();
    short.forgetLogs();
    const look = () => short.generations.findBatch(id, testCaller);
    expect(look()?.outcomes.map((one) => one?.type === 'ENDED' && one.terminal.generation.text)).toEqual(['ok', 'ok']);
    time.advance(62_000);
    expect(look()).toMatchObject({
      status: 'SUCCEEDED',
      succeededCount: 2,
      usage: { costNanoUsd: 2n * costNanoUsd },
    });
    expect(look()?.outcomes).toMatchObject(
      [1, 2].map(() => ({ terminal: { generation: { text: undefined, contentState: 'EXPIRED' } } })),
    );
  });

  it('answers its key with typed refusals for the answers that are gone', async () => {
    const { id } = start(2, { idempotencyKey: 'b' });
    callOf(test, 0).emit('x'.repeat(300_000));
    callOf(test, 0).finish('STOP', usage);
    await answer(test, 1);
    test.forgetLogs();
    const again = start(2, { idempotencyKey: 'b' });
    expect(again).toMatchObject({ id, status: 'SUCCEEDED', succeededCount: 1, failedCount: 1 });
    expect(again.outcomes).toMatchObject([
      { type: 'IDEMPOTENCY', code: 'RESULT_EXPIRED' },
      { type: 'ENDED', replayed: true },
    ]);
  });
});

describe('cancelBatch', () => {
  it('ends what runs, never begins the rest, and answers when all have ended', async () => {
    const { id } = start(5, { concurrency: 2 });
    const events = collect(follow(id));
    await answer(test, 0);
    callOf(test, 1).emit('half');
    const cancelled = await test.generations.cancelBatch(id, testCaller);
    expect(test.provider.calls).toHaveLength(3);
    expect(test.provider.open()).toBe(0);
    expect(cancelled).toMatchObject({ id, status: 'CANCELLED', succeededCount: 1, failedCount: 4 });
    expect(cancelled && endsOf(cancelled)).toEqual(['SUCCESS', 'CANCELLED', 'CANCELLED', 'CANCELLED', 'CANCELLED']);
    expect(cancelled && textsOf(cancelled)[1]).toBe('half');
    expect((await events).at(-1)).toMatchObject({ sequence: 6, completed: 5 });
    expect(find(id)).toEqual(cancelled);
    expect(await test.generations.cancelBatch(id, testCaller)).toEqual(cancelled);
  });

  it('is for its owner alone', async () => {
    const { id } = start(1);
    expect(await test.generations.cancelBatch(id, other)).toBeUndefined();
    expect(await test.generations.cancelBatch('bat_nobody', testCaller)).toBeUndefined();
    expect(test.provider.open()).toBe(1);
  });

  it('is final: its key does not run it again', async () => {
    const { id } = start(3, { idempotencyKey: 'b', concurrency: 1 });
    await test.generations.cancelBatch(id, testCaller);
    const again = start(3, { idempotencyKey: 'b' });
    expect(again).toMatchObject({ id, status: 'CANCELLED' });
    expect(endsOf(again)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
    expect(test.provider.calls).toHaveLength(1);
  });

  it('comes too late for a batch that has ended', async () => {
    answerAll(test);
    const { id } = start(2);
    await settled();
    expect(await test.generations.cancelBatch(id, testCaller)).toMatchObject({
      status: 'SUCCEEDED',
      succeededCount: 2,
    });
  });

  it('leaves alone what others had begun', async () => {
    const items = [{ model: 'chat', prompt: 'x', idempotencyKey: 'own' }];
    const plain = test.generations.generate(test.prepare({ prompt: 'x', idempotencyKey: 'own' }), stay);
    const { id } = test.generations.startBatch(test.generations.prepareBatch({ items }, test.asker(), ['input']));
    expect(await test.generations.cancelBatch(id, testCaller)).toMatchObject({ status: 'CANCELLED', failedCount: 1 });
    expect(test.provider.open()).toBe(1);
    callOf(test, 0).finish('STOP', usage);
    expect(await plain).toMatchObject({ terminal: { type: 'SUCCESS' }, replayed: false });
  });
});

describe('a stop of the server', () => {
  it('waits for the batches that run, with all their items', async () => {
    const { id } = start(3, { concurrency: 1 });
    const drained = test.generations.drain(60_000);
    for (let index = 0; index < 3; index++) await answer(test, index);
    await drained;
    expect(find(id)).toMatchObject({ status: 'SUCCEEDED', succeededCount: 3 });
  });

  it('ends what is left with errors that may be tried again, and frees the key', async () => {
    const { id } = start(3, { idempotencyKey: 'b', concurrency: 1 });
    const events = collect(follow(id));
    await answer(test, 0);
    await test.generations.drain(0);
    const batch = find(id);
    expect(batch).toMatchObject({ status: 'SUCCEEDED', succeededCount: 1, failedCount: 2 });
    const lost = { type: 'FAILED', code: 'NODE_LOST', retryable: true };
    expect(batch.outcomes.slice(1)).toMatchObject([{ terminal: lost }, { terminal: lost }]);
    expect(test.provider.calls).toHaveLength(2);
    expect(await events).toHaveLength(4);
    expect(start(3, { idempotencyKey: 'b' })).toMatchObject({ status: 'RUNNING', succeededCount: 1 });
  });
});
