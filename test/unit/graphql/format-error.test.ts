// The one mapping of errors: documented codes, nothing of the input in any message.

import { beforeAll, describe, expect, it } from '@jest/globals';
import { GraphQLError } from 'graphql';
import { ERROR_TABLE, SluiceError } from '../../../src/core/errors.ts';
import { createDocuments, type Documents } from '../../../src/graphql/documents.ts';
import { createFormatError, retryAfterSeconds, statusOf } from '../../../src/graphql/format-error.ts';
import { defaultOperationLimits } from '../../../src/graphql/operation-limits.ts';
import { buildGraphQLSchema } from '../../../src/graphql/schema.ts';
import { servicesWith } from '../../support/fake-generations.ts';

const logged: object[] = [];
const format = createFormatError({ logger: { error: (fields) => void logged.push(fields) } });
let documents: Documents;
beforeAll(async () => {
  const schema = await buildGraphQLSchema(servicesWith({}));
  documents = createDocuments({ schema, limits: defaultOperationLimits, introspection: false });
});

const formatted = (source: string) => {
  const found = documents.get(source);
  if (found.type === 'VALID') throw new Error('the document is valid');
  return found.errors.map((error) => format(error, 'req_1'));
};

describe('messages about documents', () => {
  const c = 'CANARY';
  it.each([
    `{ models(x: "${c}" }`,
    `{ "${c}" }`,
    `{ models { name } "${c}`,
    `{ models { name } # ${c}\n "unterminated ${c}`,
    `query ($x: String = "${c}") { models(}`,
    `${c}`,
    `{ """${c}""" }`,
    `{ generation(id: { a: "${c}" }) { id } }`,
    `{ generation(id: ["${c}", "${c}"]) { id } }`,
    `{ generation(id: ${c}) { id } }`,
    `{ generation(id: 1.5${c}) { id } }`,
    `mutation { generate(input: "${c}") { __typename } }`,
    `mutation { generate(input: { model: 5, prompt: ["${c}"] }) { __typename } }`,
    `mutation { generate(input: { model: "m", prompt: ${c} }) { __typename } }`,
    `mutation { generate(input: { model: "m", ${c}: "${c}" }) { __typename } }`,
    `mutation { generate(input: { model: "m", temperature: "${c}" }) { __typename } }`,
    `mutation { generate(input: { model: "m", maxOutputTokens: ${'9'.repeat(30)} }) { __typename } }`,
    `mutation { generate(input: { model: "m", messages: [{ role: ${c}, content: "${c}" }] }) { __typename } }`,
    `mutation { generate(input: { model: "m", messages: [{ role: "${c}" }] }) { __typename } }`,
    `mutation { generate(input: { model: "m", tools: [{ name: "t", parameters: "${c}" }] }) { __typename } }`,
    `mutation { generate(input: { model: "m", prompt: "a", prompt: "${c}" }) { __typename } }`,
    `query ($x: Int = "${c}") { models { name } }`,
    `query ($x: GenerateInput = { model: "m", prompt: 5, ${c}: "${c}" }) { estimate(input: $x) { inputTokens } }`,
    `{ a: generation(id: "${c}") { id } a: generation(id: "other") { id } }`,
    `{ models { name @skip(if: "${c}") } }`,
  ])('quote nothing of %s', (source) => {
    const errors = formatted(source);
    expect(errors.length).toBeGreaterThan(0);
    expect(JSON.stringify(errors)).not.toContain(c);
    for (const { extensions } of errors)
      expect(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']).toContain(extensions?.['code']);
  });

  it.each([
    ['{ nothing }', 'Cannot query field "nothing" on type "Query".'],
    ['{ modells { name } }', 'Cannot query field "modells" on type "Query".'],
    ['{ models }', 'Field "models" of type "[Model!]!" must have a selection of subfields.'],
    ['{ models { name', 'Syntax error at line 1, column 16: expected Name.'],
    ['query ($x: Int) { models { name } }', 'Variable "$x" is never used.'],
    [
      'mutation { generate(input: {}) { __typename } }',
      'Field "GenerateInput.model" of required type "String!" was not provided.',
    ],
    [
      '{ generation(id: 1.5) { id } }',
      'The document does not fit the schema at line 1, column 18: expected a value of type "ID".',
    ],
    [
      '{ __schema { description } }',
      'GraphQL introspection has been disabled, but the requested query contained the field "__schema".',
    ],
  ])('still teach: %s', (source, message) => {
    expect(formatted(source)[0]).toMatchObject({
      message,
      locations: [{ line: 1 }],
      extensions: { requestId: 'req_1' },
    });
  });

  it('say that a document is too long', () => {
    expect(formatted(`{ ${'a '.repeat(1_100)} }`)[0]?.extensions?.['code']).toBe('MAX_COST_EXCEEDED');
  });
});

describe('other errors', () => {
  it('keep code, message, input path and wait of what we threw, also through graphql-js', () => {
    const thrown = new SluiceError('OVERLOADED', 'Busy.', { retryAfterMs: 1_500, inputPath: ['input', 'model'] });
    const located = new GraphQLError(thrown.message, { originalError: thrown, path: ['a'] });
    expect(format(located, 'req_1')).toEqual({
      message: 'Busy.',
      path: ['a'],
      extensions: { code: 'OVERLOADED', requestId: 'req_1', path: ['input', 'model'], retryAfterMs: 1_500 },
    });
  });

  it('say which scope is missing', () => {
    const thrown = new SluiceError('INSUFFICIENT_SCOPE', undefined, { neededScope: 'usage:read' });
    expect(format(thrown, 'r').extensions).toEqual({
      code: 'INSUFFICIENT_SCOPE',
      requestId: 'r',
      neededScope: 'usage:read',
    });
  });

  it.each([
    new Error('secret'),
    new GraphQLError('secret'),
    new GraphQLError('secret', { originalError: new Error('secret'), path: ['a'] }),
    new GraphQLError('secret', { extensions: { code: 'SECRET' } }),
    new SluiceError('INTERNAL_SERVER_ERROR', 'secret'),
    'secret',
    undefined,
  ])('are masked and logged with the request id: %s', (error) => {
    logged.length = 0;
    expect(format(error, 'req_2')).toMatchObject({
      message: ERROR_TABLE.INTERNAL_SERVER_ERROR.message,
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'req_2' },
    });
    expect(JSON.stringify(format(error, 'req_2'))).not.toContain('secret');
    expect(logged[0]).toMatchObject({ requestId: 'req_2' });
  });

  it('take their status from the table, and Retry-After where a retry helps', () => {
    const busy = format(new SluiceError('RATE_LIMITED', undefined, { retryAfterMs: 1_200 }), 'r');
    const bad = format(new SluiceError('BAD_USER_INPUT'), 'r');
    expect([statusOf([busy], true), statusOf([bad], false), statusOf([bad], true)]).toEqual([429, 400, 200]);
    expect([retryAfterSeconds([busy]), retryAfterSeconds([bad])]).toEqual([2, undefined]);
  });
});
