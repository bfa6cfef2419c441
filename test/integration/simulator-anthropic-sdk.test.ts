// The simulator judged by Anthropic's official SDK: whoever wrote the wire format down must find it here.

import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import type { Behaviour } from '../../src/simulator/types.ts';
import { startTestSimulator, type TestSimulator } from '../support/start-simulator.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WEATHER: Anthropic.Tool = {
  name: 'get_weather',
  description: 'Current weather of a city',
  input_schema: {
    type: 'object',
    properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
    required: ['city', 'unit'],
    additionalProperties: false,
  },
  strict: true,
};
const SEARCH: Anthropic.Tool = {
  name: 'search_orders',
  input_schema: { type: 'object', properties: { query: { type: 'string' } } },
};
const THINKING = { type: 'enabled', budget_tokens: 1024 } as const;

function clientOf(simulator: TestSimulator, apiKey = 'sim-key', behaviour?: Behaviour): Anthropic {
  return new Anthropic({
    apiKey,
    baseURL: simulator.url,
    maxRetries: 0,
    ...(behaviour === undefined ? {} : { defaultHeaders: { 'x-simulate': JSON.stringify(behaviour) } }),
  });
}

const user = (content: string): Anthropic.MessageCreateParamsNonStreaming => ({
  model: 'sim-instant',
  max_tokens: 2048,
  messages: [{ role: 'user', content }],
});

const textOf = (message: Anthropic.Message) =>
  message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');

async function failureOf(promise: Promise<unknown>): Promise<InstanceType<typeof Anthropic.APIError>> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof Anthropic.APIError) return failure;
  throw new Error(`expected an APIError, got ${String(failure)}`);
}

