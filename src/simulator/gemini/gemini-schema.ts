// Reads schemas as the Gemini API has them: a message of its own, close to OpenAPI's, which knows less than JSON Schema.

import type { Json, JsonRecord } from '../types.ts';
import { invalidField } from './gemini-errors.ts';
import {
  readFields,
  readFlag,
  readList,
  readNumber,
  readOption,
  readStruct,
  readText,
  readWhole,
} from './gemini-values.ts';

const FIELDS =
  `type format title description nullable enum items maxItems minItems properties required minProperties maxProperties
  minLength maxLength pattern example anyOf propertyOrdering default minimum maximum`.split(/\s+/);
const TYPES = ['STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL'] as const;
const COUNTS = ['maxItems', 'minItems', 'minProperties', 'maxProperties', 'minLength', 'maxLength'];

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The same as JSON Schema. @throws Refused */
export function readSchema(value: Json | undefined, at: string): JsonRecord {
  const fields = readFields(value, FIELDS, at);
  const type = readOption(fields['type'], TYPES, 'Type', `${at}.type`)?.toLowerCase();
  const schema: Record<string, Json> = {};
  for (const name of ['format', 'title', 'description', 'pattern']) {
    const text = readText(fields[name], `${at}.${name}`);
    if (text !== undefined) schema[name] = text;
  }
  for (const name of COUNTS) {
    const count = readWhole(fields[name], `${at}.${snake(name)}`);
    if (count !== undefined) schema[name] = count;
  }
  for (const name of ['minimum', 'maximum']) {
    const bound = readNumber(fields[name], `${at}.${name}`);
    if (bound !== undefined) schema[name] = bound;
  }
  if (fields['enum'] !== undefined) schema['enum'] = readNames(fields['enum'], `${at}.enum`);
  if (fields['required'] !== undefined) schema['required'] = readNames(fields['required'], `${at}.required`);
  if (fields['anyOf'] !== undefined) {
    schema['anyOf'] = readList(fields['anyOf'], `${at}.any_of`).map((one, index) =>
      readSchema(one, `${at}.any_of[${index}]`),
    );
  }
  if (fields['items'] !== undefined) schema['items'] = readSchema(fields['items'], `${at}.items`);
  if (type === 'array' && fields['items'] === undefined) throw invalidField(`${at}.items`, 'missing field.');
  if (fields['properties'] !== undefined) schema['properties'] = readProperties(fields['properties'], at, schema);
  if (type !== undefined) schema['type'] = readFlag(fields['nullable'], `${at}.nullable`) ? [type, 'null'] : type;
  return schema;
}

function readProperties(value: Json, at: string, schema: JsonRecord): JsonRecord {
  const properties = Object.entries(readStruct(value, `${at}.properties`)).map(
    ([name, member]) => [name, readSchema(member, `${at}.properties[${name}]`)] as const,
  );
  const names = properties.map(([name]) => name);
  const required = Array.isArray(schema['required']) ? (schema['required'] as readonly string[]) : [];
  const missing = required.findIndex((name) => !names.includes(name));
  if (missing >= 0) throw invalidField(`${at}.required[${missing}]`, 'property is not defined');
  return Object.fromEntries(properties);
}

function readNames(value: Json, at: string): readonly string[] {
  return readList(value, at).map((item, index) => readText(item, `${at}[${index}]`) ?? '');
}
