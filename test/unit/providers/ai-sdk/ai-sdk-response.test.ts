import { describe, expect, it } from '@jest/globals';
import {
  type AiSdkPart,
  AiSdkPartError,
  type AiSdkResult,
  createAiSdkReader,
} from '../../../../src/providers/ai-sdk/ai-sdk-response.ts';
import { readAiSdkUsage } from '../../../../src/providers/ai-sdk/ai-sdk-usage.ts';
import { readAiSdkWarnings } from '../../../../src/providers/ai-sdk/ai-sdk-warnings.ts';
import { addDelta, blankOutcome, type Outcome } from '../chat-samples.ts';

const USAGE = { inputTokens: { total: 9 }, outputTokens: { total: 3 } };
const finish = (unified: string, usage: object = USAGE): object => ({
  type: 'finish',
  finishReason: { unified },
  usage,
});

function read(
  parts: readonly object[],
  maxAnswerBytes = 1_000,
): Outcome & { answerId?: string | undefined; warnings: readonly string[] } {
  const outcome = blankOutcome();
  const reader = createAiSdkReader((delta) => addDelta(outcome, delta), maxAnswerBytes);
  for (const part of parts) reader.readPart(part as AiSdkPart);
  const { finishReason } = reader.end();
  const { usage, answerId, warnings } = reader;
  return { ...outcome, finishReason, usage, answerId, warnings };
}

function readWhole(result: object, wantsJson = false): Outcome {
  const outcome = blankOutcome();
  const reader = createAiSdkReader((delta) => addDelta(outcome, delta), 1_000);
  reader.readResult(
    { warnings: [], finishReason: { unified: 'stop' }, usage: USAGE, ...result } as unknown as AiSdkResult,
    wantsJson,
  );
  return { ...outcome, ...reader.end() };
}

