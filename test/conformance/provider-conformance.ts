// What every provider adapter has to do, run against a simulated upstream that speaks its wire format. An adapter calls
// describeProvider once; what is special about its wire format belongs in its own unit tests.

import { describe, expect, it } from '@jest/globals';
import type { ChatRequest, Message } from '../../src/core/chat.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Provider } from '../../src/providers/provider.ts';
import type { Behaviour, BillEntry, Simulator } from '../../src/simulator/types.ts';
import { chatRequest, type Outcome, providerCall, runCall, userMessage } from '../unit/providers/chat-samples.ts';

export interface ProviderUnderTest extends AsyncDisposable {
  readonly provider: Provider;
  readonly upstream: Pick<Simulator, 'script' | 'bill' | 'waitFor'>;
  /** A model of the upstream that answers at once and can do everything. */
  readonly model: string;
  /** What the wire format can tell of a prompt refused for violence and hate. Default: both. */
  readonly refusedFor?: readonly string[];
}

const GENEROUS = { connectMs: 10_000, firstTokenMs: 10_000, idleMs: 10_000, totalMs: 20_000 };
const PROMPT = [userMessage('Explain in three sentences how tides work.')];
const MODES = [
  ['plain', false],
  ['streamed', true],
] as const;

const weather: JsonObject = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const weatherTool = { name: 'get_weather', description: 'The weather of a city.', parameters: weather };

const message = (role: Message['role'], text: string, more: Partial<Message> = {}): Message => ({
  ...userMessage(text),
  role,
  ...more,
});

