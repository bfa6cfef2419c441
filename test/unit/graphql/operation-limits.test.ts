// Limits on the size of an operation, on the real schema.

import { beforeAll, describe, expect, it } from '@jest/globals';
import { type GraphQLSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { createDocuments, type Documents } from '../../../src/graphql/documents.ts';
import {
  checkOperationLimits,
  createOperationLimitsRule,
  defaultOperationLimits as limits,
} from '../../../src/graphql/operation-limits.ts';
import { buildGraphQLSchema } from '../../../src/graphql/schema.ts';
import { servicesWith } from '../../support/fake-generations.ts';

let schema: GraphQLSchema;
let documents: Documents;
beforeAll(async () => {
  schema = await buildGraphQLSchema(servicesWith({}));
  documents = createDocuments({ schema, limits, introspection: true });
});

const problems = (source: string): string[] =>
  checkOperationLimits(parse(source), limits).map(({ message }) => message);
const repeat = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => text(i)).join(' ');
const nested = (depth: number): string => `${'{ a '.repeat(depth)}${'}'.repeat(depth)}`;

describe('operation limits', () => {
  it.each([
    ['10 levels', nested(10), nested(11), '11 levels'],
    [
      '15 aliases',
      `{ ${repeat(15, (i) => `a${i}: __typename`)} }`,
      `{ ${repeat(16, (i) => `a${i}: __typename`)} }`,
      '16 aliased',
    ],
    ['10 directives', `{ a ${repeat(10, () => '@x')} }`, `{ a ${repeat(11, () => '@x')} }`, '11 directives'],
    [
      'names of 256 characters',
      `query ${'a'.repeat(256)} { ${'b'.repeat(256)}: ${'c'.repeat(256)} }`,
      `{ a(${'b'.repeat(257)}: 1) }`,
      'A name in the document has 257 characters, at most 256',
    ],
    ['500 fields', `{ ${repeat(500, () => 'a')} }`, `{ ${repeat(501, () => 'a')} }`, '501 fields'],
    [
      '10 root fields of a mutation',
      `mutation { ${repeat(10, () => 'a')} }`,
      `mutation { ${repeat(11, () => 'a')} }`,
      '11 root',
    ],
  ])('allow %s and no more', (_name, fits, exceeds, found) => {
    expect(problems(fits)).toEqual([]);
    expect(problems(exceeds)).toEqual([expect.stringContaining(found)]);
  });

  it('count a fragment as often as it is spread, through inline fragments too', () => {
    const fragment = `fragment F on Q { ${repeat(8, (i) => `a${i}: b`)} }`;
    expect(problems(`{ ...F } ${fragment}`)).toEqual([]);
    expect(problems(`{ ...F ... on Q { ...F } } ${fragment}`)).toEqual([expect.stringContaining('16 aliased')]);
    expect(problems(`{ a { ...D } } fragment D on Q ${nested(10)}`)).toEqual([expect.stringContaining('11 levels')]);
    expect(problems(`mutation { ...M ...M } fragment M on Q { ${repeat(6, () => 'a')} }`)).toEqual([
      expect.stringContaining('12 root'),
    ]);
  });

  it('survive fragments that grow exponentially and fragments in a circle', () => {
    const bomb = repeat(60, (i) => `fragment F${i} on Q { ...F${i + 1} ...F${i + 1} }`);
    expect(problems(`{ ...F0 } ${bomb} fragment F60 on Q { a }`)).toEqual([
      expect.stringContaining('over 1000000 fields'),
    ]);
    expect(problems('{ ...A } fragment A on Q { a ...B } fragment B on Q { ...A }')).toEqual([]);
    expect(documents.get('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }').type).toBe('INVALID');
  });

  it('let the introspection query of graphql-js pass', () => {
    const source = getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, oneOf: true });
    expect(documents.get(source)).toMatchObject({ type: 'VALID' });
  });

  it('refuse introspection where it is off', () => {
    const closed = createDocuments({ schema, limits, introspection: false });
    expect(closed.get('{ __schema { types { name } } }').type).toBe('INVALID');
    expect(closed.get('{ __typename }').type).toBe('VALID');
  });

  it('bound the tokens of a document before it is parsed to the end', () => {
    expect(documents.get(`{ ${repeat(1_200, () => 'a')} }`)).toMatchObject({
      type: 'INVALID',
      errors: [{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }],
    });
  });

  it('report through the context as a validation rule', () => {
    const errors = validate(schema, parse(`{ ${repeat(16, (i) => `a${i}: __typename`)} }`), [
      createOperationLimitsRule(limits),
    ]);
    expect(errors).toMatchObject([{ extensions: { code: 'MAX_COST_EXCEEDED' } }]);
  });

  it('are checked once per document: the answer is kept', () => {
    expect(documents.get('{ models { name } }')).toBe(documents.get('{ models { name } }'));
  });
});
