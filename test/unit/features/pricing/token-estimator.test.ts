import { describe, expect, it } from '@jest/globals';
import type { Message } from '../../../../src/core/chat.ts';
import { createTokenEstimator, type EstimatedRequest } from '../../../../src/features/pricing/token-estimator.ts';

const message = (...parts: Message['parts']): Message => ({
  role: 'USER',
  parts,
  toolCalls: [],
  toolCallId: undefined,
  cacheBreakpoint: false,
});
const request = (text: string, rest: Partial<EstimatedRequest> = {}): EstimatedRequest => ({
  messages: [message({ type: 'text', text })],
  tools: [],
  output: { format: 'TEXT' },
  ...rest,
});
const words = request('word '.repeat(1_000));

describe('the token estimate', () => {
  it('is a third of the bytes, with a fixed part for each message, tool and image', () => {
    const { estimateInput, estimateText } = createTokenEstimator();
    expect(estimateText('m', '')).toBe(0);
    expect(estimateText('m', 'abcdef')).toBe(2);
    expect(estimateText('m', '日本')).toBe(2);
    expect(estimateText('m', 'a')).toBe(1);
    const plain = estimateInput('m', request('abcdef'));
    expect(plain).toBe(6);
    const two = { ...request(''), messages: [...request('abc').messages, ...request('def').messages] };
    expect(estimateInput('m', two)).toBe(plain + 4);
    const parameters = { type: 'object' };
    const tool = { name: 'abc', description: 'abc', parameters };
    expect(estimateInput('m', request('abcdef', { tools: [tool] }))).toBe(plain + 12 + Math.ceil((6 + 17) / 3));
    const picture = { type: 'image-url', url: 'https://x.example' } as const;
    expect(estimateInput('m', { ...request(''), messages: [message(picture)] })).toBe(804);
    expect(
      estimateInput('m', request('abcdef', { output: { format: 'JSON', schema: parameters, name: 'x' } })),
    ).toBeGreaterThan(plain);
    expect(estimateInput('m', { ...request(''), messages: [] })).toBe(1);
  });

  it('counts the arguments of earlier tool calls', () => {
    const { estimateInput } = createTokenEstimator();
    const call = { id: '1', name: 'find', arguments: { query: 'x'.repeat(300) } };
    const messages: Message[] = [
      { role: 'ASSISTANT', parts: [], toolCalls: [call], toolCallId: undefined, cacheBreakpoint: false },
    ];
    expect(estimateInput('m', { ...request(''), messages })).toBeGreaterThan(100);
  });

  it('moves towards what the provider counts, for that model alone', () => {
    const estimator = createTokenEstimator();
    const before = estimator.estimateInput('m', words);
    expect(before).toBeGreaterThan(1_600);
    for (let lesson = 0; lesson < 60; lesson++) estimator.learn('m', words, 1_010);
    expect(Math.abs(estimator.estimateInput('m', words) - 1_010)).toBeLessThan(10);
    expect(estimator.estimateInput('other', words)).toBe(before);
    expect(estimator.estimateText('m', 'word '.repeat(1_000))).toBeLessThan(1_050);
  });

  it('stays within bounds whatever it is told, and learns nothing from nonsense', () => {
    const estimator = createTokenEstimator();
    const before = estimator.estimateInput('m', words);
    for (const nonsense of [0, -5, Number.NaN, Number.POSITIVE_INFINITY]) estimator.learn('m', words, nonsense);
    const picture = { type: 'image-data', base64: 'AAAA', mediaType: 'image/png' } as const;
    estimator.learn('m', { ...words, messages: [message(picture, { type: 'text', text: 'x'.repeat(999) })] }, 90_000);
    expect(estimator.estimateInput('m', words)).toBe(before);
    for (let lesson = 0; lesson < 100; lesson++) estimator.learn('m', words, 1_000_000_000);
    expect(estimator.estimateInput('m', words)).toBeLessThanOrEqual(3 * before);
    for (let lesson = 0; lesson < 200; lesson++) estimator.learn('m', words, 1);
    expect(estimator.estimateInput('m', words)).toBeGreaterThanOrEqual(Math.floor(0.3 * (before - 4)));
  });

  it('learns little from a short request', () => {
    const estimator = createTokenEstimator();
    const before = estimator.estimateText('m', 'x'.repeat(3_000));
    estimator.learn('m', request('abc'), 400);
    expect(estimator.estimateText('m', 'x'.repeat(3_000))).toBeLessThan(before * 1.02);
  });

  it('forgets the model that was heard of least lately, so that it never grows without end', () => {
    const estimator = createTokenEstimator();
    const before = estimator.estimateInput('m', words);
    estimator.learn('m', words, 1_000);
    estimator.learn('kept', words, 1_000);
    for (let model = 0; model < 999; model++) estimator.learn(`m${model}`, words, 1_000);
    expect(estimator.estimateInput('m', words)).toBe(before);
    expect(estimator.estimateInput('kept', words)).toBeLessThan(before);
  });

  it('takes no longer for text that hurts tokenizers', () => {
    const { estimateText } = createTokenEstimator();
    expect(estimateText('m', 'a'.repeat(30_000_000))).toBe(10_000_000);
  });
});
