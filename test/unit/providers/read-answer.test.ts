// What a provider sends is parsed, or is no answer: nothing of it may be nested so deeply that it could not be written on.

import { describe, expect, it } from '@jest/globals';
import { UpstreamError } from '../../../src/core/upstream-error.ts';
import { parseBody, parseEvent } from '../../../src/providers/read-answer.ts';

const nested = (levels: number): string => `{"content":${'['.repeat(levels)}${']'.repeat(levels)}}`;

describe.each([
  ['a body', parseBody],
  ['an event', (text: string) => parseEvent(text, true)],
])('%s', (_name, parse) => {
  it('nested as deeply as a model may write is taken', () => {
    expect(JSON.stringify(parse(nested(600)))).toBe(nested(600));
  });

  it.each([2_000, 200_000])('nested %d deep is no answer, and is not repeated', (levels) => {
    let failure: unknown;
    try {
      parse(nested(levels));
    } catch (error) {
      failure = error;
    }
    if (!(failure instanceof UpstreamError)) throw new Error('expected an UpstreamError');
    expect(failure.failure).toBe('UPSTREAM_ERROR');
    expect(failure.message).not.toContain('[');
  });
});
