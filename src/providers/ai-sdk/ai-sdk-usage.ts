// Usage as packages of the AI SDK report it → tokens by class, each counted once. In the specifications v3 and v4
// `total` of the input includes what was read from the cache and written to it, `total` of the output the reasoning; the
// packages see to that, each for its provider. Some leave a total out where they know its parts.
// Reference: language-model-v4-usage.ts of @ai-sdk/provider.

import type { TokenCounts } from '../../core/chat.ts';
import { isFields } from '../error-body.ts';
import { tokenCount } from '../token-count.ts';

/** The sum of those that are known; undefined: none is. */
function sumOf(...parts: readonly (number | undefined)[]): number | undefined {
  const known = parts.filter((part) => part !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, part) => sum + part, 0);
}

/** Chat completions with writes to the cache counted apart (OpenRouter), which the package for them leaves out. */
function rawCacheWrite(raw: unknown): number | undefined {
  const details = isFields(raw) ? raw['prompt_tokens_details'] : undefined;
  return isFields(details) ? tokenCount(details['cache_write_tokens']) : undefined;
}

/** undefined: no usage here, or numbers that cannot be true. */
export function readAiSdkUsage(usage: unknown): TokenCounts | undefined {
  if (!isFields(usage)) return undefined;
  const input = isFields(usage['inputTokens']) ? usage['inputTokens'] : {};
  const output = isFields(usage['outputTokens']) ? usage['outputTokens'] : {};
  const cacheRead = tokenCount(input['cacheRead']);
  const cacheWrite = tokenCount(input['cacheWrite']) ?? rawCacheWrite(usage['raw']);
  const reasoning = tokenCount(output['reasoning']);
  const inputTokens = tokenCount(input['total']) ?? sumOf(tokenCount(input['noCache']), cacheRead, cacheWrite);
  const outputTokens = tokenCount(output['total']) ?? sumOf(tokenCount(output['text']), reasoning);
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  // A package fills in zeros where its provider told nothing; no prompt has no tokens.
  if (inputTokens === 0 && outputTokens === 0) return undefined;
  const cachedInputTokens = Math.min(cacheRead ?? 0, inputTokens);
  const reasoningTokens = reasoning ?? 0;
  return {
    inputTokens,
    cachedInputTokens,
    cacheWriteTokens: Math.min(cacheWrite ?? 0, inputTokens - cachedInputTokens),
    outputTokens: Math.max(outputTokens, reasoningTokens),
    reasoningTokens,
  };
}
