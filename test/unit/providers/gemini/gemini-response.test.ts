import { describe, expect, it } from '@jest/globals';
import type { UpstreamError } from '../../../../src/core/upstream-error.ts';
import {
  createGeminiAnswerReader,
  type GeminiReaderOptions,
} from '../../../../src/providers/gemini/gemini-response.ts';
import { readGeminiUsage } from '../../../../src/providers/gemini/gemini-usage.ts';
import type { AnswerReader } from '../../../../src/providers/read-answer.ts';
import { addDelta, blankOutcome, type Outcome } from '../chat-samples.ts';

function setup(options: Partial<GeminiReaderOptions> = {}): { reader: AnswerReader; outcome: Outcome } {
  const outcome = blankOutcome();
  const reader = createGeminiAnswerReader((delta) => addDelta(outcome, delta), {
    maxAnswerBytes: 1_000,
    mayBeFenced: false,
    ownToolName: (name) => name,
    ...options,
  });
  return { reader, outcome };
}

const chunk = (parts: readonly object[] | undefined, more: object = {}, top: object = {}): string =>
  JSON.stringify({ candidates: [{ content: parts && { role: 'model', parts }, ...more }], ...top });
const say = (text: string): string => chunk([{ text }]);
const finish = (finishReason: string, more: object = {}): string => chunk(undefined, { finishReason, ...more });

function failureOf(action: () => unknown): UpstreamError {
  try {
    action();
  } catch (error) {
    return error as UpstreamError;
  }
  throw new Error('That should have failed.');
}

describe('the events of a stream', () => {
  it('tell how far the answer is: thinking counts as writing, and nothing but the end of the body ends it', () => {
    const { reader } = setup();
    expect(reader.readEvent(chunk([{ text: '' }]))).toBe('WAITING');
    expect(reader.readEvent(chunk([{ text: 'Hm', thought: true }]))).toBe('WRITING');
    expect(reader.readEvent(say('x'))).toBe('WRITING');
    expect(reader.readEvent(finish('STOP'))).toBe('FINISHED');
    expect(reader.readEvent(chunk([{ text: '' }]))).toBe('FINISHED');
    expect(reader.end()).toEqual({ finishReason: 'STOP' });
  });

  it('keep characters whole that are cut between them, text and thoughts apart', () => {
    const { reader, outcome } = setup();
    for (const [text, thought] of [
      ['a\ud83d', false],
      ['t\ud83d', true],
      ['\ude00b', false],
      ['\ude01', true],
      ['\ud83d', false],
    ] as const) {
      reader.readEvent(chunk([{ text, thought }]));
    }
    reader.readEvent(finish('STOP'));
    reader.end();
    expect(outcome).toMatchObject({ text: 'a😀b\ufffd', reasoning: 't😁' });
    for (const delta of outcome.deltas) expect(delta.type === 'tool-call' || delta.text.isWellFormed()).toBe(true);
  });

  it('pass over other candidates, and parts and fields that are not for the caller', () => {
    const { reader, outcome } = setup();
    reader.readEvent(
      JSON.stringify({
        candidates: [
          null,
          { index: 1, content: { parts: [{ text: 'another' }] }, finishReason: 'SAFETY' },
          {
            content: { parts: [7, { inlineData: {} }, { executableCode: {} }, { text: 5 }, { text: 'mine' }] },
            finishReason: 'FINISH_REASON_UNSPECIFIED',
          },
          { content: 'none', finishReason: 3 },
        ],
      }),
    );
    expect(outcome.text).toBe('mine');
    expect(reader.readEvent(' ')).toBe('WRITING');
  });

  it('bring calls of tools whole, with an id of ours where they have none, under the names callers gave', () => {
    const { reader, outcome } = setup({ ownToolName: (name) => (name === '_3d' ? '3d' : name) });
    reader.readEvent(
      chunk([{ functionCall: { name: '_3d', args: { n: [1, 'ü'] } } }, { functionCall: { name: 'b' } }]),
    );
    reader.readEvent(chunk([{ functionCall: { id: 'c1', name: 'c', args: 'nonsense' } }], { finishReason: 'STOP' }));
    expect(reader.end()).toEqual({ finishReason: 'TOOL_CALLS' });
    expect(outcome.toolCalls).toEqual([
      [expect.stringMatching(/^call_[\w-]{36}$/), '3d', '{"n":[1,"ü"]}'],
      [expect.stringMatching(/^call_[\w-]{36}$/), 'b', '{}'],
      ['c1', 'c', '{}'],
    ]);
  });

  it('fail on a call without a name', () => {
    const { reader } = setup();
    expect(failureOf(() => reader.readEvent(chunk([{ functionCall: { args: {} } }])))).toMatchObject({
      failure: 'UPSTREAM_ERROR',
      phase: 'PARTIAL',
    });
  });

  it('fail on what is no JSON or no answer, and on more than an answer may have', () => {
    for (const data of ['{"candidates":[{"content":', '7', '"SECRET"', 'null']) {
      const error = failureOf(() => setup().reader.readEvent(data));
      expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR' });
      expect(error.message).not.toContain('SECRET');
    }
    const { reader } = setup({ maxAnswerBytes: 5 });
    reader.readEvent(say('12345'));
    expect(failureOf(() => reader.readEvent(say('6')))).toMatchObject({ phase: 'PARTIAL', retryable: false });
  });

  it('take JSON that was asked for in words out of its fence', () => {
    const { reader, outcome } = setup({ mayBeFenced: true });
    for (const piece of ['```json\n', '{"a":1}', '\n``', '`']) reader.readEvent(say(piece));
    reader.readEvent(finish('STOP'));
    reader.end();
    expect(outcome.text).toBe('{"a":1}');
  });
});

