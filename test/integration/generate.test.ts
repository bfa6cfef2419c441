// What a frontend sees of generate, batchGenerate, startGeneration and their relatives, over the wire, against the
// simulator's own bill.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  BatchGenerateDocument,
  CancelGenerationDocument,
  EstimateDocument,
  GenerateDocument,
  type GenerateInput,
  GenerationDocument,
  ModelsDocument,
  NodeDocument,
  StartGenerationDocument,
  ViewerDocument,
} from '../generated/graphql.ts';
import { startGateway, type TestGateway, webKey } from '../support/start-gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway.simulator.reset());
afterAll(() => gateway[Symbol.asyncDispose]());

const input = (changes: Partial<GenerateInput> = {}): { readonly input: GenerateInput } => ({
  input: { model: 'sim-instant', prompt: 'Tell me about rivers', ...changes },
});
const generate = async (changes: Partial<GenerateInput> = {}) =>
  (await gateway.run(GenerateDocument, input(changes))).generate;
const succeeded = async (changes: Partial<GenerateInput> = {}) => {
  const result = await generate(changes);
  if (result?.__typename !== 'GenerateSuccess') throw new Error(`no success: ${JSON.stringify(result)}`);
  return result;
};

describe('generate', () => {
  it('charges what the provider billed, to the nano-dollar', async () => {
    gateway.simulator.script({
      usage: { promptTokens: 100, cachedTokens: 40, completionTokens: 50, reasoningTokens: 20 },
    });
    const { generation } = await succeeded();
    const [entry] = gateway.simulator.bill().requests;
    expect(generation.text).toBe(entry?.text);
    expect(generation.usage).toMatchObject({
      inputTokens: 100,
      cachedInputTokens: 40,
      outputTokens: 50,
      reasoningTokens: 20,
      totalTokens: 150,
      // 60 × $3 + 40 × $0.30 + 50 × $15, per million
      costUsd: '0.000942',
      savedUsd: '0',
      source: 'PROVIDER',
    });
    expect(generation.attempts).toMatchObject([
      { provider: 'sim', providerRequestId: entry?.id, outcome: 'SUCCEEDED' },
    ]);
  });

  it('hands over messages, images, stop, seed and limits as they are', async () => {
    await succeeded({
      prompt: null,
      messages: [
        { role: 'SYSTEM', content: 'Be brief.' },
        {
          role: 'USER',
          parts: [{ text: 'What is this?' }, { imageBase64: 'iVBORw0KGgo=', mediaType: 'image/png' }],
        },
      ],
      maxOutputTokens: 50,
      temperature: 0.5,
      topP: 0.9,
      stop: ['END'],
      seed: 7,
      labels: [{ name: 'team', value: 'web' }],
    });
    expect(gateway.simulator.bill().requests[0]?.request).toMatchObject({
      model: 'sim-instant',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
          ],
        },
      ],
      max_tokens: 50,
      temperature: 0.5,
      top_p: 0.9,
      stop: ['END'],
      seed: 7,
    });
  });

  it('calls tools and takes their results', async () => {
    const tools = [
      {
        name: 'get_weather',
        description: 'The weather of a city',
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      },
    ];
    const first = await succeeded({ prompt: 'What is the weather in Oslo?', tools, toolChoice: { mode: 'REQUIRED' } });
    expect(first.generation.finishReason).toBe('TOOL_CALLS');
    const [call] = first.generation.toolCalls;
    if (call === undefined) throw new Error('a call was required');
    expect(call.name).toBe('get_weather');
    const second = await succeeded({
      prompt: null,
      tools,
      messages: [
        { role: 'USER', content: 'What is the weather in Oslo?' },
        { role: 'ASSISTANT', toolCalls: [{ id: call.id, name: call.name, arguments: call.arguments }] },
        { role: 'TOOL', toolCallId: call.id, content: 'It rains, 7 degrees.' },
      ],
    });
    expect(second.generation.text).toMatch(/rains/);
  });

  it('gives JSON that fits its schema, and an error with pointers when it does not', async () => {
    const schema = {
      type: 'object',
      properties: { title: { type: 'string' }, stars: { type: 'integer', minimum: 1, maximum: 5 } },
      required: ['title', 'stars'],
      additionalProperties: false,
    };
    const output = { format: 'JSON' as const, schema };
    const { generation } = await succeeded({ output });
    expect(generation.json).toMatchObject({ title: expect.any(String), stars: expect.any(Number) });
    gateway.simulator.script({ text: '{"title":"x","stars":9}' });
    const invalid = await generate({ output });
    expect(invalid).toMatchObject({ __typename: 'OutputInvalidError', pointers: ['/stars'] });
    expect(gateway.simulator.bill().totals.requests).toBe(2);
  });

  it.each([
    [
      'a provider fault',
      { status: 503 },
      { __typename: 'GenerationFailedError', failureCode: 'UPSTREAM_ERROR', retryable: true },
    ],
    [
      'throttling',
      { status: 429, retryAfterSeconds: 3 },
      { __typename: 'GenerationFailedError', failureCode: 'UPSTREAM_ERROR', retryable: true, retryAfterMs: 3000 },
    ],
    [
      'a refused request',
      { status: 400 },
      { __typename: 'GenerationFailedError', failureCode: 'UPSTREAM_REJECTED', retryable: false },
    ],
    [
      'a content filter',
      { contentFilter: ['hate'] },
      { __typename: 'ContentBlockedError', stage: 'PROVIDER', categories: ['hate'] },
    ],
    [
      'an error under status 200',
      { error: { message: 'x' } },
      { __typename: 'GenerationFailedError', failureCode: 'UPSTREAM_ERROR' },
    ],
    ['a broken body', { malformed: true }, { __typename: 'GenerationFailedError', failureCode: 'UPSTREAM_ERROR' }],
    ['a cut body', { cut: { afterTokens: 3 } }, { __typename: 'GenerationFailedError', failureCode: 'UPSTREAM_ERROR' }],
  ] as const)('tells %s as a typed error', async (_what, behaviour, expected) => {
    gateway.simulator.script(behaviour);
    expect(await generate()).toMatchObject(expected);
  });

  it('gives up at the caller’s deadline, and upstream with it', async () => {
    gateway.simulator.script({ hang: 'before-head' });
    expect(await generate({ timeoutMs: 50 })).toMatchObject({ failureCode: 'DEADLINE_EXCEEDED' });
    await gateway.simulator.waitFor((bill) => bill.requests[0]?.state === 'ABORTED');
  });

  it('runs a key once, replays it for nothing, and refuses it for other input', async () => {
    const first = await succeeded({ idempotencyKey: 'once' });
    const again = await succeeded({ idempotencyKey: 'once' });
    expect(again).toMatchObject({
      replayed: true,
      generation: { id: first.generation.id, text: first.generation.text },
    });
    expect(again.generation.usage).toMatchObject({ costUsd: '0', savedUsd: first.generation.usage?.costUsd });
    expect(await generate({ idempotencyKey: 'once', prompt: 'other' })).toMatchObject({
      __typename: 'IdempotencyError',
      idempotencyCode: 'KEY_PARAMETER_MISMATCH',
    });
    expect(gateway.simulator.bill().requests).toHaveLength(1);
  });

  it('takes the key from the header where the operation has one generating field', async () => {
    const query =
      'mutation ($input: GenerateInput!) { generate(input: $input) { ... on GenerateSuccess { replayed } } }';
    const send = () => gateway.send({ query, variables: input(), headers: { 'idempotency-key': 'header-1' } });
    expect((await send()).data.generate.replayed).toBe(false);
    expect((await send()).data.generate.replayed).toBe(true);
  });

  it('attaches a hundred at once to one upstream call', async () => {
    gateway.simulator.script({ latencyMs: 100 });
    const results = await Promise.all(Array.from({ length: 100 }, () => succeeded({ idempotencyKey: 'crowd' })));
    expect(gateway.simulator.bill().requests).toHaveLength(1);
    expect(results.filter((result) => !result.replayed)).toHaveLength(1);
  });

  it('offers a key only the models it may use', async () => {
    const { data } = await gateway.send({ query: '{ models { name } }', key: webKey });
    expect(data.models).toEqual([{ name: 'sim-instant' }]);
    const query =
      'mutation { generate(input: { model: "sim-fast", prompt: "x" }) { ... on InvalidInputError { code } } }';
    expect((await gateway.send({ query, key: webKey })).data.generate.code).toBe('MODEL_NOT_FOUND');
  });
});

