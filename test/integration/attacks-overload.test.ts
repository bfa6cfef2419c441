// Operations made to cost more than they look: each limit on operations, at its very edge, on all transports alike.
// Nothing of them runs.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '../../src/core/errors.ts';
import { defaultOperationLimits as limits } from '../../src/graphql/operation-limits.ts';
import { type EveryTransport, everyTransport, type Outcome, sendOver } from '../support/every-transport.ts';
import { startTestServer, type TestServer } from '../support/start-test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ core: { introspection: false } });
});
afterAll(() => server.stop());
afterEach(() => {
  expect(server.provider.calls).toHaveLength(0);
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
});

const send = (transport: EveryTransport, payload: unknown): Promise<Outcome> =>
  sendOver(transport, { url: server.url, key: 'good' }, payload);

const repeat = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ');
const nested = (levels: number): string => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`;
const fragments = (count: number, write: (name: string, next: string) => string): string =>
  repeat(count, (index) => write(`F${index}`, `F${(index + 1) % count}`));
/** Of a call that is refused for itself, should it be planned at all. */
const call = 'generate(input: { model: "none", prompt: "hi" }) { __typename }';

type Payload = { readonly query: string } | ((transport: EveryTransport) => unknown);
const payloadOf = (payload: Payload, transport: EveryTransport): unknown =>
  typeof payload === 'function' ? payload(transport) : payload;

interface Attack {
  readonly name: string;
  /** Right at the limit: may fail for many a reason, but not for its size. */
  readonly fits?: Payload;
  readonly exceeds: Payload;
  readonly code?: ErrorCode;
  readonly says: RegExp;
}

const document = (query: string) => ({ query });
/** The input of a call, by the operation that a transport can carry; `fields` as GraphQL or as JSON. */
const inLiteral = (fields: string) => (transport: EveryTransport) =>
  document(
    transport === 'POST'
      ? `{ estimate(input: { model: "none", prompt: "a", ${fields} }) { inputTokens } }`
      : `subscription { generateStream(input: { idempotencyKey: "a", request: { model: "none", prompt: "a", ${fields} } }) { sequence } }`,
  );
const inVariables = (fields: Record<string, unknown>) => (transport: EveryTransport) => {
  const request = { model: 'none', ...fields };
  return transport === 'POST'
    ? {
        query: 'query ($input: GenerateInput!) { estimate(input: $input) { inputTokens } }',
        variables: { input: request },
      }
    : {
        query: 'subscription ($input: GenerateStreamInput!) { generateStream(input: $input) { sequence } }',
        variables: { input: { idempotencyKey: 'a', request } },
      };
};

const attacks: Attack[] = [
  {
    name: 'depth',
    fits: document(nested(limits.depth)),
    exceeds: document(nested(limits.depth + 1)),
    says: /11 levels of nesting, at most 10/,
  },
  {
    name: 'depth through inline fragments',
    fits: document(`{ ${'... { a { '.repeat(9)}b${' } }'.repeat(9)} }`),
    exceeds: document(`{ ${'... { a { '.repeat(10)}b${' } }'.repeat(10)} }`),
    says: /11 levels of nesting, at most 10/,
  },
  {
    name: 'depth through fragments',
    fits: document(
      `{ ...F0 } ${repeat(9, (index) => `fragment F${index} on Query { a { ...F${index + 1} } }`)} fragment F9 on Query { a }`,
    ),
    exceeds: document(
      `{ ...F0 } ${repeat(10, (index) => `fragment F${index} on Query { a { ...F${index + 1} } }`)} fragment F10 on Query { a }`,
    ),
    says: /11 levels of nesting, at most 10/,
  },
  {
    name: 'aliases of one field',
    fits: document(`{ ${repeat(limits.aliases, (index) => `a${index}: __typename`)} }`),
    exceeds: document(`{ ${repeat(limits.aliases + 1, (index) => `a${index}: __typename`)} }`),
    says: /16 aliased fields, at most 15/,
  },
  {
    name: 'aliases in fragments',
    exceeds: document(`{ ...F ...F } fragment F on Query { ${repeat(8, (index) => `a${index}: __typename`)} }`),
    says: /16 aliased fields, at most 15/,
  },
  {
    name: 'calls of a model in one mutation',
    fits: document(`mutation { ${repeat(limits.rootFields, (index) => `a${index}: ${call}`)} }`),
    exceeds: document(`mutation { ${repeat(limits.rootFields + 1, (index) => `a${index}: ${call}`)} }`),
    says: /11 root fields, at most 10/,
  },
  {
    name: 'calls of a model in fragments',
    exceeds: document(
      `mutation { ...F ... on Mutation { ...F } } fragment F on Mutation { ${repeat(6, (index) => `a${index}: ${call}`)} }`,
    ),
    says: /12 root fields, at most 10/,
  },
  {
    name: 'directives',
    fits: document(`{ __typename ${repeat(limits.directives, () => '@include(if: true)')} }`),
    exceeds: document(`{ __typename ${repeat(limits.directives + 1, () => '@include(if: true)')} }`),
    says: /11 directives, at most 10/,
  },
  {
    name: 'directives that do not exist',
    exceeds: document(`{ __typename ${'@aa'.repeat(50)} }`),
    says: /50 directives, at most 10/,
  },
  {
    name: 'directives on variables, fragments and the operation itself',
    exceeds: document(
      `query ($a: Int ${'@a'.repeat(4)}) ${'@a'.repeat(4)} { ...F } fragment F on Query ${'@a'.repeat(4)} { b }`,
    ),
    says: /12 directives, at most 10/,
  },
  {
    name: 'one field again and again',
    fits: document(`{ ${repeat(limits.fields, () => '__typename')} }`),
    exceeds: document(`{ ${repeat(limits.fields + 1, () => '__typename')} }`),
    says: /501 fields, at most 500/,
  },
  {
    name: 'tokens',
    fits: document(`{ a(b: [${repeat(limits.tokens - 9, () => '1')}]) }`),
    exceeds: document(`{ a(b: [${repeat(limits.tokens - 8, () => '1')}]) }`),
    says: /more than 1000 tokens/,
  },
  {
    name: 'braces without end',
    exceeds: document('{a'.repeat(50_000)),
    says: /more than 1000 tokens/,
  },
  {
    name: 'brackets without end',
    exceeds: document(`{ a(b: ${'['.repeat(50_000)}`),
    says: /more than 1000 tokens/,
  },
  {
    name: 'a name without end',
    fits: document(`{ ${'a'.repeat(limits.nameCharacters)}: __typename }`),
    exceeds: document(`{ ${'a'.repeat(limits.nameCharacters + 1)}: __typename }`),
    says: /257 characters, at most 256/,
  },
  {
    name: 'fragments that double',
    exceeds: document(
      `{ ...F0 } ${repeat(40, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)} fragment F40 on Query { __typename }`,
    ),
    says: /over 1000000 fields, at most 500/,
  },
  {
    name: 'a fragment in itself',
    exceeds: document('{ ...F } fragment F on Query { __typename ...F }'),
    code: 'GRAPHQL_VALIDATION_FAILED',
    says: /Cannot spread fragment "F" within itself/,
  },
  {
    name: 'fragments in a circle',
    exceeds: document(
      `{ ...F0 } ${fragments(50, (name, next) => `fragment ${name} on Query { __typename ...${next} }`)}`,
    ),
    code: 'GRAPHQL_VALIDATION_FAILED',
    says: /fragment|schema/i,
  },
  {
    name: 'fragments in a circle that double',
    exceeds: document(
      `{ ...F0 } ${fragments(50, (name, next) => `fragment ${name} on Query { ...${next} ...${next} }`)}`,
    ),
    code: 'GRAPHQL_VALIDATION_FAILED',
    says: /fragment|schema/i,
  },
  {
    name: 'many operations in one document, none named',
    exceeds: document(repeat(100, (index) => `query Q${index} { __typename }`)),
    code: 'OPERATION_RESOLUTION_FAILURE',
    says: /operationName/,
  },
  {
    name: 'introspection in a circle',
    exceeds: document('{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }'),
    code: 'GRAPHQL_VALIDATION_FAILED',
    says: /introspection/i,
  },
  {
    name: 'items of a list',
    fits: inVariables({ prompt: 'a', stop: Array(limits.listItems).fill('a') }),
    exceeds: inVariables({ prompt: 'a', stop: Array(limits.listItems + 1).fill('a') }),
    code: 'BAD_USER_INPUT',
    says: /stop: has 101 items, at most 100/,
  },
  {
    name: 'messages',
    fits: inVariables({ messages: Array(limits.messages).fill({ role: 'USER', content: 'a' }) }),
    exceeds: inVariables({ messages: Array(limits.messages + 1).fill({ role: 'USER', content: 'a' }) }),
    code: 'BAD_USER_INPUT',
    says: /messages: has 1001 items, at most 1000/,
  },
  {
    name: 'items of a list, as literals',
    exceeds: inLiteral(`stop: [${repeat(101, () => '"a"')}]`),
    code: 'BAD_USER_INPUT',
    says: /has 101 items, at most 100/,
  },
  {
    name: 'items of a list, as the default of a variable',
    exceeds: (transport) => {
      const { query } = inLiteral('stop: $stop')(transport);
      const variable = `($stop: [String!] = [${repeat(101, () => '"a"')}])`;
      return document(query.startsWith('{') ? `query ${variable} ${query}` : query.replace(' ', ` ${variable} `));
    },
    code: 'BAD_USER_INPUT',
    says: /has 101 items, at most 100/,
  },
];

describe.each(everyTransport)('by %s', (transport) => {
  it.each(attacks)('$name', async ({ fits, exceeds, code = 'MAX_COST_EXCEEDED', says }) => {
    const refused = await send(transport, payloadOf(exceeds, transport));
    expect(refused.errors[0]?.extensions['code']).toBe(code);
    expect(refused.errors[0]?.message).toMatch(says);
    expect(refused.errors.length).toBeLessThanOrEqual(5);
    expect(refused.results.filter(({ data }) => data !== undefined && data !== null)).toEqual([]);
    if (transport !== 'WebSocket') expect(refused.status).toBe(400);
    // What is refused is small, however large what was sent.
    expect(refused.text.length).toBeLessThan(10_000);
    if (fits === undefined) return;
    const passed = await send(transport, payloadOf(fits, transport));
    expect(passed.text).not.toMatch(/MAX_COST_EXCEEDED|at most \d+ are allowed/);
  });

  it('a list of operations is not one', async () => {
    const operations = Array(10).fill({ query: 'query cop { __typename }' });
    if (transport === 'WebSocket') {
      // On a socket it is no message of the protocol: 4400 (websocket-close-codes.test.ts).
      await expect(send(transport, operations)).rejects.toThrow('4400');
      return;
    }
    const { status, errors } = await send(transport, operations);
    expect(status).toBe(400);
    expect(errors.map(({ message }) => message)).toEqual([expect.stringMatching(/one operation per request/)]);
  });
});
