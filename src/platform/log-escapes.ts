// Keeps one log line one line, whatever text is in it: characters that end a line, move a terminal's cursor or turn the
// direction of writing are shown as escapes. JSON has escapes for the first of them anyway; terminals know more.

/** DEL and the second set of control characters, Unicode's ends of lines, and its marks for direction. */
const beyondJson = /[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const beyondText = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A line of JSON: what is found stands inside a string, where an escape means the same. */
export const escapeLine = (line: string): string => line.replace(beyondJson, escaped);

/** The same object with every string fit to be printed as it is. A stack keeps its lines, which are ours. */
export function plainStrings(value: unknown, name?: string): unknown {
  if (typeof value === 'string') {
    const lines = name === 'stack' ? value.split(/\n(?= +at )/) : [value];
    return lines.map((line) => line.replace(beyondText, escaped)).join('\n');
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => plainStrings(item));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [plainStrings(key), plainStrings(item, key)]));
}
