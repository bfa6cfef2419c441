// The registry of provider kinds: one line each.

import type { Capability } from '../core/chat.ts';
import { PROVIDER_KIND_FACTS, type ProviderKind } from '../core/provider-kinds.ts';
import type { AiSdkPackage } from '../platform/ai-sdk-package.ts';
import type { SafeFetch } from '../platform/safe-fetch.ts';
import { createAiSdkProvider } from './ai-sdk/ai-sdk.ts';
import { createAnthropicProvider } from './anthropic/anthropic.ts';
import { claudeThinks } from './anthropic/anthropic-models.ts';
import { type ReportCredential, withPreviousCredential } from './credential-pair.ts';
import { createGeminiProvider } from './gemini/gemini.ts';
import { geminiThinks } from './gemini/gemini-models.ts';
import type { ImageBudget } from './image-budget.ts';
import { createOpenAiProvider } from './openai/openai.ts';
import type { Provider } from './provider.ts';
import type { UpstreamNetwork } from './upstream-pool.ts';

export interface ProviderSettings {
  readonly id: string;
  readonly kind: ProviderKind;
  /** undefined: the kind's own address, if it has one. */
  readonly baseUrl: string | undefined;
  readonly apiKey: string | undefined;
  /** Tried where `apiKey` is refused, while that takes its place. Default: none. Of a package: `aiSdk.previous`. */
  readonly previousApiKey?: string | undefined;
  /** Told when the provider refuses one of two credentials, or takes it again. Default: nobody is told. */
  readonly reportCredential?: ReportCredential;
  /** Bytes of one answer. Default 4 MiB. */
  readonly maxAnswerBytes?: number;
  /** Names in `providerOptions` that may be sent besides the kind's own list. Default: none. */
  readonly allowedOptions?: readonly string[];
  /** Of kind ai-sdk: its package. */
  readonly aiSdk?: AiSdkPackage | undefined;
  /** Whether a package may send prompts and keys unencrypted to other machines. Default: no. */
  readonly allowInsecure?: boolean;
  /** For pictures that a provider does not fetch itself. Default: they are refused. */
  readonly fetchImage?: SafeFetch;
  /** Of all providers together. Default: each has one of its own. */
  readonly imageBudget?: ImageBudget;
  /** Default: no proxy, and the authorities that Node trusts. */
  readonly network?: UpstreamNetwork;
}

interface KindOfProvider {
  /** Whether the provider's model of this name can think before it answers, as far as its name tells. */
  thinks(model: string): boolean;
  create(settings: ProviderSettings & { readonly baseUrl: string }): Provider;
}

const KINDS: Readonly<Record<ProviderKind, KindOfProvider>> = {
  openai: {
    thinks: (model) => /^(?:o\d|gpt-5)/.test(model),
    create: (settings) => createOpenAiProvider({ ...settings, kind: 'openai' }),
  },
  anthropic: { thinks: claudeThinks, create: createAnthropicProvider },
  gemini: { thinks: geminiThinks, create: createGeminiProvider },
  'openai-compatible': {
    thinks: () => false,
    create: (settings) => createOpenAiProvider({ ...settings, kind: 'openai-compatible' }),
  },
  'ai-sdk': {
    thinks: (model) =>
      /claude-(?:3-7|[a-z]+-[4-9])|gemini-(?:2\.5|[3-9])|nova-2|gpt-oss|gpt-5|(?:^|[.-])(?:o\d|r1)\b/.test(model),
    create: ({ aiSdk, allowInsecure = false, ...settings }) => {
      if (aiSdk === undefined) throw new Error(`Provider "${settings.id}" of kind ai-sdk needs a package.`);
      return createAiSdkProvider({ ...settings, aiSdk, allowInsecure });
    },
  },
};

const USUAL: readonly Capability[] = ['TEXT', 'STREAM', 'TOOLS', 'JSON_SCHEMA', 'IMAGES'];

/** What a model can do where the configuration does not say. */
export const usualCapabilities = (kind: ProviderKind, model: string): readonly Capability[] =>
  KINDS[kind].thinks(model) ? [...USUAL, 'REASONING'] : USUAL;

/** @throws Error when a base URL is missing or no URL: the configuration is checked before, so this is a bug of ours. */
export function createProvider(settings: ProviderSettings): Provider {
  const kind = KINDS[settings.kind];
  const { isPackage, ...facts } = PROVIDER_KIND_FACTS[settings.kind];
  const baseUrl = settings.baseUrl ?? facts.baseUrl ?? (isPackage ? '' : undefined);
  if (baseUrl === undefined) throw new Error(`Provider "${settings.id}" of kind ${settings.kind} needs a baseUrl.`);
  const create = (changes: Partial<ProviderSettings>): Provider => kind.create({ ...settings, ...changes, baseUrl });
  const current = create({});
  const { previousApiKey, aiSdk, reportCredential: report = () => undefined } = settings;
  if (previousApiKey !== undefined) {
    return withPreviousCredential({ current, previous: create({ apiKey: previousApiKey }), report });
  }
  return aiSdk?.previous === undefined
    ? current
    : withPreviousCredential({ current, previous: create({ aiSdk: aiSdk.previous }), report });
}
