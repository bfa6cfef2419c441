import { describe, expect, it } from '@jest/globals';
import { createRandom } from '../../../src/simulator/random.ts';
import { writeText } from '../../../src/simulator/text-answer.ts';

const write = (prompt: string, seed = 5) => writeText(prompt, createRandom(seed), false);

describe('writeText', () => {
  it.each([1, 2, 5, 30, 250])('writes exactly %d words when asked to', (count) => {
    expect(write(`Explain photosynthesis in ${count} words`).split(/\s+/)).toHaveLength(count);
  });

  it('reads numbers that are spelled out', () => {
    expect(write('Describe the sea in seven words').split(' ')).toHaveLength(7);
  });

  it('writes a numbered list of the length asked for', () => {
    const lines = write('Give me four reasons to test payment code').split('\n').slice(2);
    expect(lines.map((line) => line.slice(0, 2))).toEqual(['1.', '2.', '3.', '4.']);
  });

  it('stays with the subject of the prompt', () => {
    expect(write('Why does a cache need an eviction policy?')).toMatch(/eviction policy/);
  });

  it('keeps the scripts and pictographs of the prompt', () => {
    const text = write('Tell me about שלום and 東京 and cafe\u0301s 👩‍👩‍👧');
    for (const part of ['שלום', '東京', '👩‍👩‍👧']) expect(text).toContain(part);
    expect(text).toMatch(/cafe\u0301s/i);
  });

  it('writes emoji, right-to-left text and combining marks when asked for them', () => {
    const text = write('Answer with emoji, right-to-left words and combining accents please');
    expect(text).toMatch(/\p{Extended_Pictographic}/u);
    expect(text).toMatch(/\p{Script=Hebrew}/u);
    expect(text).toMatch(/\p{Mn}/u);
  });

  it('repeats what it is told to say', () => {
    expect(write('Say "Grüezi 🎉"')).toBe('Grüezi 🎉');
    expect(write('Repeat after me: one two three')).toBe('one two three');
  });

  it('calculates', () => {
    expect(write('What is 12.5 * 4?')).toBe('12.5 * 4 = 50');
    expect(write('7 / 0')).toBe('Nothing can be divided by zero.');
  });

  it('says what it is when greeted', () => {
    expect(write('Hello!')).toContain('simulated model');
  });

  it('gives the same text for the same seed and another for another', () => {
    const prompt = 'How do budgets keep costs down?';
    expect(write(prompt, 3)).toBe(write(prompt, 3));
    expect(new Set([1, 2, 3, 4, 5, 6].map((seed) => write(prompt, seed))).size).toBeGreaterThan(2);
  });

  it('leaves no placeholder open, whatever the prompt', () => {
    for (const prompt of ['', '?', 'one', 'budget', '🎉', 'List it', 'x'.repeat(9_000)]) {
      expect(write(prompt)).not.toMatch(/[{}]/);
      expect(write(prompt)).not.toBe('');
    }
  });
});
