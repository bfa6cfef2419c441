// The twelve checks of graphql-cop (github.com/dolevf/graphql-cop), and the one it keeps switched off: what each sends,
// and what it takes for a finding, on a gateway as it runs in production. With a key and without, no check finds anything;
// what a check asks of POST is asked of the other transports too.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { everyTransport, type Outcome, sendOver } from '../support/every-transport.ts';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ yaml: 'server: { introspection: false }\n' });
});
afterAll(async () => {
  expect(gateway.simulator.bill().totals.requests).toBe(0);
  await gateway[Symbol.asyncDispose]();
});

/** What an answer looks like to the tool: JSON, or text that is none. */
interface Answer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the checks look into answers of every shape
  readonly json: any;
}

async function request(init: RequestInit & { readonly search?: string }, withKey: boolean): Promise<Answer> {
  const response = await fetch(`${gateway.graphqlUrl}${init.search ?? ''}`, {
    ...init,
    headers: {
      ...(withKey ? { authorization: `Bearer ${adminKey}` } : {}),
      ...(init.headers as Record<string, string>),
    },
  });
  const text = await response.text();
  return { status: response.status, text, json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : {} };
}

const post = (payload: unknown, withKey: boolean): Promise<Answer> =>
  request({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(payload) }, withKey);

interface Check {
  readonly name: string;
  /** Sent by POST, and as the payload of every other transport. */
  readonly payload?: unknown;
  /** Sent otherwise. */
  readonly init?: RequestInit & { readonly search?: string };
  readonly isFinding: (answer: Answer) => boolean;
}

const query = (text: string) => ({ query: text, operationName: 'cop' });
const repeat = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => write(index)).join('');

const checks: Check[] = [
  {
    name: 'Field Suggestions',
    payload: query('query cop { __schema { directive } }'),
    isFinding: ({ text }) => text.includes('Did you mean'),
  },
  {
    name: 'Introspection',
    payload: query('query cop { __schema { types { name fields { name } } } }'),
    isFinding: ({ json }) => Boolean(json.data?.__schema?.types),
  },
  {
    name: 'GraphQL IDE',
    init: { headers: { accept: 'text/html' } },
    isFinding: ({ text }) =>
      ['graphiql.min.css', 'GraphQL Playground', 'GraphiQL', 'graphql-playground'].some((word) => text.includes(word)),
  },
  {
    name: 'GET Method Query Support',
    init: { search: `?${new URLSearchParams(query('query cop { __typename }'))}` },
    isFinding: ({ json }) => Boolean(json.data?.__typename),
  },
  {
    name: 'Alias Overloading',
    payload: query(`query cop { ${repeat(101, (index) => `alias${index}:__typename \n`)} }`),
    isFinding: ({ json }) => Boolean(json.data?.alias100),
  },
  {
    name: 'Array-based Query Batching',
    payload: Array(10).fill(query('query cop { __typename }')),
    isFinding: ({ json }) => Array.isArray(json) && json.length >= 10,
  },
  {
    name: 'Trace Mode',
    payload: query('query cop { __typename }'),
    isFinding: ({ text }) => /"tracing"/i.test(text),
  },
  {
    name: 'Directive Overloading',
    payload: query(`query cop { __typename ${'@aa'.repeat(10)} }`),
    isFinding: ({ json }) => json.errors?.length === 10,
  },
  {
    name: 'Introspection-based Circular Query',
    payload: query(
      'query cop { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }',
    ),
    isFinding: ({ json }) => json.data?.__schema?.types?.length > 25,
  },
  {
    name: 'Mutation is allowed over GET (possible CSRF)',
    init: { search: `?${new URLSearchParams(query('mutation cop {__typename}'))}` },
    isFinding: ({ json }) => Boolean(json.data?.__typename),
  },
  {
    name: 'POST based url-encoded query (possible CSRF)',
    init: { method: 'POST', body: new URLSearchParams(query('query cop { __typename }')) },
    isFinding: ({ json }) => Boolean(json.data?.__typename),
  },
  {
    name: 'Unhandled Errors Detection',
    payload: query('qwerty cop { abc }'),
    isFinding: ({ text }) => /"exception"|"stacktrace"| at .*\.[jt]s/i.test(text),
  },
  {
    name: 'Field Duplication (off in the tool itself, for its noise)',
    payload: query(`query cop { ${'__typename \n'.repeat(501)}} `),
    isFinding: ({ json }) => Boolean(json.data?.__typename),
  },
];

describe('graphql-cop', () => {
  it('has twelve checks, and one it keeps off', () => expect(checks).toHaveLength(12 + 1));

  it.each(checks)('finds nothing: $name', async ({ payload, init, isFinding }) => {
    for (const withKey of [true, false]) {
      const answer = init === undefined ? await post(payload, withKey) : await request(init, withKey);
      expect({ answer, withKey, finding: isFinding(answer) }).toEqual({ answer, withKey, finding: false });
      expect(answer.json.errors ?? answer.json.data).toBeDefined();
      // A stranger learns that he is one, whatever he asks for.
      if (!withKey) expect([401, 405]).toContain(answer.status);
    }
  });

  const sent = checks.filter(({ payload }) => payload !== undefined && !Array.isArray(payload));
  it.each(everyTransport.flatMap((transport) => sent.map((check) => ({ transport, ...check }))))(
    'would find nothing by $transport: $name',
    async ({ transport, payload, isFinding }) => {
      const outcome: Outcome = await sendOver(transport, { url: gateway.graphqlUrl, key: adminKey }, payload);
      expect(outcome.results).toHaveLength(1);
      for (const result of outcome.results) {
        const answer = { status: outcome.status ?? 200, text: outcome.text, json: result };
        expect({ answer, finding: isFinding(answer) }).toEqual({ answer, finding: false });
      }
    },
  );
});
