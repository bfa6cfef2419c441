// Usage as the Gemini API reports it → tokens by class, each counted once.
//   input        `promptTokenCount` includes `cachedContentTokenCount`; what tools of the provider gave the model to read is
//                told apart, in `toolUsePromptTokenCount`. Writing to a cache is not counted apart.
//   output       `candidatesTokenCount` leaves the thinking out, which is `thoughtsTokenCount`; `totalTokenCount` is the sum
//                of all but the cached. Only `candidatesTokenCount` is left out where nothing was written.
//   in a stream  each chunk may tell all numbers so far: each takes the place of those before.
//                https://ai.google.dev/api/generate-content#UsageMetadata

import type { TokenCounts } from '../../core/chat.ts';
import { isFields } from '../error-body.ts';
import { tokenCount } from '../token-count.ts';

export interface GeminiUsage {
  readonly counts: TokenCounts;
  /** False: nothing was said about output. */
  readonly outputTold: boolean;
}

/** undefined: no usage here, or numbers that cannot be true. */
export function readGeminiUsage(metadata: unknown): GeminiUsage | undefined {
  if (!isFields(metadata)) return undefined;
  const told = (name: string): number | undefined => tokenCount(metadata[name] ?? 0);
  const promptTokens = tokenCount(metadata['promptTokenCount']);
  const toolTokens = told('toolUsePromptTokenCount');
  const cachedTokens = told('cachedContentTokenCount');
  const writtenTokens = told('candidatesTokenCount');
  const reasoningTokens = told('thoughtsTokenCount');
  if (
    promptTokens === undefined ||
    toolTokens === undefined ||
    cachedTokens === undefined ||
    writtenTokens === undefined ||
    reasoningTokens === undefined
  ) {
    return undefined;
  }
  const inputTokens = promptTokens + toolTokens;
  // Servers behind the same wire format may count the thinking among what was written: the total tells.
  const total = tokenCount(metadata['totalTokenCount']);
  const isIncluded = reasoningTokens <= writtenTokens && total === inputTokens + writtenTokens;
  const outputTokens = isIncluded ? writtenTokens : writtenTokens + reasoningTokens;
  // Servers that do not count fill the fields with zeros; no prompt has no tokens.
  if (inputTokens === 0 && outputTokens === 0) return undefined;
  return {
    counts: {
      inputTokens,
      cachedInputTokens: Math.min(cachedTokens, inputTokens),
      cacheWriteTokens: 0,
      outputTokens,
      reasoningTokens,
    },
    outputTold: metadata['candidatesTokenCount'] !== undefined || metadata['thoughtsTokenCount'] !== undefined,
  };
}
