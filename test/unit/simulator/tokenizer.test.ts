import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { loadTokenizer } from '../../../src/simulator/tokenizer.ts';
import { propertyRun } from '../../support/property.ts';

const tokenizer = await loadTokenizer();

describe('tokenizer', () => {
  it('cuts any text into pieces that join to the text and cost what counting says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        const pieces = tokenizer.cut(text);
        expect(pieces.map((piece) => piece.text).join('')).toBe(text);
        expect(pieces.reduce((sum, piece) => sum + piece.tokens, 0)).toBe(tokenizer.count(text));
      }),
      propertyRun(150),
    );
  });

  it('counts prose as the encoding does', () => {
    const text =
      'The order is worth noting: first שלום, then 東京 🎉, and cafés last.\n\n1. Don’t stop at 12,345 of them. ';
    expect(tokenizer.count(text)).toBe(encode(text).length);
    const sum = tokenizer.cut(text.repeat(9)).reduce((total, piece) => total + piece.tokens, 0);
    expect(sum).toBe(encode(text.repeat(9)).length);
  });

  it('keeps whole characters together where a token holds only a part of one', () => {
    for (const piece of tokenizer.cut('👩‍👩‍👧‍👦𓂀ꙮ')) expect(piece.text).not.toContain('\ufffd');
  });

  it('copes with a long run without a break and with text that looks like a control token', () => {
    const run = 'a'.repeat(20_000);
    expect(tokenizer.cut(run).length).toBeGreaterThan(1_000);
    expect(tokenizer.count('<|endoftext|>')).toBeGreaterThan(1);
  });
});
