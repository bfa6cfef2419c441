import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { UpstreamError } from '../../../../src/core/upstream-error.ts';
import { createAnthropicAnswerReader } from '../../../../src/providers/anthropic/anthropic-response.ts';
import { createAnthropicUsage } from '../../../../src/providers/anthropic/anthropic-usage.ts';
import { createJsonFence } from '../../../../src/providers/json-fence.ts';
import { propertyRun } from '../../../support/property.ts';
import { addDelta, blankOutcome, type Outcome } from '../chat-samples.ts';

interface Reading {
  readonly maxAnswerBytes?: number;
  readonly mayBeFenced?: boolean;
}

function read(events: readonly unknown[], { maxAnswerBytes = 1_000_000, mayBeFenced = false }: Reading = {}): Outcome {
  const outcome = blankOutcome();
  const reader = createAnthropicAnswerReader((delta) => addDelta(outcome, delta), { maxAnswerBytes, mayBeFenced });
  try {
    for (const event of events) reader.readEvent(typeof event === 'string' ? event : JSON.stringify(event));
    const end = reader.end();
    return { ...outcome, ...end, usage: reader.usage };
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return { ...outcome, error, usage: reader.usage };
  }
}

const open = (index: number, content_block: object): object => ({ type: 'content_block_start', index, content_block });
const delta = (index: number, fields: object): object => ({ type: 'content_block_delta', index, delta: fields });
const close = (index: number): object => ({ type: 'content_block_stop', index });
const finish = (stop_reason: string | null): object => ({ type: 'message_delta', delta: { stop_reason } });
const textOf = (pieces: readonly string[]): object[] => [
  open(0, { type: 'text', text: '' }),
  ...pieces.map((text) => delta(0, { type: 'text_delta', text })),
  close(0),
];
const toolUse = (id: string, input: object = {}): object => ({ type: 'tool_use', id, name: `tool_${id}`, input });

