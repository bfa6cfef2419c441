// Every provider adapter against a stand-in written by others: @copilotkit/aimock, which speaks each wire format as its
// authors read the provider's reference. Where it deviates from the real API, the adapter's call says so beside the exception.

import type { Fixture, JournalEntry } from '@copilotkit/aimock';
import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Provider } from '../../src/providers/provider.ts';
import { chatRequest, type Outcome, providerCall, runCall, userMessage } from '../unit/providers/chat-samples.ts';

export interface AimockSubject {
  /** An adapter for the server at this address. */
  create(url: string): Provider | Promise<Provider>;
  readonly model: string;
  /** Names of the two counts in `usage` of a fixture. */
  readonly usage: readonly [input: string, output: string];
  /** False: the format, or aimock's reading of it, has no ids of tool calls. Default: true. */
  readonly toolCallIds?: boolean;
  /** False: aimock writes no reasoning in this format. Default: true. */
  readonly reasoning?: boolean;
  /** How the server answers a request for JSON, where not with a text. */
  readonly jsonAnswer?: (json: string) => Fixture['response'];
  /** What a request has to say to the server; `body` as aimock keeps it, in OpenAI's words for every format. */
  readonly requestPath: RegExp;
}

const MODES = [
  ['plain', false],
  ['streamed', true],
] as const;
const TEXT = 'The tide follows the moon 🌊, twice a day. Grüße, 世界!';
const weather = {
  name: 'get_weather',
  description: 'The weather of a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const jsonSchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const CALLS = [
  { id: 'call_a', name: 'get_weather', arguments: '{"city":"Zürich"}' },
  { id: 'call_b', name: 'get_weather', arguments: '{"city":"Bern"}' },
];

