import { describe, expect, it, jest } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { createOutputSchemas } from '../../../../src/features/guards/output-schema.ts';

describe('output schemas', () => {
  const schemas = createOutputSchemas();

  it('accepts what fits and points at what does not', async () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'array', items: { type: 'integer' } } },
      required: ['city', 'days'],
    };
    expect(await schemas.check(schema, { city: 'Oslo', days: [1] })).toEqual({ valid: true });
    expect(await schemas.check(schema, { city: 5, days: [1, 'x'] })).toMatchObject({
      valid: false,
      pointers: ['/city', '/days/1'],
    });
    expect(await schemas.check(schema, 'no object')).toMatchObject({ valid: false, pointers: [''] });
  });

  it('tells two patterns apart', async () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', pattern: '^x+$' }, b: { type: 'string', pattern: '^y+$' } },
    };
    expect(await schemas.check(schema, { a: 'xx', b: 'yy' })).toEqual({ valid: true });
    expect(await schemas.check(schema, { a: 'yy', b: 'xx' })).toMatchObject({ valid: false, pointers: ['/a', '/b'] });
  });

  it('is not stalled by a pattern that would backtrack without end', async () => {
    const schema = { type: 'string', pattern: '^(a+)+$' };
    expect(await schemas.check(schema, `${'a'.repeat(50_000)}!`)).toMatchObject({ valid: false });
  });

  it('says what is wrong with a schema it cannot use', async () => {
    expect(schemas.problemOf({ type: 'nonsense' })).toMatch(/not a JSON Schema/);
    expect(schemas.problemOf({ $ref: 'https://example.com/schema.json' })).toMatch(/not a JSON Schema/);
    expect(schemas.problemOf({ type: 'string', pattern: '(?=look)ahead' })).toMatch(/not a JSON Schema/);
    expect(schemas.problemOf({ enum: ['x'.repeat(70_000)] })).toMatch(/at most 65536/);
    expect(schemas.problemOf({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'string' })).toBeUndefined();
  });

  it.each([
    ['a reference to a definition', { $ref: '#/$defs/a', $defs: { a: { type: 'string' } } }, 'x', 5],
    ['a reference to an anchor', { $ref: '#here', $defs: { a: { $anchor: 'here', type: 'string' } } }, 'x', 5],
    [
      'a recursive schema',
      { type: 'object', properties: { next: { $ref: '#' } } },
      { next: { next: {} } },
      { next: 5 },
    ],
    ['an escaped pointer', { $ref: '#/$defs/a~1b%20c', $defs: { 'a/b c': { type: 'string' } } }, 'x', 5],
    [
      'draft-07 tuples',
      { $schema: 'http://json-schema.org/draft-07/schema#', items: [{ type: 'string' }] },
      ['x'],
      [5],
    ],
  ])('follows %s', async (_what, schema, good, bad) => {
    expect(schemas.problemOf(schema)).toBeUndefined();
    expect(await schemas.check(schema, good)).toEqual({ valid: true });
    expect(await schemas.check(schema, bad)).toMatchObject({ valid: false });
  });

  it.each([
    ['a reference to nowhere', { $ref: '#/$defs/nowhere' }],
    ['an anchor that is not there', { $ref: '#nowhere' }],
    ['another draft', { $schema: 'http://json-schema.org/draft-04/schema#' }],
    ['too many objects', { enum: Array.from({ length: 1001 }, () => ({})) }],
    ['too many patterns', { anyOf: Array.from({ length: 51 }, (_, index) => ({ pattern: `p${index}` })) }],
    ['an endless pattern', { pattern: 'x'.repeat(1001) }],
  ])('refuses %s before anything is spent', (_what, schema) => {
    expect(schemas.problemOf(schema)).toEqual(expect.any(String));
  });

  it('compiles nothing before an answer is there, so that looking a schema through stays cheap', async () => {
    const compile = jest.spyOn(Ajv2020.prototype, 'compile');
    try {
      const fresh = createOutputSchemas();
      const schema = { type: 'object', properties: { only: { const: 'here' } } };
      expect(fresh.problemOf(schema)).toBeUndefined();
      expect(compile).not.toHaveBeenCalled();
      await fresh.check(schema, {});
      await fresh.check(schema, {});
      expect(compile).toHaveBeenCalledTimes(1);
    } finally {
      compile.mockRestore();
    }
  });

  it('keeps the $id of one schema away from another', async () => {
    const base = { $id: 'https://example.com/a', type: 'string' };
    expect(await schemas.check(base, 'x')).toEqual({ valid: true });
    expect(await schemas.check({ ...base, type: 'number' }, 5)).toEqual({ valid: true });
    expect(schemas.problemOf({ $ref: 'https://example.com/a' })).toMatch(/not a JSON Schema/);
    expect(schemas.problemOf({ properties: { inner: base } })).toMatch(/top of a schema/);
  });

  it('lets other work have its turn between two schemas that are compiled', async () => {
    const fresh = createOutputSchemas();
    const order: string[] = [];
    const compile = jest.spyOn(Ajv2020.prototype, 'compile').mockImplementation(function compileNothing() {
      order.push('compiled');
      setImmediate(() => order.push('other work'));
      return (() => true) as never;
    });
    try {
      await Promise.all([1, 2, 3].map((value) => fresh.check({ const: value }, value)));
    } finally {
      compile.mockRestore();
    }
    expect(order.slice(0, 5)).toEqual(['compiled', 'other work', 'compiled', 'other work', 'compiled']);
  });
});
