import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { calcPrice, findProvider } from '@pydantic/genai-prices';
import { costNanoUsd } from '../../../../src/core/money.ts';
import {
  loadPriceTable,
  microUsdFromNumber,
  PRICE_TABLE_VERSION,
  type PriceTable,
} from '../../../../src/features/pricing/price-table.ts';

const openAi = { kind: 'openai', baseUrl: 'https://api.openai.com/v1' } as const;
const anthropic = { kind: 'anthropic', baseUrl: 'https://api.anthropic.com/v1' } as const;
const gemini = { kind: 'gemini', baseUrl: 'https://generativelanguage.googleapis.com/v1beta' } as const;
const compatible = (baseUrl: string) => ({ kind: 'openai-compatible', baseUrl }) as const;
const atMs = Date.UTC(2026, 8, 1);

let table: PriceTable;
beforeAll(async () => {
  table = await loadPriceTable();
});

describe('the price table', () => {
  it('knows current models in integers, and what they can read', () => {
    expect(table.lookup(openAi, 'gpt-4o-2024-08-06', atMs)).toEqual({
      prices: {
        inputMicroUsd: 2_500_000n,
        cachedInputMicroUsd: 1_250_000n,
        cacheWriteMicroUsd: 2_500_000n,
        outputMicroUsd: 10_000_000n,
        version: PRICE_TABLE_VERSION,
      },
      contextWindow: 128_000,
    });
  });

  it('knows providers by their address', () => {
    const groq = table.lookup(compatible('https://api.groq.com/openai/v1'), 'llama-3.3-70b-versatile', atMs);
    expect(groq?.prices).toMatchObject({ inputMicroUsd: 590_000n, outputMicroUsd: 790_000n });
    expect(table.lookup(compatible('https://openrouter.ai/api/v1'), 'openai/gpt-4o', atMs)?.prices).toBeDefined();
    expect(table.lookup(compatible('https://x.openai.azure.com/openai/v1'), 'gpt-4o', atMs)?.prices).toBeDefined();
    expect(table.lookup({ ...openAi, baseUrl: 'https://proxy.example/v1' }, 'gpt-4o', atMs)?.prices).toBeDefined();
  });

  it('knows the providers that packages of the AI SDK speak to, and guesses at no others', () => {
    const inPackage = (name: string) => ({ kind: 'ai-sdk', baseUrl: '', aiSdk: { name } }) as const;
    const nova = table.lookup(inPackage('@ai-sdk/amazon-bedrock'), 'amazon.nova-lite-v1:0', atMs);
    expect(nova?.prices).toMatchObject({ inputMicroUsd: 60_000n, outputMicroUsd: 240_000n });
    for (const [name, model] of [
      ['@ai-sdk/amazon-bedrock', 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0'],
      ['@ai-sdk/google-vertex', 'gemini-2.5-flash'],
      ['@ai-sdk/cohere', 'command-r-plus'],
      ['@ai-sdk/mistral', 'mistral-large-latest'],
      ['@ai-sdk/xai', 'grok-3'],
    ] as const) {
      expect([name, table.lookup(inPackage(name), model, atMs)?.prices !== undefined]).toEqual([name, true]);
    }
    expect(table.lookup(inPackage('@ai-sdk/openai-compatible'), 'gpt-4o', atMs)).toBeUndefined();
    expect(table.chatModels('ai-sdk')).toEqual([]);
  });

  it('knows nothing of strangers', () => {
    expect(table.lookup(compatible('http://127.0.0.1:8080/v1'), 'gpt-4o', atMs)).toBeUndefined();
    expect(table.lookup(openAi, 'no-such-model', atMs)).toBeUndefined();
    expect(table.lookup(openAi, 'text-embedding-3-small', atMs)?.prices).toBeUndefined();
  });

  it('chooses the prices of the day and of the hour', () => {
    const inputOf = (provider: typeof openAi | ReturnType<typeof compatible>, model: string, time: string) =>
      table.lookup(provider, model, Date.parse(time))?.prices?.inputMicroUsd;
    expect(inputOf(openAi, 'o3', '2025-06-09T23:59:00Z')).toBe(10_000_000n);
    expect(inputOf(openAi, 'o3', '2025-06-10T00:00:00Z')).toBe(2_000_000n);
    const deepSeek = compatible('https://api.deepseek.com');
    expect(inputOf(deepSeek, 'deepseek-v4-flash', '2026-09-01T00:59:00Z')).toBe(220_000n);
    expect(inputOf(deepSeek, 'deepseek-v4-flash', '2026-09-01T01:00:00Z')).toBe(440_000n);
  });

  it('knows what long inputs cost', () => {
    const prices = table.lookup(openAi, 'gpt-5.4', atMs)?.prices;
    if (prices === undefined) throw new Error('no price');
    expect(prices).toMatchObject({ inputMicroUsd: 2_500_000n, outputMicroUsd: 15_000_000n });
    const tokens = { inputTokens: 271_999, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 1_000 };
    const costOf = (more: object): bigint => costNanoUsd({ ...tokens, reasoningTokens: 0, ...more }, prices);
    expect(costOf({})).toBe(271_999n * 2_500n + 1_000n * 15_000n);
    // One token more, and all of them cost the other price.
    expect(costOf({ inputTokens: 272_000 })).toBe(272_000n * 5_000n + 1_000n * 22_500n);
    expect(costOf({ inputTokens: 272_000, cachedInputTokens: 272_000 })).toBe(272_000n * 500n + 1_000n * 22_500n);
    expect(table.lookup(openAi, 'gpt-4o', atMs)?.prices).not.toHaveProperty('longInput');
  });

  it('counts long inputs as the package itself does, for every model that has tiers', () => {
    const counts = { inputTokens: 900_000, cachedInputTokens: 100_000, cacheWriteTokens: 0, outputTokens: 7_000 };
    const usage = { input_tokens: 900_000, cache_read_tokens: 100_000, output_tokens: 7_000 };
    const tiered = ['openai', 'anthropic', 'google'].flatMap((providerId) => {
      const provider = findProvider({ providerId });
      return (provider?.models ?? []).flatMap((model) => {
        const kind = providerId === 'google' ? 'gemini' : (providerId as 'openai' | 'anthropic');
        const prices = table.lookup({ kind, baseUrl: '' }, model.id, atMs)?.prices;
        return provider && prices?.longInput ? [{ provider, id: model.id, prices }] : [];
      });
    });
    expect(tiered.length).toBeGreaterThan(5);
    for (const { provider, id, prices } of tiered) {
      const theirs = calcPrice(usage, id, { provider, timestamp: new Date(atMs) })?.total_price ?? Number.NaN;
      const ours = Number(costNanoUsd({ ...counts, reasoningTokens: 0 }, prices)) / 1e9;
      expect([id, ours]).toEqual([id, expect.closeTo(theirs, 6)]);
    }
  });

  it('lists those of OpenAI that chat, all with a price', () => {
    const models = table.chatModels('openai');
    expect(models).toEqual(expect.arrayContaining(['gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'o4-mini']));
    expect(
      models.filter((model) => /audio|embed|image|tts|whisper|instruct|codex|search|realtime|-pro|ft:/.test(model)),
    ).toEqual([]);
    expect(models.filter((model) => table.lookup(openAi, model, atMs)?.prices === undefined)).toEqual([]);
  });

  it.each([
    ['claude-opus-5-5', 1_000_000, 4_000_000n, 200_000n, 5_000_000n, 20_000_000n],
    ['claude-opus-4-5-20251101', 200_000, 5_000_000n, 500_000n, 6_250_000n, 25_000_000n],
    ['claude-sonnet-4-6', 1_000_000, 3_000_000n, 300_000n, 3_750_000n, 15_000_000n],
    ['claude-haiku-4-5-20251001', 200_000, 1_000_000n, 100_000n, 1_250_000n, 5_000_000n],
    ['claude-fable-5-1', 1_000_000, 10_000_000n, 250_000n, 12_500_000n, 50_000_000n],
  ])('knows what %s costs, reading from its cache and writing to it included', (model, contextWindow, ...prices) => {
    const [inputMicroUsd, cachedInputMicroUsd, cacheWriteMicroUsd, outputMicroUsd] = prices;
    expect(table.lookup(anthropic, model, atMs)).toEqual({
      prices: {
        inputMicroUsd,
        cachedInputMicroUsd,
        cacheWriteMicroUsd,
        outputMicroUsd,
        version: PRICE_TABLE_VERSION,
      },
      contextWindow,
    });
  });

  it('lists those of Anthropic that are still served to everybody, all with a price', () => {
    const models = table.chatModels('anthropic');
    expect(models).toEqual(expect.arrayContaining(['claude-opus-5-5', 'claude-sonnet-5', 'claude-haiku-4-5']));
    expect(models.filter((model) => /claude-[23]|-4-[01]$|latest|instant|mythos/.test(model))).toEqual([]);
    expect(models.filter((model) => table.lookup(anthropic, model, atMs)?.prices === undefined)).toEqual([]);
  });

  it.each([
    ['gemini-2.5-flash', 1_048_576, 300_000n, 30_000n, 2_500_000n],
    ['gemini-2.5-pro', 1_048_576, 1_250_000n, 125_000n, 10_000_000n],
    ['gemini-3.1-pro-preview', 1_048_576, 2_000_000n, 200_000n, 12_000_000n],
    ['gemini-3.8-flash', 1_000_000, 750_000n, 75_000n, 3_750_000n],
  ])('knows what %s costs', (model, contextWindow, inputMicroUsd, cachedInputMicroUsd, outputMicroUsd) => {
    expect(table.lookup(gemini, model, atMs)).toMatchObject({
      prices: {
        inputMicroUsd,
        cachedInputMicroUsd,
        cacheWriteMicroUsd: inputMicroUsd,
        outputMicroUsd,
        version: PRICE_TABLE_VERSION,
      },
      contextWindow,
    });
  });

  it('knows what a Gemini can read before it knows its price', () => {
    const known = { prices: undefined, contextWindow: 1_048_576 };
    expect(table.lookup(gemini, 'gemini-4-argon', atMs)).toEqual(known);
    expect(table.lookup(gemini, 'gemini-9-flash-image', atMs)).toBeUndefined();
    expect(table.lookup(openAi, 'gemini-4-argon', atMs)).toBeUndefined();
  });

  it('chooses the price of the day for Gemini', () => {
    const later = table.lookup(gemini, 'gemini-3.8-flash', Date.UTC(2027, 0, 2));
    expect(later?.prices).toMatchObject({ inputMicroUsd: 1_500_000n, outputMicroUsd: 7_500_000n });
  });

  it('lists those of Google that chat and stay, all with a price and a window', () => {
    const models = table.chatModels('gemini');
    expect(models).toEqual(
      expect.arrayContaining(['gemini-3.8-flash', 'gemini-3.5-flash-lite', 'gemini-3.1-pro-preview']),
    );
    expect(
      models.filter((model) => /image|tts|live|embedding|omni|gemma|claude|gemini-[12]\.|gemini-3-pro/.test(model)),
    ).toEqual(['gemini-2.5-flash-lite']);
    for (const model of models) {
      const known = table.lookup(gemini, model, atMs);
      expect(known?.prices).toBeDefined();
      expect(known?.contextWindow).toBeGreaterThanOrEqual(1_000_000);
    }
  });

  it('names the version that is installed', () => {
    const main = createRequire(import.meta.url).resolve('@pydantic/genai-prices');
    const { version } = JSON.parse(readFileSync(main.replace(/dist\/.*$/, 'package.json'), 'utf8'));
    expect(PRICE_TABLE_VERSION).toBe(`genai-prices@${version}`);
  });

  it.each([
    [0, 0n],
    [3, 3_000_000n],
    [0.075, 75_000n],
    [0.0028, 2_800n],
    [0.083_333_333_333_333_34, 83_333n],
    [1e-7, 0n],
    [0.000_000_5, 1n],
    [1.000_000_5, 1_000_001n],
    [1e21, 10n ** 27n],
  ])('reads %d without arithmetic on floats', (usd, microUsd) => expect(microUsdFromNumber(usd)).toBe(microUsd));

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('takes %d for no price', (usd) => {
    expect(microUsdFromNumber(usd)).toBeUndefined();
  });
});