export function describeOnAimock(name: string, subject: AimockSubject): void {
  const mock = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 7 });
  let provider: Provider;
  let arrived = Promise.withResolvers<void>();
  let released = Promise.withResolvers<void>();
  const usage = { [subject.usage[0]]: 40, [subject.usage[1]]: 12 };

  beforeAll(async () => {
    mock.onMessage('tell a text', { content: TEXT, usage });
    mock.onMessage('no usage', { content: 'ok' });
    mock.onMessage('be cut short', { content: TEXT, finishReason: 'length' });
    mock.onMessage('call tools', { toolCalls: CALLS });
    mock.onMessage('talk and call', { content: 'Let me look.', toolCalls: CALLS.slice(0, 1) });
    mock.onToolResult('call_a', { content: 'It is warm.' });
    mock.onMessage('think first', { content: 'Done.', reasoning: 'Once, twice 🤔.' });
    const json = '{"city":"Bern"}';
    mock.onMessage('answer in data', subject.jsonAnswer?.(json) ?? { content: json });
    for (const status of [400, 401, 403, 404, 429, 500, 503, 529]) {
      const error = { message: 'XYZZY: your prompt was XYZZY', type: 'some_error' };
      const response = { error, status, ...(status === 429 ? { retryAfter: 7 } : {}) };
      mock.onMessage(`fail with ${status}`, response);
    }
    mock.onMessage('break the bytes', { content: TEXT }, { chaos: { malformedRate: 1 } });
    mock.onMessage('drop the request', { content: TEXT }, { chaos: { dropRate: 1 } });
    mock.onMessage('limit the rate', { content: TEXT }, { chaos: { rateLimitRate: 1 } });
    mock.onMessage('hang up', { content: TEXT }, { chaos: { disconnectRate: 1 } });
    // It destroys the connection right after a write: only what had the time to go out arrives.
    mock.onMessage('stop in the middle', { content: TEXT }, { truncateAfterChunks: 5, latency: 10 });
    mock.onMessage('take your time', async () => {
      arrived.resolve();
      await released.promise;
      return { content: TEXT };
    });
    await mock.start();
    provider = await subject.create(mock.url);
  });
  afterAll(async () => {
    await provider.close();
    await mock.stop();
  });

  const ask = (text: string, streamed: boolean, request: Parameters<typeof chatRequest>[0] = {}): Promise<Outcome> =>
    runCall(provider, {
      model: subject.model,
      streamed,
      request: chatRequest({ messages: [userMessage(text)], ...request }),
    });

  describe(`${name} on aimock`, () => {
    it.each(MODES)('%s: text, finish reason and usage are what the server wrote', async (_mode, streamed) => {
      const outcome = await ask('tell a text', streamed);
      expect(outcome).toMatchObject({
        text: TEXT,
        finishReason: 'STOP',
        usage: { inputTokens: 40, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 12, reasoningTokens: 0 },
      });
      if (streamed) expect(outcome.deltas.length).toBeGreaterThan(3);
      else expect(outcome.deltas).toHaveLength(1);
    });

    it('says in the request what was asked for', async () => {
      await ask('tell a text', false, {
        messages: [{ ...userMessage('Be brief.'), role: 'SYSTEM' }, userMessage('tell a text')],
        maxOutputTokens: 77,
        temperature: 0.5,
        tools: [weather],
      });
      const { path, body } = mock.getLastRequest() as JournalEntry;
      expect(path).toMatch(subject.requestPath);
      const said = JSON.stringify(body);
      for (const word of ['Be brief.', 'tell a text', '77', '0.5', 'get_weather', 'The weather of a city.']) {
        expect(said).toContain(word);
      }
    });

    it.each(MODES)('%s: an answer cut at its cap is told as LENGTH', async (_mode, streamed) => {
      expect(await ask('be cut short', streamed)).toMatchObject({ text: TEXT, finishReason: 'LENGTH' });
    });

    it.each(MODES)('%s: tool calls come whole and in order', async (_mode, streamed) => {
      const outcome = await ask('call tools', streamed, { tools: [weather] });
      expect(outcome.finishReason).toBe('TOOL_CALLS');
      expect(outcome.toolCalls.map(([, tool, text]) => [tool, JSON.parse(text)])).toEqual([
        ['get_weather', { city: 'Zürich' }],
        ['get_weather', { city: 'Bern' }],
      ]);
      const ids = outcome.toolCalls.map(([id]) => id);
      if (subject.toolCallIds === false) expect(new Set(ids).size).toBe(2);
      else expect(ids).toEqual(['call_a', 'call_b']);
    });

    it.each(MODES)('%s: text before a tool call is told apart from it', async (_mode, streamed) => {
      const outcome = await ask('talk and call', streamed, { tools: [weather] });
      expect(outcome).toMatchObject({ text: 'Let me look.', finishReason: 'TOOL_CALLS' });
      expect(outcome.toolCalls).toHaveLength(1);
    });

    it('sends the result of a tool so that the server knows which call it answers', async () => {
      const [call] = CALLS;
      if (call === undefined) throw new Error('There is a first call.');
      const toolCalls = [{ id: call.id, name: call.name, arguments: { city: 'Zürich' } }];
      const messages = [
        userMessage('How is the weather?'),
        { ...userMessage(''), role: 'ASSISTANT' as const, parts: [], toolCalls },
        { ...userMessage('21 degrees'), role: 'TOOL' as const, toolCallId: call.id },
      ];
      const outcome = await ask('', true, { messages, tools: [weather] });
      expect(outcome.text).toBe('It is warm.');
    });

    it.each(MODES)('%s: JSON is the text of the answer', async (_mode, streamed) => {
      const output = { format: 'JSON', schema: jsonSchema, name: 'place' } as const;
      const outcome = await ask('answer in data', streamed, { output });
      expect(JSON.parse(outcome.text)).toEqual({ city: 'Bern' });
      expect(outcome.finishReason).toBe('STOP');
    });

    if (subject.reasoning !== false) {
      it.each(MODES)('%s: reasoning is told apart from text', async (_mode, streamed) => {
        expect(await ask('think first', streamed)).toMatchObject({ reasoning: 'Once, twice 🤔.', text: 'Done.' });
      });
    }

    it.each(
      MODES.flatMap(([mode, streamed]) =>
        (
          [
            [400, 'UPSTREAM_REJECTED', false],
            [401, 'UPSTREAM_REJECTED', false],
            [403, 'UPSTREAM_REJECTED', false],
            [404, 'UPSTREAM_REJECTED', false],
            [429, 'UPSTREAM_ERROR', true],
            [500, 'UPSTREAM_ERROR', true],
            [503, 'UPSTREAM_ERROR', true],
            [529, 'UPSTREAM_ERROR', true],
          ] as const
        ).map(([status, failure, retryable]) => [mode, status, streamed, failure, retryable] as const),
      ),
    )(
      '%s: status %i is told as it is, without the words of the server',
      async (_mode, status, streamed, failure, retryable) => {
        const { error } = await ask(`fail with ${status}`, streamed);
        expect(error).toMatchObject({ failure, retryable, status, phase: 'ANSWERED' });
        expect(error?.retryAfterMs).toBe(status === 429 ? 7_000 : undefined);
        expect(`${error?.message}${error?.cause}`).not.toContain('XYZZY');
      },
    );

    it.each(MODES)('%s: malformed bytes are an error of the provider', async (_mode, streamed) => {
      const { error, text } = await ask('break the bytes', streamed);
      expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'PARTIAL', retryable: false });
      expect(text).toBe('');
    });

    it.each(MODES)('%s: a dropped request and a limited rate can be tried again', async (_mode, streamed) => {
      const dropped = await ask('drop the request', streamed);
      expect(dropped.error).toMatchObject({
        failure: 'UPSTREAM_ERROR',
        phase: 'ANSWERED',
        retryable: true,
        status: 500,
      });
      const limited = await ask('limit the rate', streamed);
      expect(limited.error).toMatchObject({
        failure: 'UPSTREAM_ERROR',
        phase: 'ANSWERED',
        retryable: true,
        status: 429,
      });
      expect(limited.error?.retryAfterMs).toBeGreaterThan(0);
    });

    it.each(MODES)('%s: a connection that is closed before an answer can be tried again', async (_mode, streamed) => {
      const { error } = await ask('hang up', streamed);
      expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', retryable: true });
      expect(['NOT_SENT', 'NO_ANSWER']).toContain(error?.phase);
    });

    it('streamed: an answer cut in the middle is not tried again, and what came is delivered', async () => {
      const { error, text } = await ask('stop in the middle', true);
      expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'PARTIAL', retryable: false });
      expect(text).not.toBe('');
      expect(TEXT.startsWith(text)).toBe(true);
    });

    it.each(MODES)('%s: an aborted call ends at once and holds no connection', async (_mode, streamed) => {
      const own = await subject.create(mock.url);
      arrived = Promise.withResolvers();
      released = Promise.withResolvers();
      const controller = new AbortController();
      const request = chatRequest({ messages: [userMessage('take your time')] });
      const call = providerCall({ model: subject.model, streamed, request, signal: controller.signal });
      const running = own.chat(call, () => undefined).catch((error: unknown) => error);
      await arrived.promise;
      controller.abort();
      expect(await running).toMatchObject({ failure: 'CANCELLED', retryable: false });
      // Waits for busy connections: there is none.
      await own.close();
      released.resolve();
    });
  });
}