describe('the Anthropic SDK', () => {
  it('lists the models, page by page', async () => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    const names: string[] = [];
    for await (const model of client.models.list({ limit: 2 })) names.push(model.id);
    expect(names).toEqual(['sim-fast', 'sim-smart', 'sim-instant']);
    expect(await client.models.retrieve('sim-fast')).toMatchObject({ id: 'sim-fast', max_tokens: 4096 });
  });

  it('gets a text with its usage', async () => {
    await using simulator = await startTestSimulator();
    const message = await clientOf(simulator).messages.create(user('Describe tides in 12 words'));
    expect(textOf(message).split(' ')).toHaveLength(12);
    expect(message).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn', stop_sequence: null });
    expect(message._request_id).toBe(simulator.bill().requests[0]?.id);
    expect(simulator.bill().requests[0]).toMatchObject({
      format: 'anthropic',
      promptTokens: message.usage.input_tokens,
      completionTokens: message.usage.output_tokens,
    });
  });

  it('is told of cached, cache-write and thinking tokens', async () => {
    await using simulator = await startTestSimulator();
    const usage = {
      promptTokens: 2_000,
      cachedTokens: 1_500,
      cacheWriteTokens: 300,
      completionTokens: 90,
      reasoningTokens: 40,
    };
    simulator.script({ usage });
    const expected = {
      input_tokens: 200,
      cache_read_input_tokens: 1_500,
      cache_creation_input_tokens: 300,
      output_tokens: 90,
      output_tokens_details: { thinking_tokens: 40 },
    };
    const client = clientOf(simulator);
    expect((await client.messages.create(user('Why?'))).usage).toMatchObject(expected);
    expect((await client.messages.stream(user('Why?')).finalMessage()).usage).toMatchObject(expected);
    expect(simulator.bill().requests).toMatchObject([usage, usage]);
    expect(simulator.bill().totals).toMatchObject({ cacheWriteTokens: 600 });
  });

  it.each(['sim-fast', 'sim-smart'])('gets an answer from %s at the pace of a model', async (model) => {
    await using simulator = await startTestSimulator();
    simulator.script({ tokensPerSecond: 2_000, latencyMs: 1, firstTokenMs: 1 });
    const message = await clientOf(simulator).messages.create({ ...user('Why do rivers meander?'), model });
    expect(textOf(message)).toMatch(/rivers/i);
  });

  it('reads the events of a stream', async () => {
    await using simulator = await startTestSimulator();
    const stream = await clientOf(simulator).messages.create({
      ...user('Tell me about שלום, cafe\u0301s and 👩‍👩‍👧'),
      stream: true,
    });
    let text = '';
    let outputTokens = 0;
    const types: string[] = [];
    for await (const event of stream) {
      if (types.at(-1) !== event.type) types.push(event.type);
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
      if (event.type === 'message_delta') outputTokens = event.usage.output_tokens;
    }
    const entry = simulator.bill().requests[0];
    expect(text).toBe(entry?.text);
    expect(text).toContain('👩‍👩‍👧');
    expect(outputTokens).toBe(entry?.completionTokens);
    expect(types).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  it('accumulates a stream to the message a plain call brings', async () => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    const plain = await client.messages.create(user('Why do we sleep?'));
    const streamed = await client.messages.stream(user('Why do we sleep?')).finalMessage();
    expect({ ...streamed, id: plain.id }).toMatchObject({ ...plain });
  });

  it('gets a tool call, answers it, and gets a text that uses the answer', async () => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    const question = user('What is the weather in Bern, in celsius?');
    const first = await client.messages.create({ ...question, tools: [SEARCH, WEATHER] });
    expect(first.stop_reason).toBe('tool_use');
    const [call] = first.content;
    if (call?.type !== 'tool_use') throw new Error('no call');
    expect(call).toMatchObject({ name: 'get_weather', input: { city: 'Bern', unit: 'celsius' } });
    const second = await client.messages.create({
      ...question,
      tools: [WEATHER],
      messages: [
        ...question.messages,
        { role: 'assistant', content: first.content },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: call.id, content: '{"temperature":21,"sky":"clear"}' }],
        },
      ],
    });
    expect(textOf(second)).toBe('The tool get weather says: temperature is 21 and sky is clear.');
  });

  it('gets parallel tool calls in pieces from a stream, and one where it wants no more', async () => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    const asked = { ...user('Search the orders and get the weather in Bern, in celsius'), tools: [WEATHER, SEARCH] };
    const both = await client.messages.stream(asked).finalMessage();
    expect(both.content.map((block) => (block.type === 'tool_use' ? block.name : block.type)).sort()).toEqual([
      'get_weather',
      'search_orders',
    ]);
    const one = await client.messages
      .stream({ ...asked, tool_choice: { type: 'auto', disable_parallel_tool_use: true } })
      .finalMessage();
    expect(one.content).toHaveLength(1);
  });

  it.each([
    [{ type: 'none' }, undefined, 'end_turn'],
    [{ type: 'auto' }, undefined, 'end_turn'],
    [{ type: 'any' }, 'get_weather', 'tool_use'],
    [{ type: 'tool', name: 'search_orders' }, 'search_orders', 'tool_use'],
  ] as const)('has its tool choice %j respected', async (tool_choice, called, stopReason) => {
    await using simulator = await startTestSimulator();
    const message = await clientOf(simulator).messages.create({
      ...user('Why is the sky blue?'),
      tools: [WEATHER, SEARCH],
      tool_choice,
    });
    expect(message.content.find((block) => block.type === 'tool_use')?.name).toBe(called);
    expect(message.stop_reason).toBe(stopReason);
  });

  it('gets JSON that fits its schema', async () => {
    await using simulator = await startTestSimulator();
    const schema = {
      type: 'object',
      properties: {
        title: { type: 'string' },
        days: { type: 'integer' },
        stops: { type: 'array', items: { $ref: '#/$defs/stop' }, minItems: 1 },
      },
      required: ['title', 'days', 'stops'],
      additionalProperties: false,
      $defs: {
        stop: {
          type: 'object',
          properties: { city: { type: 'string' }, by: { enum: ['train', 'bus'] } },
          required: ['city', 'by'],
          additionalProperties: false,
        },
      },
    };
    const message = await clientOf(simulator).messages.create({
      ...user('Plan 5 days from Bern to Zürich by train'),
      output_config: { format: { type: 'json_schema', schema } },
    });
    const trip: unknown = JSON.parse(textOf(message));
    expect(new Ajv().compile(schema)(trip)).toBe(true);
    expect(trip).toMatchObject({ days: 5 });
  });

  it('sends images', async () => {
    await using simulator = await startTestSimulator();
    const message = await clientOf(simulator).messages.create({
      ...user(''),
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is in these pictures?' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
            { type: 'image', source: { type: 'url', url: 'https://example.com/cat.png' } },
          ],
        },
      ],
    });
    expect(textOf(message)).toContain('I see an image of type image/png, 70 bytes, 1 × 1 pixels.');
    expect(textOf(message)).toContain('I see an image at example.com.');
    expect(message.usage.input_tokens).toBeGreaterThan(255 + 765);
  });

  it.each([false, true])('gets thinking apart from the text (streamed: %s), and may send it back', async (streamed) => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    const asked = { ...user('What is the weather in Bern, in celsius?'), thinking: THINKING, tools: [WEATHER] };
    const first = streamed ? await client.messages.stream(asked).finalMessage() : await client.messages.create(asked);
    const [thinking, call] = first.content;
    if (thinking?.type !== 'thinking' || call?.type !== 'tool_use') throw new Error('no thinking, or no call');
    expect(thinking.thinking).toContain('The question is about');
    expect(first.usage.output_tokens_details?.thinking_tokens).toBeGreaterThan(10);
    expect(simulator.bill().requests[0]?.reasoningTokens).toBe(first.usage.output_tokens_details?.thinking_tokens);
    const answer = (content: Anthropic.ContentBlockParam[]) =>
      client.messages.create({
        ...asked,
        messages: [
          ...asked.messages,
          { role: 'assistant', content },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: '21' }] },
        ],
      });
    expect(textOf(await answer([thinking, call]))).toContain('21');
    expect((await failureOf(answer([call]))).message).toContain('Expected `thinking`');
    const changed = { ...thinking, thinking: 'Something else.' };
    expect((await failureOf(answer([changed, call]))).message).toContain('Invalid `signature`');
  });

  it.each(['thinking', 'no thinking'])('tells thinking that is not to be shown by its signature (%s)', async (what) => {
    await using simulator = await startTestSimulator();
    const display = what === 'thinking' ? 'summarized' : 'omitted';
    const asked = { ...user('Why do we sleep?'), thinking: { type: 'adaptive', display } as const };
    for (const message of [
      await clientOf(simulator).messages.create(asked),
      await clientOf(simulator).messages.stream(asked).finalMessage(),
    ]) {
      const [thinking] = message.content;
      if (thinking?.type !== 'thinking') throw new Error('no thinking');
      expect(thinking.thinking === '').toBe(display === 'omitted');
      expect(thinking.signature).not.toBe('');
      expect(message.usage.output_tokens_details?.thinking_tokens).toBeGreaterThan(10);
    }
  });

  it('is told why an answer ended', async () => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    const capped = await client.messages.create({ ...user('Why do we sleep?'), max_tokens: 3 });
    expect(capped).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 3 } });
    const stopped = await client.messages.create({ ...user('Why do we sleep?'), stop_sequences: ['no such', '.'] });
    expect(stopped).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: '.' });
    simulator.script({ contextWindow: 30 });
    const full = await client.messages.create(user('Why do we sleep?'));
    expect(full.stop_reason).toBe('model_context_window_exceeded');
  });

  it('gets a refusal as an answer', async () => {
    await using simulator = await startTestSimulator();
    simulator.script(
      { contentFilter: ['cyber'], times: 2 },
      { tokens: ['As ', 'far'], finishReason: 'content_filter' },
    );
    const client = clientOf(simulator);
    for (const refused of [
      await client.messages.create(user('How do I break in?')),
      await client.messages.stream(user('How do I break in?')).finalMessage(),
    ]) {
      expect(refused).toMatchObject({ content: [], stop_reason: 'refusal', stop_details: { category: 'cyber' } });
    }
    expect(simulator.bill().requests[1]).toMatchObject({
      status: 200,
      completionTokens: 0,
      finishReason: 'content_filter',
    });
    const late = await client.messages.create(user('How do I break in?'));
    expect(late).toMatchObject({ content: [{ text: 'As far' }], stop_reason: 'refusal' });
  });

  it.each([
    [{ status: 429, retryAfterSeconds: 7 }, Anthropic.RateLimitError, 429, 'rate_limit_error'],
    [{ status: 400 }, Anthropic.BadRequestError, 400, 'invalid_request_error'],
    [{ status: 403 }, Anthropic.PermissionDeniedError, 403, 'permission_error'],
    [{ status: 413 }, Anthropic.ContentTooLargeError, 413, 'request_too_large'],
    [{ status: 500 }, Anthropic.InternalServerError, 500, 'api_error'],
    [{ status: 529 }, Anthropic.OverloadedError, 529, 'overloaded_error'],
  ] as const)('raises its own error for %j', async (behaviour, errorClass, status, type) => {
    await using simulator = await startTestSimulator();
    const failure = await failureOf(clientOf(simulator, 'k', behaviour).messages.create(user('x')));
    expect(failure).toBeInstanceOf(errorClass);
    expect(failure).toMatchObject({ status, type });
    expect(failure.requestID).toBe(simulator.bill().requests[0]?.id);
    expect(failure.error).toMatchObject({ request_id: simulator.bill().requests[0]?.id });
    if (status !== 429) return;
    expect(failure.headers?.get('retry-after')).toBe('7');
    expect(failure.headers?.get('anthropic-ratelimit-requests-remaining')).toBe('0');
    expect(Date.parse(failure.headers?.get('anthropic-ratelimit-requests-reset') ?? '')).toBeGreaterThan(Date.now());
  });

  it('raises its own errors for a wrong key and an unknown model', async () => {
    await using simulator = await startTestSimulator({ apiKey: 'right' });
    const wrong = await failureOf(clientOf(simulator, 'wrong').messages.create(user('x')));
    expect(wrong).toBeInstanceOf(Anthropic.AuthenticationError);
    const unknown = clientOf(simulator, 'right').messages.create({ ...user('x'), model: 'sim-none' });
    expect(await failureOf(unknown)).toMatchObject({
      status: 404,
      type: 'not_found_error',
      apiMessage: 'model: sim-none',
    });
  });

  it('raises an error that comes in the middle of a stream', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ streamError: { afterTokens: 3, error: { type: 'overloaded_error', message: 'Overloaded' } } });
    const failure = await failureOf(clientOf(simulator).messages.stream(user('Why do we sleep?')).finalMessage());
    expect(failure).toMatchObject({ type: 'overloaded_error', apiMessage: 'Overloaded' });
  });

  it('retries by itself where the script lets the second try pass', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ status: 529, retryAfterSeconds: 0.01, times: 1 });
    const client = clientOf(simulator).withOptions({ maxRetries: 1 });
    expect((await client.messages.create(user('Why?'))).content).toHaveLength(1);
    expect(simulator.bill().requests.map((request) => request.status)).toEqual([529, 200]);
  });

  it('aborts a stream, which the bill shows', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ hang: { afterTokens: 4 } });
    const stream = await clientOf(simulator).messages.create({ ...user('Why do we sleep?'), stream: true });
    let text = '';
    for await (const event of stream) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
      if (text !== '' && text === simulator.bill().requests[0]?.text) break;
    }
    const bill = await simulator.waitFor(({ requests }) => requests[0]?.aborted === true);
    expect(bill.requests[0]).toMatchObject({ state: 'ABORTED', completionTokens: 4, text });
  });
});
