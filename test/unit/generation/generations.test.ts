import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { GenerationEvent } from '../../../src/core/generation.ts';
import { UpstreamError } from '../../../src/core/upstream-error.ts';
import { formatCursor } from '../../../src/generation/cursor.ts';
import type { GenerationReader } from '../../../src/generation/generations.ts';
import type { PreparedCall } from '../../../src/generation/prepared-call.ts';
import {
  createTestGenerations,
  generationOf,
  type TestGenerations,
  testCaller,
} from '../../support/create-test-generations.ts';
import type { ScriptedCall } from '../../support/scripted-provider.ts';

const stay = new AbortController().signal;
const usage = { inputTokens: 10, cachedInputTokens: 4, cacheWriteTokens: 0, outputTokens: 5, reasoningTokens: 0 };
/** (10 − 4) × $1 + 4 × $0.10 + 5 × $2, per million tokens, in nano-USD. */
const costNanoUsd = 16_400n;

let test: TestGenerations;

beforeEach(() => {
  test = createTestGenerations();
});
afterEach(() => test.close());

const call = (index = 0): ScriptedCall => {
  const found = test.provider.calls[index];
  if (found === undefined) throw new Error(`the provider saw ${test.provider.calls.length} calls`);
  return found;
};
const stream = (prepared: PreparedCall, after?: string, onStalled = () => {}): GenerationReader =>
  test.generations.stream(prepared, { after, onStalled });
const collect = async (reader: GenerationReader): Promise<GenerationEvent[]> => {
  const events: GenerationEvent[] = [];
  for await (const event of reader) events.push(event);
  return events;
};
const textOf = (events: readonly GenerationEvent[]): string =>
  events.map((event) => (event.type === 'TEXT' ? event.text : '')).join('');
const fault = (retryable: boolean): UpstreamError =>
  new UpstreamError('UPSTREAM_ERROR', 'The provider failed.', { phase: 'ANSWERED', retryable, status: 500 });

