// A model or provider that is switched off: new calls are refused at no cost, what was asked before is still told, and
// DISABLED ends what runs, billed as far as it came.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SwitchRecord, SwitchState } from '../../../src/core/access.ts';
import type { GenerationEvent } from '../../../src/core/generation.ts';
import type { GenerationReader } from '../../../src/generation/generations.ts';
import { callOf, endsOf, prepareBatch, settled, usage } from '../../support/batch-tests.ts';
import {
  createTestGenerations,
  generationOf,
  type TestGenerations,
  testCaller,
} from '../../support/create-test-generations.ts';

const stay = new AbortController().signal;
const options = { after: undefined, onStalled: () => undefined };
const PROVIDER_ID = 'scripted';

let test: TestGenerations;
beforeEach(() => {
  test = createTestGenerations();
});
afterEach(() => test.close());

const turn = (state: SwitchState, kind: SwitchRecord['kind'] = 'MODEL'): void =>
  test.switches.use([{ kind, name: kind === 'MODEL' ? 'chat' : PROVIDER_ID, state }]);
async function eventsOf(reader: GenerationReader): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of reader) events.push(event);
  return events;
}
const unavailable = { type: 'ENDED', replayed: false, terminal: { type: 'UNAVAILABLE', retryAfterMs: undefined } };
const failed = {
  type: 'FAILED',
  code: 'UPSTREAM_ERROR',
  retryable: true,
  message: expect.stringContaining('switched this model off'),
  generation: { status: 'FAILED', finishReason: 'ERROR' },
};

describe.each<[SwitchState, SwitchRecord['kind']]>([
  ['DRAINING', 'MODEL'],
  ['DISABLED', 'MODEL'],
  ['DRAINING', 'PROVIDER'],
  ['DISABLED', 'PROVIDER'],
])('%s of its %s', (state, kind) => {
  it('refuses new calls of every sort, without a request and without a charge', async () => {
    turn(state, kind);
    const call = test.prepare({ prompt: 'p' });
    expect(test.generations.estimate(call).admitted).toBe(false);
    expect(test.generations.stateOf(call.model)).toBe(state);
    expect(await test.generations.generate(call, stay)).toMatchObject(unavailable);
    expect(test.generations.start(call)).toMatchObject(unavailable);
    const reader = test.generations.stream(test.prepare({ prompt: 'p', idempotencyKey: 'k' }), options);
    expect((await eventsOf(reader)).map((event) => [event.sequence, event.type])).toEqual([
      [1, 'STARTED'],
      [2, 'TERMINAL'],
    ]);
    const batch = await test.generations.batch(prepareBatch(test, 2), stay);
    expect(endsOf(batch)).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
    expect([batch.usage.costNanoUsd, batch.failedCount]).toEqual([0n, 2]);
    expect(test.provider.calls).toHaveLength(0);
    expect(test.generations.find(reader.generationId, testCaller)).toMatchObject({
      status: 'FAILED',
      usage: undefined,
      attempts: [{ outcome: 'SKIPPED', errorCode: 'SWITCHED_OFF', provider: PROVIDER_ID }],
    });
  });

  it('leaves the key of what it refused free: once it is on again the call runs', async () => {
    turn(state, kind);
    const call = test.prepare({ prompt: 'p', idempotencyKey: 'k' });
    expect(await test.generations.generate(call, stay)).toMatchObject(unavailable);
    test.switches.use([]);
    expect(test.generations.estimate(call).admitted).toBe(true);
    const again = test.generations.generate(call, stay);
    callOf(test, 0).finish('STOP', usage);
    expect(generationOf(await again)).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('still tells what a key stands for already', async () => {
    const call = test.prepare({ prompt: 'p', idempotencyKey: 'k' });
    const first = test.generations.generate(call, stay);
    callOf(test, 0).emit('told');
    callOf(test, 0).finish('STOP', usage);
    await first;
    turn(state, kind);
    expect(await test.generations.generate(call, stay)).toMatchObject({
      replayed: true,
      terminal: { type: 'SUCCESS', generation: { text: 'told' } },
    });
    expect((await eventsOf(test.generations.stream(call, options))).at(-1)).toMatchObject({ type: 'TERMINAL' });
  });

  it('is no matter of other models of other providers', async () => {
    const name = kind === 'MODEL' ? 'plain' : 'another';
    test.switches.use([{ kind, name, state }]);
    const call = test.generations.generate(test.prepare({ prompt: 'p' }), stay);
    callOf(test, 0).finish('STOP', usage);
    expect(generationOf(await call)).toMatchObject({ status: 'SUCCEEDED' });
  });
});

describe('DRAINING', () => {
  it('lets what runs go on to its end, and be attached to', async () => {
    const call = test.prepare({ prompt: 'p', idempotencyKey: 'k' });
    const running = test.generations.generate(call, stay);
    turn('DRAINING');
    const attached = test.generations.generate(call, stay);
    callOf(test, 0).finish('STOP', usage);
    expect(generationOf(await running)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await attached).toMatchObject({ replayed: true, terminal: { type: 'SUCCESS' } });
  });

  it('begins nothing more of a batch that runs', async () => {
    const running = test.generations.batch(prepareBatch(test, 2, { concurrency: 1 }), stay);
    turn('DRAINING');
    callOf(test, 0).finish('STOP', usage);
    expect(endsOf(await running)).toEqual(['SUCCESS', 'UNAVAILABLE']);
  });
});

describe.each<SwitchRecord['kind']>(['MODEL', 'PROVIDER'])('DISABLED of its %s', (kind) => {
  it('ends what runs with the truth, and bills what was used', async () => {
    const plain = test.generations.generate(test.prepare({ prompt: 'p' }), stay);
    const stream = test.generations.stream(test.prepare({ prompt: 'p', idempotencyKey: 'k' }), options);
    const started = generationOf(test.generations.start(test.prepare({ prompt: 'p' })));
    callOf(test, 1).emit('half an answer');
    await settled();
    turn('DISABLED', kind);
    expect(await plain).toMatchObject({ type: 'ENDED', replayed: false, terminal: failed });
    const events = await eventsOf(stream);
    const last = events.at(-1);
    expect(last).toMatchObject({ type: 'TERMINAL', terminal: failed });
    expect(last?.type === 'TERMINAL' && last.terminal.generation).toMatchObject({
      text: 'half an answer',
      usage: { source: 'ESTIMATED' },
      attempts: [{ outcome: 'CANCELLED', errorCode: 'SWITCHED_OFF' }],
    });
    const billed = last?.type === 'TERMINAL' ? last.terminal.generation.usage : undefined;
    expect(billed?.outputTokens).toBeGreaterThan(0);
    expect(billed?.costNanoUsd).toBeGreaterThan(0n);
    expect(test.generations.find(started.id, testCaller)).toMatchObject({ status: 'FAILED' });
    expect(test.provider.open()).toBe(0);
  });

  it('ends the items of a batch, which is over then and may be sent again under its key', async () => {
    const keyed = { concurrency: 1, idempotencyKey: 'b' };
    const running = test.generations.batch(prepareBatch(test, 2, keyed), stay);
    turn('DISABLED', kind);
    expect(endsOf(await running)).toEqual(['FAILED', 'UNAVAILABLE']);
    test.switches.use([]);
    const again = test.generations.batch(prepareBatch(test, 2, keyed), stay);
    for (const index of [1, 2]) {
      callOf(test, index).finish('STOP', usage);
      await settled();
    }
    expect(endsOf(await again)).toEqual(['SUCCESS', 'SUCCESS']);
  });
});
