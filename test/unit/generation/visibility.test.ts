// Who sees what of whose generations and batches: the owner all, an admin of the organization and an operator usage and
// cost, their content only with content:read; for everybody else they do not exist.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AccessRole, AccessScope, Caller } from '../../../src/core/caller.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import type { Generation } from '../../../src/core/generation.ts';
import { UpstreamError } from '../../../src/core/upstream-error.ts';
import { callOf, collect, contentStatesOf, endsOf, prepareBatch, settled, usage } from '../../support/batch-tests.ts';
import {
  createTestGenerations,
  generationOf,
  type TestGenerations,
  testCaller,
} from '../../support/create-test-generations.ts';
import { fakeTime } from '../../support/fake-time.ts';

const SECRET = 'CANARY';
const stay = new AbortController().signal;

const as = (roles: AccessRole[], scopes: AccessScope[], changes: Partial<Caller> = {}): Caller => ({
  ...testCaller,
  principalId: 'key:other',
  roles,
  scopes,
  ...changes,
});
const elsewhere = { organizationId: 'elsewhere', projectId: 'elsewhere' };

/** WHOLE, METADATA or NOTHING: what each sees of what belongs to `testCaller`, a member of `default`. */
const callers: readonly [string, Caller, 'WHOLE' | 'METADATA' | 'NOTHING'][] = [
  ['the owner', testCaller, 'WHOLE'],
  ['the owner without any scope or role', { ...testCaller, roles: [], scopes: [] }, 'WHOLE'],
  [
    'a member of the same project with every scope',
    as(['MEMBER'], ['generate', 'usage:read', 'admin', 'content:read']),
    'NOTHING',
  ],
  ['an admin', as(['ADMIN'], ['usage:read']), 'METADATA'],
  ['an admin of another project of it', as(['ADMIN'], ['usage:read'], { projectId: 'else' }), 'METADATA'],
  ['an admin with content:read', as(['ADMIN'], ['usage:read', 'content:read']), 'WHOLE'],
  ['an admin with content:read alone', as(['ADMIN'], ['content:read']), 'NOTHING'],
  ['an admin without usage:read', as(['ADMIN'], ['generate', 'admin']), 'NOTHING'],
  ['an admin of another organization', as(['ADMIN'], ['usage:read', 'admin', 'content:read'], elsewhere), 'NOTHING'],
  ['the same name in another organization', { ...testCaller, ...elsewhere }, 'NOTHING'],
  ['the same name in another project', { ...testCaller, projectId: 'else' }, 'NOTHING'],
  ['an operator', as(['OPERATOR'], ['usage:read'], elsewhere), 'METADATA'],
  ['an operator with content:read', as(['OPERATOR'], ['usage:read', 'content:read'], elsewhere), 'WHOLE'],
  ['an operator without usage:read', as(['OPERATOR'], ['generate', 'admin'], elsewhere), 'NOTHING'],
];

let test: TestGenerations;
beforeEach(() => {
  test = createTestGenerations();
});
afterEach(() => test.close());

/** A generation with everything in it, ended. */
async function ended(): Promise<Generation> {
  const call = test.prepare({ prompt: SECRET, idempotencyKey: 'k' });
  const running = test.generations.generate(call, stay);
  const upstream = callOf(test, 0);
  upstream.emitDelta({ type: 'reasoning', text: SECRET });
  upstream.emitDelta({ type: 'tool-call', index: 0, id: 'c', name: SECRET, argumentsText: `{"x":"${SECRET}"}` });
  upstream.emit(SECRET);
  upstream.finish('TOOL_CALLS', usage, [`${SECRET} was not sent as asked.`]);
  return generationOf(await running);
}

const toText = (value: unknown): string =>
  JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? String(each) : each));

const notFound = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    if (error instanceof SluiceError) return { code: error.code, message: error.message, path: error.inputPath };
    throw error;
  }
};
const options = { after: undefined, onStalled: () => undefined };

describe.each(callers)('%s', (_name, caller, sight) => {
  it(`sees ${sight} of a generation, ended or running`, async () => {
    const whole = await ended();
    const running = generationOf(test.generations.start(test.prepare({ prompt: SECRET })));
    callOf(test, 1).emit(SECRET);
    const [seen, seenRunning] = [whole, running].map(({ id }) => test.generations.find(id, caller));
    if (sight === 'NOTHING') {
      expect([seen, seenRunning]).toEqual([undefined, undefined]);
    } else if (sight === 'WHOLE') {
      expect(seen).toEqual(whole);
      expect(seenRunning).toMatchObject({ text: SECRET, contentState: 'AVAILABLE' });
    } else {
      const hidden = { text: undefined, json: undefined, reasoning: undefined, toolCalls: [], warnings: [] };
      expect(seen).toEqual({ ...whole, ...hidden, contentState: 'FORBIDDEN' });
      expect(seenRunning).toMatchObject({ ...hidden, status: 'RUNNING', contentState: 'FORBIDDEN' });
      expect(toText([seen, seenRunning])).not.toContain(SECRET);
    }
  });

  it(`reads ${sight === 'WHOLE' ? 'the events of it' : 'no events, as if it did not exist'}`, async () => {
    const { id } = await ended();
    const batch = test.generations.startBatch(prepareBatch(test, 1));
    callOf(test, 1).finish('STOP', usage);
    await settled();
    if (sight === 'WHOLE') {
      expect((await collect(test.generations.followBatch(batch.id, caller, options))).at(-1)?.completed).toBe(1);
      const reader = test.generations.follow(id, caller, options);
      const events = [];
      for await (const event of reader) events.push(event);
      expect(events.at(-1)?.type).toBe('TERMINAL');
    } else {
      const follow = (generationId: string) => notFound(() => test.generations.follow(generationId, caller, options));
      const followBatch = (batchId: string) => notFound(() => test.generations.followBatch(batchId, caller, options));
      expect(follow(id)).toMatchObject({ code: 'NOT_FOUND' });
      expect(follow(id)).toEqual(follow('gen_none'));
      expect(followBatch(batch.id)).toEqual(followBatch('bat_none'));
    }
  });
});

