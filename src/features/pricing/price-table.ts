// The built-in price table: public list prices as integers, by provider, model and time. Loaded once at start, from
// the package alone: no network. Prices in the configuration file win over it (resolve-models.ts).

import type { ModelInfo, ModelPrice, Provider } from '@pydantic/genai-prices';
import type { ClassPrices, Prices } from '../../core/money.ts';
import type { ProviderKind } from '../../core/provider-kinds.ts';

/** Stored with every charge; a test keeps it equal to the installed package. */
export const PRICE_TABLE_VERSION = 'genai-prices@0.1.8';

export interface PricedProvider {
  readonly kind: ProviderKind;
  /** Decides for `openai-compatible`: the table knows the addresses of many providers. */
  readonly baseUrl: string;
  /** Decides for `ai-sdk`: which provider the package speaks to. */
  readonly aiSdk?: { readonly name: string } | undefined;
}

export interface KnownModel {
  /** undefined: the model is known, its price per token is not. */
  readonly prices: Prices | undefined;
  /** Tokens; undefined: not known. */
  readonly contextWindow: number | undefined;
}

export interface PriceTable {
  /** What is known of a provider's model at a time (ms since the epoch); prices may change by date and hour. */
  lookup(provider: PricedProvider, model: string, atMs: number): KnownModel | undefined;
  /** The chat models a kind of provider is known to offer; none for kinds that are many servers. */
  chatModels(kind: ProviderKind): readonly string[];
}

/** Takes some tens of milliseconds: the package is one large module. */
export async function loadPriceTable(): Promise<PriceTable> {
  const { calcPrice, findProvider } = await import('@pydantic/genai-prices');

  const providerOf = ({ kind, baseUrl, aiSdk }: PricedProvider): Provider | undefined => {
    const providerId = aiSdk === undefined ? PROVIDER_IDS[kind] : PACKAGE_PROVIDER_IDS[aiSdk.name];
    if (providerId !== undefined) return findProvider({ providerId });
    return aiSdk === undefined ? findProvider({ providerApiUrl: baseUrl }) : undefined;
  };

  // Finding a model walks over hundreds of patterns; prices change at whole minutes at most.
  const remembered = new Map<string, { readonly minute: number | undefined; readonly known: KnownModel | undefined }>();

  return {
    lookup(pricedProvider, model, atMs) {
      const minute = Math.floor(atMs / 60_000);
      const { kind, baseUrl, aiSdk } = pricedProvider;
      const key = `${kind} ${baseUrl} ${aiSdk?.name ?? ''} ${model}`;
      const last = remembered.get(key);
      if (last !== undefined && (last.minute === undefined || last.minute === minute)) return last.known;

      const provider = providerOf(pricedProvider);
      const found = provider && calcPrice({}, model, { provider, timestamp: new Date(atMs) });
      const contextWindow = found?.model.context_window ?? contextWindowOf(kind, model);
      const unpriced = contextWindow === undefined ? undefined : { prices: undefined, contextWindow };
      const known = found ? toKnownModel(found.model_price, contextWindow) : unpriced;
      const changes = found !== undefined && found !== null && Array.isArray(found.model.prices);
      if (remembered.size >= MOST_REMEMBERED) remembered.clear();
      remembered.set(key, { minute: changes ? minute : undefined, known });
      return known;
    },
    chatModels: (kind) => {
      const providerId = PROVIDER_IDS[kind];
      const models = providerId === undefined ? [] : (findProvider({ providerId })?.models ?? []);
      return models.filter((model) => isChatModel(model, kind)).map(({ id }) => id);
    },
  };
}

/** The package's names for kinds that are one provider. */
const PROVIDER_IDS: Readonly<Partial<Record<ProviderKind, string>>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  gemini: 'google',
};

/** And for packages of the AI SDK that speak to one provider. */
const PACKAGE_PROVIDER_IDS: Readonly<Record<string, string>> = {
  '@ai-sdk/amazon-bedrock': 'aws',
  '@ai-sdk/anthropic': 'anthropic',
  '@ai-sdk/azure': 'azure',
  '@ai-sdk/cerebras': 'cerebras',
  '@ai-sdk/cohere': 'cohere',
  '@ai-sdk/deepseek': 'deepseek',
  '@ai-sdk/fireworks': 'fireworks',
  '@ai-sdk/google': 'google',
  '@ai-sdk/google-vertex': 'google',
  '@ai-sdk/groq': 'groq',
  '@ai-sdk/mistral': 'mistral',
  '@ai-sdk/moonshotai': 'moonshotai',
  '@ai-sdk/openai': 'openai',
  '@ai-sdk/perplexity': 'perplexity',
  '@ai-sdk/togetherai': 'together',
  '@ai-sdk/xai': 'x-ai',
};

const MOST_REMEMBERED = 5_000;

/**
 * Tiers (dearer above some hundred thousand input tokens) become prices for long inputs. Units other than text tokens (audio, pictures, searches) are not counted. Where reasoning has
 * a price of its own the dearer of the two stands for all output.
 */
