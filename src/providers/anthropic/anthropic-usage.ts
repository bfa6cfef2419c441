// Usage as the Messages API reports it → tokens by class, each counted once.
//   input        `input_tokens` leaves out what was read from the prompt cache and what was written to it: the prompt is the
//                sum of `input_tokens`, `cache_read_input_tokens` and `cache_creation_input_tokens`. `cache_creation` tells
//                the writes apart by how long they are kept, and is their sum.
//                https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance
//   output       `output_tokens` includes the thinking, all of it, however much is shown; `output_tokens_details` says how
//                many. https://platform.claude.com/docs/en/build-with-claude/extended-thinking#budget-rules-and-tuning
//   in a stream  `message_start` tells the input, and an output of a token or two; the numbers of `message_delta` are
//                cumulative: each takes the place of the one before.
//                https://platform.claude.com/docs/en/build-with-claude/streaming#event-types

import type { TokenCounts } from '../../core/chat.ts';
import { isFields } from '../error-body.ts';
import { tokenCount } from '../token-count.ts';

export interface AnthropicUsage {
  /** `usage` of a message or an event; what it does not tell stays as it was. */
  add(usage: unknown): void;
  /** undefined: none was told, or numbers that cannot be true. */
  counts(): TokenCounts | undefined;
}

const FIELDS = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'output_tokens'] as const;
type Field = (typeof FIELDS)[number] | 'thinking_tokens';

export function createAnthropicUsage(): AnthropicUsage {
  const told = new Map<Field, number>();
  let sound = true;

  function take(field: Field, value: unknown): void {
    if (value === undefined || value === null) return;
    const count = tokenCount(value);
    if (count === undefined) sound = false;
    else told.set(field, count);
  }

  return {
    add: (usage) => {
      if (!isFields(usage)) return;
      for (const field of FIELDS) take(field, usage[field]);
      const writes = usage['cache_creation'];
      if (isFields(writes) && tokenCount(usage['cache_creation_input_tokens']) === undefined) {
        const counts = Object.values(writes).map((count) => tokenCount(count) ?? 0);
        take(
          'cache_creation_input_tokens',
          counts.reduce((sum, count) => sum + count, 0),
        );
      }
      const details = usage['output_tokens_details'];
      if (isFields(details)) take('thinking_tokens', details['thinking_tokens']);
    },
    counts: () => {
      const uncachedTokens = told.get('input_tokens');
      const outputTokens = told.get('output_tokens');
      if (!sound || uncachedTokens === undefined || outputTokens === undefined) return undefined;
      const cachedInputTokens = told.get('cache_read_input_tokens') ?? 0;
      const cacheWriteTokens = told.get('cache_creation_input_tokens') ?? 0;
      const inputTokens = uncachedTokens + cachedInputTokens + cacheWriteTokens;
      // Servers that do not count fill the fields with zeros; no prompt has no tokens.
      if (inputTokens === 0 && outputTokens === 0) return undefined;
      const reasoningTokens = Math.min(told.get('thinking_tokens') ?? 0, outputTokens);
      return { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens };
    },
  };
}