describe('finish reasons', () => {
  it.each([
    ['STOP', 'STOP'],
    ['MAX_TOKENS', 'LENGTH'],
    ['CONTINUATION', 'LENGTH'],
    ...'SAFETY RECITATION LANGUAGE BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION'
      .split(' ')
      .map((reason) => [reason, 'CONTENT_FILTER']),
    ['SOMETHING_NEW', 'STOP'],
  ])('%s after text is %s', (reason, expected) => {
    const { reader } = setup();
    reader.readEvent(say('x'));
    expect(reader.readEvent(finish(reason))).toBe('FINISHED');
    expect(reader.end()).toEqual({ finishReason: expected });
  });

  it.each(
    'MALFORMED_FUNCTION_CALL UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS MALFORMED_RESPONSE MISSING_THOUGHT_SIGNATURE OTHER NO_IMAGE IMAGE_OTHER'.split(
      ' ',
    ),
  )('%s is a failure: worth a retry before the first token, not after it', (reason) => {
    const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 2 };
    const before = setup().reader;
    expect(
      failureOf(() => before.readEvent(chunk(undefined, { finishReason: reason }, { usageMetadata }))),
    ).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', retryable: true });
    expect(before.usage).toMatchObject({ inputTokens: 5, outputTokens: 2 });
    const after = setup().reader;
    after.readEvent(say('x'));
    expect(failureOf(() => after.readEvent(finish(reason)))).toMatchObject({ phase: 'PARTIAL', retryable: false });
  });

  it('an answer that is cut has none', () => {
    const { reader } = setup();
    expect(reader.readEvent(say('x'))).toBe('WRITING');
    expect(failureOf(() => setup().reader.readBody('{"candidates":[]}'))).toMatchObject({ phase: 'ANSWERED' });
  });

  it('STOP without a word is an empty answer', () => {
    const { reader, outcome } = setup();
    reader.readBody(chunk([], { finishReason: 'STOP' }));
    expect(reader.end()).toEqual({ finishReason: 'STOP' });
    expect(outcome.text).toBe('');
  });
});

describe('blocks', () => {
  const rating = (category: string, probability: string, blocked?: boolean): object => ({
    category: `HARM_CATEGORY_${category}`,
    probability,
    ...(blocked === undefined ? {} : { blocked }),
  });
  const ratings = [rating('HARASSMENT', 'HIGH'), rating('HATE_SPEECH', 'LOW', true), rating('JAILBREAK', 'NEGLIGIBLE')];

  it.each<[string, readonly object[] | undefined, string[]]>([
    ['SAFETY', ratings, ['hate_speech']],
    ['SAFETY', [rating('HARASSMENT', 'MEDIUM'), rating('HATE_SPEECH', 'LOW')], ['harassment']],
    ['SAFETY', undefined, []],
    ['SAFETY', [{ category: 'SECRET text', blocked: true }, rating('UNSPECIFIED', 'HIGH', true)], []],
    ['PROHIBITED_CONTENT', [], ['prohibited_content']],
    ['OTHER', undefined, []],
    ['BLOCKLIST', ratings, ['hate_speech']],
  ])('of a prompt for %s with %j name %j, and what was read is billed', (blockReason, safetyRatings, categories) => {
    const body = JSON.stringify({
      promptFeedback: { blockReason, safetyRatings },
      usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 },
      responseId: 'r1',
    });
    for (const read of ['readBody', 'readEvent'] as const) {
      const { reader } = setup();
      const error = failureOf(() => reader[read](body));
      expect(error).toMatchObject({ failure: 'UPSTREAM_BLOCKED', phase: 'ANSWERED', retryable: false, categories });
      expect(error.message).not.toContain('SECRET');
      expect(reader).toMatchObject({
        usage: { inputTokens: 9, outputTokens: 0 },
        usageBeforeOutput: false,
        answerId: 'r1',
      });
    }
  });

  it('of an answer before its first word are those of the prompt', () => {
    const { reader } = setup();
    reader.readBody(finish('SAFETY', { safetyRatings: ratings }));
    expect(failureOf(() => reader.end())).toMatchObject({ failure: 'UPSTREAM_BLOCKED', categories: ['hate_speech'] });
  });

  it('that were not given are none', () => {
    const { reader, outcome } = setup();
    reader.readEvent(chunk([{ text: 'x' }], {}, { promptFeedback: { safetyRatings: ratings } }));
    reader.readEvent(chunk([{ text: 'y' }], {}, { promptFeedback: { blockReason: 'BLOCKED_REASON_UNSPECIFIED' } }));
    expect(outcome.text).toBe('xy');
  });
});

