// The simulator judged by the official OpenAI SDK: whoever wrote the wire format down must find it here.

import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import OpenAI from 'openai';
import type { ChatCompletionCreateParams, ChatCompletionTool } from 'openai/resources/chat/completions';
import type { Behaviour } from '../../src/simulator/types.ts';
import { startTestSimulator, type TestSimulator } from '../support/start-simulator.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WEATHER: ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Current weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
      required: ['city', 'unit'],
      additionalProperties: false,
    },
    strict: true,
  },
};
const SEARCH: ChatCompletionTool = {
  type: 'function',
  function: { name: 'search_orders', parameters: { type: 'object', properties: { query: { type: 'string' } } } },
};

function clientOf(simulator: TestSimulator, apiKey = 'sim-key', behaviour?: Behaviour): OpenAI {
  return new OpenAI({
    apiKey,
    baseURL: `${simulator.url}/v1`,
    maxRetries: 0,
    ...(behaviour === undefined ? {} : { defaultHeaders: { 'x-simulate': JSON.stringify(behaviour) } }),
  });
}

const user = (content: string): Pick<ChatCompletionCreateParams, 'model' | 'messages'> => ({
  model: 'sim-instant',
  messages: [{ role: 'user', content }],
});

async function failureOf(promise: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof OpenAI.APIError) return failure;
  throw new Error(`expected an APIError, got ${String(failure)}`);
}

