// The simulator judged by Google's official SDK: whoever wrote the wire format down must find it here.

import {
  ApiError,
  type Content,
  FunctionCallingConfigMode,
  type FunctionDeclaration,
  type GenerateContentConfig,
  type GenerateContentResponse,
  type GoogleGenAI,
  ThinkingLevel,
  Type,
} from '@google/genai';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import type { Behaviour } from '../../src/simulator/types.ts';
import { createGeminiClient } from '../support/gemini-sdk.ts';
import { startTestSimulator, type TestSimulator } from '../support/start-simulator.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WEATHER: FunctionDeclaration = {
  name: 'get_weather',
  description: 'Current weather of a city',
  parametersJsonSchema: {
    type: 'object',
    properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
    required: ['city', 'unit'],
    additionalProperties: false,
  },
};
const SEARCH: FunctionDeclaration = {
  name: 'search_orders',
  parameters: { type: Type.OBJECT, properties: { query: { type: Type.STRING } } },
};

function clientOf(simulator: TestSimulator, apiKey = 'sim-key', behaviour?: Behaviour): GoogleGenAI {
  return createGeminiClient({
    apiKey,
    httpOptions: {
      baseUrl: simulator.url,
      ...(behaviour === undefined ? {} : { headers: { 'x-simulate': JSON.stringify(behaviour) } }),
    },
  });
}

const user = (contents: string | Content[], config: GenerateContentConfig = {}, model = 'sim-instant') => ({
  model,
  contents,
  config,
});

async function chunksOf(stream: Promise<AsyncGenerator<GenerateContentResponse>>): Promise<GenerateContentResponse[]> {
  const chunks: GenerateContentResponse[] = [];
  for await (const chunk of await stream) chunks.push(chunk);
  return chunks;
}

const partsOf = (chunks: readonly GenerateContentResponse[]) =>
  chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
const textOf = (chunks: readonly GenerateContentResponse[]) =>
  partsOf(chunks)
    .map((part) => (part.thought === true ? '' : (part.text ?? '')))
    .join('');

/** Plain and streamed, the same questions asked. */
const MODES: readonly [
  string,
  (client: GoogleGenAI, asked: ReturnType<typeof user>) => Promise<GenerateContentResponse[]>,
][] = [
  ['plain', async (client, asked) => [await client.models.generateContent(asked)]],
  ['streamed', (client, asked) => chunksOf(client.models.generateContentStream(asked))],
];

interface ErrorObject {
  readonly code: number;
  readonly message: string;
  readonly status: string;
  readonly details?: readonly { readonly '@type': string; readonly [name: string]: unknown }[];
}

async function failureOf(promise: Promise<unknown>): Promise<{ status: number; error: ErrorObject }> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof ApiError)) throw new Error(`expected an ApiError, got ${String(failure)}`);
  return { status: failure.status, error: (JSON.parse(failure.message) as { error: ErrorObject }).error };
}