describe('startGeneration', () => {
  it('answers at once; the generation can be read, cancelled and read again by its id', async () => {
    gateway.simulator.script({
      tokens: Array.from({ length: 50 }, (_, index) => `w${index} `),
      hang: { afterTokens: 50 },
    });
    const { startGeneration } = await gateway.run(StartGenerationDocument, input());
    if (startGeneration?.__typename !== 'GenerateSuccess') throw new Error('it should have started');
    const { id, status } = startGeneration.generation;
    expect(status).toBe('RUNNING');
    await gateway.simulator.waitFor((bill) => (bill.requests[0]?.tokensWritten ?? 0) >= 50);
    const { cancelGeneration } = await gateway.run(CancelGenerationDocument, { input: { id } });
    expect(cancelGeneration?.generation).toMatchObject({ status: 'CANCELLED', finishReason: 'CANCELLED' });
    await gateway.simulator.waitFor((bill) => bill.requests[0]?.state === 'ABORTED');
    const { generation } = await gateway.run(GenerationDocument, { id });
    expect(generation).toMatchObject({ id, status: 'CANCELLED', contentState: 'AVAILABLE' });
    expect((await gateway.run(NodeDocument, { id })).node).toMatchObject({ __typename: 'Generation', id });
  });
});

describe('batchGenerate', () => {
  it('runs ten at once, keeps the order, and lets one item fail alone', async () => {
    gateway.simulator.script({ match: 'item 3', status: 500, latencyMs: 100 }, { latencyMs: 100 });
    const items = Array.from({ length: 10 }, (_, index) => ({ model: 'sim-instant', prompt: `item ${index}` }));
    const { batchGenerate } = await gateway.run(BatchGenerateDocument, { input: { items } });
    expect(gateway.simulator.bill().maxInFlight).toBe(10);
    expect(batchGenerate?.items.map((item) => item.result?.__typename)).toEqual(
      items.map((_, index) => (index === 3 ? 'GenerationFailedError' : 'GenerateSuccess')),
    );
    expect(batchGenerate).toMatchObject({ succeededCount: 9, failedCount: 1 });
    const { totals } = gateway.simulator.bill();
    expect(batchGenerate?.usage).toMatchObject({
      inputTokens: totals.promptTokens,
      outputTokens: totals.completionTokens,
    });
  });
});

