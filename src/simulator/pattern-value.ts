// A string that matches a regular expression, for the usual ones in JSON schemas: literals, classes, groups,
// alternatives, quantifiers, anchors. Look-arounds and back-references are taken for empty.

import type { Random } from './random.ts';

const DIGITS = '0123456789';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const WORD = `${LOWER}${LOWER.toUpperCase()}${DIGITS}_`;
const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');
const MAX_REPEAT = 4;
/** Nested repeats multiply: beyond so many characters nothing is repeated any more. */
const MAX_CHARACTERS = 20_000;

/** `minLength`: repeats that have no upper bound are stretched towards it. */
export function writeMatching(pattern: string, random: Random, minLength = 0): string {
  let position = 0;
  let written = 0;
  const peek = () => pattern[position];

  const readAlternatives = (): string => {
    const branches = [readSequence()];
    while (peek() === '|') {
      position += 1;
      branches.push(readSequence());
    }
    return random.pick(branches);
  };

  const readSequence = (): string => {
    let text = '';
    while (position < pattern.length && peek() !== '|' && peek() !== ')') text += readRepeated();
    return text;
  };

  const readRepeated = (): string => {
    const start = position;
    const once = readAtom();
    const atomEnd = position;
    const [low, high] = readQuantifier();
    const end = position;
    if (low === 1 && high === 1) return once;
    const most = high ?? Math.max(low, Math.min(Math.max(low + 2, minLength), 1_000));
    const count = random.integer(
      high === undefined && minLength > 0 ? most : low,
      Math.min(most, Math.max(low, high === undefined ? most : low + MAX_REPEAT)),
    );
    let text = '';
    for (let index = 0; index < count && written < MAX_CHARACTERS; index++) {
      position = start;
      text += readAtom();
    }
    position = Math.max(end, atomEnd);
    return text;
  };

  const readQuantifier = (): readonly [number, number | undefined] => {
    const range = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(pattern.slice(position));
    if (range === null) return [1, 1];
    position += range[0].length;
    if (range[0][0] === '*') return [0, undefined];
    if (range[0][0] === '+') return [1, undefined];
    if (range[0][0] === '?') return [0, 1];
    const low = Number(range[1]);
    if (range[2] === '') return [low, low];
    return [low, range[3] === '' ? undefined : Number(range[3])];
  };

  const readAtom = (): string => {
    const character = pattern[position++] ?? '';
    written += 1;
    if (character === '^' || character === '$') return '';
    if (character === '.') return random.pick([...LOWER]);
    if (character === '[') return random.pick(readClass());
    if (character === '(') {
      const special = /^\?(?:[:=!]|<[=!]|<\w+>)/.exec(pattern.slice(position))?.[0] ?? '';
      position += special.length;
      const text = readAlternatives();
      position += 1;
      return /[=!]$/.test(special) ? '' : text;
    }
    if (character === '\\') return readEscape();
    return character;
  };

  const readEscape = (): string => {
    const set = escapeSet(pattern[position++] ?? '');
    return set.length === 0 ? '' : random.pick([...set]);
  };

  const readClass = (): string[] => {
    const negated = peek() === '^';
    if (negated) position += 1;
    let set = '';
    while (position < pattern.length && peek() !== ']') {
      const first = pattern[position++] ?? '';
      const low = first === '\\' ? escapeSet(pattern[position++] ?? '') : first;
      const isRange = low.length === 1 && peek() === '-' && pattern[position + 1] !== ']';
      if (!isRange) {
        set += low;
        continue;
      }
      position += 1;
      const last = pattern[position++] ?? '';
      const high = last === '\\' ? (pattern[position++] ?? '') : last;
      const to = Math.min(high.charCodeAt(0), low.charCodeAt(0) + 256);
      for (let code = low.charCodeAt(0); code <= to; code++) set += String.fromCharCode(code);
    }
    position += 1;
    const members = negated ? [...PRINTABLE].filter((one) => !set.includes(one)) : [...set];
    return members.length === 0 ? [''] : members;
  };

  return readAlternatives();
}

function escapeSet(letter: string): string {
  if (letter === 'd') return DIGITS;
  if (letter === 'w') return WORD;
  if (letter === 's') return ' ';
  if (letter === 'D') return LOWER;
  if (letter === 'W') return ' -';
  if (letter === 'S') return WORD;
  if (letter === 'b' || letter === 'B') return '';
  if (letter === 't') return '\t';
  if (letter === 'n') return '\n';
  if (letter === 'r') return '\r';
  return letter;
}
