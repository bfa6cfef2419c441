// Who guesses at the schema learns nothing from the answers: every name of it is asked for with a slip of the pen, as
// tools that rebuild a schema from its suggestions do, and no answer says what was meant.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import { createDocuments } from '../../src/graphql/documents.ts';
import { createFormatError } from '../../src/graphql/format-error.ts';
import { defaultOperationLimits } from '../../src/graphql/operation-limits.ts';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';
import { openSignedIn, streamTypes } from '../support/wire.ts';

interface Guess {
  /** The true name, which no answer may hold. */
  readonly name: string;
  readonly query: string;
  readonly variables?: object;
}

const schema = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));

/** Near enough for graphql-js to suggest the true one. */
const slip = (name: string): string => `${name.slice(0, -1)}${name.at(-1) === 'q' ? 'z' : 'q'}`;

function guesses(): Guess[] {
  const found: Guess[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    found.push(
      { name: type.name, query: `query { ...F } fragment F on ${slip(type.name)} { __typename }` },
      { name: type.name, query: `query ($a: ${slip(type.name)}) { __typename }` },
    );
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        found.push({ name: field.name, query: `query { ...F } fragment F on ${type.name} { ${slip(field.name)} }` });
        for (const { name } of field.args) {
          const query = `query { ...F } fragment F on ${type.name} { ${field.name}(${slip(name)}: 1) }`;
          found.push({ name, query });
        }
      }
    } else if (isInputObjectType(type)) {
      for (const { name } of Object.values(type.getFields())) {
        found.push(
          { name, query: `query ($a: ${type.name} = { ${slip(name)}: 1 }) { __typename }` },
          { name, query: `query ($a: ${type.name}) { __typename }`, variables: { a: { [slip(name)]: 1 } } },
        );
      }
    } else if (isEnumType(type)) {
      for (const { name } of type.getValues()) {
        found.push(
          { name, query: `query ($a: ${type.name} = ${slip(name)}) { __typename }` },
          { name, query: `query ($a: ${type.name}) { __typename }`, variables: { a: slip(name) } },
        );
      }
    }
  }
  return found;
}

/** What the answer gives away. What a field must be given is told to who names the field. */
function leaks({ name, query }: Guess, answer: string): string[] {
  // A word of our own sentence, not of the schema.
  const messages: string[] = JSON.parse(answer).map(({ message }: { message: string }) =>
    message.replace('does not fit the schema', ''),
  );
  const isGivenAway = (message: string): boolean =>
    /did you mean|suggest|perhaps/i.test(message) ||
    (new RegExp(`\\b${name}\\b`).test(message) &&
      !new RegExp(`\\b${name}\\b`).test(query) &&
      !/is required|of required type/.test(message));
  return messages.filter(isGivenAway).map((message) => `${query}: ${message}`);
}

const all = guesses();

describe('a slip in any name of the schema', () => {
  const limits = defaultOperationLimits;
  const documents = createDocuments({ schema, limits, introspection: false });
  const formatError = createFormatError({ logger: { error: () => undefined } });

  it('is refused by the rules all transports share, without a word of what was meant', () => {
    const inText = all.filter(({ variables }) => variables === undefined);
    expect(inText.length).toBeGreaterThan(400);
    for (const guess of inText) {
      const result = documents.get(guess.query);
      if (result.type === 'VALID') throw new Error(`this is valid: ${guess.query}`);
      expect(leaks(guess, JSON.stringify(result.errors.map((error) => formatError(error, 'req_1'))))).toEqual([]);
    }
  });
});

describe('over the wire such a slip is refused without a word of what was meant', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({ yaml: 'server: { introspection: false }\n' });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const some = all.filter(({ variables }, index) => index % 15 === 0 || (variables !== undefined && index % 3 === 0));

  it.each(Object.entries({ ...streamTypes, POST: 'application/graphql-response+json' }))(
    '%s',
    async (_name, accept) => {
      for (const guess of some) {
        const { status, errors } = await gateway.send({ ...guess, headers: { accept } });
        expect({ status, refused: errors.length > 0, guess }).toEqual({ status: 400, refused: true, guess });
        expect(leaks(guess, JSON.stringify(errors))).toEqual([]);
      }
    },
  );

  it('WebSocket', async () => {
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    for (const [index, { query, ...guess }] of some.entries()) {
      // A fragment on another type does not fit there either.
      const subscription = query.replace(/^query/, 'subscription');
      const message = await wire.subscribe(String(index), { ...guess, query: subscription });
      expect(message.type).toBe('error');
      expect(leaks({ ...guess, query }, JSON.stringify(message.payload))).toEqual([]);
    }
  });
});