describe('somebody who sees the metadata of a batch', () => {
  it('learns how each item ended and what it cost, and nothing that was said or asked', async () => {
    const items = [
      { model: 'chat', prompt: 'success' },
      { model: 'chat', prompt: 'invalid json', output: { format: 'JSON' as const } },
      { model: 'chat', prompt: 'blocked' },
      { model: 'chat', prompt: 'failed' },
      { model: 'chat', prompt: 'unavailable' },
      { model: 'chat', prompt: 'x', providerOptions: { [SECRET]: {} } },
      { model: 'chat', prompt: 'runs' },
    ];
    const { id } = test.generations.startBatch(test.generations.prepareBatch({ items }, test.asker(), ['input']));
    const details = { phase: 'PARTIAL', retryable: false } as const;
    callOf(test, 0).emit(SECRET);
    callOf(test, 0).finish('STOP', usage);
    callOf(test, 1).emit(`${SECRET} is no JSON`);
    callOf(test, 1).finish('STOP', usage);
    callOf(test, 2).fail(new UpstreamError('UPSTREAM_BLOCKED', SECRET, { ...details, categories: [SECRET] }));
    callOf(test, 3).fail(new UpstreamError('UPSTREAM_REJECTED', SECRET, details));
    callOf(test, 4).fail(new UpstreamError('UPSTREAM_ERROR', SECRET, { ...details, phase: 'NOT_SENT' }));
    callOf(test, 5).emit(SECRET);
    await settled();
    const ends = ['SUCCESS', 'OUTPUT_INVALID', 'BLOCKED', 'FAILED', 'UNAVAILABLE', 'INVALID_INPUT'];
    const admin = as(['ADMIN'], ['usage:read', 'admin']);

    const seen = test.generations.findBatch(id, admin);
    expect(seen && endsOf(seen)).toEqual([...ends, undefined]);
    expect(seen).toMatchObject({ id, status: 'RUNNING', succeededCount: 1, failedCount: 5 });
    expect(seen?.usage.costNanoUsd).toBeGreaterThan(0n);
    const cancelled = await test.generations.cancelBatch(id, admin);
    expect(cancelled && endsOf(cancelled)).toEqual([...ends, 'CANCELLED']);
    expect(cancelled && contentStatesOf(cancelled).filter((state) => state !== undefined)).toEqual(
      Array(6).fill('FORBIDDEN'),
    );
    expect(toText([seen, cancelled, test.generations.findBatch(id, admin)])).not.toContain(SECRET);
    expect(toText(test.generations.findBatch(id, testCaller))).toContain(SECRET);
  });
});

describe('cancelling', () => {
  const may: readonly [string, Caller, boolean][] = [
    ['the owner', { ...testCaller, scopes: [] }, true],
    ['an admin with the scope admin', as(['ADMIN'], ['admin', 'usage:read']), true],
    ['an operator with the scope admin', as(['OPERATOR'], ['admin', 'usage:read'], elsewhere), true],
    ['an admin with it who may not see what it came to', as(['ADMIN'], ['generate', 'admin', 'content:read']), false],
    ['an admin without it', as(['ADMIN'], ['generate', 'usage:read', 'content:read']), false],
    ['an admin of another organization', as(['ADMIN'], ['admin', 'usage:read', 'content:read'], elsewhere), false],
    ['a member with the scope admin', as(['MEMBER'], ['admin', 'usage:read']), false],
  ];
  it.each(may)('by %s', async (_name, caller, allowed) => {
    const { id } = generationOf(test.generations.start(test.prepare({ prompt: 'p' })));
    const batch = test.generations.startBatch(prepareBatch(test, 1));
    callOf(test, 0).emit(SECRET);
    const generation = await test.generations.cancel(id, caller);
    const stopped = await test.generations.cancelBatch(batch.id, caller);
    const { status } = test.generations.find(id, testCaller) ?? {};
    if (!allowed) {
      expect([generation, stopped, status]).toEqual([undefined, undefined, 'RUNNING']);
      return;
    }
    expect([generation?.status, stopped?.status, status]).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
    expect(generation?.text).toBe(caller.principalId === testCaller.principalId ? SECRET : undefined);
    // Once it has ended, cancelling again tells the same.
    expect(await test.generations.cancel(id, caller)).toEqual(generation);
  });
});

it('whoever only looks on does not keep a generation running that its owner has left', async () => {
  using time = fakeTime();
  const call = test.prepare({ prompt: 'p', idempotencyKey: 'k' });
  const owner = test.generations.stream(call, options);
  const reader = as(['ADMIN'], ['usage:read', 'content:read']);
  const onlooker = test.generations.follow(owner.generationId, reader, options);
  await owner.return?.();
  time.advance(29_000);
  await test.generations.follow(owner.generationId, reader, options).return?.();
  time.advance(1_500);
  const events = [];
  for await (const event of onlooker) events.push(event);
  expect(events.at(-1)).toMatchObject({ type: 'TERMINAL', terminal: { type: 'CANCELLED', cause: 'ABANDONED' } });
});
