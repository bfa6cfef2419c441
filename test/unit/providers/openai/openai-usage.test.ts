import { describe, expect, it } from '@jest/globals';
import { readOpenAiUsage } from '../../../../src/providers/openai/openai-usage.ts';

describe('usage', () => {
  it('counts cached and reasoning tokens inside input and output', () => {
    expect(
      readOpenAiUsage({
        prompt_tokens: 10,
        completion_tokens: 20,
        total_tokens: 30,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 15 },
      }),
    ).toEqual({ inputTokens: 10, cachedInputTokens: 4, cacheWriteTokens: 0, outputTokens: 20, reasoningTokens: 15 });
  });

  it.each([
    ['the total shows that it was left out', 35],
    ['it is larger than the output it should be part of', undefined],
  ])('adds reasoning to the output when %s', (_why, total) => {
    const reasoning = total === undefined ? 25 : 5;
    const usage = { prompt_tokens: 10, completion_tokens: 20, total_tokens: total };
    const counts = readOpenAiUsage({ ...usage, completion_tokens_details: { reasoning_tokens: reasoning } });
    expect(counts).toMatchObject({ outputTokens: 20 + reasoning, reasoningTokens: reasoning });
  });

  it('never finds more cached tokens than there were', () => {
    const counts = readOpenAiUsage({ prompt_tokens: 3, completion_tokens: 1, prompt_cache_hit_tokens: 9 });
    expect(counts).toMatchObject({ inputTokens: 3, cachedInputTokens: 3 });
  });

  it.each([
    [undefined],
    [null],
    ['many'],
    [[]],
    [{}],
    [{ prompt_tokens: 1 }],
    [{ prompt_tokens: -1, completion_tokens: 1 }],
    [{ prompt_tokens: 1.5, completion_tokens: 1 }],
    [{ prompt_tokens: '1', completion_tokens: 1 }],
    [{ prompt_tokens: 1e300, completion_tokens: 1 }],
    [{ prompt_tokens: 0, completion_tokens: 0 }],
  ])('takes %j for no usage', (usage) => {
    expect(readOpenAiUsage(usage)).toBeUndefined();
  });
});
