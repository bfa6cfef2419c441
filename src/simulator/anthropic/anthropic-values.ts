// Single values of a Messages body, refused in the words of the API where they are missing, of the wrong type or size.

import { isRecord } from '../json-record.ts';
import type { Json, JsonRecord } from '../types.ts';
import { invalid } from './anthropic-errors.ts';

/** @throws Refused when there is a field the API does not know. `at`: '' at the top. */
export function refuseExtra(record: JsonRecord, known: readonly string[], at: string): void {
  for (const name of Object.keys(record)) {
    if (!known.includes(name)) throw invalid(at === '' ? name : `${at}.${name}`, 'Extra inputs are not permitted');
  }
}

/** @throws Refused */
export function required(value: Json | undefined, at: string): Json {
  if (value === undefined) throw invalid(at, 'Field required');
  return value;
}

/** @throws Refused */
export function readRecord(value: Json | undefined, at: string): JsonRecord {
  if (isRecord(required(value, at))) return value as JsonRecord;
  throw invalid(at, 'Input should be a valid dictionary');
}

/** @throws Refused */
export function readText(value: Json | undefined, at: string): string {
  if (typeof required(value, at) === 'string') return value as string;
  throw invalid(at, 'Input should be a valid string');
}

/** @throws Refused */
export function readList(value: Json | undefined, at: string): readonly Json[] {
  if (Array.isArray(required(value, at))) return value as readonly Json[];
  throw invalid(at, 'Input should be a valid list');
}

/** @throws Refused */
export function readFlag(value: Json | undefined, otherwise: boolean, at: string): boolean {
  if (value === undefined || value === null) return otherwise;
  if (typeof value === 'boolean') return value;
  throw invalid(at, 'Input should be a valid boolean');
}

/** @throws Refused */
export function readNumber(value: Json | undefined, low: number, high: number, at: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw invalid(at, 'Input should be a valid number');
  if (value < low) throw invalid(at, `Input should be greater than or equal to ${low}`);
  if (value > high) throw invalid(at, `Input should be less than or equal to ${high}`);
  return value;
}

/** @throws Refused */
export function readWhole(value: Json | undefined, low: number, at: string): number {
  const number = required(value, at);
  if (typeof number !== 'number' || !Number.isInteger(number)) throw invalid(at, 'Input should be a valid integer');
  if (number < low) throw invalid(at, `Input should be greater than or equal to ${low}`);
  return number;
}

/** @throws Refused */
export function readOption<Option extends string>(
  value: Json | undefined,
  options: readonly Option[],
  at: string,
): Option {
  const found = options.find((option) => option === required(value, at));
  if (found !== undefined) return found;
  const quoted = options.map((option) => `'${option}'`);
  throw invalid(at, `Input should be ${[quoted.slice(0, -1).join(', '), quoted.at(-1)].filter(Boolean).join(' or ')}`);
}
