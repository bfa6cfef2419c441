// A value that fits a JSON Schema, filled with the words of a prompt. Covers what schemas for models use: types, enum,
// const, objects, arrays, bounds, formats, patterns, anyOf/oneOf/allOf, local $ref. `not` and `if` are not looked at.

import { define, isRecord } from './json-record.ts';
import { writeMatching } from './pattern-value.ts';
import type { Random } from './random.ts';
import { writeText } from './text-answer.ts';
import type { Json, JsonRecord } from './types.ts';
import { capitalise, splitName, type Words } from './words.ts';

/** From here on only what is required is filled in, so that schemas that contain themselves come to an end. */
const OPTIONAL_DEPTH = 4;
const MAX_DEPTH = 24;
/** A schema may ask for more than fits in memory: beyond these it gets less than it asks for. */
const MAX_VALUES = 20_000;
const MAX_MIN_LENGTH = 10_000;
const PROSE = /summary|description|text|content|answer|explanation|reason|body|message|comment|note|review/;

export interface Subject {
  readonly prompt: string;
  readonly words: Words;
}

export function writeValue(root: JsonRecord, subject: Subject, random: Random): Json {
  let used = 0;
  let usedNumbers = 0;
  let values = 0;

  const write = (schema: Json | undefined, name: string, depth: number): Json => {
    if (!isRecord(schema)) return word();
    values += 1;
    if (depth > MAX_DEPTH) return null;
    const whole = resolve(root, schema);
    if (whole['const'] !== undefined) return whole['const'];
    const options = whole['enum'];
    if (Array.isArray(options) && options.length > 0) return chooseOption(options);
    const branches = whole['anyOf'] ?? whole['oneOf'];
    if (Array.isArray(branches) && branches.length > 0) return writeBranch(whole, branches, name, depth);
    return writeType(whole, typeOf(whole, depth), name, depth);
  };

  const writeBranch = (whole: JsonRecord, branches: readonly Json[], name: string, depth: number): Json => {
    const records = branches.filter(isRecord);
    if (records.length === 0) return word();
    const plain = records.filter((branch) => branch['type'] !== 'null');
    // Deep down a branch without a reference ends the recursion, and null ends it soonest.
    const ending = records.filter((branch) => branch['$ref'] === undefined && !isComposite(branch));
    const pool = depth >= OPTIONAL_DEPTH && ending.length > 0 ? ending : plain.length > 0 ? plain : records;
    const { anyOf: _any, oneOf: _one, ...rest } = whole;
    return write(merge(rest, resolve(root, random.pick(pool))), name, depth + 1);
  };

  const writeType = (schema: JsonRecord, type: string, name: string, depth: number): Json => {
    if (type === 'object') return writeObject(schema, depth);
    if (type === 'array') return writeArray(schema, name, depth);
    if (type === 'string') return writeString(schema, name);
    if (type === 'integer' || type === 'number') return writeNumber(schema, type === 'integer');
    if (type === 'boolean') return random.next() < 0.7;
    return null;
  };

  const writeObject = (schema: JsonRecord, depth: number): Json => {
    const properties = isRecord(schema['properties']) ? schema['properties'] : {};
    const required = Array.isArray(schema['required'])
      ? schema['required'].filter((key) => typeof key === 'string')
      : [];
    const value: Record<string, Json> = {};
    for (const [key, member] of Object.entries(properties)) {
      if (depth >= OPTIONAL_DEPTH && !required.includes(key)) continue;
      define(value, key, write(member, key, depth + 1));
    }
    const additional = schema['additionalProperties'];
    for (const key of required) {
      if (!Object.hasOwn(value, key))
        define(value, key, isRecord(additional) ? write(additional, key, depth + 1) : word());
    }
    const wanted = Math.max(
      numberOf(schema['minProperties']) ?? 0,
      isRecord(additional) && required.length === 0 ? 2 : 0,
    );
    for (let index = 1; additional !== false && Object.keys(value).length < wanted && values < MAX_VALUES; index++) {
      const key = index <= subject.words.topics.length ? (subject.words.topics[index - 1] ?? '') : `field${index}`;
      if (!Object.hasOwn(value, key)) define(value, key, write(additional, key, depth + 1));
    }
    return value;
  };

  const writeArray = (schema: JsonRecord, name: string, depth: number): Json => {
    const least = numberOf(schema['minItems']) ?? 0;
    const most = numberOf(schema['maxItems']) ?? Number.POSITIVE_INFINITY;
    const first = Array.isArray(schema['prefixItems']) ? schema['prefixItems'] : [];
    const natural = depth >= OPTIONAL_DEPTH ? least : Math.max(least, random.integer(2, 3));
    const length = Math.min(Math.max(natural, first.length), most);
    const items: Json[] = [];
    const seen = new Set<string>();
    const single = name.replace(/s$/, '');
    for (let tries = 0; items.length < length && tries < length + 200 && values < MAX_VALUES; tries++) {
      const of = first[items.length] ?? schema['items'];
      const repeated = tries > 2 * items.length + 2 && schema['uniqueItems'] === true;
      const item = repeated ? numbered(write(of, single, depth + 1), of, tries) : write(of, single, depth + 1);
      const key = JSON.stringify(item);
      if (schema['uniqueItems'] === true && seen.has(key)) continue;
      seen.add(key);
      items.push(item);
    }
    return items;
  };

  const writeString = (schema: JsonRecord, name: string): string => {
    const least = Math.min(numberOf(schema['minLength']) ?? 0, MAX_MIN_LENGTH);
    const most = numberOf(schema['maxLength']) ?? Number.POSITIVE_INFINITY;
    if (typeof schema['pattern'] === 'string') return writeMatching(schema['pattern'], random, least);
    if (typeof schema['format'] === 'string') {
      const formatted = writeFormat(schema['format'], subject.words, random);
      if (formatted !== undefined) return formatted;
    }
    let text = phrase(name);
    while (lengthOf(text) < least) text += text === '' ? word() : ` ${word()}`;
    if (lengthOf(text) <= most) return text;
    const fitting = subject.words.topics.find((topic) => lengthOf(topic) <= most && lengthOf(topic) >= least);
    return fitting ?? [...text].slice(0, most).join('');
  };

  /** What a text property of this name is likely to hold. */
  const phrase = (name: string): string => {
    const key = splitName(name).join(' ');
    const { words } = subject;
    if (PROSE.test(key)) return writeText(`${words.topics.join(' ')} in one sentence`, random, false);
    if (/\b(?:title|headline|heading)\b/.test(key)) return capitalise(words.topics.slice(0, 4).join(' ')) || 'Untitled';
    if (/\b(?:query|question|prompt|search|input|expression)\b/.test(key)) return subject.prompt.trim().slice(0, 200);
    if (/\bmail\b|email/.test(key)) return writeFormat('email', words, random) ?? '';
    if (/\b(?:url|uri|link|website)\b/.test(key)) return writeFormat('uri', words, random) ?? '';
    if (/\bdate\b/.test(key)) return writeFormat('date', words, random) ?? '';
    const after = wordAfter(key);
    if (after !== undefined) return after;
    const given = [...words.quoted, ...words.names];
    if (given.length > 0) return given[used++ % given.length] ?? '';
    return word();
  };

  /** "city: Bern", "the city of Bern" → Bern, for a property named city. */
  const wordAfter = (key: string): string | undefined => {
    const last = key.split(' ').at(-1) ?? '';
    if (last.length < 3) return undefined;
    const at = subject.words.all.findIndex((one) => one.toLowerCase() === last);
    if (at < 0) return undefined;
    const next = subject.words.all.slice(at + 1).find((one) => !/^(?:of|is|the|a|an|named|called)$/i.test(one));
    return next !== undefined && /^\p{Lu}|^\p{N}/u.test(next) ? next : undefined;
  };

  const writeNumber = (schema: JsonRecord, whole: boolean): number => {
    const step = numberOf(schema['multipleOf']) ?? (whole ? 1 : 0);
    const grain = step > 0 ? step : 0.01;
    const low = lowest(schema, grain);
    const high = highest(schema, grain);
    const from = low ?? Math.min(1, high === undefined ? 1 : high - 99 * grain);
    const to = high ?? from + Math.max(99, 99 * grain);
    const fits = (value: number) =>
      value >= from && (high === undefined || value <= high) && (step === 0 || Number.isInteger(round(value / step)));
    const given = subject.words.numbers.filter(fits);
    if (given.length > 0) return given[usedNumbers++ % given.length] ?? from;
    if (step > 0) {
      const first = Math.ceil(round(from / step));
      return round(random.integer(first, Math.max(first, Math.floor(round(to / step)))) * step);
    }
    const value = Math.round((from + random.next() * (to - from)) * 100) / 100;
    return value >= from && value <= to ? value : from;
  };

  const chooseOption = (options: readonly Json[]): Json => {
    const mentioned = options.find(
      (option) =>
        typeof option === 'string' && subject.words.all.some((one) => one.toLowerCase() === option.toLowerCase()),
    );
    return mentioned ?? random.pick(options);
  };

  const word = (): string => {
    const { topics } = subject.words;
    return topics.length === 0 ? random.pick(['answer', 'example', 'value']) : (topics[used++ % topics.length] ?? '');
  };

  return write(root, 'value', 0);
}