describe('the answer of a message', () => {
  it('delivers whole code points only, whatever pieces of them the server sends', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ß', '世', '😀', '👩‍👧', '\u0301', 'ש'), maxLength: 20 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(60), { maxLength: 30 }), (whole, cuts) => {
        const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
        const pieces = [0, ...places].map((start, index) => whole.slice(start, places[index] ?? whole.length));
        const outcome = read([
          open(0, { type: 'thinking', thinking: '' }),
          ...pieces.map((thinking) => delta(0, { type: 'thinking_delta', thinking })),
          close(0),
          open(1, { type: 'text', text: '' }),
          ...pieces.map((piece) => delta(1, { type: 'text_delta', text: piece })),
          close(1),
          open(2, toolUse('a')),
          ...pieces.map((partial_json) => delta(2, { type: 'input_json_delta', partial_json })),
          close(2),
          finish('tool_use'),
        ]);
        expect(outcome).toMatchObject({ text: whole, reasoning: whole });
        expect(outcome.toolCalls).toEqual([['a', 'tool_a', whole === '' ? '{}' : whole]]);
        for (const it of outcome.deltas) {
          expect((it.type === 'tool-call' ? it.argumentsText : it.text).isWellFormed()).toBe(true);
        }
      }),
      propertyRun(200),
    );
  });

  it.each([
    ['end_turn', 'STOP'],
    ['stop_sequence', 'STOP'],
    ['max_tokens', 'LENGTH'],
    ['model_context_window_exceeded', 'LENGTH'],
    ['pause_turn', 'LENGTH'],
    ['tool_use', 'TOOL_CALLS'],
    ['refusal', 'CONTENT_FILTER'],
    ['something new', 'STOP'],
  ])('maps the stop reason %s to %s', (reason, expected) => {
    expect(read([...textOf(['x']), finish(reason), { type: 'message_stop' }]).finishReason).toBe(expected);
  });

  it('takes an answer without a word for one, if it says why it stopped', () => {
    expect(read([finish('end_turn'), { type: 'message_stop' }])).toMatchObject({ text: '', finishReason: 'STOP' });
    expect(read([{ type: 'message_stop' }]).error).toMatchObject({ phase: 'NO_ANSWER', retryable: true });
  });

  it.each([
    [{ category: 'cyber', explanation: 'SECRET' }, ['cyber']],
    [{ category: 'No plain name.', explanation: null }, []],
    [{ category: null, explanation: null }, []],
    [null, []],
  ])('a refusal before any output is an error with its category: %j', (stop_details, categories) => {
    const stopped = { type: 'message_delta', delta: { stop_reason: 'refusal', stop_details } };
    const { error } = read([stopped, { type: 'message_stop' }]);
    expect(error).toMatchObject({ failure: 'UPSTREAM_BLOCKED', phase: 'ANSWERED', retryable: false, categories });
    expect(error?.message).not.toContain('SECRET');
    expect(read([...textOf(['x']), stopped])).toMatchObject({ text: 'x', finishReason: 'CONTENT_FILTER' });
  });

  it('numbers calls from 0 in the order they begin, however their pieces come', () => {
    const outcome = read([
      open(3, toolUse('first')),
      open(5, toolUse('second')),
      delta(5, { type: 'input_json_delta', partial_json: '{"b":' }),
      delta(3, { type: 'input_json_delta', partial_json: '{"a":1}' }),
      delta(5, { type: 'input_json_delta', partial_json: '2}' }),
      finish('end_turn'),
    ]);
    expect(outcome).toMatchObject({ finishReason: 'TOOL_CALLS' });
    expect(outcome.toolCalls).toEqual([
      ['first', 'tool_first', '{"a":1}'],
      ['second', 'tool_second', '{"b":2}'],
    ]);
  });

  it('takes arguments that come whole with the block, unless pieces follow', () => {
    const events = [
      open(0, toolUse('whole', { a: 1 })),
      close(0),
      open(1, toolUse('pieces', { a: 1 })),
      delta(1, { type: 'input_json_delta', partial_json: '{"b":2}' }),
      close(1),
      open(2, { type: 'tool_use', name: 'unnumbered' }),
    ];
    expect(read(events).toolCalls).toEqual([
      ['whole', 'tool_whole', '{"a":1}'],
      ['pieces', 'tool_pieces', '{"b":2}'],
      [expect.stringMatching(/^call_/), 'unnumbered', '{}'],
    ]);
    expect(read([open(0, { type: 'tool_use', id: 'x' }), close(0)]).error?.message).toMatch(/without naming it/);
  });

  it('passes over empty events, pings, and what it does not know', () => {
    const strange = [
      '',
      ' ',
      { type: 'ping' },
      { type: 'new' },
      open(7, { type: 'new' }),
      delta(7, { type: 'text_delta', text: 'no' }),
      delta(9, { type: 'text_delta', text: 'no' }),
      delta(7, { type: 'input_json_delta', partial_json: 'no' }),
      close(7),
      { type: 'content_block_start', index: 8 },
      { type: 'message_start' },
    ];
    expect(read([...strange, ...textOf(['yes']), finish('end_turn')])).toMatchObject({ text: 'yes', toolCalls: [] });
  });

  it.each([
    ['an event that is no JSON', ['{broken'], 'NO_ANSWER', /not JSON/],
    ['an event that is no JSON after the first token', [...textOf(['a']), '{broken'], 'PARTIAL', /not JSON/],
    ['JSON that is no object', ['[1]'], 'ANSWERED', /no answer/],
  ])('fails on %s', (_what, events, phase, message) => {
    const { error } = read(events as unknown[]);
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase });
    expect(error?.message).toMatch(message as RegExp);
  });

  it.each([
    ['nothing', '', /empty answer/],
    ['no JSON', '{"content":', /not JSON/],
    ['no object', '[]', /no answer/],
    ['no content', '{"type":"message","stop_reason":"end_turn"}', /no answer/],
    ['no answer', '{"content":[]}', /no answer/],
  ])('fails on a body with %s', (_what, body, message) => {
    const reader = createAnthropicAnswerReader(() => {}, { maxAnswerBytes: 100, mayBeFenced: false });
    expect(() => reader.readBody(body)).toThrow(message);
  });

  it('bounds the answer in bytes over text, thinking, names, ids and arguments', () => {
    const events = [
      open(0, { type: 'thinking', thinking: 'éé' }),
      open(1, { type: 'text', text: 'éé' }),
      open(2, toolUse('a')),
      delta(2, { type: 'input_json_delta', partial_json: 'é' }),
      close(2),
    ];
    expect(read(events, { maxAnswerBytes: 17 }).error).toBeUndefined();
    expect(read(events, { maxAnswerBytes: 16 }).error?.message).toMatch(/more than 16 bytes/);
  });

  it('bounds the number of blocks, for empty ones take up memory too', () => {
    const blocks = Array.from({ length: 10_000 }, (_, index) => open(index, { type: 'text', text: '' }));
    expect(read(blocks).error).toBeUndefined();
    expect(read([...blocks, open(10_000, { type: 'text', text: '' })]).error).toMatchObject({
      message: 'The provider sent more than 10000 blocks.',
      retryable: false,
    });
  });
});