describe('usage', () => {
  const counts = (input: number, cached: number, output: number, reasoning: number): object => ({
    inputTokens: input,
    cachedInputTokens: cached,
    cacheWriteTokens: 0,
    outputTokens: output,
    reasoningTokens: reasoning,
  });

  it.each<[string, object, object | undefined]>([
    ['plain', { promptTokenCount: 8, candidatesTokenCount: 5, totalTokenCount: 13 }, counts(8, 0, 5, 0)],
    [
      'cached, thought and read by tools',
      {
        promptTokenCount: 100,
        cachedContentTokenCount: 60,
        candidatesTokenCount: 30,
        thoughtsTokenCount: 20,
        toolUsePromptTokenCount: 7,
        totalTokenCount: 157,
      },
      counts(107, 60, 50, 20),
    ],
    ['without output', { promptTokenCount: 8, totalTokenCount: 8 }, counts(8, 0, 0, 0)],
    ['all thought', { promptTokenCount: 8, thoughtsTokenCount: 90, totalTokenCount: 98 }, counts(8, 0, 90, 90)],
    [
      'with the thinking among the written',
      { promptTokenCount: 8, candidatesTokenCount: 50, thoughtsTokenCount: 20, totalTokenCount: 58 },
      counts(8, 0, 50, 20),
    ],
    [
      'with the thinking outside of the total',
      { promptTokenCount: 8, candidatesTokenCount: 5, thoughtsTokenCount: 20, totalTokenCount: 13 },
      counts(8, 0, 25, 20),
    ],
    ['without a total', { promptTokenCount: 8, candidatesTokenCount: 5, thoughtsTokenCount: 2 }, counts(8, 0, 7, 2)],
    ['more cached than read', { promptTokenCount: 8, cachedContentTokenCount: 9 }, counts(8, 8, 0, 0)],
    ['none', {}, undefined],
    ['of another kind', { trafficType: 'ON_DEMAND' }, undefined],
    ['all zeros', { promptTokenCount: 0, candidatesTokenCount: 0 }, undefined],
    ['negative', { promptTokenCount: 8, candidatesTokenCount: -5 }, undefined],
    ['text', { promptTokenCount: '8', candidatesTokenCount: 5 }, undefined],
    ['broken', { promptTokenCount: 8, thoughtsTokenCount: 1.5 }, undefined],
  ])('%s is counted once', (_what, metadata, expected) => {
    expect(readGeminiUsage(metadata)?.counts).toEqual(expected);
  });

  it.each([undefined, null, 'none', [], 7])('%j is none', (metadata) => {
    expect(readGeminiUsage(metadata)).toBeUndefined();
  });

  it('is the last that was told, and says whether it counts what was written', () => {
    const { reader } = setup();
    const told = (usageMetadata: unknown, parts: object[] = [{ text: 'x' }]): void => {
      reader.readEvent(chunk(parts, {}, { usageMetadata }));
    };
    told({ promptTokenCount: 8 }, []);
    expect(reader).toMatchObject({ usage: counts(8, 0, 0, 0), usageBeforeOutput: false });
    told({ promptTokenCount: 8 });
    expect(reader.usageBeforeOutput).toBe(true);
    told({ promptTokenCount: 8, candidatesTokenCount: 3 });
    expect(reader).toMatchObject({ usage: counts(8, 0, 3, 0), usageBeforeOutput: false });
    told(undefined);
    told('none');
    expect(reader.usage).toEqual(counts(8, 0, 3, 0));
  });
});