/** Tells equal words apart where the schema leaves room for it. */
function numbered(item: Json, schema: Json | undefined, number: number): Json {
  if (typeof item !== 'string' || !isRecord(schema)) return item;
  const bound = ['pattern', 'format', 'enum', 'maxLength', '$ref'].some((key) => schema[key] !== undefined);
  return bound ? item : `${item} ${number}`;
}

/** Follows `$ref` and lays `allOf` together. */
function resolve(root: JsonRecord, schema: JsonRecord): JsonRecord {
  let whole = schema;
  for (let hops = 0; typeof whole['$ref'] === 'string' && hops < 32; hops++) {
    const { $ref: reference, ...beside } = whole;
    const target = follow(root, String(reference));
    if (target === undefined) return beside;
    whole = merge(target, beside);
  }
  const all = whole['allOf'];
  if (!Array.isArray(all)) return whole;
  const { allOf: _all, ...rest } = whole;
  return all.filter(isRecord).reduce<JsonRecord>((sum, part) => merge(sum, resolve(root, part)), rest);
}

function follow(root: JsonRecord, reference: string): JsonRecord | undefined {
  if (!reference.startsWith('#')) return undefined;
  let at: Json | undefined = root;
  for (const step of reference.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) at = at[Number(key)];
    else at = isRecord(at) ? at[key] : undefined;
  }
  return isRecord(at) ? at : undefined;
}

