// What a frontend sees when Anthropic's wire format stands behind the gateway: the bill with its prompt cache, warnings,
// blocks, and a stream that thinks.

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { GenerateDocument, type GenerateInput } from '../generated/graphql.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { readStream } from '../support/stream-transports.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({ kind: 'anthropic' });
});
afterEach(() => gateway.simulator.reset());
afterAll(() => gateway[Symbol.asyncDispose]());

const generate = async (changes: Partial<GenerateInput> = {}) => {
  const input = { model: 'sim-instant', prompt: 'Tell me about rivers', ...changes };
  return (await gateway.run(GenerateDocument, { input })).generate;
};

it('reading from the prompt cache and writing to it are charged at their own prices, to the nano-dollar', async () => {
  const usage = {
    promptTokens: 100,
    cachedTokens: 40,
    cacheWriteTokens: 25,
    completionTokens: 50,
    reasoningTokens: 20,
  };
  gateway.simulator.script({ usage });
  const messages: GenerateInput['messages'] = [
    { role: 'SYSTEM', content: 'Be brief.', cacheBreakpoint: true },
    { role: 'USER', content: 'Tell me about rivers' },
  ];
  const result = await generate({ prompt: null, messages, seed: 7 });
  const [entry] = gateway.simulator.bill().requests;
  expect(result).toMatchObject({
    __typename: 'GenerateSuccess',
    generation: {
      text: entry?.text,
      warnings: [expect.stringMatching(/^seed was not sent/)],
      usage: {
        inputTokens: 100,
        cachedInputTokens: 40,
        cacheWriteTokens: 25,
        outputTokens: 50,
        reasoningTokens: 20,
        totalTokens: 150,
        // 35 × $3 + 40 × $0.30 + 25 × $3.75 + 50 × $15, per million
        costUsd: '0.00096075',
        source: 'PROVIDER',
      },
      attempts: [{ provider: 'sim', providerRequestId: entry?.id, outcome: 'SUCCEEDED' }],
    },
  });
  expect(entry).toMatchObject({ format: 'anthropic', cacheWriteTokens: 25 });
});

it('a prompt that the provider refuses is blocked, by its category, for nothing', async () => {
  gateway.simulator.script({ contentFilter: ['cyber'] });
  expect(await generate()).toMatchObject({
    __typename: 'ContentBlockedError',
    stage: 'PROVIDER',
    categories: ['cyber'],
    generationSoFar: { usage: { costUsd: '0', inputTokens: 0 } },
  });
});

it('an option that may not be sent is named, before anything runs', async () => {
  const result = await generate({ providerOptions: { anthropic: { service_tier: 'auto' } } });
  expect(result).toMatchObject({
    __typename: 'InvalidInputError',
    path: ['input', 'providerOptions', 'anthropic', 'service_tier'],
  });
  expect(gateway.simulator.bill().requests).toEqual([]);
});

it('a stream that is cut is charged its input as told, and its output as counted', async () => {
  const tokens = Array.from({ length: 40 }, () => 'word ');
  const usage = { promptTokens: 100, cachedTokens: 40, cacheWriteTokens: 25 };
  gateway.simulator.script({ tokens, tokensPerWrite: 1, usage, reasoning: 'Hm.', cut: { afterTokens: 30 } });
  // A model that no call before has taught the estimate anything.
  const request = { model: 'sim-fast', prompt: 'Tell me' };
  const events = await readStream(gateway, 'sse', { input: { idempotencyKey: 'cut', request } });
  expect(events.map(({ __typename }) => __typename)).toEqual(expect.arrayContaining(['ReasoningDelta', 'TextDelta']));
  const last = events.at(-1);
  if (last?.__typename !== 'GenerationFailed') throw new Error(`ended with ${last?.__typename}`);
  const written = events.map((event) => (event.__typename === 'TextDelta' ? event.text : '')).join('');
  expect(last.usageSoFar).toMatchObject({ inputTokens: 100, cachedInputTokens: 40, source: 'ESTIMATED' });
  expect(last.usageSoFar?.outputTokens).toBe(Math.ceil((Buffer.byteLength(written) + 'Hm.'.length) / 3));
});