describe('the Gemini SDK', () => {
  it('lists the models, page by page', async () => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    const names: (string | undefined)[] = [];
    for await (const model of await client.models.list({ config: { pageSize: 2 } })) names.push(model.name);
    expect(names).toEqual(['models/sim-fast', 'models/sim-smart', 'models/sim-instant']);
    expect(await client.models.get({ model: 'sim-smart' })).toMatchObject({
      name: 'models/sim-smart',
      outputTokenLimit: 16_384,
      thinking: true,
    });
  });

  it.each(MODES)('gets a text with its usage (%s)', async (_mode, ask) => {
    await using simulator = await startTestSimulator();
    const chunks = await ask(clientOf(simulator), user('Tell me in 12 words about שלום, cafe\u0301s and 👩‍👩‍👧'));
    const last = chunks.at(-1);
    const entry = simulator.bill().requests[0];
    expect(textOf(chunks)).toBe(entry?.text);
    expect(last?.candidates?.[0]?.finishReason).toBe('STOP');
    expect(last).toMatchObject({
      responseId: entry?.id,
      modelVersion: 'sim-instant',
      usageMetadata: {
        promptTokenCount: entry?.promptTokens,
        candidatesTokenCount: entry?.completionTokens,
        totalTokenCount: (entry?.promptTokens ?? 0) + (entry?.completionTokens ?? 0),
      },
    });
    expect(entry).toMatchObject({ format: 'gemini', state: 'COMPLETED', model: 'sim-instant' });
  });

  it.each(MODES)('is told of cached tokens and thoughts, each once (%s)', async (_mode, ask) => {
    await using simulator = await startTestSimulator();
    const usage = {
      promptTokens: 2_000,
      cachedTokens: 1_500,
      cacheWriteTokens: 300,
      completionTokens: 90,
      reasoningTokens: 40,
    };
    simulator.script({ usage });
    const chunks = await ask(clientOf(simulator), user('Why?'));
    expect(chunks.at(-1)?.usageMetadata).toMatchObject({
      promptTokenCount: 2_000,
      cachedContentTokenCount: 1_500,
      candidatesTokenCount: 50,
      thoughtsTokenCount: 40,
      totalTokenCount: 2_090,
    });
    // This format cannot tell what was written to a cache, so nothing is charged for it.
    expect(simulator.bill().requests[0]).toMatchObject({ ...usage, cacheWriteTokens: 0 });
  });

  it.each(['sim-fast', 'sim-smart'])('gets an answer from %s at the pace of a model', async (model) => {
    await using simulator = await startTestSimulator();
    simulator.script({ tokensPerSecond: 2_000, latencyMs: 1, firstTokenMs: 1 });
    const answer = await clientOf(simulator).models.generateContent(user('Why do rivers meander?', {}, model));
    expect(answer.text).toMatch(/rivers/i);
    expect((answer.usageMetadata?.thoughtsTokenCount ?? 0) > 0).toBe(model === 'sim-smart');
    expect(partsOf([answer]).some((part) => part.thought === true)).toBe(false);
  });

  it.each(MODES)('gets a function call, answers it, and gets a text that uses the answer (%s)', async (_mode, ask) => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    const question: Content = { role: 'user', parts: [{ text: 'What is the weather in Bern, in celsius?' }] };
    const config = { tools: [{ functionDeclarations: [SEARCH, WEATHER] }] };
    const first = await ask(client, user([question], config));
    const call = partsOf(first).find((part) => part.functionCall !== undefined);
    expect(call?.functionCall).toMatchObject({ name: 'get_weather', args: { city: 'Bern', unit: 'celsius' } });
    expect(first.at(-1)?.candidates?.[0]?.finishReason).toBe('STOP');
    const second = await ask(
      client,
      user(
        [
          question,
          { role: 'model', parts: [call ?? {}] },
          {
            role: 'user',
            parts: [
              {
                functionResponse: {
                  id: call?.functionCall?.id ?? '',
                  name: 'get_weather',
                  response: { output: { temperature: 21, sky: 'clear' } },
                },
              },
            ],
          },
        ],
        config,
      ),
    );
    expect(textOf(second)).toBe('The tool get weather says: temperature is 21 and sky is clear.');
  });

  it('gets parallel function calls', async () => {
    await using simulator = await startTestSimulator();
    const answer = await clientOf(simulator).models.generateContent(
      user('Search the orders and get the weather in Bern, in celsius', {
        tools: [{ functionDeclarations: [WEATHER] }, { functionDeclarations: [SEARCH] }],
      }),
    );
    expect(answer.functionCalls?.map((call) => call.name).sort()).toEqual(['get_weather', 'search_orders']);
  });

  it.each([
    [{ mode: FunctionCallingConfigMode.NONE }, undefined],
    [{ mode: FunctionCallingConfigMode.AUTO }, undefined],
    [{ mode: FunctionCallingConfigMode.ANY }, 'get_weather'],
    [{ mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['search_orders'] }, 'search_orders'],
  ])('has its function calling mode %j respected', async (functionCallingConfig, called) => {
    await using simulator = await startTestSimulator();
    const answer = await clientOf(simulator).models.generateContent(
      user('Why is the sky blue?', {
        tools: [{ functionDeclarations: [WEATHER, SEARCH] }],
        toolConfig: { functionCallingConfig },
      }),
    );
    expect(answer.functionCalls?.[0]?.name).toBe(called);
  });

  it('gets JSON that fits its schema, in both of its kinds, and JSON without one', async () => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    const json = (config: GenerateContentConfig) =>
      client.models.generateContent(
        user('Plan 5 days from Bern to Zürich by train', { responseMimeType: 'application/json', ...config }),
      );
    const jsonSchema = {
      type: 'object',
      properties: { days: { type: 'integer', minimum: 1, maximum: 14 }, by: { enum: ['train', 'bus'] } },
      required: ['days', 'by'],
      additionalProperties: false,
    };
    const fitted: unknown = JSON.parse((await json({ responseJsonSchema: jsonSchema })).text ?? '');
    expect(new Ajv().compile(jsonSchema)(fitted)).toBe(true);
    expect(fitted).toEqual({ days: 5, by: 'train' });
    const responseSchema = {
      type: Type.OBJECT,
      properties: {
        days: { type: Type.INTEGER, minimum: 1 },
        stops: { type: Type.ARRAY, items: { type: Type.STRING }, minItems: '2' },
      },
      required: ['days', 'stops'],
    };
    const own: unknown = JSON.parse((await json({ responseSchema })).text ?? '');
    expect(own).toEqual({ days: 5, stops: expect.arrayContaining([expect.any(String)]) });
    expect(JSON.parse((await json({})).text ?? '')).toHaveProperty('answer');
  });

  it('sends images', async () => {
    await using simulator = await startTestSimulator();
    const answer = await clientOf(simulator).models.generateContent(
      user([
        {
          role: 'user',
          parts: [
            { text: 'What is in these pictures?' },
            { inlineData: { mimeType: 'image/png', data: PIXEL } },
            { fileData: { mimeType: 'image/png', fileUri: 'https://example.com/cat.png' } },
          ],
        },
      ]),
    );
    expect(answer.text).toContain('I see an image of type image/png, 70 bytes, 1 × 1 pixels.');
    expect(answer.text).toContain('I see an image at example.com.');
    expect(answer.usageMetadata?.promptTokensDetails).toEqual([
      { modality: 'TEXT', tokenCount: expect.any(Number) },
      { modality: 'IMAGE', tokenCount: 255 + 765 },
    ]);
  });

  it.each(MODES)('gets thoughts apart from the text, if it wants them (%s)', async (_mode, ask) => {
    await using simulator = await startTestSimulator();
    for (const includeThoughts of [true, false]) {
      const chunks = await ask(
        clientOf(simulator),
        user('Why do we sleep?', { thinkingConfig: { includeThoughts, thinkingLevel: ThinkingLevel.LOW } }),
      );
      const thoughts = partsOf(chunks).filter((part) => part.thought === true);
      expect(thoughts.map((part) => part.text).join('')).toMatch(includeThoughts ? /The question is about/ : /^$/);
      expect(chunks.at(-1)?.usageMetadata?.thoughtsTokenCount).toBeGreaterThan(10);
      const entry = simulator.bill().requests.at(-1);
      expect(entry?.reasoningTokens).toBe(chunks.at(-1)?.usageMetadata?.thoughtsTokenCount);
      expect(entry?.tokensWritten).toBe(entry?.completionTokens);
      expect(textOf(chunks)).toBe(entry?.text);
    }
  });

  it('brings the signature of its thoughts back where the model asks for it', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ model: 'sim-smart', latencyMs: 0, firstTokenMs: 0, tokensPerSecond: 0 });
    const client = clientOf(simulator);
    const question: Content = { role: 'user', parts: [{ text: 'What is the weather in Bern, in celsius?' }] };
    const config = { tools: [{ functionDeclarations: [WEATHER] }] };
    const [first] = partsOf([await client.models.generateContent(user([question], config, 'sim-smart'))]);
    if (first?.functionCall === undefined) throw new Error('no call');
    const answer = (thoughtSignature: string | undefined) =>
      client.models.generateContent(
        user(
          [
            question,
            {
              role: 'model',
              parts: [
                {
                  functionCall: first.functionCall ?? {},
                  ...(thoughtSignature === undefined ? {} : { thoughtSignature }),
                },
              ],
            },
            { role: 'user', parts: [{ functionResponse: { name: 'get_weather', response: { output: '21' } } }] },
          ],
          config,
          'sim-smart',
        ),
      );
    expect((await answer(first.thoughtSignature)).text).toContain('21');
    expect((await answer('skip_thought_signature_validator')).text).toContain('21');
    expect((await failureOf(answer(undefined))).error.message).toContain('missing a thought_signature');
    expect((await failureOf(answer('bm90IG91cnM='))).error.message).toContain('not valid');
  });

  it.each(MODES)('is told why an answer ended (%s)', async (_mode, ask) => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator);
    const finish = async (config: GenerateContentConfig) =>
      (await ask(client, user('Why do we sleep?', config))).at(-1)?.candidates?.[0]?.finishReason;
    expect(await finish({ maxOutputTokens: 3 })).toBe('MAX_TOKENS');
    expect(simulator.bill().requests[0]).toMatchObject({ completionTokens: 3, finishReason: 'length' });
    expect(await finish({ stopSequences: ['.'] })).toBe('STOP');
    expect(simulator.bill().requests[1]?.text).not.toContain('.');
    simulator.script({ toolCalls: [{ name: 'get_weather', arguments: '{"city":' }] });
    expect(await finish({})).toBe('MALFORMED_FUNCTION_CALL');
  });

  it.each(MODES)('is told of a blocked prompt and of a blocked answer (%s)', async (_mode, ask) => {
    await using simulator = await startTestSimulator();
    simulator.script({ contentFilter: ['hate'], times: 1 }, { tokens: ['As ', 'far'], finishReason: 'content_filter' });
    const client = clientOf(simulator);
    const blocked = await ask(client, user('Say something bad'));
    expect(blocked).toHaveLength(1);
    expect(blocked[0]?.candidates).toBeUndefined();
    expect(blocked[0]?.promptFeedback).toEqual({
      blockReason: 'SAFETY',
      safetyRatings: [{ category: 'HARM_CATEGORY_HATE_SPEECH', probability: 'HIGH', blocked: true }],
    });
    expect(simulator.bill().requests[0]).toMatchObject({ status: 200, completionTokens: 0 });
    const late = await ask(client, user('Say something bad'));
    expect(textOf(late)).toBe('As far');
    expect(late.at(-1)?.candidates?.[0]).toMatchObject({ finishReason: 'SAFETY', safetyRatings: [{ blocked: true }] });
  });

  it.each([
    [{ status: 400 }, 'INVALID_ARGUMENT'],
    [{ status: 403 }, 'PERMISSION_DENIED'],
    [{ status: 429, retryAfterSeconds: 7 }, 'RESOURCE_EXHAUSTED'],
    [{ status: 500 }, 'INTERNAL'],
    [{ status: 503 }, 'UNAVAILABLE'],
    [{ status: 504 }, 'DEADLINE_EXCEEDED'],
  ] as const)('raises its own error for %j', async (behaviour, name) => {
    await using simulator = await startTestSimulator();
    const client = clientOf(simulator, 'k', behaviour);
    const { status, error } = await failureOf(client.models.generateContent(user('x')));
    expect(status).toBe(behaviour.status);
    expect(error).toMatchObject({ code: behaviour.status, status: name, message: expect.stringMatching(/./) });
    if (status !== 429) return;
    expect(error.details).toEqual([{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7s' }]);
  });

  it('raises its own errors for a wrong key and an unknown model', async () => {
    await using simulator = await startTestSimulator({ apiKey: 'right' });
    const wrong = await failureOf(clientOf(simulator, 'wrong').models.generateContent(user('x')));
    expect(wrong).toMatchObject({ status: 400, error: { details: [{ reason: 'API_KEY_INVALID' }] } });
    const unknown = clientOf(simulator, 'right').models.generateContent(user('x', {}, 'sim-none'));
    expect(await failureOf(unknown)).toMatchObject({ status: 404, error: { status: 'NOT_FOUND' } });
  });

  it('raises an error that comes in the middle of a stream', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({
      tokensPerWrite: 1,
      streamError: { afterTokens: 3, error: { message: 'The model broke down.' } },
    });
    const stream = chunksOf(clientOf(simulator).models.generateContentStream(user('Why do we sleep?')));
    await expect(stream).rejects.toThrow(/The model broke down/);
  });

  it('aborts a stream, which the bill shows', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ hang: { afterTokens: 4 } });
    const controller = new AbortController();
    const stream = await clientOf(simulator).models.generateContentStream(
      user('Why do we sleep?', { abortSignal: controller.signal }),
    );
    let text = '';
    const reading = (async () => {
      for await (const chunk of stream) {
        text += textOf([chunk]);
        if (text !== '' && text === simulator.bill().requests[0]?.text) controller.abort();
      }
    })();
    await expect(reading).rejects.toThrow();
    const bill = await simulator.waitFor(({ requests }) => requests[0]?.aborted === true);
    expect(bill.requests[0]).toMatchObject({ state: 'ABORTED', completionTokens: 4, text });
  });
});