describe('what costs nothing', () => {
  it('estimates, lists models and tells who asks, without calling a model', async () => {
    const { estimate } = await gateway.run(EstimateDocument, input({ maxOutputTokens: 1000 }));
    expect(estimate.maxOutputTokens).toBe(1000);
    expect(Number(estimate.maxCostUsd)).toBeGreaterThanOrEqual(0.015);
    const { models } = await gateway.run(ModelsDocument, {});
    expect(models.find((model) => model.name === 'sim-instant')).toMatchObject({
      priceKnown: true,
      prices: { inputUsdPerMillion: '3', cachedInputUsdPerMillion: '0.3', outputUsdPerMillion: '15' },
    });
    const { viewer } = await gateway.run(ViewerDocument, {});
    expect(viewer).toMatchObject({ principal: 'key:admin', roles: expect.arrayContaining(['OPERATOR']) });
    expect(gateway.simulator.bill().requests).toHaveLength(0);
  });
});

describe('the log', () => {
  it('has a line with the request id for each request, and never a prompt, an answer or a key', async () => {
    const prompt = 'canary-prompt-7351';
    gateway.simulator.script({ text: 'canary-answer-7351' });
    const query = 'mutation ($input: GenerateInput!) { generate(input: $input) { __typename } }';
    const headers = { 'x-request-id': 'my-request-1' };
    const answer = await gateway.send({ query, variables: input({ prompt }), headers });
    expect(answer.headers.get('x-request-id')).toBe('my-request-1');
    expect(gateway.logLines.some((line) => line.includes('my-request-1'))).toBe(true);
    expect(gateway.logLines.join('\n')).not.toMatch(/canary|sk_test/);
  });
});
