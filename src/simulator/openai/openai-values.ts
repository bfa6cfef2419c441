// Single values of a chat completions body, refused in the words of the API where they are of the wrong type or size.

import type { Json, JsonRecord } from '../types.ts';
import { invalidRequest } from './openai-errors.ts';

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

export function readWhole(body: JsonRecord, name: string): number | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(name, 'an integer', value);
  if (value < 1) {
    throw invalidRequest(
      `Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${value} instead.`,
      name,
      'integer_below_min_value',
    );
  }
  return value;
}

export function readStop(value: Json | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  const list: readonly Json[] = Array.isArray(value) ? value : [value as Json];
  if (list.length > 4) {
    throw invalidRequest(
      `Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length ${list.length} instead.`,
      'stop',
      'array_above_max_length',
    );
  }
  return list.map((item) => {
    if (typeof item !== 'string') throw wrongType('stop', 'a string or an array of strings', item);
    return item;
  });
}

export function readNumber(body: JsonRecord, name: string, low: number, high: number): number | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw wrongType(name, 'a decimal', value);
  if (value >= low && value <= high) return value;
  const [side, sign, bound] = value < low ? ['below minimum', '>=', low] : ['above maximum', '<=', high];
  throw invalidRequest(
    `Invalid '${name}': decimal ${side} value. Expected a value ${sign} ${bound}, but got ${value} instead.`,
    name,
    value < low ? 'decimal_below_min_value' : 'decimal_above_max_value',
  );
}

export function readBoolean(body: JsonRecord, name: string, otherwise: boolean): boolean {
  const value = body[name] ?? otherwise;
  if (typeof value !== 'boolean') throw wrongType(name, 'a boolean', value);
  return value;
}

export function readName(value: Json | undefined, at: string): string {
  if (typeof value === 'string' && NAME.test(value)) return value;
  throw invalidRequest(
    `Invalid '${at}': expected a string of 1 to 64 characters that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
    at,
    'invalid_value',
  );
}

export function wrongType(at: string, expected: string, value: unknown) {
  const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
  return invalidRequest(`Invalid type for '${at}': expected ${expected}, but got ${got} instead.`, at, 'invalid_type');
}