describe('the OpenAI SDK', () => {
  it('lists the models', async () => {
    await using simulator = await startTestSimulator();
    const models = await clientOf(simulator).models.list();
    expect(models.data.map((model) => model.id)).toEqual(['sim-fast', 'sim-smart', 'sim-instant']);
    expect(await clientOf(simulator).models.retrieve('sim-fast')).toMatchObject({ id: 'sim-fast', object: 'model' });
  });

  it('gets a text with its usage', async () => {
    await using simulator = await startTestSimulator();
    const completion = await clientOf(simulator).chat.completions.create(user('Describe tides in 12 words'));
    const [choice] = completion.choices;
    expect(choice?.message.content?.split(' ')).toHaveLength(12);
    expect(choice?.finish_reason).toBe('stop');
    expect(completion._request_id).toBe(simulator.bill().requests[0]?.id);
    expect(simulator.bill().requests[0]).toMatchObject({
      promptTokens: completion.usage?.prompt_tokens,
      completionTokens: completion.usage?.completion_tokens,
    });
  });

  it.each(['sim-fast', 'sim-smart'])('gets an answer from %s at the pace of a model', async (model) => {
    await using simulator = await startTestSimulator();
    simulator.script({ tokensPerSecond: 2_000, latencyMs: 1, firstTokenMs: 1 });
    const completion = await clientOf(simulator).chat.completions.create({ ...user('Why do rivers meander?'), model });
    expect(completion.choices[0]?.message.content).toMatch(/rivers/i);
  });

  it('reads a stream, with and without usage', async () => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    for (const withUsage of [true, false]) {
      const stream = await client.chat.completions.create({
        ...user('Tell me about שלום, cafe\u0301s and 👩‍👩‍👧'),
        stream: true,
        ...(withUsage ? { stream_options: { include_usage: true } } : {}),
      });
      let text = '';
      let completionTokens: number | undefined;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        completionTokens = chunk.usage?.completion_tokens ?? completionTokens;
      }
      const entry = simulator.bill().requests.at(-1);
      expect(text).toBe(entry?.text);
      expect(text).toContain('👩‍👩‍👧');
      expect(completionTokens).toBe(withUsage ? entry?.completionTokens : undefined);
    }
  });

  it('accumulates a stream with its own helper', async () => {
    await using simulator = await startTestSimulator();
    const stream = clientOf(simulator).chat.completions.stream({ ...user('Why do we sleep?'), tools: [] as never[] });
    await expect(stream.finalContent()).rejects.toThrow(/empty array/);
    const whole = clientOf(simulator).chat.completions.stream(user('Why do we sleep?'));
    expect(await whole.finalContent()).toBe(simulator.bill().requests.at(-1)?.text);
  });

  it('gets a tool call, answers it, and gets a text that uses the answer', async () => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    const question = user('What is the weather in Bern, in celsius?');
    const first = await client.chat.completions.create({ ...question, tools: [SEARCH, WEATHER] });
    const message = first.choices[0]?.message;
    const [call] = message?.tool_calls ?? [];
    if (message === undefined || call?.type !== 'function') throw new Error('no call');
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(message.content).toBeNull();
    expect(call.function.name).toBe('get_weather');
    expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Bern', unit: 'celsius' });
    const second = await client.chat.completions.create({
      model: 'sim-instant',
      tools: [WEATHER],
      messages: [
        ...question.messages,
        message,
        { role: 'tool', tool_call_id: call.id, content: '{"temperature":21,"sky":"clear"}' },
      ],
    });
    expect(second.choices[0]?.message.content).toBe('The tool get weather says: temperature is 21 and sky is clear.');
  });

  it('gets the same tool call in pieces from a stream', async () => {
    await using simulator = await startTestSimulator();
    const stream = clientOf(simulator).chat.completions.stream({
      ...user('What is the weather in Bern, in celsius?'),
      tools: [WEATHER],
    });
    const [call] = (await stream.finalMessage()).tool_calls ?? [];
    if (call?.type !== 'function') throw new Error('no call');
    expect(call.function).toMatchObject({ name: 'get_weather', arguments: '{"city":"Bern","unit":"celsius"}' });
  });

  it.each([
    ['none', undefined, 'stop'],
    ['auto', undefined, 'stop'],
    ['required', 'get_weather', 'tool_calls'],
    [{ type: 'function', function: { name: 'search_orders' } }, 'search_orders', 'stop'],
  ] as const)('has its tool choice %j respected', async (tool_choice, called, finishReason) => {
    await using simulator = await startTestSimulator();
    const completion = await clientOf(simulator).chat.completions.create({
      ...user('Why is the sky blue?'),
      tools: [WEATHER, SEARCH],
      tool_choice,
    });
    const [choice] = completion.choices;
    const [call] = choice?.message.tool_calls ?? [];
    expect(call?.type === 'function' ? call.function.name : undefined).toBe(called);
    expect(choice?.finish_reason).toBe(finishReason);
  });

  it('gets JSON that fits its schema, and JSON without one', async () => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    const schema = {
      type: 'object',
      properties: {
        title: { type: 'string' },
        days: { type: 'integer', minimum: 1, maximum: 14 },
        stops: { type: 'array', items: { $ref: '#/$defs/stop' }, minItems: 2 },
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
    const fitted = await client.chat.completions.create({
      ...user('Plan 5 days from Bern to Zürich by train'),
      response_format: { type: 'json_schema', json_schema: { name: 'trip', schema, strict: true } },
    });
    const trip: unknown = JSON.parse(fitted.choices[0]?.message.content ?? '');
    expect(new Ajv().compile(schema)(trip)).toBe(true);
    expect(trip).toMatchObject({ days: 5 });
    const free = await client.chat.completions.create({
      ...user('Answer in JSON: why do rivers meander?'),
      response_format: { type: 'json_object' },
    });
    expect(JSON.parse(free.choices[0]?.message.content ?? '')).toHaveProperty('answer');
  });

  it('is told of a schema that strict mode does not take', async () => {
    await using simulator = await startTestSimulator();
    const schema = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false };
    const refused = clientOf(simulator).chat.completions.create({
      ...user('x'),
      response_format: { type: 'json_schema', json_schema: { name: 'loose', schema, strict: true } },
    });
    expect(await failureOf(refused)).toMatchObject({ status: 400, message: expect.stringContaining("Missing 'a'") });
  });

  it('sends images', async () => {
    await using simulator = await startTestSimulator();
    const completion = await clientOf(simulator).chat.completions.create({
      model: 'sim-instant',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is in these pictures?' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
            { type: 'image_url', image_url: { url: 'https://example.com/cat.png', detail: 'low' } },
          ],
        },
      ],
    });
    const text = completion.choices[0]?.message.content;
    expect(text).toContain('I see an image of type image/png, 70 bytes, 1 × 1 pixels.');
    expect(text).toContain('I see an image at example.com.');
    expect(completion.usage?.prompt_tokens).toBeGreaterThan(255 + 85);
  });

  it.each([
    [{ status: 429, retryAfterSeconds: 7 }, OpenAI.RateLimitError, 429, 'rate_limit_exceeded'],
    [{ status: 400 }, OpenAI.BadRequestError, 400, null],
    [{ contentFilter: true }, OpenAI.BadRequestError, 400, 'content_filter'],
    [{ status: 500 }, OpenAI.InternalServerError, 500, null],
    [{ status: 503 }, OpenAI.InternalServerError, 503, null],
  ] as const)('raises its own error for %j', async (behaviour, errorClass, status, code) => {
    await using simulator = await startTestSimulator();
    const failure = await failureOf(clientOf(simulator, 'k', behaviour).chat.completions.create(user('x')));
    expect(failure).toBeInstanceOf(errorClass);
    expect(failure).toMatchObject({ status, code });
    expect(failure.requestID).toBe(simulator.bill().requests[0]?.id);
    if (status === 429) expect(failure.headers?.get('retry-after')).toBe('7');
  });

  it('raises its own errors for a wrong key and an unknown model', async () => {
    await using simulator = await startTestSimulator({ apiKey: 'right' });
    const wrong = await failureOf(clientOf(simulator, 'wrong').chat.completions.create(user('x')));
    expect(wrong).toBeInstanceOf(OpenAI.AuthenticationError);
    const unknown = clientOf(simulator, 'right').chat.completions.create({ ...user('x'), model: 'sim-none' });
    expect(await failureOf(unknown)).toMatchObject({ status: 404, code: 'model_not_found' });
  });

  it('raises an error that comes in the middle of a stream', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ streamError: { afterTokens: 3, error: { message: 'The model broke down.' } } });
    const stream = clientOf(simulator).chat.completions.stream(user('Why do we sleep?'));
    expect((await failureOf(stream.finalContent())).message).toContain('The model broke down.');
  });

  it('retries by itself where the script lets the second try pass', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ status: 429, retryAfterSeconds: 0.01, times: 1 });
    const client = clientOf(simulator).withOptions({ maxRetries: 1 });
    expect((await client.chat.completions.create(user('Why?'))).choices).toHaveLength(1);
    expect(simulator.bill().requests.map((request) => request.status)).toEqual([429, 200]);
  });

  it('aborts a stream, which the bill shows', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ hang: { afterTokens: 4 } });
    const stream = await clientOf(simulator).chat.completions.create({ ...user('Why do we sleep?'), stream: true });
    let text = '';
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (text === simulator.bill().requests[0]?.text) break;
    }
    const bill = await simulator.waitFor(({ requests }) => requests[0]?.aborted === true);
    expect(bill.requests[0]).toMatchObject({ state: 'ABORTED', completionTokens: 4, text });
  });
});
