import { describe, expect, it } from '@jest/globals';
import type { ChatRequest } from '../../../../src/core/chat.ts';
import { knownOpenAiChatModels, lookUpPrice, toMicroUsd } from '../../../../src/features/pricing/price-table.ts';
import { createTokenEstimator } from '../../../../src/features/pricing/token-estimator.ts';

const atMs = Date.UTC(2026, 10, 1);

describe('the price table', () => {
  it('knows current models by the address of their provider, in integers', () => {
    const known = lookUpPrice({ baseUrl: 'https://api.openai.com/v1', model: 'gpt-4o', atMs });
    expect(known?.prices).toMatchObject({
      inputMicroUsd: 2_500_000n,
      cachedInputMicroUsd: 1_250_000n,
      outputMicroUsd: 10_000_000n,
      version: expect.stringMatching(/^genai-prices@/),
    });
    expect(known?.contextWindow).toBe(128_000);
  });

  it('knows nothing of strangers', () => {
    expect(lookUpPrice({ baseUrl: 'http://127.0.0.1:8080/v1', model: 'gpt-4o', atMs })).toBeUndefined();
    expect(lookUpPrice({ baseUrl: 'https://api.openai.com/v1', model: 'no-such-model', atMs })).toBeUndefined();
  });

  it('lists OpenAI models that chat', () => {
    expect(knownOpenAiChatModels()).toContain('gpt-4o');
    expect(knownOpenAiChatModels().filter((model) => /audio|embedding|image/.test(model))).toEqual([]);
  });

  it.each([
    [0.075, 75_000n],
    [3, 3_000_000n],
    [1e-7, 0n],
    [0.000_000_5, 1n],
    [0.1 + 0.2, 300_000n],
  ])('converts %d exactly', (usd, micro) => expect(toMicroUsd(usd)).toBe(micro));
});

describe('the token estimate', () => {
  const request = (text: string): ChatRequest => ({
    messages: [{ role: 'USER', parts: [{ type: 'text', text }], toolCalls: [], toolCallId: undefined }],
    maxOutputTokens: 1,
    temperature: undefined,
    topP: undefined,
    stop: [],
    seed: undefined,
    tools: [],
    toolChoice: undefined,
    output: { format: 'TEXT' },
  });

  it('moves towards what providers count, for that model only, and stays in bounds', () => {
    const estimator = createTokenEstimator();
    const long = request('word '.repeat(1000));
    const before = estimator.estimateInput('m', long);
    for (let lesson = 0; lesson < 200; lesson++) estimator.learn('m', long, 1000);
    const after = estimator.estimateInput('m', long);
    expect(Math.abs(after - 1000)).toBeLessThan(50);
    expect(estimator.estimateInput('other', long)).toBe(before);
    for (let lesson = 0; lesson < 500; lesson++) estimator.learn('m', long, 1_000_000_000);
    expect(estimator.estimateInput('m', long)).toBeLessThan(before * 3.1);
  });

  it('counts other scripts by their bytes', () => {
    const estimator = createTokenEstimator();
    expect(estimator.estimateText('m', '水'.repeat(300))).toBe(300);
  });
});
