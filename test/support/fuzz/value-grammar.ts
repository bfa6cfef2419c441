// Values for any input type of a schema, as JSON; and the same as GraphQL, where GraphQL can say it. What a name means
// here (a model, an id, a cursor) makes values that get somewhere.

import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';
import type { Tape } from './tape.ts';

/** What the world behind the schema knows at the moment. */
export interface World {
  /** Ids that answers told lately. */
  readonly ids: readonly string[];
  readonly cursors: readonly string[];
}

export interface ValueGrammar {
  /** `name`: of the argument or field that the value is for. */
  valueFor(type: GraphQLInputType, name: string, tape: Tape, depth?: number): unknown;
  json(tape: Tape, depth?: number): unknown;
}

const texts = [
  'hi',
  '',
  ' ',
  'a\nb',
  'Ünïcödé 😀',
  '\u0000',
  '\u2028',
  '"\\',
  '__proto__',
  '</script>',
  "' OR 1=1",
  'x'.repeat(300),
];
const names = ['a', 'b', 'constructor', '__proto__', 'toString', 'A_1', 'not a name'];
const numbers = [0, 1, 2, 100, -1, 0.5, 1e300, 2 ** 31, -(2 ** 31) - 1, Number.MAX_SAFE_INTEGER];
const schemas = [
  { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
  { type: 'array', items: { $ref: '#' } },
  { const: 1 },
  { pattern: '^a+$' },
  { $ref: '#/$defs/a', $defs: { a: { type: 'integer' } } },
  { $ref: 'http://elsewhere/' },
  { type: 'nothing' },
  { pattern: '(' },
];

/** What the provider takes its time for; whoever asks it does not wait for the end. */
export const slowPrompt = 'slow';

let keys = 0;

/** Values of fields that mean something, by their names; the first is the one that works. */
const byName: Readonly<Record<string, (tape: Tape, world: World) => unknown>> = {
  model: (tape) => tape.pick(['chat', 'chat', 'chat', 'chat', 'thinker', 'plain', 'unpriced', 'none', '__proto__']),
  prompt: (tape) => tape.pick(['hi', 'tell me', ...texts, slowPrompt]),
  idempotencyKey: (tape) => tape.pick([`key-${keys++}`, `key-${keys++}`, `key-${keys++}`, 'one', 'two', '', 'é']),
  id: (tape, { ids }) => tape.pick([...ids, 'gen_nobody', 'bat_nobody', ...names]),
  generationId: (tape, { ids }) => tape.pick([...ids, 'gen_nobody', ...names]),
  batchId: (tape, { ids }) => tape.pick([...ids, 'bat_nobody', ...names]),
  after: (tape, { cursors }) => tape.pick([null, null, ...cursors, 'no cursor', '']),
  maxOutputTokens: (tape) => tape.pick([10, 1, 400, 501, 0, -1, 2 ** 31 - 1]),
  temperature: (tape) => tape.pick([1, 0, 2, 0.3, 2.1, -1]),
  topP: (tape) => tape.pick([1, 0.5, 0, 1.5]),
  timeoutMs: (tape) => tape.pick([5_000, 60_000, 3_600_000, 0, -1]),
  concurrency: (tape) => tape.pick([2, 1, 50, 0, 51]),
  name: (tape) => tape.pick(names),
  mediaType: (tape) => tape.pick(['image/png', 'image/svg+xml', '']),
  imageUrl: (tape) => tape.pick(['https://pictures.example.com/a.png', 'http://a', 'file:///etc/passwd', '']),
  imageBase64: (tape) => tape.pick(['AAAA', 'AAA', '====', '']),
  schema: (tape) => tape.pick(schemas),
  providerOptions: (tape) => tape.pick([{}, { openai: {} }, { openai: { a: 1 } }, { nobody: {} }]),
};

/** Optional fields that rule each other out: of each group one is given, more only by mistake. */
const alternatives: Readonly<Record<string, readonly (readonly string[])[]>> = {
  GenerateInput: [['prompt', 'messages']],
  MessageInput: [['content', 'parts']],
  PartInput: [['text', 'imageUrl', 'imageBase64']],
};

export function createValueGrammar(world: World): ValueGrammar {
  function json(tape: Tape, depth = 0): unknown {
    switch (tape.below(depth > 3 ? 5 : 8)) {
      case 0:
        return tape.pick(texts);
      case 1:
        return tape.pick(numbers);
      case 2:
        return tape.chance(50);
      case 3:
        return null;
      case 4:
        return tape.pick(names);
      case 5:
        return Array.from({ length: tape.below(4) }, () => json(tape, depth + 1));
      default:
        return jsonObject(tape, depth);
    }
  }

  function jsonObject(tape: Tape, depth: number): Record<string, unknown> {
    const members = Array.from({ length: tape.below(4) }, () => [tape.pick(names), json(tape, depth + 1)] as const);
    return Object.fromEntries(members);
  }

  function objectOf(type: GraphQLInputObjectType, tape: Tape, depth: number): Record<string, unknown> {
    const members: [string, unknown][] = [];
    const groups = alternatives[type.name] ?? [];
    const chosen = groups.map((group) => tape.pick(group));
    for (const field of Object.values(type.getFields())) {
      const isAlternative = groups.some((group) => group.includes(field.name));
      const isWanted = isAlternative
        ? chosen.includes(field.name) !== tape.chance(2)
        : isNonNullType(field.type)
          ? !tape.chance(1)
          : depth < 5 && tape.chance(depth === 0 ? 12 : 25);
      if (isWanted) members.push([field.name, valueFor(field.type, field.name, tape, depth + 1)]);
    }
    return Object.fromEntries(members);
  }

  function valueFor(type: GraphQLInputType, name: string, tape: Tape, depth = 0): unknown {
    if (isNonNullType(type)) return valueFor(type.ofType, name, tape, depth);
    if (isListType(type)) {
      const length = tape.chance(1) ? 101 : tape.below(4);
      return Array.from({ length: Math.max(length, name === 'items' ? 1 : 0) }, () =>
        valueFor(type.ofType, name, tape, depth + 1),
      );
    }
    if (isInputObjectType(type)) return objectOf(type, tape, depth);
    if (isEnumType(type)) return tape.pick(type.getValues()).name;
    const meant = Object.hasOwn(byName, name) ? byName[name] : undefined;
    if (meant !== undefined && !tape.chance(3)) return meant(tape, world);
    switch (type.name) {
      case 'Int':
        return tape.pick([1, 0, 7, 2 ** 31 - 1]);
      case 'Float':
        return tape.pick([1, 0.5, 0, 1e10]);
      case 'Boolean':
        return tape.chance(50);
      case 'JSONObject':
        return jsonObject(tape, 0);
      case 'String':
      case 'ID':
        return tape.pick(texts);
      default:
        return json(tape);
    }
  }

  return { valueFor, json };
}

/** The value as GraphQL writes it; undefined where it cannot. */
export function literalOf(value: unknown, type: GraphQLInputType | undefined): string | undefined {
  if (value === null) return 'null';
  if (isNonNullType(type)) return literalOf(value, type.ofType as GraphQLInputType);
  if (Array.isArray(value)) {
    const itemType = isListType(type) ? (type.ofType as GraphQLInputType) : undefined;
    const items = value.map((item) => literalOf(item, itemType));
    return items.includes(undefined) ? undefined : `[${items.join(', ')}]`;
  }
  if (typeof value === 'object') {
    const fields = isInputObjectType(type) ? type.getFields() : {};
    const members: string[] = [];
    for (const [name, member] of Object.entries(value)) {
      const literal = /^[_A-Za-z]\w*$/.test(name)
        ? literalOf(member, Object.hasOwn(fields, name) ? fields[name]?.type : undefined)
        : undefined;
      if (literal === undefined) return undefined;
      members.push(`${name}: ${literal}`);
    }
    return `{ ${members.join(', ')} }`;
  }
  if (typeof value === 'string') return isEnumType(type) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}