describe('parts of a stream', () => {
  it('become text and reasoning, whole characters only', () => {
    const [high, low] = ['\ud83c', '\udf0a'];
    const outcome = read([
      { type: 'stream-start', warnings: [{ type: 'unsupported', feature: 'seed' }] },
      { type: 'response-metadata', id: 'msg_1' },
      { type: 'reasoning-start', id: '0' },
      { type: 'reasoning-delta', id: '0', delta: `wave ${high}` },
      { type: 'reasoning-delta', id: '0', delta: `${low}!` },
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'Hi' },
      { type: 'ping' },
      { type: 'source', sourceType: 'url', id: 's', url: 'https://example.com' },
      { type: 'something-of-the-future' },
      finish('stop'),
    ]);
    expect(outcome).toMatchObject({
      reasoning: 'wave 🌊!',
      text: 'Hi',
      finishReason: 'STOP',
      answerId: 'msg_1',
      warnings: ['seed was not sent as asked, for this model does not support it.'],
      usage: { inputTokens: 9, outputTokens: 3 },
    });
    expect(outcome.deltas.every((delta) => delta.type === 'tool-call' || delta.text.isWellFormed())).toBe(true);
  });

  it('tell the last part from the others', () => {
    const reader = createAiSdkReader(() => undefined, 1_000);
    expect(reader.readPart({ type: 'text-delta', id: '0', delta: 'x' })).toBe(false);
    expect(reader.readPart(finish('stop') as AiSdkPart)).toBe(true);
  });

  it('become tool calls: in pieces, whole, without arguments, in text, and not those the provider ran itself', () => {
    const outcome = read([
      { type: 'tool-input-start', id: 'a', toolName: 'pieces' },
      { type: 'tool-input-delta', id: 'a', delta: '{"x"' },
      { type: 'tool-input-delta', id: 'a', delta: ':1}' },
      { type: 'tool-input-end', id: 'a' },
      { type: 'tool-call', toolCallId: 'a', toolName: 'pieces', input: '{"x":1}' },
      { type: 'tool-call', toolCallId: 'b', toolName: 'whole', input: '{"y":2}' },
      { type: 'tool-input-start', id: 'c', toolName: 'nothing' },
      { type: 'tool-call', toolCallId: 'c', toolName: 'nothing', input: '' },
      { type: 'tool-input-start', id: 'd', toolName: 'in_text', inputEncoding: 'text' },
      { type: 'tool-input-delta', id: 'd', delta: 'plain "text"' },
      { type: 'tool-call', toolCallId: 'd', toolName: 'in_text', input: '"plain \\"text\\""' },
      { type: 'tool-input-start', id: 'e', toolName: 'web_search', providerExecuted: true },
      { type: 'tool-input-delta', id: 'e', delta: '{}' },
      { type: 'tool-call', toolCallId: 'e', toolName: 'web_search', input: '{}', providerExecuted: true },
      { type: 'tool-input-start', id: 'f', toolName: 'unfinished' },
      finish('stop'),
    ]);
    expect(outcome.finishReason).toBe('TOOL_CALLS');
    expect(outcome.toolCalls).toEqual([
      ['a', 'pieces', '{"x":1}'],
      ['b', 'whole', '{"y":2}'],
      ['c', 'nothing', '{}'],
      ['d', 'in_text', '"plain \\"text\\""'],
      ['f', 'unfinished', '{}'],
    ]);
  });

  it('that tell a signature only show that the model writes', () => {
    const reader = createAiSdkReader(() => undefined, 1_000);
    expect(reader.begun).toBe(false);
    reader.readPart({ type: 'reasoning-delta', id: '0', delta: '' });
    expect(reader.begun).toBe(true);
  });

  it.each([
    ['stop', 'STOP'],
    ['length', 'LENGTH'],
    ['tool-calls', 'TOOL_CALLS'],
    ['content-filter', 'CONTENT_FILTER'],
    ['other', 'STOP'],
    ['of-the-future', 'STOP'],
  ])('finish with %s as %s', (unified, expected) => {
    expect(read([{ type: 'text-delta', id: '0', delta: 'x' }, finish(unified)]).finishReason).toBe(expected);
  });

  it.each([
    ['error', { phase: 'PARTIAL', message: 'The provider gave up on its answer.' }],
    ['interrupted', { phase: 'PARTIAL', message: 'The provider broke off in the middle of its answer.' }],
  ])('finish with %s as a failure', (unified, expected) => {
    expect(() => read([{ type: 'text-delta', id: '0', delta: 'x' }, finish(unified)])).toThrow(
      expect.objectContaining(expected),
    );
  });

  it('that just end are a cut answer', () => {
    expect(() => read([])).toThrow(expect.objectContaining({ phase: 'NO_ANSWER', retryable: true }));
    const begun = [{ type: 'text-delta', id: '0', delta: 'x' }];
    expect(() => read(begun)).toThrow(expect.objectContaining({ phase: 'PARTIAL', retryable: false }));
  });

  it('that tell an error hand it on as it is', () => {
    const error = { message: 'anything' };
    expect(() => read([{ type: 'error', error }])).toThrow(AiSdkPartError);
    expect(() => read([{ type: 'error', error }])).toThrow(expect.objectContaining({ cause: error }));
  });

  it('of more bytes than an answer may have are refused', () => {
    const parts = [{ type: 'text-delta', id: '0', delta: 'x'.repeat(11) }];
    expect(() => read(parts, 10)).toThrow('wrote an answer of more than 10 bytes');
  });
});

describe('a whole answer', () => {
  it('is text, reasoning and tool calls', () => {
    const content = [
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'one ' },
      { type: 'source', id: 's' },
      { type: 'text', text: 'two' },
      { type: 'tool-call', toolCallId: 'a', toolName: 'f', input: '{"x":1}' },
      { type: 'tool-call', toolCallId: 'b', toolName: 'web_search', input: '{}', providerExecuted: true },
    ];
    expect(readWhole({ content })).toMatchObject({
      reasoning: 'hm',
      text: 'one two',
      toolCalls: [['a', 'f', '{"x":1}']],
      finishReason: 'TOOL_CALLS',
    });
  });

  it('is the chosen text where JSON was asked for', () => {
    const result = { content: [{ type: 'text', text: 'draft {"a":1}' }], structuredOutputText: '{"a":1}' };
    expect(readWhole(result, true).text).toBe('{"a":1}');
    expect(readWhole(result, false).text).toBe('draft {"a":1}');
  });
});

