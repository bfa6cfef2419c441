// Usage as OpenAI and its likes report it → tokens by class, each counted once.
//   OpenAI       prompt_tokens includes prompt_tokens_details.cached_tokens; completion_tokens includes
//                completion_tokens_details.reasoning_tokens. Writing to the prompt cache is not counted apart.
//                https://platform.openai.com/docs/api-reference/chat/object
//   xAI          completion_tokens leaves the reasoning out; total_tokens is the sum of all three.
//   DeepSeek     prompt_cache_hit_tokens instead of cached_tokens.
//   OpenRouter   prompt_tokens_details.cache_write_tokens besides.

import type { TokenCounts } from '../../core/chat.ts';
import { isFields } from '../error-body.ts';
import { tokenCount } from '../token-count.ts';

/** undefined: no usage here, or numbers that cannot be true. */
export function readOpenAiUsage(usage: unknown): TokenCounts | undefined {
  if (!isFields(usage)) return undefined;
  const inputTokens = tokenCount(usage['prompt_tokens']);
  const completionTokens = tokenCount(usage['completion_tokens']);
  if (inputTokens === undefined || completionTokens === undefined) return undefined;
  // Servers that do not count fill the fields with zeros; no prompt has no tokens.
  if (inputTokens === 0 && completionTokens === 0) return undefined;

  const promptDetails = isFields(usage['prompt_tokens_details']) ? usage['prompt_tokens_details'] : {};
  const completionDetails = isFields(usage['completion_tokens_details']) ? usage['completion_tokens_details'] : {};
  const reasoningTokens =
    tokenCount(completionDetails['reasoning_tokens']) ?? tokenCount(usage['reasoning_tokens']) ?? 0;
  const totalTokens = tokenCount(usage['total_tokens']);
  const reasoningLeftOut =
    reasoningTokens > 0 &&
    (reasoningTokens > completionTokens || totalTokens === inputTokens + completionTokens + reasoningTokens);

  const cached = tokenCount(promptDetails['cached_tokens']) ?? tokenCount(usage['prompt_cache_hit_tokens']) ?? 0;
  const cachedInputTokens = Math.min(cached, inputTokens);
  const cacheWriteTokens = Math.min(
    tokenCount(promptDetails['cache_write_tokens']) ?? 0,
    inputTokens - cachedInputTokens,
  );
  return {
    inputTokens,
    cachedInputTokens,
    cacheWriteTokens,
    outputTokens: reasoningLeftOut ? completionTokens + reasoningTokens : completionTokens,
    reasoningTokens,
  };
}
