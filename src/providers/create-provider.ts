// The registry of provider kinds: one line each.

import { createOpenAiProvider } from './openai/openai.ts';
import type { Provider } from './provider.ts';

export type ProviderKind = 'openai' | 'openai-compatible';

export interface ProviderSettings {
  readonly id: string;
  readonly kind: ProviderKind;
  /** undefined: the kind's own address, if it has one. */
  readonly baseUrl: string | undefined;
  readonly apiKey: string | undefined;
  /** Bytes of one answer. Default 4 MiB. */
  readonly maxAnswerBytes?: number;
}

interface KindOfProvider {
  /** undefined: the configuration has to say it. */
  readonly defaultBaseUrl: string | undefined;
  create(settings: ProviderSettings & { readonly baseUrl: string }): Provider;
}

const KINDS: Readonly<Record<ProviderKind, KindOfProvider>> = {
  openai: {
    defaultBaseUrl: 'https://api.openai.com/v1',
    create: (settings) => createOpenAiProvider({ ...settings, kind: 'openai' }),
  },
  'openai-compatible': {
    defaultBaseUrl: undefined,
    create: (settings) => createOpenAiProvider({ ...settings, kind: 'openai-compatible' }),
  },
};

/** @throws Error when a base URL is missing or no URL: the configuration is checked before, so this is a bug of ours. */
export function createProvider(settings: ProviderSettings): Provider {
  const kind = KINDS[settings.kind];
  const baseUrl = settings.baseUrl ?? kind.defaultBaseUrl;
  if (baseUrl === undefined) throw new Error(`Provider "${settings.id}" of kind ${settings.kind} needs a baseUrl.`);
  return kind.create({ ...settings, baseUrl });
}
