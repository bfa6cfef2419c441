// The kinds of provider there are, and what is known of each before anything talks to one. The adapters stand in
// providers/, one folder a kind; a kind is named here, in create-provider.ts and nowhere else.

export const PROVIDER_KINDS = ['openai', 'anthropic', 'gemini', 'openai-compatible', 'ai-sdk'] as const;

export type ProviderKind = (typeof PROVIDER_KINDS)[number];

export interface ProviderKindFacts {
  /** Its own address, version included; undefined: the configuration has to say it. */
  readonly baseUrl: string | undefined;
  /** The variable that holds its key, where its models are offered with no file at all. */
  readonly keyVariable: string | undefined;
  /** True: an npm package speaks to it, and takes its address and its key from `settings`. */
  readonly isPackage?: true;
}

export const PROVIDER_KIND_FACTS: Readonly<Record<ProviderKind, ProviderKindFacts>> = {
  openai: { baseUrl: 'https://api.openai.com/v1', keyVariable: 'OPENAI_API_KEY' },
  anthropic: { baseUrl: 'https://api.anthropic.com/v1', keyVariable: 'ANTHROPIC_API_KEY' },
  gemini: { baseUrl: 'https://generativelanguage.googleapis.com/v1beta', keyVariable: 'GEMINI_API_KEY' },
  'openai-compatible': { baseUrl: undefined, keyVariable: undefined },
  'ai-sdk': { baseUrl: undefined, keyVariable: undefined, isPackage: true },
};