describe('usage', () => {
  const zero = { cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
  it.each<[string, object, object | undefined]>([
    [
      'totals include the cache and the reasoning',
      {
        inputTokens: { total: 100, noCache: 30, cacheRead: 60, cacheWrite: 10 },
        outputTokens: { total: 50, text: 30, reasoning: 20 },
      },
      { inputTokens: 100, cachedInputTokens: 60, cacheWriteTokens: 10, outputTokens: 50, reasoningTokens: 20 },
    ],
    [
      'parts without a total are added up',
      { inputTokens: { noCache: 30, cacheRead: 60, cacheWrite: 10 }, outputTokens: { text: 30, reasoning: 20 } },
      { inputTokens: 100, cachedInputTokens: 60, cacheWriteTokens: 10, outputTokens: 50, reasoningTokens: 20 },
    ],
    [
      'totals alone',
      { inputTokens: { total: 9 }, outputTokens: { total: 3 } },
      { inputTokens: 9, outputTokens: 3, ...zero },
    ],
    ['nothing told', { inputTokens: {}, outputTokens: {} }, undefined],
    ['half told', { inputTokens: { total: 9 }, outputTokens: {} }, undefined],
    ['zeros for nothing', { inputTokens: { total: 0 }, outputTokens: { total: 0 } }, undefined],
    ['numbers that are none', { inputTokens: { total: -1 }, outputTokens: { total: Number.NaN } }, undefined],
    ['the flat numbers of an older specification', { inputTokens: 9, outputTokens: 3 }, undefined],
    [
      'writes to the cache that only the provider’s own numbers tell',
      {
        inputTokens: { total: 100, cacheRead: 60 },
        outputTokens: { total: 1 },
        raw: { prompt_tokens_details: { cache_write_tokens: 25 } },
      },
      { inputTokens: 100, cachedInputTokens: 60, cacheWriteTokens: 25, outputTokens: 1, reasoningTokens: 0 },
    ],
    [
      'more cached than there was',
      { inputTokens: { total: 10, cacheRead: 99, cacheWrite: 5 }, outputTokens: { total: 1 } },
      { inputTokens: 10, cachedInputTokens: 10, cacheWriteTokens: 0, outputTokens: 1, reasoningTokens: 0 },
    ],
    [
      'reasoning that was left out',
      { inputTokens: { total: 10 }, outputTokens: { total: 1, reasoning: 5 } },
      { inputTokens: 10, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 5, reasoningTokens: 5 },
    ],
  ])('%s', (_what, usage, expected) => {
    expect(readAiSdkUsage(usage)).toEqual(expected);
  });
});

describe('warnings of a package', () => {
  it('become sentences, once each, short and on one line', () => {
    expect(
      readAiSdkWarnings([
        { type: 'unsupported', feature: 'topK' },
        { type: 'unsupported', feature: 'topK' },
        { type: 'unsupported', feature: 'temperature', details: '1.5 exceeds\n the maximum. clamped to 1.0' },
        { type: 'compatibility', feature: 'reasoning', details: 'mapped.' },
        { type: 'other', message: 'Something else' },
        { type: 'other', message: 'x'.repeat(1_000) },
        { type: 'deprecated', setting: 'a key of ours', message: 'none of the caller’s business' },
        'nonsense',
      ]),
    ).toEqual([
      'topK was not sent as asked, for this model does not support it.',
      'temperature was not sent as asked, for this model does not support it: 1.5 exceeds the maximum. clamped to 1.0.',
      'reasoning is supported in part only: mapped.',
      'Something else.',
      `${'x'.repeat(300)}.`,
    ]);
    expect(readAiSdkWarnings(undefined)).toEqual([]);
    expect(
      readAiSdkWarnings(Array.from({ length: 99 }, (_, index) => ({ type: 'other', message: `${index}` }))),
    ).toHaveLength(16);
  });
});