describe('a plain call', () => {
  it('tells what the provider billed', async () => {
    const running = test.generations.generate(test.prepare({ prompt: 'x' }), stay);
    call().emit('Hello');
    call().finish('STOP', usage);
    const outcome = await running;
    expect(outcome).toMatchObject({ type: 'ENDED', replayed: false, terminal: { type: 'SUCCESS' } });
    expect(generationOf(outcome)).toMatchObject({
      text: 'Hello',
      usage: { ...usage, costNanoUsd, source: 'PROVIDER' },
      attempts: [{ number: 1, provider: 'scripted', model: 'upstream-chat', outcome: 'SUCCEEDED' }],
    });
    expect(call().call).toMatchObject({ model: 'upstream-chat', streamed: false });
  });

  it('counts what was delivered where the provider tells nothing', async () => {
    const running = test.generations.generate(test.prepare({ prompt: 'x' }), stay);
    call().emit('Hello');
    call().finish();
    const { usage: counted } = generationOf(await running);
    expect(counted?.source).toBe('ESTIMATED');
    expect(counted?.inputTokens).toBeGreaterThan(0);
    expect(counted?.outputTokens).toBeGreaterThan(0);
  });

  it('warns of what was not sent: what was known before the call, then what only making it told', async () => {
    const text = { type: 'TEXT', text: 'x' } as const;
    const messages = [{ role: 'USER', parts: [text], cacheBreakpoint: true }] as const;
    const prepared = test.prepare({ messages });
    const running = test.generations.generate(prepared, stay);
    call().finish('STOP', usage, ['seed was not sent.']);
    expect(generationOf(await running).warnings).toEqual([...prepared.warnings, 'seed was not sent.']);
    expect(prepared.warnings).toEqual(['cacheBreakpoint was not sent.']);
  });

  it('is charged nothing when refused upstream', async () => {
    const running = test.generations.generate(test.prepare({ prompt: 'x' }), stay);
    call().fail(fault(true));
    expect(await running).toMatchObject({
      terminal: { type: 'FAILED', retryable: true, generation: { usage: { costNanoUsd: 0n } } },
    });
  });

  it('is unavailable when nothing could be sent', async () => {
    const running = test.generations.generate(test.prepare({ prompt: 'x' }), stay);
    call().fail(new UpstreamError('UPSTREAM_ERROR', 'unreachable', { phase: 'NOT_SENT', retryable: true }));
    expect(await running).toMatchObject({ terminal: { type: 'UNAVAILABLE', generation: { status: 'FAILED' } } });
  });

  it('stops upstream at once when its caller goes, and still counts the input', async () => {
    const caller = new AbortController();
    const running = test.generations.generate(test.prepare({ prompt: 'x' }), caller.signal);
    expect(test.provider.open()).toBe(1);
    caller.abort();
    expect(call().call.signal.aborted).toBe(true);
    const outcome = await running;
    expect(outcome).toMatchObject({ terminal: { type: 'CANCELLED', cause: 'ABANDONED' } });
    expect(generationOf(outcome).usage).toMatchObject({ source: 'ESTIMATED', outputTokens: 0 });
    expect(generationOf(outcome).usage?.inputTokens).toBeGreaterThan(0);
  });

  it.each([
    ['more', 'x'.repeat(30), 10],
    ['less', 'x', 3],
  ])(
    'counts the output itself when usage was told before it was written (%s than was told)',
    async (_what, text, outputTokens) => {
      const early = { ...usage, outputTokens: 3 };
      const running = test.generations.generate(test.prepare({ prompt: 'x' }), stay);
      call().emit(text);
      const details = { phase: 'PARTIAL', retryable: false, usage: early, usageBeforeOutput: true } as const;
      call().fail(new UpstreamError('UPSTREAM_ERROR', 'cut', details));
      expect(generationOf(await running).usage).toMatchObject({ ...early, outputTokens, source: 'ESTIMATED' });
    },
  );

  it('masks a fault of our own and reports it', async () => {
    const running = test.generations.generate(test.prepare({ prompt: 'x' }), stay);
    call().fail(new TypeError('secret detail'));
    const outcome = await running;
    expect(outcome).toMatchObject({ terminal: { type: 'FAILED', code: 'INTERNAL' } });
    expect(JSON.stringify(outcome, (_, v) => (typeof v === 'bigint' ? `${v}` : v))).not.toContain('secret detail');
    expect(test.defects).toHaveLength(1);
  });

  it('ends one call, not the process, when telling a failure fails', async () => {
    const running = test.generations.generate(test.prepare({ prompt: 'x' }), stay);
    const unreadable = {
      toString: () => {
        throw new RangeError('Invalid string length');
      },
    };
    call().emitDelta({ type: 'tool-call', index: 0, id: 'c', name: unreadable as never, argumentsText: '' });
    call().finish('STOP');
    const outcome = await running;
    expect(outcome).toMatchObject({ terminal: { type: 'FAILED', code: 'INTERNAL', generation: { status: 'FAILED' } } });
    expect(generationOf(outcome).usage).toMatchObject({ source: 'ESTIMATED', outputTokens: 0 });
    expect(test.generations.find(generationOf(outcome).id, testCaller)?.status).toBe('FAILED');
  });

  it('parses and checks JSON output', async () => {
    const schema = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };
    const run = async (text: string, finish: 'STOP' | 'LENGTH' = 'STOP') => {
      const running = test.generations.generate(
        test.prepare({ prompt: 'x', output: { format: 'JSON', schema } }),
        stay,
      );
      const current = call(test.provider.calls.length - 1);
      current.emit(text);
      current.finish(finish, usage);
      return running;
    };
    expect(await run('{"n":1}')).toMatchObject({ terminal: { type: 'SUCCESS', generation: { json: { n: 1 } } } });
    expect(await run('{"n":"1"}')).toMatchObject({
      terminal: { type: 'OUTPUT_INVALID', pointers: ['/n'], generation: { status: 'FAILED', usage: { costNanoUsd } } },
    });
    expect(await run('{"n":', 'LENGTH')).toMatchObject({ terminal: { type: 'OUTPUT_INVALID', pointers: [''] } });
  });

  it('gathers tool calls and refuses arguments that are no object', async () => {
    const tools = [{ name: 'look', parameters: { type: 'object' } }];
    const run = async (argumentsText: string) => {
      const running = test.generations.generate(test.prepare({ prompt: 'x', tools }), stay);
      const current = call(test.provider.calls.length - 1);
      const piece = { type: 'tool-call', index: 0 } as const;
      current.emitDelta({ ...piece, id: 'c1', name: 'look', argumentsText: argumentsText.slice(0, 3) });
      current.emitDelta({ ...piece, id: undefined, name: undefined, argumentsText: argumentsText.slice(3) });
      current.finish('TOOL_CALLS', usage);
      return running;
    };
    expect(generationOf(await run('{"city":"Oslo"}')).toolCalls).toEqual([
      { id: 'c1', name: 'look', arguments: { city: 'Oslo' } },
    ]);
    expect(await run('{"city":')).toMatchObject({
      terminal: { type: 'OUTPUT_INVALID', pointers: ['/toolCalls/0/arguments'] },
    });
  });
});