describe('usage', () => {
  const counts = (...told: unknown[]): unknown => {
    const usage = createAnthropicUsage();
    told.forEach(usage.add);
    return usage.counts();
  };
  const all = { input_tokens: 10, cache_read_input_tokens: 20, cache_creation_input_tokens: 30, output_tokens: 5 };

  it('counts what was read from and written to the cache as input, once', () => {
    expect(counts({ ...all, output_tokens_details: { thinking_tokens: 3 } })).toEqual({
      inputTokens: 60,
      cachedInputTokens: 20,
      cacheWriteTokens: 30,
      outputTokens: 5,
      reasoningTokens: 3,
    });
  });

  it('adds up writes that are told by how long they are kept, where their sum is not told', () => {
    const cache_creation = { ephemeral_5m_input_tokens: 7, ephemeral_1h_input_tokens: 8 };
    expect(counts({ ...all, cache_creation })).toMatchObject({ cacheWriteTokens: 30 });
    expect(counts({ ...all, cache_creation_input_tokens: null, cache_creation })).toMatchObject({
      inputTokens: 45,
      cacheWriteTokens: 15,
    });
  });

  it('replaces numbers by later ones, and keeps those that are not told again', () => {
    expect(counts(all, { output_tokens: 50 }, { output_tokens: 70, input_tokens: null })).toMatchObject({
      inputTokens: 60,
      outputTokens: 70,
    });
    expect(counts({ input_tokens: 0, output_tokens: 0 }, all)).toMatchObject({ inputTokens: 60, outputTokens: 5 });
  });

  it.each([
    [undefined],
    ['many'],
    [{}],
    [{ input_tokens: 1 }],
    [{ output_tokens: 1 }],
    [{ input_tokens: 0, output_tokens: 0 }],
    [{ ...all, input_tokens: -1 }],
    [{ ...all, output_tokens: 1.5 }],
    [{ ...all, cache_read_input_tokens: '20' }],
    [{ ...all, cache_creation_input_tokens: 1e300 }],
  ])('takes %j for no usage', (usage) => {
    expect(counts(usage)).toBeUndefined();
  });

  const start = { type: 'message_start', message: { usage: { input_tokens: 412, output_tokens: 1 } } };
  const refusal = (output_tokens: number): object => ({ ...finish('refusal'), usage: { output_tokens } });

  it('of a refusal before any output is nothing, because it is not billed; after some it is', () => {
    for (const end of [refusal(0), finish('refusal')]) {
      expect(read([start, end])).toMatchObject({
        error: { failure: 'UPSTREAM_BLOCKED' },
        usage: { inputTokens: 0, outputTokens: 0 },
      });
    }
    expect(read([start, ...textOf(['x']), refusal(0)]).usage).toMatchObject({ inputTokens: 412 });
    expect(read([start, refusal(3)]).usage).toMatchObject({ inputTokens: 412, outputTokens: 3 });
    expect(read([start, { ...finish('end_turn'), usage: { output_tokens: 0 } }]).usage).toMatchObject({
      inputTokens: 412,
    });
  });
});

describe('the fence around JSON', () => {
  const unfenced = (text: string, size: number): string => {
    const fence = createJsonFence();
    let out = '';
    for (let at = 0; at < text.length; at += size) out += fence.take(text.slice(at, at + size));
    return out + fence.rest();
  };

  it.each([
    ['```json\n{"a": 1}\n```', '{"a": 1}'],
    ['\n\n```\n[1]\n```\n\n', '[1]'],
    ['```JSON \n"``"\n``` ', '"``"'],
    ['{"a": "```"}', '{"a": "```"}'],
    ['  {"a": 1}\n', '  {"a": 1}\n'],
    ['`1`', '`1`'],
    ['Here: ```json\n1\n```', 'Here: ```json\n1\n```'],
    ['```json\n{"a": 1}', '{"a": 1}'],
    ['```json\n{"a": 1}\n``', '{"a": 1}\n``'],
    ['``', '``'],
    ['', ''],
  ])('%j is taken away, and nothing else is', (text, expected) => {
    for (const size of [1, 2, 3, 7, 100]) expect(unfenced(text, size)).toBe(expected);
  });

  it('is not waited for without end', () => {
    const long = '`'.repeat(5_000);
    const fence = createJsonFence();
    expect(fence.take(long)).toBe(long);
    const spaces = createJsonFence();
    expect(spaces.take(`\`\`\`\n1${' '.repeat(5_000)}`)).toHaveLength(5_001);
    expect(spaces.take('x')).toBe('x');
  });

  it('is taken from the text of an answer that may have one', () => {
    const events = [...textOf(['```', 'json\n{}', '\n```']), finish('end_turn')];
    expect(read(events, { mayBeFenced: true }).text).toBe('{}');
    expect(read(events).text).toBe('```json\n{}\n```');
    expect(read([...textOf(['``']), finish('max_tokens')], { mayBeFenced: true }).text).toBe('``');
  });
});