/** A picture of one white pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=';

export function describeProvider(name: string, setup: () => Promise<ProviderUnderTest>): void {
  const ask = (
    { provider, model }: ProviderUnderTest,
    streamed: boolean,
    request: Partial<ChatRequest> = {},
    more: Parameters<typeof providerCall>[0] = {},
  ): Promise<Outcome> =>
    runCall(provider, {
      model,
      streamed,
      request: chatRequest({ messages: PROMPT, ...request }),
      timeouts: GENEROUS,
      ...more,
    });

  const lastEntry = async ({ upstream }: ProviderUnderTest): Promise<BillEntry> => {
    const bill = await upstream.waitFor(({ inFlight, requests }) => inFlight === 0 && requests.length > 0);
    const entry = bill.requests.at(-1);
    if (entry === undefined) throw new Error('The upstream saw no call.');
    return entry;
  };

  describe(`${name}: answers`, () => {
    it.each(MODES)('%s text is what the upstream wrote and is counted as it was billed', async (_mode, streamed) => {
      await using under = await setup();
      const outcome = await ask(under, streamed);
      const entry = await lastEntry(under);
      expect(outcome.error).toBeUndefined();
      expect(outcome.text).not.toBe('');
      expect(outcome.text).toBe(entry.text);
      expect(outcome).toMatchObject({
        finishReason: 'STOP',
        usage: { inputTokens: entry.promptTokens, outputTokens: entry.completionTokens },
        providerRequestId: entry.id,
      });
      expect(entry).toMatchObject({ streamed, state: 'COMPLETED' });
    });

    it('is the same text streamed and plain, and comes in several deltas when streamed', async () => {
      await using under = await setup();
      const plain = await ask(under, false);
      const streamed = await ask(under, true);
      expect(streamed.text).toBe(plain.text);
      expect(streamed.deltas.length).toBeGreaterThan(3);
    });

    it.each<[string, Behaviour]>([
      ['in odd pieces', { chunkBytes: [1, 7, 2, 64, 3] }],
      ['byte by byte', { chunkBytes: [1] }],
      ['with CRLF', { crlf: true, chunkBytes: [5] }],
      ['between comments', { comments: true }],
      ['without the end mark', { omitDone: true }],
    ])('streamed %s arrives whole', async (_how, behaviour) => {
      await using under = await setup();
      const tokens = ['Grüße ', '世界', ' 👩‍👩‍👧', ' שלום', ' e\u0301', '\r\n\n', ' "quoted" \\ \u2028'];
      under.upstream.script({ tokens, ...behaviour });
      expect(await ask(under, true)).toMatchObject({ text: tokens.join(''), finishReason: 'STOP' });
    });

    it.each(MODES)('%s: the output cap is kept and told as LENGTH', async (_mode, streamed) => {
      await using under = await setup();
      const outcome = await ask(under, streamed, { maxOutputTokens: 5 });
      expect(outcome.finishReason).toBe('LENGTH');
      expect(outcome.usage?.outputTokens).toBeLessThanOrEqual(5);
    });

    it.each(MODES)('%s: stop sequences, temperature, top-p and seed are taken', async (_mode, streamed) => {
      await using under = await setup();
      const parameters = { stop: ['.'], temperature: 0, topP: 0.9, seed: 7 };
      const outcome = await ask(under, streamed, parameters);
      expect(outcome.error).toBeUndefined();
      expect(outcome.text).not.toContain('.');
    });

    it.each(MODES)('%s: reasoning is told apart from text', async (_mode, streamed) => {
      await using under = await setup();
      under.upstream.script({ reasoning: 'Let me think 🤔 twice.', text: 'Done.' });
      const outcome = await ask(under, streamed);
      expect(outcome).toMatchObject({ reasoning: 'Let me think 🤔 twice.', text: 'Done.' });
      expect(outcome.usage?.reasoningTokens).toBeGreaterThan(0);
    });

    it('gives each of many calls at once its own answer', async () => {
      await using under = await setup();
      const words = Array.from({ length: 20 }, (_, index) => `word${index}`);
      under.upstream.script(...words.map((word) => ({ match: `<${word}>`, text: `You said ${word}.` })));
      const outcomes = await Promise.all(
        words.map((word, index) => ask(under, index % 2 === 0, { messages: [userMessage(`<${word}>`)] })),
      );
      expect(outcomes.map(({ text }) => text)).toEqual(words.map((word) => `You said ${word}.`));
    });
  });

  describe(`${name}: tools, JSON and images`, () => {
    it.each(MODES)('%s tool calls come whole, numbered from 0, with id and name first', async (_mode, streamed) => {
      await using under = await setup();
      under.upstream.script({
        toolCalls: [
          { id: 'call_a', name: 'get_weather', arguments: { city: 'Zürich 🏔️', days: 2 } },
          { id: 'call_b', name: 'get_weather', arguments: { city: 'Bern', days: 1 } },
        ],
      });
      const outcome = await ask(under, streamed, { tools: [weatherTool] });
      expect(outcome.finishReason).toBe('TOOL_CALLS');
      expect(outcome.toolCalls.map(([id, tool, text]) => [id, tool, JSON.parse(text)])).toEqual([
        ['call_a', 'get_weather', { city: 'Zürich 🏔️', days: 2 }],
        ['call_b', 'get_weather', { city: 'Bern', days: 1 }],
      ]);
      for (const index of [0, 1]) {
        const first = outcome.deltas.find((delta) => delta.type === 'tool-call' && delta.index === index);
        expect(first).toMatchObject({ id: expect.any(String), name: 'get_weather' });
      }
    });

    it.each(MODES)('%s: a named tool is called', async (_mode, streamed) => {
      await using under = await setup();
      const toolChoice = { mode: 'TOOL', name: 'get_weather' } as const;
      const outcome = await ask(under, streamed, { tools: [weatherTool], toolChoice });
      expect(outcome).toMatchObject({
        finishReason: 'TOOL_CALLS',
        toolCalls: [[expect.any(String), 'get_weather', expect.any(String)]],
      });
    });

    it.each(['AUTO', 'NONE', 'REQUIRED'] as const)('takes the tool choice %s', async (mode) => {
      await using under = await setup();
      const outcome = await ask(under, false, { tools: [weatherTool], toolChoice: { mode } });
      expect(outcome.error).toBeUndefined();
      if (mode === 'REQUIRED') expect(outcome.toolCalls).not.toHaveLength(0);
      if (mode === 'NONE') expect(outcome.toolCalls).toHaveLength(0);
    });

    it('takes a whole conversation with calls and their results', async () => {
      await using under = await setup();
      const toolCalls = [{ id: 'call_1', name: 'get_weather', arguments: { city: 'Bern', days: 1 } }];
      const messages = [
        message('SYSTEM', 'Be brief.'),
        userMessage('How is the weather in Bern?'),
        message('ASSISTANT', '', { parts: [], toolCalls }),
        message('TOOL', '{"celsius":21}', { toolCallId: 'call_1' }),
        message('ASSISTANT', 'Warm.'),
        userMessage('And tomorrow?'),
      ];
      const outcome = await ask(under, true, { messages, tools: [weatherTool] });
      expect(outcome.error).toBeUndefined();
    });

    it.each(MODES)('%s JSON follows the schema', async (_mode, streamed) => {
      await using under = await setup();
      const outcome = await ask(under, streamed, { output: { format: 'JSON', schema: weather, name: 'weather' } });
      expect(JSON.parse(outcome.text)).toEqual({ city: expect.any(String), days: expect.any(Number) });
    });

    it('JSON without a schema is JSON, whether or not the caller says the word', async () => {
      await using under = await setup();
      const outcome = await ask(under, false, { output: { format: 'JSON', schema: undefined, name: 'answer' } });
      expect(outcome.error).toBeUndefined();
      expect(() => JSON.parse(outcome.text)).not.toThrow();
    });

    it('images by address and by value are seen and billed', async () => {
      await using under = await setup();
      const words = await ask(under, false, { messages: [userMessage('What is in the picture?')] });
      const withImage = (image: Message['parts'][number]): Promise<Outcome> => {
        const parts = [{ type: 'text', text: 'What is in the picture?' } as const, image];
        return ask(under, false, { messages: [message('USER', '', { parts })] });
      };
      const images = [
        await withImage({ type: 'image-url', url: 'https://example.com/cat.png' }),
        await withImage({ type: 'image-data', base64: PIXEL, mediaType: 'image/png' }),
      ];
      for (const { error, usage } of images) {
        expect(error).toBeUndefined();
        expect(usage?.inputTokens).toBeGreaterThan(words.usage?.inputTokens ?? Number.POSITIVE_INFINITY);
      }
    });
  });

  describe(`${name}: usage`, () => {
    it.each(MODES)('%s: classes are counted once', async (_mode, streamed) => {
      await using under = await setup();
      const read = { promptTokens: 100, cachedTokens: 60 };
      const usage = { ...read, cacheWriteTokens: 25, completionTokens: 50, reasoningTokens: 20 };
      under.upstream.script({ usage });
      const outcome = await ask(under, streamed);
      const { cacheWriteTokens } = await lastEntry(under);
      expect(outcome.usage).toEqual({
        inputTokens: 100,
        cachedInputTokens: 60,
        // As billed: a format that cannot tell writes apart bills none.
        cacheWriteTokens,
        outputTokens: 50,
        reasoningTokens: 20,
      });
    });

    it.each(MODES)('%s: none told is none', async (_mode, streamed) => {
      await using under = await setup();
      under.upstream.script({ usage: 'omit' });
      expect(await ask(under, streamed)).toMatchObject({ finishReason: 'STOP', usage: undefined });
    });
  });

  describe(`${name}: failures`, () => {
    const failing: [string, Behaviour, object][] = [
      ['400', { status: 400 }, { failure: 'UPSTREAM_REJECTED', phase: 'ANSWERED', retryable: false, status: 400 }],
      ['401', { status: 401 }, { failure: 'UPSTREAM_REJECTED', retryable: false, status: 401 }],
      ['403', { status: 403 }, { failure: 'UPSTREAM_REJECTED', retryable: false, status: 403 }],
      ['404', { status: 404 }, { failure: 'UPSTREAM_REJECTED', retryable: false, status: 404 }],
      ['408', { status: 408 }, { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', retryable: true, status: 408 }],
      [
        '429',
        { status: 429, retryAfterSeconds: 7 },
        { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', retryable: true, status: 429, retryAfterMs: 7000 },
      ],
      ['500', { status: 500 }, { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', retryable: true, status: 500 }],
      ['503', { status: 503 }, { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', retryable: true, status: 503 }],
      [
        'the content filter',
        { contentFilter: ['violence', 'hate'] },
        { failure: 'UPSTREAM_BLOCKED', retryable: false },
      ],
      ['a prompt that is too long', { contextWindow: 10 }, { failure: 'UPSTREAM_REJECTED', retryable: false }],
      ['an error body under a 200', { error: {} }, { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED' }],
      ['an empty body', { emptyBody: true }, { failure: 'UPSTREAM_ERROR', retryable: true }],
      ['a web page', { contentType: 'text/html' }, { failure: 'UPSTREAM_ERROR', retryable: false }],
      ['malformed bytes', { malformed: true }, { failure: 'UPSTREAM_ERROR', phase: 'PARTIAL', retryable: false }],
      [
        'a cut before the head',
        { cut: 'before-head' },
        { failure: 'UPSTREAM_ERROR', phase: 'NO_ANSWER', retryable: true },
      ],
    ];

    it.each(
      failing.flatMap(([what, ...rest]) => MODES.map(([mode, streamed]) => [mode, what, streamed, ...rest] as const)),
    )('%s: %s is told as it is, without the prompt', async (_mode, _what, streamed, behaviour, expected) => {
      await using under = await setup();
      under.upstream.script(behaviour);
      const { error } = await ask(under, streamed, { messages: [userMessage('XYZZY-PROMPT')] });
      expect(error).toMatchObject(expected);
      if (error?.failure === 'UPSTREAM_BLOCKED') {
        expect([...error.categories].sort()).toEqual(under.refusedFor ?? ['hate', 'violence']);
      }
      expect(error?.message).not.toContain('XYZZY');
      expect(error?.message).toMatch(/^[A-Z].*\.$/);
    });

    it.each<[string, Behaviour, object]>([
      ['a cut before the first token', { cut: 'after-head' }, { phase: 'NO_ANSWER', retryable: true }],
      ['a cut after some tokens', { cut: { afterTokens: 3 } }, { phase: 'PARTIAL', retryable: false }],
      ['a cut in the middle of a frame', { cut: { afterTokens: 3 }, cutMidFrame: true }, { phase: 'PARTIAL' }],
      ['an error after some tokens', { streamError: { afterTokens: 3 } }, { phase: 'PARTIAL', retryable: false }],
    ])('streamed: %s', async (_what, behaviour, expected) => {
      await using under = await setup();
      under.upstream.script({ tokensPerWrite: 1, ...behaviour });
      expect((await ask(under, true)).error).toMatchObject({ failure: 'UPSTREAM_ERROR', ...expected });
    });

    it('streamed: what came before a cut is delivered', async () => {
      await using under = await setup();
      under.upstream.script({ tokens: ['one ', 'two ', 'three '], tokensPerWrite: 1, cut: { afterTokens: 2 } });
      expect((await ask(under, true)).text).toBe('one two ');
    });

    it('plain: a body cut before its end is not retryable', async () => {
      await using under = await setup();
      under.upstream.script({ cut: 'before-end' });
      expect((await ask(under, false)).error).toMatchObject({
        failure: 'UPSTREAM_ERROR',
        phase: 'PARTIAL',
        retryable: false,
      });
    });

    it.each(MODES)('%s: an answer without an end is stopped, and the upstream sees it', async (_mode, streamed) => {
      await using under = await setup();
      under.upstream.script({ endless: true });
      const { error } = await ask(under, streamed);
      expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', retryable: false });
      expect(await lastEntry(under)).toMatchObject({ aborted: true });
    });
  });

  describe(`${name}: aborting and time-outs`, () => {
    it.each<[string, boolean, Behaviour]>([
      ['a plain call before its head', false, { hang: 'before-head' }],
      ['a stream before its head', true, { hang: 'before-head' }],
      ['a stream before its first token', true, { hang: 'after-head' }],
      ['a stream in the middle', true, { hang: { afterTokens: 2 } }],
    ])('aborting %s ends it upstream at once', async (_what, streamed, behaviour) => {
      await using under = await setup();
      under.upstream.script(behaviour);
      const controller = new AbortController();
      const outcome = ask(under, streamed, {}, { signal: controller.signal });
      await under.upstream.waitFor(({ inFlight }) => inFlight === 1);
      controller.abort();
      expect((await outcome).error).toMatchObject({ failure: 'CANCELLED', retryable: false });
      expect(await lastEntry(under)).toMatchObject({ state: 'ABORTED', aborted: true });
    });

    it('aborting while the model writes is billed for what was written', async () => {
      await using under = await setup();
      under.upstream.script({
        tokens: Array.from({ length: 50 }, () => 'word '),
        tokensPerWrite: 1,
        hang: { afterTokens: 10 },
      });
      const controller = new AbortController();
      let deltas = 0;
      const call = providerCall({ model: under.model, signal: controller.signal });
      const running = under.provider.chat(call, () => {
        if (++deltas === 5) controller.abort();
      });
      await expect(running).rejects.toMatchObject({ failure: 'CANCELLED' });
      expect(deltas).toBe(5);
      const entry = await lastEntry(under);
      expect(entry.aborted).toBe(true);
      expect(entry.completionTokens).toBeLessThan(50);
    });

    it.each<[string, boolean, Behaviour, Partial<typeof GENEROUS>, object]>([
      ['first token', true, { hang: 'after-head' }, { firstTokenMs: 100 }, { phase: 'NO_ANSWER', retryable: true }],
      ['idle', true, { hang: { afterTokens: 2 } }, { idleMs: 100 }, { phase: 'PARTIAL', retryable: false }],
      ['total', false, { hang: 'before-head' }, { totalMs: 200 }, { phase: 'NO_ANSWER', retryable: false }],
      [
        'total',
        true,
        { endless: true, tokensPerSecond: 100 },
        { totalMs: 300 },
        { phase: 'PARTIAL', retryable: false },
      ],
    ])(
      'the %s time-out ends the call upstream (streamed: %s)',
      async (_what, streamed, behaviour, timeouts, expected) => {
        await using under = await setup();
        under.upstream.script(behaviour);
        const { error } = await ask(under, streamed, {}, { timeouts: { ...GENEROUS, ...timeouts } });
        expect(error).toMatchObject({ failure: 'DEADLINE_EXCEEDED', ...expected });
        const [timeout] = Object.entries(timeouts);
        expect(error?.message).toContain(`${timeout?.[1]} ms`);
        expect(await lastEntry(under)).toMatchObject({ aborted: true });
      },
    );

    it('a plain call is not bound by the first-token and idle times', async () => {
      await using under = await setup();
      under.upstream.script({ latencyMs: 200 });
      const timeouts = { ...GENEROUS, firstTokenMs: 20, idleMs: 20 };
      expect(await ask(under, false, {}, { timeouts })).toMatchObject({ finishReason: 'STOP' });
    });
  });
}
