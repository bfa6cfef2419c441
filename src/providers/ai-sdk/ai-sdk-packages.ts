// What is known of single packages beyond what all of them have in common. A package that is not here works all the
// same: without cache breakpoints, and with an effort as the only word on reasoning.

import type { LanguageModelV3, LanguageModelV4 } from '@ai-sdk/provider';
import type { JsonObject } from '../../core/json.ts';

/** The specifications this adapter speaks; what it uses of them differs in a few places only. */
export type AiSdkModel = LanguageModelV4 | LanguageModelV3;

export interface PackageFacts {
  /** Under which name the package reads its options, where that is not the name of its provider. */
  optionsName?(model: AiSdkModel): string;
  /** What marks a message as worth caching, in its options. */
  readonly cacheMark?: JsonObject;
  /** The options that bound the thinking of this model; undefined: it takes an effort only. */
  thinkingOptions?(model: AiSdkModel, maxTokens: number): JsonObject | undefined;
  /** Whether the package asks for the thinking besides the output cap instead of as a part of it. */
  thinksBesidesCap?(model: AiSdkModel): boolean;
}

/** Claude from 4.6 on decides by itself how long it thinks, and takes an effort only. */
function thinksByBudget(modelId: string): boolean {
  const match = /claude-(?:(\d)-(\d)-|[a-z]+-(\d+)(?:-(\d{1,2})(?!\d))?)/.exec(modelId);
  if (match === null) return false;
  const [major, minor] = [Number(match[1] ?? match[3]), Number(match[2] ?? match[4] ?? 0)];
  return (major === 3 && minor === 7) || (major === 4 && minor < 6);
}

const claude: PackageFacts = {
  optionsName: () => 'anthropic',
  cacheMark: { cacheControl: { type: 'ephemeral' } },
  thinkingOptions: ({ modelId }, budgetTokens) =>
    thinksByBudget(modelId) ? { thinking: { type: 'enabled', budgetTokens } } : undefined,
  thinksBesidesCap: ({ modelId }) => thinksByBudget(modelId),
};

const gemini: PackageFacts = {
  thinkingOptions: ({ modelId }, thinkingBudget) =>
    /gemini-2\.5/.test(modelId) ? { thinkingConfig: { thinkingBudget } } : undefined,
};

const FACTS: Readonly<Record<string, PackageFacts>> = {
  '@ai-sdk/amazon-bedrock': {
    // The older name; the newer one is read by packages of the newer specification.
    optionsName: ({ specificationVersion }) => (specificationVersion === 'v3' ? 'bedrock' : 'amazonBedrock'),
    cacheMark: { cachePoint: { type: 'default' } },
    thinkingOptions: ({ modelId }, budgetTokens) =>
      thinksByBudget(modelId) ? { reasoningConfig: { type: 'enabled', budgetTokens } } : undefined,
    thinksBesidesCap: ({ modelId }) => thinksByBudget(modelId),
  },
  '@ai-sdk/anthropic': claude,
  '@ai-sdk/google': { ...gemini, optionsName: () => 'google' },
  '@ai-sdk/google-vertex': {
    ...gemini,
    optionsName: ({ specificationVersion }) => (specificationVersion === 'v3' ? 'vertex' : 'google'),
  },
};

const NOTHING: PackageFacts = {};

export const factsOf = (packageName: string): PackageFacts => FACTS[packageName] ?? NOTHING;

/** `amazon-bedrock` → `amazonBedrock`, `openai.chat` → `openai`: as packages name their options. */
export function optionsNameOf(model: AiSdkModel, facts: PackageFacts): string {
  const [name = ''] = model.provider.split('.');
  return (
    facts.optionsName?.(model) ?? name.trim().replaceAll(/[_-]([a-z])/g, (_, letter: string) => letter.toUpperCase())
  );
}
