// Guessing the schema from the words of errors, as clairvoyance does (github.com/nikitastupin/clairvoyance): a stranger
// learns nothing at all and is soon slowed down; a caller's errors hold nothing that the tool reads names from.
// Every name of the schema with a slip of the pen: hidden-suggestions.test.ts.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { everyTransport, sendOver } from '../support/every-transport.ts';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';
import { openWire } from '../support/wire.ts';

const perMinute = 50;
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    yaml: `server: { introspection: false }\nthrottle: { unauthenticatedPerMinute: ${perMinute}, failedSignInsPerMinute: ${perMinute} }\n`,
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => expect(gateway.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]));

/** Of its word list: some that are fields, arguments or types here, some that are not. */
const words = 'id name user users model models generate generation viewer node input prompt me login admin flag'.split(
  ' ',
);
const documents = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `query { ${words[index % words.length]}${index} }`);

async function ask(
  query: string,
  headers: Record<string, string>,
): Promise<{ status: number; told: string; retryAfter: string | null }> {
  const response = await fetch(gateway.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  const { errors } = (await response.json()) as { errors: { message: string; extensions: Record<string, unknown> }[] };
  const told = errors.map(({ message, extensions: { requestId: _requestId, retryAfterMs: _wait, ...rest } }) => ({
    message,
    rest,
  }));
  return { status: response.status, told: JSON.stringify(told), retryAfter: response.headers.get('retry-after') };
}

describe('a stranger', () => {
  it.each([
    ['without a key', {}, perMinute],
    [
      'with a key of his own making',
      { authorization: 'Bearer sk_guessed_0123456789abcdef0123456789abcdef' },
      perMinute,
    ],
    ['with a token of his own making', { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.' }, 0],
  ])(
    '%s asks N wrong questions and is told N times that he is one, in the same words, then to wait',
    async (_name, headers, times) => {
      const answers = [];
      for (const query of documents(perMinute)) answers.push(await ask(query, headers));
      // Who guesses keys and who makes up tokens come from one address, and share its patience.
      const strangers = answers.filter(({ status }) => status === 401);
      expect(strangers).toHaveLength(times);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(perMinute - times);
      expect(new Set(strangers.map(({ told }) => told)).size).toBe(times === 0 ? 0 : 1);
      const late = await ask('{ models { name } }', headers);
      expect(late.status).toBe(429);
      expect(Number(late.retryAfter)).toBeGreaterThan(0);
      expect(late.told).not.toMatch(/models|name/);
    },
  );

  it('is told as little by a socket, whatever it sends', async () => {
    for (const message of [
      { type: 'subscribe', id: 'a', payload: { query: 'subscription { generateSteam }' } },
      { type: 'connection_init' },
    ]) {
      await using wire = await openWire(gateway.socketUrl);
      wire.send(message);
      const { code, reason } = await wire.closed;
      expect([4401, 1013]).toContain(code);
      expect(['Unauthorized', 'Try again later']).toContain(reason);
    }
  });

  it('does not slow down those who have a key', async () => {
    expect((await gateway.send({ query: '{ __typename }' })).status).toBe(200);
  });
});

/** What the tool reads names of fields, arguments and types from. */
const suggestion = /Did you mean|did you mean|Perhaps|suggest/;
const buckets = [
  `query { ${words.map((word) => word.slice(0, -1)).join(' ')} }`,
  `mutation { ${words.join(' ')} }`,
  'query { modles { nam } }',
  'query { viewer { organisation { nme } } }',
  `query { models(${words.map((word) => `${word}: 7`).join(', ')}) { name } }`,
  'query { generation(ids: "a") { id } }',
  'mutation { generate(inpt: {}) { __typename } }',
  'mutation { generate(input: { modle: "a", promt: "b" }) { __typename } }',
  'mutation { generate(input: { model: "a", messages: [{ role: USR }] }) { __typename } }',
  'query { node(id: "a") { nme ... on Modl { name } } }',
  'query { models { name @inclde(if: true) } }',
  'query ($a: Strng) { models { name } }',
  'subscription { generateSteam(input: {}) { sequnce } }',
  'query { IAmWrongField }',
  'query { models }',
];

describe.each(everyTransport)('a caller, by %s', (transport) => {
  it('is told what is wrong with a document, never what would be right', async () => {
    const target = { url: gateway.graphqlUrl, key: adminKey };
    for (const query of buckets) {
      const { errors, text } = await sendOver(transport, target, { query });
      expect({ query, refused: errors.length > 0, suggests: suggestion.test(text) }).toEqual({
        query,
        refused: true,
        suggests: false,
      });
    }
  });
});