function toKnownModel(price: ModelPrice, contextWindow: number | undefined): KnownModel {
  const base = classPricesOf(price, 0);
  if (base === undefined) return { prices: undefined, contextWindow };
  const longInput = tierStartsOf(price).flatMap((aboveInputTokens) => {
    const prices = classPricesOf(price, aboveInputTokens + 1);
    return prices === undefined ? [] : [{ ...prices, aboveInputTokens }];
  });
  const prices = { ...base, ...(longInput.length === 0 ? {} : { longInput }), version: PRICE_TABLE_VERSION };
  return { prices, contextWindow };
}

/** Those of an attempt with so many input tokens. */
function classPricesOf(price: ModelPrice, inputTokens: number): ClassPrices | undefined {
  const of = (unit: string): bigint | undefined => microUsdOf(price, unit, inputTokens);
  const inputMicroUsd = of('input_mtok');
  const outputMicroUsd = largest(of('output_mtok'), of('output_reasoning_mtok'));
  if (inputMicroUsd === undefined || outputMicroUsd === undefined) return undefined;
  return {
    inputMicroUsd,
    cachedInputMicroUsd: of('cache_read_mtok') ?? inputMicroUsd,
    cacheWriteMicroUsd: of('cache_write_mtok') ?? inputMicroUsd,
    outputMicroUsd,
  };
}

const PRICED_UNITS = ['input_mtok', 'cache_read_mtok', 'cache_write_mtok', 'output_mtok', 'output_reasoning_mtok'];

/** A tier counts from one token more than its start. Ascending. */
function tierStartsOf(price: ModelPrice): readonly number[] {
  const starts = PRICED_UNITS.flatMap((unit) => {
    const value = price[unit];
    return value === undefined || typeof value === 'number' ? [] : value.tiers.map(({ start }) => start);
  });
  return [...new Set(starts)].sort((left, right) => left - right);
}

function microUsdOf(price: ModelPrice, unit: string, inputTokens: number): bigint | undefined {
  const value = price[unit];
  if (value === undefined) return undefined;
  if (typeof value === 'number') return microUsdFromNumber(value);
  const tiers = [...value.tiers].sort((left, right) => left.start - right.start);
  return microUsdFromNumber(tiers.findLast(({ start }) => inputTokens > start)?.price ?? value.base);
}

const largest = (left: bigint | undefined, right: bigint | undefined): bigint | undefined =>
  left === undefined || (right !== undefined && right > left) ? right : left;

/**
 * The table's numbers are decimals that JavaScript read as floating point; their shortest text is the decimal that was
 * written, so the digits are taken from it and no arithmetic is done on floats. Finer than a micro-USD: half up.
 */
export function microUsdFromNumber(usd: number): bigint | undefined {
  const match = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(usd));
  if (match === null) return undefined;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  // usd = digits × 10^-decimals
  const digits = BigInt(whole + fraction);
  const decimals = fraction.length - Number(exponent) - MICRO_DIGITS;
  if (decimals <= 0) return digits * 10n ** BigInt(-decimals);
  const unit = 10n ** BigInt(decimals);
  return (digits + unit / 2n) / unit;
}

const MICRO_DIGITS = 6;

/** Names of models that chat, of those the table lists for a kind. */
const CHAT_MODELS: Readonly<Partial<Record<ProviderKind, RegExp>>> = {
  // From 4.5 on; Mythos is for the few.
  anthropic: /^claude-(?:fable|haiku|opus|sonnet)-(?:4-[5-9]|[5-9](?:-\d)?)$/,
  // From 3 on, but for one: 2.5 Flash and 2.5 Pro end on 2026-12-01, and what is asked of them goes to others then.
  // https://ai.google.dev/gemini-api/docs/deprecations
  gemini: /^gemini-(?:2\.5-flash-lite|[3-9](?:\.\d+)?-(?:flash|flash-lite|pro)(?:-preview)?)$/,
  openai:
    /^(?:gpt-(?:3\.5-turbo|4|4\.1|4o|\d+(?:\.\d+)?)(?:-(?:turbo|mini|nano|luna|sol|terra|astra))?|o\d(?:-mini)?)$/,
};
/**
 * Tokens of models whose window the table leaves out, or that it does not know yet.
 * https://ai.google.dev/gemini-api/docs/long-context
 */
const CONTEXT_WINDOWS: Readonly<Partial<Record<ProviderKind, readonly [names: RegExp, tokens: number]>>> = {
  gemini: [/^gemini-(?:2\.5-(?:flash|pro)|[3-9])(?!.*-(?:image|tts|live|embedding))/, 1_048_576],
};

function contextWindowOf(kind: ProviderKind, model: string): number | undefined {
  const [names, tokens] = CONTEXT_WINDOWS[kind] ?? [];
  return names?.test(model) === true ? tokens : undefined;
}

/** Still priced, no longer served. */
const RETIRED = new Set(['o1-mini', 'gemini-3-pro-preview']);

function isChatModel({ id, deprecated, context_window }: ModelInfo, kind: ProviderKind): boolean {
  const hasWindow = (context_window ?? contextWindowOf(kind, id)) !== undefined;
  return CHAT_MODELS[kind]?.test(id) === true && hasWindow && deprecated !== true && !RETIRED.has(id);
}
