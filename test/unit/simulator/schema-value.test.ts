import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { createRandom } from '../../../src/simulator/random.ts';
import { writeValue } from '../../../src/simulator/schema-value.ts';
import type { JsonRecord } from '../../../src/simulator/types.ts';
import { readWords } from '../../../src/simulator/words.ts';
import { propertyRun } from '../../support/property.ts';

const prompt = 'Plan a trip from Bern to Zürich for 3 people with a budget of 250 francs, by train.';
const subject = { prompt, words: readWords(prompt) };

const SCHEMAS: { readonly [name: string]: JsonRecord } = {
  'a flat object': {
    type: 'object',
    properties: { city: { type: 'string' }, people: { type: 'integer' }, cheap: { type: 'boolean' } },
    required: ['city', 'people', 'cheap'],
    additionalProperties: false,
  },
  'bounds on numbers': {
    type: 'object',
    properties: {
      low: { type: 'integer', minimum: 1000, maximum: 1001 },
      open: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.1 },
      whole: { type: 'integer', exclusiveMinimum: 4, exclusiveMaximum: 6 },
      negative: { type: 'integer', maximum: -5 },
      step: { type: 'integer', multipleOf: 7, minimum: 20 },
      fraction: { type: 'number', multipleOf: 0.5, minimum: 0, maximum: 3 },
    },
  },
  'bounds on strings': {
    type: 'object',
    properties: {
      short: { type: 'string', maxLength: 3 },
      long: { type: 'string', minLength: 40, maxLength: 80 },
      code: { type: 'string', pattern: '^[A-Z]{2}-\\d{3,5}(?:-(?:x|yy))?$' },
      word: { type: 'string', pattern: '^\\w+$', minLength: 12 },
    },
  },
  'enums and constants': {
    type: 'object',
    properties: { by: { enum: ['car', 'train', 'plane'] }, kind: { const: 'trip' }, mixed: { enum: [1, null, 'x'] } },
    required: ['by', 'kind', 'mixed'],
  },
  'nested arrays': {
    type: 'array',
    minItems: 2,
    maxItems: 4,
    items: {
      type: 'object',
      properties: { tags: { type: 'array', items: { type: 'string' }, minItems: 5, maxItems: 6, uniqueItems: true } },
      required: ['tags'],
    },
  },
  'a tuple': { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: { type: 'boolean' } },
  'references and a schema that holds itself': {
    $ref: '#/$defs/node',
    $defs: {
      name: { type: 'string', minLength: 1 },
      node: {
        type: 'object',
        properties: {
          name: { $ref: '#/$defs/name' },
          next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
          children: { type: 'array', items: { $ref: '#/$defs/node' } },
        },
        required: ['name', 'next', 'children'],
        additionalProperties: false,
      },
    },
  },
  'all of several': {
    allOf: [
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
      { properties: { b: { type: ['integer', 'null'] } }, required: ['b'] },
    ],
  },
  'one of several': {
    oneOf: [
      { type: 'object', properties: { kind: { const: 'a' }, n: { type: 'integer' } }, required: ['kind', 'n'] },
      { type: 'object', properties: { kind: { const: 'b' }, s: { type: 'string' } }, required: ['kind', 's'] },
    ],
  },
  'a map': { type: 'object', additionalProperties: { type: 'integer' }, minProperties: 3 },
  'required properties that are not described': { type: 'object', required: ['x', '__proto__'] },
};

describe('writeValue', () => {
  it.each(Object.entries(SCHEMAS))('fits %s, whatever the seed', (_name, schema) => {
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    for (let seed = 0; seed < 40; seed++) {
      const value = JSON.parse(JSON.stringify(writeValue(schema, subject, createRandom(seed))));
      expect({ seed, valid: validate(value), errors: validate.errors, value }).toMatchObject({ valid: true });
    }
  });

  it('fits generated schemas', () => {
    const { schema } = fc.letrec<{ schema: JsonRecord }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 3 },
        fc
          .tuple(fc.integer({ min: -50, max: 50 }), fc.nat(40))
          .map(([minimum, size]): JsonRecord => ({ type: 'integer', minimum, maximum: minimum + size })),
        fc
          .tuple(fc.nat(20), fc.nat(20))
          .map(([minLength, more]): JsonRecord => ({ type: 'string', minLength, maxLength: minLength + more })),
        fc.constantFrom<JsonRecord>({ type: 'boolean' }, { type: 'null' }, { enum: ['a', 2, null] }),
        fc
          .tuple(tie('schema'), fc.nat(3))
          .map(([items, minItems]): JsonRecord => ({ type: 'array', items, minItems, maxItems: minItems + 1 })),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), tie('schema'), { maxKeys: 4 }).map(
          (properties): JsonRecord => ({
            type: 'object',
            properties,
            required: Object.keys(properties),
            additionalProperties: false,
          }),
        ),
      ),
    }));
    fc.assert(
      fc.property(schema, fc.nat(), (one, seed) => {
        const validate = new Ajv2020({ strict: false }).compile(one);
        const value = writeValue(one, subject, createRandom(seed));
        expect({ value, valid: validate(value) }).toMatchObject({ valid: true });
      }),
      propertyRun(),
    );
  });

  it('comes to an end where a schema asks for more than there is room for', () => {
    const many = { type: 'array', minItems: 1e9, items: { type: 'array', minItems: 1e9, items: { type: 'string' } } };
    expect(JSON.stringify(writeValue(many, subject, createRandom(1))).length).toBeLessThan(1_000_000);
    const long = { type: 'string', minLength: 1e9 };
    expect(JSON.stringify(writeValue(long, subject, createRandom(1))).length).toBeLessThan(100_000);
    const nested = { type: 'string', pattern: '^((([ab]{1000}){1000}){1000}){1000}$' };
    expect(JSON.stringify(writeValue(nested, subject, createRandom(1))).length).toBeLessThan(100_000);
  });

  it('takes its words and numbers from the prompt', () => {
    const schema = SCHEMAS['a flat object'] ?? {};
    expect(writeValue(schema, subject, createRandom(1))).toMatchObject({ city: 'Bern', people: 3 });
    const transport = SCHEMAS['enums and constants'] ?? {};
    expect(writeValue(transport, subject, createRandom(1))).toMatchObject({ by: 'train' });
  });
});
