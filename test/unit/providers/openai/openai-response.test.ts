import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { UpstreamError } from '../../../../src/core/upstream-error.ts';
import { createOpenAiAnswerReader } from '../../../../src/providers/openai/openai-response.ts';
import { propertyRun } from '../../../support/property.ts';
import { addDelta, blankOutcome, type Outcome } from '../chat-samples.ts';

function readChunks(chunks: readonly unknown[], maxAnswerBytes = 1_000_000): Outcome {
  const outcome = blankOutcome();
  const reader = createOpenAiAnswerReader((delta) => addDelta(outcome, delta), maxAnswerBytes);
  try {
    for (const chunk of chunks) reader.readEvent(typeof chunk === 'string' ? chunk : JSON.stringify(chunk));
    const end = reader.end();
    return { ...outcome, ...end, usage: reader.usage };
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return { ...outcome, error, usage: reader.usage };
  }
}

const delta = (fields: object, finish_reason: string | null = null): object => ({
  choices: [{ index: 0, delta: fields, finish_reason }],
});

describe('the answer of a chat completion', () => {
  it('delivers whole code points only, whatever pieces of them the server sends', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ß', '世', '😀', '👩‍👧', '\u0301', 'ש'), maxLength: 20 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(60), { maxLength: 30 }), (whole, cuts) => {
        const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
        const pieces = [0, ...places].map((start, index) => whole.slice(start, places[index] ?? whole.length));
        const call = (argumentsText: string): object => ({ index: 0, function: { arguments: argumentsText } });
        const named = { index: 0, id: 'call_1', function: { name: 'tool', arguments: '' } };
        const outcome = readChunks([
          ...pieces.map((piece) => delta({ reasoning_content: piece, content: piece })),
          delta({ tool_calls: [named] }),
          ...pieces.map((piece) => delta({ tool_calls: [call(piece)] })),
          delta({}, 'stop'),
        ]);
        expect(outcome.text).toBe(whole);
        expect(outcome.reasoning).toBe(whole);
        expect(outcome.toolCalls).toEqual([['call_1', 'tool', whole === '' ? '{}' : whole]]);
        for (const it of outcome.deltas) {
          expect((it.type === 'tool-call' ? it.argumentsText : it.text).isWellFormed()).toBe(true);
        }
      }),
      propertyRun(200),
    );
  });

  it('replaces half a character that never finds its other half', () => {
    expect(readChunks([delta({ content: 'a\ud83d' }), delta({ content: 'b' })]).text).toBe('a\ufffdb');
    expect(readChunks([delta({ content: 'a\ud83d' }, 'stop')]).text).toBe('a\ufffd');
  });

  it.each([
    ['stop', 'STOP'],
    ['length', 'LENGTH'],
    ['tool_calls', 'TOOL_CALLS'],
    ['function_call', 'TOOL_CALLS'],
    ['content_filter', 'CONTENT_FILTER'],
    ['something new', 'STOP'],
    [null, 'STOP'],
  ])('maps the finish reason %s to %s', (reason, expected) => {
    expect(readChunks([delta({ content: 'x' }, reason), '[DONE]']).finishReason).toBe(expected);
  });

  it('takes whole calls without an index, calls without an id, and the older function_call', () => {
    const whole = (name: string, id?: string): object => ({ id, function: { name, arguments: '{"x":1}' } });
    const calls = readChunks([delta({ tool_calls: [whole('a', 'i1')] }), delta({ tool_calls: [whole('b', 'i2')] })]);
    expect(calls.toolCalls).toEqual([
      ['i1', 'a', '{"x":1}'],
      ['i2', 'b', '{"x":1}'],
    ]);
    const unnamed = readChunks([delta({ tool_calls: [whole('a'), whole('a')] })]).toolCalls;
    expect(unnamed).toHaveLength(2);
    expect(new Set(unnamed.map(([id]) => id)).size).toBe(2);
    const older = [
      delta({ function_call: { name: 'f', arguments: '{"y"' } }),
      delta({ function_call: { arguments: ':2}' } }),
    ];
    expect(readChunks(older).toolCalls).toEqual([[expect.stringMatching(/^call_/), 'f', '{"y":2}']]);
  });

  it('waits with the arguments until a call has its name, and takes arguments that are an object', () => {
    const early = [
      delta({ tool_calls: [{ index: 0, id: 'i', function: { arguments: '{"a"' } }] }),
      delta({ tool_calls: [{ index: 0, function: { name: 'n', arguments: ':1}' } }] }),
    ];
    expect(readChunks(early)).toMatchObject({ toolCalls: [['i', 'n', '{"a":1}']] });
    const object = delta({ tool_calls: [{ index: 0, id: 'i', function: { name: 'n', arguments: { a: 1 } } }] });
    expect(readChunks([object]).toolCalls).toEqual([['i', 'n', '{"a":1}']]);
    const nameless = delta({ tool_calls: [{ index: 0, id: 'i', function: { arguments: '{}' } }] });
    expect(readChunks([nameless, '[DONE]']).error).toMatchObject({ failure: 'UPSTREAM_ERROR' });
  });

  it('numbers calls from 0 in the order they begin, whatever the server calls them', () => {
    const call = (index: number, id: string): object => ({ index, id, function: { name: id, arguments: '{}' } });
    const outcome = readChunks([delta({ tool_calls: [call(3, 'first')] }), delta({ tool_calls: [call(7, 'second')] })]);
    expect(outcome.toolCalls.map(([id]) => id)).toEqual(['first', 'second']);
  });

  it('keeps the last usage told, and tells it with a failure as well', () => {
    const usage = (completion_tokens: number): object => ({ prompt_tokens: 5, completion_tokens });
    const failed = readChunks([
      { ...delta({ content: 'a' }), usage: usage(1) },
      { ...delta({ content: 'b' }), usage: usage(2) },
      { error: { message: 'x', type: 'server_error' } },
    ]);
    expect(failed.error).toMatchObject({ phase: 'PARTIAL', retryable: false });
    expect(failed.usage).toMatchObject({ outputTokens: 2 });
  });

  it('ignores second choices, empty events and fields it does not know', () => {
    const other = { choices: [{ index: 1, delta: { content: 'no' } }], obfuscation: 'xyz' };
    expect(readChunks([delta({ content: 'yes' }), other, '', ' ', { choices: [] }, '[DONE]']).text).toBe('yes');
  });

  it.each([
    ['an event that is no JSON', ['{broken'], 'NO_ANSWER', /not JSON/],
    ['an event that is no JSON after the first token', [delta({ content: 'a' }), '{broken'], 'PARTIAL', /not JSON/],
    ['JSON that is no object', ['[1]'], 'ANSWERED', /no answer/],
    ['nothing but the end', ['[DONE]'], 'NO_ANSWER', /empty/],
    ['an error in place of an answer', [{ error: { message: 'x' } }], 'ANSWERED', /error/],
    ['a server that gave up', [delta({ content: 'a' }, 'error')], 'PARTIAL', /gave up/],
  ])('fails on %s', (_what, chunks, phase, message) => {
    const { error } = readChunks(chunks as unknown[]);
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase });
    expect(error?.message).toMatch(message as RegExp);
  });

  it('bounds the answer in bytes over text, reasoning and arguments', () => {
    const chunks = [delta({ content: 'éé' }), delta({ reasoning: 'éé' }), delta({ content: 'é' })];
    expect(readChunks(chunks, 10).error).toBeUndefined();
    expect(readChunks(chunks, 9).error?.message).toMatch(/more than 9 bytes/);
  });
});
