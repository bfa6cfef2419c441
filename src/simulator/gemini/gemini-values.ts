// Single values of a generateContent body, read as Google's JSON parser reads them: names in camel or snake case, whole
// numbers also as text; and refused in its words.

import { isRecord } from '../json-record.ts';
import type { Json, JsonRecord } from '../types.ts';
import { invalid } from './gemini-errors.ts';

const camel = (name: string) => name.replace(/(?<=[a-zA-Z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const quoted = (value: Json | undefined) => JSON.stringify(value ?? null);

/** The fields of a message under their camel-case names. @throws Refused when one is unknown. `at`: '' at the top. */
export function readFields(value: Json | undefined, known: readonly string[], at: string): JsonRecord {
  if (!isRecord(value)) throw invalid(`Invalid value at '${at}' (message), ${quoted(value)}`, at);
  const fields: Record<string, Json> = {};
  for (const [name, member] of Object.entries(value)) {
    if (!known.includes(camel(name))) {
      const where = at === '' ? '' : ` at '${at}'`;
      throw invalid(`Invalid JSON payload received. Unknown name "${name}"${where}: Cannot find field.`, at);
    }
    if (member !== null) fields[camel(name)] = member;
  }
  return fields;
}

/** @throws Refused */
export function readList(value: Json | undefined, at: string): readonly Json[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value as readonly Json[];
  throw invalid(`Invalid value at '${at}' (repeated), ${quoted(value)}`, at);
}

/** @throws Refused */
export function readText(value: Json | undefined, at: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw invalid(`Invalid value at '${at}' (TYPE_STRING), ${quoted(value)}`, at);
}

/** @throws Refused */
export function readFlag(value: Json | undefined, at: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(`Invalid value at '${at}' (TYPE_BOOL), ${quoted(value)}`, at);
}

/** @throws Refused */
export function readNumber(value: Json | undefined, at: string): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (number === undefined || (typeof number === 'number' && !Number.isNaN(number))) return number;
  throw invalid(`Invalid value at '${at}' (TYPE_FLOAT), ${quoted(value)}`, at);
}

/** @throws Refused */
export function readWhole(value: Json | undefined, at: string): number | undefined {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (number === undefined || (typeof number === 'number' && Number.isInteger(number))) return number;
  throw invalid(`Invalid value at '${at}' (TYPE_INT32), ${quoted(value)}`, at);
}

/** @throws Refused */
export function readOption<Option extends string>(
  value: Json | undefined,
  options: readonly Option[],
  type: string,
  at: string,
): Option | undefined {
  if (value === undefined) return undefined;
  const found = options.find((option) => typeof value === 'string' && option === value.toUpperCase());
  if (found !== undefined) return found;
  const name = `type.googleapis.com/google.ai.generativelanguage.v1beta.${type}`;
  throw invalid(`Invalid value at '${at}' (${name}), ${quoted(value)}`, at);
}

/** Any object: a Struct of Google's. @throws Refused */
export function readStruct(value: Json | undefined, at: string): JsonRecord {
  if (value === undefined) return {};
  if (isRecord(value)) return value;
  throw invalid(`Invalid value at '${at}' (type.googleapis.com/google.protobuf.Struct), ${quoted(value)}`, at);
}