function merge(left: JsonRecord, right: JsonRecord): JsonRecord {
  const merged: Record<string, Json> = { ...left, ...right };
  if (isRecord(left['properties']) && isRecord(right['properties'])) {
    merged['properties'] = { ...left['properties'], ...right['properties'] };
  }
  if (Array.isArray(left['required']) && Array.isArray(right['required'])) {
    merged['required'] = [...left['required'], ...right['required']];
  }
  return merged;
}

function typeOf(schema: JsonRecord, depth: number): string {
  const type = schema['type'];
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) {
    const plain = type.find((one) => one !== 'null');
    return depth >= OPTIONAL_DEPTH && type.includes('null') ? 'null' : String(plain ?? 'null');
  }
  if (schema['properties'] !== undefined || schema['required'] !== undefined) return 'object';
  if (schema['items'] !== undefined || schema['prefixItems'] !== undefined) return 'array';
  if (schema['minimum'] !== undefined || schema['maximum'] !== undefined) return 'number';
  return 'string';
}

function isComposite(schema: JsonRecord): boolean {
  return schema['type'] === 'object' || schema['type'] === 'array' || schema['properties'] !== undefined;
}

function lowest(schema: JsonRecord, grain: number): number | undefined {
  const minimum = numberOf(schema['minimum']);
  const exclusive = numberOf(schema['exclusiveMinimum']);
  if (exclusive === undefined) return minimum;
  return Math.max(minimum ?? Number.NEGATIVE_INFINITY, round(exclusive + stepInside(schema, grain)));
}

function highest(schema: JsonRecord, grain: number): number | undefined {
  const maximum = numberOf(schema['maximum']);
  const exclusive = numberOf(schema['exclusiveMaximum']);
  if (exclusive === undefined) return maximum;
  return Math.min(maximum ?? Number.POSITIVE_INFINITY, round(exclusive - stepInside(schema, grain)));
}

/** How far to stay off an exclusive bound: a step, or a quarter of a narrow range. */
function stepInside(schema: JsonRecord, grain: number): number {
  const low = numberOf(schema['exclusiveMinimum']) ?? numberOf(schema['minimum']);
  const high = numberOf(schema['exclusiveMaximum']) ?? numberOf(schema['maximum']);
  if (low === undefined || high === undefined || high - low > 2 * grain) return grain;
  return schema['type'] === 'integer' ? grain : (high - low) / 4;
}

function writeFormat(format: string, words: Words, random: Random): string | undefined {
  const slug = words.topics.find((topic) => /^[a-z0-9-]+$/i.test(topic))?.toLowerCase() ?? 'example';
  const two = (low: number, high: number) => String(random.integer(low, high)).padStart(2, '0');
  const date = () => `20${two(20, 29)}-${two(1, 12)}-${two(1, 28)}`;
  const time = () => `${two(0, 23)}:${two(0, 59)}:${two(0, 59)}Z`;
  const hex = (length: number) =>
    Array.from({ length }, () => '0123456789abcdef'[random.integer(0, 15)] ?? '0').join('');
  switch (format) {
    case 'date':
      return date();
    case 'time':
      return time();
    case 'date-time':
      return `${date()}T${time()}`;
    case 'duration':
      return `P${random.integer(1, 9)}D`;
    case 'email':
    case 'idn-email':
      return `${slug}@example.com`;
    case 'uri':
    case 'url':
    case 'iri':
      return `https://example.com/${slug}`;
    case 'uri-reference':
      return `/${slug}`;
    case 'hostname':
      return `${slug}.example.com`;
    case 'ipv4':
      return `192.0.2.${random.integer(1, 254)}`;
    case 'ipv6':
      return `2001:db8::${hex(4)}`;
    case 'uuid':
      return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
    default:
      return undefined;
  }
}

const numberOf = (value: Json | undefined) => (typeof value === 'number' ? value : undefined);
const lengthOf = (text: string) => [...text].length;
const round = (value: number) => Number(value.toPrecision(12));
