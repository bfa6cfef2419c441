import { describe, expect, it } from '@jest/globals';
import { createOutputSchemas } from '../../../../src/features/guards/output-schema.ts';

describe('output schemas', () => {
  const schemas = createOutputSchemas();

  it('accepts what fits and points at what does not', () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'array', items: { type: 'integer' } } },
      required: ['city', 'days'],
    };
    expect(schemas.check(schema, { city: 'Oslo', days: [1] })).toEqual({ valid: true });
    expect(schemas.check(schema, { city: 5, days: [1, 'x'] })).toMatchObject({
      valid: false,
      pointers: ['/city', '/days/1'],
    });
    expect(schemas.check(schema, 'no object')).toMatchObject({ valid: false, pointers: [''] });
  });

  it('tells two patterns apart', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', pattern: '^x+$' }, b: { type: 'string', pattern: '^y+$' } },
    };
    expect(schemas.check(schema, { a: 'xx', b: 'yy' })).toEqual({ valid: true });
    expect(schemas.check(schema, { a: 'yy', b: 'xx' })).toMatchObject({ valid: false, pointers: ['/a', '/b'] });
  });

  it('is not stalled by a pattern that would backtrack without end', () => {
    const schema = { type: 'string', pattern: '^(a+)+$' };
    expect(schemas.check(schema, `${'a'.repeat(50_000)}!`)).toMatchObject({ valid: false });
  });

  it('says what is wrong with a schema it cannot use', () => {
    expect(schemas.problemOf({ type: 'nonsense' })).toMatch(/not a JSON Schema/);
    expect(schemas.problemOf({ $ref: 'https://example.com/schema.json' })).toMatch(/not a JSON Schema/);
    expect(schemas.problemOf({ type: 'string', pattern: '(?=look)ahead' })).toMatch(/not a JSON Schema/);
    expect(schemas.problemOf({ enum: ['x'.repeat(70_000)] })).toMatch(/at most 65536/);
    expect(schemas.problemOf({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'string' })).toBeUndefined();
  });

  it('keeps the $id of one schema away from another', () => {
    const base = { $id: 'https://example.com/a', type: 'string' };
    expect(schemas.problemOf(base)).toBeUndefined();
    expect(schemas.problemOf({ ...base, type: 'number' })).toBeUndefined();
    expect(schemas.problemOf({ $ref: 'https://example.com/a' })).toMatch(/not a JSON Schema/);
  });
});