describe('an idempotency key', () => {
  const keyed = (changes: object = {}): PreparedCall => test.prepare({ prompt: 'x', idempotencyKey: 'k', ...changes });

  it('runs once however many ask at once, and replays afterwards', async () => {
    const running = Array.from({ length: 20 }, () => test.generations.generate(keyed(), stay));
    expect(test.provider.calls).toHaveLength(1);
    call().emit('Hello');
    call().finish('STOP', usage);
    const outcomes = await Promise.all([...running, test.generations.generate(keyed({ timeoutMs: 7 }), stay)]);
    expect(new Set(outcomes.map((outcome) => generationOf(outcome).id)).size).toBe(1);
    expect(outcomes.map((outcome) => outcome.type === 'ENDED' && outcome.replayed)).toEqual([
      false,
      ...Array.from({ length: 20 }, () => true),
    ]);
  });

  it('refuses other input, and is nobody else’s', async () => {
    const first = test.generations.generate(keyed(), stay);
    expect(await test.generations.generate(keyed({ prompt: 'y' }), stay)).toMatchObject({
      type: 'IDEMPOTENCY',
      code: 'KEY_PARAMETER_MISMATCH',
    });
    const other = { ...testCaller, principalId: 'key:other' };
    void test.generations.generate(test.prepare({ prompt: 'y', idempotencyKey: 'k' }, other), stay);
    expect(test.provider.calls).toHaveLength(2);
    call().finish();
    await first;
  });

  it('is free again after a failure that may pass, and kept after one that will not', async () => {
    const first = test.generations.generate(keyed(), stay);
    call(0).fail(fault(true));
    await first;
    const second = test.generations.generate(keyed(), stay);
    call(1).fail(fault(false));
    await second;
    expect(await test.generations.generate(keyed(), stay)).toMatchObject({
      replayed: true,
      terminal: { type: 'FAILED' },
    });
    expect(test.provider.calls).toHaveLength(2);
  });

  it('joins generate, startGeneration and generateStream in one generation', async () => {
    const reader = stream(keyed());
    const plain = test.generations.generate(keyed(), stay);
    const started = test.generations.start(keyed());
    expect(started).toMatchObject({ type: 'RUNNING', replayed: true });
    expect(test.provider.calls).toHaveLength(1);
    call().emit('Hello');
    call().finish('STOP', usage);
    expect(textOf(await collect(reader))).toBe('Hello');
    expect(generationOf(await plain)).toMatchObject({ id: reader.generationId, text: 'Hello' });
    expect(test.generations.start(keyed())).toMatchObject({ type: 'ENDED', replayed: true });
  });

  it('outlives its caller for the grace time, and then is free', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    try {
      const caller = new AbortController();
      const first = test.generations.generate(keyed(), caller.signal);
      caller.abort();
      jest.advanceTimersByTime(29_000);
      expect(call().call.signal.aborted).toBe(false);
      const backAgain = new AbortController();
      const second = test.generations.generate(keyed(), backAgain.signal);
      jest.advanceTimersByTime(60_000);
      expect(call().call.signal.aborted).toBe(false);
      backAgain.abort();
      jest.advanceTimersByTime(30_000);
      expect(call().call.signal.aborted).toBe(true);
      await Promise.all([first, second]);
      void test.generations.generate(keyed(), stay);
      expect(test.provider.calls).toHaveLength(2);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('a stream', () => {
  const keyed = (key = 'k'): PreparedCall => test.prepare({ prompt: 'x', idempotencyKey: key });

  it('tells the whole answer between its start and one terminal', async () => {
    const reader = stream(keyed());
    call().emit('Hel');
    call().emit('lo');
    call().finish('STOP', usage);
    const events = await collect(reader);
    expect(events.map((event) => event.type)).toEqual(['STARTED', 'TEXT', 'TEXT', 'TERMINAL']);
    expect(events.map((event) => event.sequence)).toEqual([1, 2, 3, 4]);
    expect(textOf(events)).toBe('Hello');
    expect(call().call.streamed).toBe(true);
  });

  it('goes on behind a cursor, from its key or its id', async () => {
    const reader = stream(keyed());
    call().emit('Hel');
    const seen = [(await reader.next()).value, (await reader.next()).value];
    await reader.return?.();
    const after = formatCursor(reader.generationId, seen[1]?.sequence ?? 0);
    const byKey = stream(keyed(), after);
    const byId = test.generations.follow(reader.generationId, testCaller, { after, onStalled: () => {} });
    call().emit('lo');
    call().finish();
    expect(textOf(await collect(byKey))).toBe('lo');
    expect(textOf(await collect(byId))).toBe('lo');
    expect(byKey.replayed).toBe(false);
    expect(test.provider.calls).toHaveLength(1);
  });

  it('is replayed from the start once it has ended', async () => {
    const reader = stream(keyed());
    call().emit('Hello');
    call().finish('STOP', usage);
    await collect(reader);
    const again = stream(keyed());
    expect(again.replayed).toBe(true);
    expect(textOf(await collect(again))).toBe('Hello');
  });

  it.each([
    ['of another generation', () => formatCursor('gen_other', 1), 'CURSOR_INVALID'],
    ['that is garbage', () => 'garbage', 'CURSOR_INVALID'],
  ])('refuses a cursor %s', (_what, cursor, code) => {
    stream(keyed());
    expect(() => stream(keyed(), cursor())).toThrow(expect.objectContaining({ code }));
  });

  it('starts nothing for a cursor that nobody gave out', () => {
    expect(() => stream(keyed('new'), 'garbage')).toThrow(expect.objectContaining({ code: 'CURSOR_INVALID' }));
    expect(test.provider.calls).toHaveLength(0);
  });

  it('is told again from the stored answer when its log is gone, from the start only', async () => {
    const short = createTestGenerations();
    try {
      const prepared = short.prepare({ prompt: 'x', idempotencyKey: 'k' });
      const plain = short.generations.generate(prepared, stay);
      short.provider.calls[0]?.emit('Hello 😀');
      short.provider.calls[0]?.finish('STOP', usage);
      const { id } = generationOf(await plain);
      short.forgetLogs();
      const options = { after: undefined, onStalled: () => {} };
      const events = await collect(short.generations.stream(prepared, options));
      expect(events.map((event) => event.type)).toEqual(['STARTED', 'TEXT', 'TERMINAL']);
      expect(textOf(events)).toBe('Hello 😀');
      expect(() => short.generations.stream(prepared, { ...options, after: formatCursor(id, 1) })).toThrow(
        expect.objectContaining({ code: 'CURSOR_EXPIRED' }),
      );
      expect(short.provider.calls).toHaveLength(1);
    } finally {
      short.close();
    }
  });

  it('starts nothing for a cursor of a stream that is no longer kept', () => {
    const refused = expect.objectContaining({ code: 'CURSOR_EXPIRED' });
    expect(() => stream(keyed('never seen'), formatCursor('gen_gone', 1))).toThrow(refused);
    expect(test.provider.calls).toHaveLength(0);
    stream(keyed('never seen'));
    expect(test.provider.calls).toHaveLength(1);
  });

  it('is stopped when its last reader has been gone for the grace time', async () => {
    const quick = createTestGenerations({ graceMs: 0 });
    try {
      const options = { after: undefined, onStalled: () => {} };
      const prepared = quick.prepare({ prompt: 'x', idempotencyKey: 'k' });
      const [one, two] = [quick.generations.stream(prepared, options), quick.generations.stream(prepared, options)];
      await one.return?.();
      expect(quick.provider.open()).toBe(1);
      await two.return?.();
      expect(quick.provider.calls[0]?.call.signal.aborted).toBe(true);
    } finally {
      quick.close();
    }
  });

  it('ends with the text and usage so far when it is cut', async () => {
    const reader = stream(keyed());
    call().emit('Hel');
    call().fail(new UpstreamError('UPSTREAM_ERROR', 'cut', { phase: 'PARTIAL', retryable: false }));
    const last = (await collect(reader)).at(-1);
    expect(last).toMatchObject({
      type: 'TERMINAL',
      terminal: { type: 'FAILED', generation: { text: 'Hel', usage: { source: 'ESTIMATED' } } },
    });
  });

  it('can be cancelled by its owner and nobody else', async () => {
    const reader = stream(keyed());
    call().emit('Hel');
    const other = { ...testCaller, principalId: 'key:other' };
    expect(await test.generations.cancel(reader.generationId, other)).toBeUndefined();
    expect(test.provider.open()).toBe(1);
    expect(await test.generations.cancel(reader.generationId, testCaller)).toMatchObject({
      status: 'CANCELLED',
      text: 'Hel',
    });
    expect((await collect(reader)).at(-1)).toMatchObject({ terminal: { type: 'CANCELLED', cause: 'CANCELLED' } });
    // Asked for is final: the key is not run again behind the back of whoever cancelled it.
    expect((await collect(stream(keyed()))).at(-1)).toMatchObject({ terminal: { type: 'CANCELLED' } });
    expect(test.provider.calls).toHaveLength(1);
  });

  it('is invisible to others', () => {
    const reader = stream(keyed());
    for (const part of ['organizationId', 'projectId', 'principalId'] as const) {
      const other = { ...testCaller, [part]: 'other' };
      expect(test.generations.find(reader.generationId, other)).toBeUndefined();
      expect(() =>
        test.generations.follow(reader.generationId, other, { after: undefined, onStalled: () => {} }),
      ).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    }
  });
});

describe('startGeneration', () => {
  it('answers at once and runs to its end whoever leaves', async () => {
    const started = test.generations.start(test.prepare({ prompt: 'x' }));
    const { id } = generationOf(started);
    const reader = test.generations.follow(id, testCaller, { after: undefined, onStalled: () => {} });
    call().emit('Hel');
    expect(test.generations.find(id, testCaller)).toMatchObject({ status: 'RUNNING', text: 'Hel' });
    await reader.return?.();
    expect(call().call.signal.aborted).toBe(false);
    call().emit('lo');
    call().finish('STOP', usage);
    const again = test.generations.follow(id, testCaller, { after: undefined, onStalled: () => {} });
    expect(textOf(await collect(again))).toBe('Hello');
    expect(test.generations.find(id, testCaller)).toMatchObject({
      status: 'SUCCEEDED',
      text: 'Hello',
      contentState: 'AVAILABLE',
    });
  });
});

describe('stopping', () => {
  it('waits for what runs, then ends the rest with an error that may be tried again', async () => {
    const slow = test.generations.generate(test.prepare({ prompt: 'x' }), stay);
    await test.generations.drain(0);
    expect(await slow).toMatchObject({ terminal: { type: 'FAILED', code: 'NODE_LOST', retryable: true } });
  });
});
