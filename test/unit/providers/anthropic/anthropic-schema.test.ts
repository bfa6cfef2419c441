import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../../src/core/json.ts';
import { fitSchema } from '../../../../src/providers/anthropic/anthropic-schema.ts';

/** An object with one property, as it is given and as it has to come out. */
const withProperty = (schema: JsonObject): JsonObject => ({
  type: 'object',
  properties: { a: schema },
  required: ['a'],
});
const fittedProperty = (schema: JsonObject): JsonObject => ({ ...withProperty(schema), additionalProperties: false });

describe('a schema that the answer can be held to', () => {
  it.each<[string, JsonObject, JsonObject]>([
    [
      'plain types',
      { type: 'string', title: 'A', description: 'One.' },
      { type: 'string', title: 'A', description: 'One.' },
    ],
    ['formats it knows', { type: 'string', format: 'date' }, { type: 'string', format: 'date' }],
    ['enums', { type: 'string', enum: ['x', null] }, { enum: ['x', null] }],
    ['constants', { const: 1 }, { const: 1 }],
    ['several types', { type: ['string', 'null'] }, { type: ['string', 'null'] }],
    [
      'lists',
      { type: 'array', items: { type: 'number' }, minItems: 1 },
      { type: 'array', items: { type: 'number' }, minItems: 1 },
    ],
    [
      'a choice',
      { oneOf: [{ type: 'string' }, withProperty({ type: 'null' })] },
      { anyOf: [{ type: 'string' }, fittedProperty({ type: 'null' })] },
    ],
    [
      'an object without type',
      { properties: { b: { type: 'string' } } },
      { type: 'object', properties: { b: { type: 'string' } }, required: [], additionalProperties: false },
    ],
    [
      'an object that stays empty',
      { type: 'object', additionalProperties: false },
      { type: 'object', properties: {}, required: [], additionalProperties: false },
    ],
  ])('has %s', (_what, given, expected) => {
    expect(fitSchema(withProperty(given))).toEqual(fittedProperty(expected));
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['bounds', { type: 'integer', minimum: 1, maximum: 5 }, { type: 'integer', description: 'minimum: 1\nmaximum: 5' }],
    [
      'patterns',
      { type: 'string', description: 'A code.', pattern: '^a' },
      { type: 'string', description: 'A code.\npattern: "^a"' },
    ],
    ['formats it does not know', { type: 'string', format: 'iri' }, { type: 'string', description: 'format: "iri"' }],
    [
      'long lists',
      { type: 'array', items: { type: 'null' }, minItems: 2 },
      { type: 'array', items: { type: 'null' }, description: 'minItems: 2' },
    ],
    [
      'conditions',
      { ...withProperty({ type: 'null' }), not: { required: ['b'] } },
      { ...fittedProperty({ type: 'null' }), description: 'not: {"required":["b"]}' },
    ],
  ])('tells the model %s in words', (_what, given, expected) => {
    expect(fitSchema(withProperty(given))).toEqual(fittedProperty(expected));
  });

  it('closes open objects, and keeps what is required of what there is', () => {
    const given: JsonObject = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' } },
      required: ['a', 'a', 'c'],
      additionalProperties: true,
    };
    expect(fitSchema(given)).toEqual({
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' } },
      required: ['a'],
      additionalProperties: false,
    });
  });

  it('has definitions, each written once', () => {
    const shared = withProperty({ type: 'integer', minimum: 0 });
    const given: JsonObject = {
      type: 'object',
      properties: { x: { $ref: '#/$defs/p' }, y: { $ref: '#/$defs/p' }, z: { $ref: '#/definitions/p' } },
      $defs: { p: shared, unused: true },
      definitions: { p: { type: 'null' } },
    };
    expect(fitSchema(given)).toEqual({
      type: 'object',
      properties: { x: { $ref: '#/$defs/p' }, y: { $ref: '#/$defs/p' }, z: { $ref: '#/$defs/definitions.p' } },
      required: [],
      additionalProperties: false,
      $defs: {
        p: fittedProperty({ type: 'integer', description: 'minimum: 0' }),
        'definitions.p': { type: 'null' },
      },
    });
  });

  it('has properties of any name', () => {
    const given = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"null"}}}',
    );
    expect(JSON.parse(JSON.stringify(fitSchema(given)))).toEqual(
      JSON.parse(
        '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"null"}},"required":[],"additionalProperties":false}',
      ),
    );
  });
});

describe('a schema that it cannot be held to', () => {
  const many = (count: number, schema: JsonObject): JsonObject =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, schema]));

  it.each<[string, JsonObject]>([
    ['is no object', { type: 'array', items: { type: 'string' } }],
    ['is a choice', { anyOf: [withProperty({ type: 'string' })] }],
    ['is open', { type: 'object' }],
    ['is a map', { type: 'object', additionalProperties: { type: 'string' } }],
    ['is a map besides', { ...withProperty({ type: 'null' }), additionalProperties: { type: 'string' } }],
    ['has patterns for names', { ...withProperty({ type: 'null' }), patternProperties: { '^x': { type: 'null' } } }],
    ['allows anything', withProperty({})],
    ['allows anything in a list', withProperty({ type: 'array' })],
    ['is true inside', { type: 'object', properties: { a: true } }],
    ['has tuples', withProperty({ type: 'array', prefixItems: [{ type: 'null' }], items: { type: 'null' } })],
    ['joins schemas', withProperty({ allOf: [{ type: 'string' }] })],
    [
      'leads back to itself',
      { ...withProperty({ $ref: '#/$defs/n' }), $defs: { n: withProperty({ $ref: '#/$defs/n' }) } },
    ],
    ['is its own root', withProperty({ $ref: '#' })],
    ['refers outside', withProperty({ $ref: 'https://example.com/schema' })],
    ['refers to nothing', withProperty({ $ref: '#/$defs/none' })],
    ['refers to an inherited name', { ...withProperty({ $ref: '#/$defs/constructor' }), $defs: {} }],
    ['has enums of objects', withProperty({ enum: [{}] })],
    ['has no values', withProperty({ enum: [] })],
    ['has an unfit branch', withProperty({ anyOf: [{ type: 'string' }, {}] })],
    ['has too many optional properties', { type: 'object', properties: many(25, { type: 'string' }) }],
    ['has too many unions', { type: 'object', properties: many(17, { type: ['string', 'null'] }), required: [] }],
  ])('%s', (_what, schema) => {
    expect(fitSchema(schema)).toBeUndefined();
  });
});
