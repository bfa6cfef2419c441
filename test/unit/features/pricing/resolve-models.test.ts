import { describe, expect, it } from '@jest/globals';
import type { PriceTable } from '../../../../src/features/pricing/price-table.ts';
import { resolveModels } from '../../../../src/features/pricing/resolve-models.ts';
import type { ModelConfig, ProviderConfig } from '../../../../src/platform/config.ts';

const pricesAt = (version: string) => ({
  inputMicroUsd: 1n,
  cachedInputMicroUsd: 1n,
  cacheWriteMicroUsd: 1n,
  outputMicroUsd: 2n,
  version,
});
/** A table that knows `known`, whose price changes at 1000 ms, and `small`. */
const table: PriceTable = {
  lookup: (_provider, model, atMs) => {
    if (model === 'known') return { prices: pricesAt(atMs < 1_000 ? 'early' : 'late'), contextWindow: 50_000 };
    return model === 'small' ? { prices: pricesAt('small'), contextWindow: 2_000 } : undefined;
  },
  chatModels: () => ['known', 'small', 'gpt-4'],
};
const provider: ProviderConfig = {
  id: 'p',
  kind: 'openai',
  baseUrl: 'https://api.openai.com/v1',
  apiKey: undefined,
  previousApiKey: undefined,
  offersKnownModels: false,
  allowedOptions: [],
  certificateAuthorities: undefined,
  allowInsecure: false,
  aiSdk: undefined,
};
const model = (upstream: string, rest: Partial<ModelConfig> = {}): ModelConfig => ({
  name: upstream,
  target: { providerId: 'p', model: upstream },
  capabilities: ['TEXT'],
  contextWindow: undefined,
  maxOutputTokens: undefined,
  defaultMaxOutputTokens: undefined,
  prices: undefined,
  timeouts: { connectMs: 1, firstTokenMs: 1, idleMs: 1, totalMs: 1 },
  ...rest,
});
const generations = { maxAnswerBytes: 1, defaultMaxOutputTokens: 4_096 };
let nowMs = 0;
const clock = { now: () => nowMs, elapsed: () => 0 };
const resolve = (models: readonly ModelConfig[], providers: readonly ProviderConfig[] = [provider]) =>
  resolveModels({ models, providers, generations }, table, clock);
const sizes = (...given: Parameters<typeof model>) => {
  const resolved = resolve([model(...given)]).models[0];
  return [resolved?.contextWindow, resolved?.maxOutputTokens, resolved?.defaultMaxOutputTokens];
};

describe('the models on offer', () => {
  it('have the sizes of the file, else of the table, else defaults that fit each other', () => {
    expect(sizes('unknown')).toEqual([128_000, 16_384, 4_096]);
    expect(sizes('known')).toEqual([50_000, 16_384, 4_096]);
    expect(sizes('small')).toEqual([2_000, 2_000, 2_000]);
    expect(sizes('known', { contextWindow: 9, maxOutputTokens: 8, defaultMaxOutputTokens: 7 })).toEqual([9, 8, 7]);
    expect(sizes('unknown', { maxOutputTokens: 200_000 })).toEqual([200_000, 200_000, 4_096]);
    expect(sizes('unknown', { defaultMaxOutputTokens: 20_000 })).toEqual([128_000, 20_000, 20_000]);
    expect(sizes('unknown', { maxOutputTokens: 100 })).toEqual([128_000, 100, 100]);
  });

  it('have the prices of the file, else those of the table at the time of asking', () => {
    const given = pricesAt('config:12345678');
    const { models } = resolve([model('known', { name: 'a', prices: given }), model('known', { name: 'b' })]);
    nowMs = 999;
    expect(models.map((one) => one.prices?.version)).toEqual(['config:12345678', 'early']);
    nowMs = 1_000;
    expect(models.map((one) => one.prices?.version)).toEqual(['config:12345678', 'late']);
  });

  it('are told in one warning when they have no price', () => {
    expect(resolve([model('known')]).warnings).toEqual([]);
    expect(resolve([model('x'), model('known'), model('y')]).warnings).toEqual([
      expect.stringMatching(/^No price is known for x, y:/),
    ]);
  });

  it('include all that a provider is known to have where that was asked, but take no name away', () => {
    const { models } = resolve(
      [model('other', { name: 'known' })],
      [provider, { ...provider, id: 'q', offersKnownModels: true }],
    );
    expect(models.map((one) => [one.name, one.target.providerId, one.target.model])).toEqual([
      ['known', 'p', 'other'],
      ['small', 'q', 'small'],
      ['gpt-4', 'q', 'gpt-4'],
    ]);
    expect(models[1]?.capabilities).toEqual(['TEXT', 'STREAM', 'TOOLS', 'JSON_SCHEMA', 'IMAGES']);
    expect(models[2]?.capabilities).toEqual(['TEXT', 'STREAM', 'TOOLS']);
  });
});
