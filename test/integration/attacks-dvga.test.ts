// The scenarios of DVGA, an application made to be attacked (github.com/dolevf/Damn-Vulnerable-GraphQL-Application): each
// is tried here, or it is said which test tries it or why there is nothing to try. Its own names, in its own order.

import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { errorsOf, sendRaw } from '../support/raw-http.ts';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ yaml: 'server: { introspection: false }\n' });
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => expect(gateway.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]));

type Scenario =
  | { readonly try: () => Promise<void> }
  /** For readers: a test that stands elsewhere and fails there, by its file and words of it. */
  | { readonly triedIn: readonly [file: string, words: string][] }
  | { readonly nothingToTry: string };

const model = 'sim-instant';
const generate =
  'mutation ($input: GenerateInput!) { generate(input: $input) { __typename ... on GenerateSuccess { generation { text } } ... on InvalidInputError { path message } } }';
const call = (input: Record<string, unknown>) =>
  gateway.send({ query: generate, variables: { input: { model, ...input } } });
const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(gateway.url + path, { headers, redirect: 'manual' });

/** What the server says of itself where nobody may look: nothing. */
async function expectNothingAt(path: string, headers: Record<string, string> = {}): Promise<void> {
  const answer = await get(path, headers);
  const text = await answer.text();
  expect({ path, status: answer.status, type: answer.headers.get('content-type') }).toEqual({
    path,
    status: path.split('?')[0] === '/graphql' ? 405 : 404,
    type: 'application/json; charset=utf-8',
  });
  expect(text).not.toMatch(/graphiql|playground|voyager|altair|apollo|<\/?[a-z]+>|"data"/i);
}

const scenarios: Record<string, Scenario> = {
  'Discovering GraphQL': {
    async try() {
      for (const path of [
        '/',
        '/graphiql',
        '/playground',
        '/console',
        '/v1/graphql',
        '/api/graphql',
        '/graphql/console',
        '/altair',
        '/voyager',
        '/explorer',
        '/subscriptions',
        '/graph',
        '/query',
        '/gql',
        '/graphql.php',
        '/.well-known/apollo/server-health',
      ]) {
        await expectNothingAt(path);
      }
    },
  },
  'Fingerprinting GraphQL': {
    async try() {
      // Engines are told apart by their words for mistakes: a stranger hears the same words for all.
      const probes = [
        'query @deprecated { __typename }',
        '{ __typename @skip }',
        '{ __typename @include(if: "a") }',
        'queryy { __typename }',
        '{ alias1$1: __typename }',
        '',
        '{}',
        'query { }',
        'subscription { __typename }',
        '{ __schema { types { name } } }',
        'query ($a: [Int!) { a }',
      ];
      const heard = new Set<string>();
      for (const query of probes) {
        const { status, errors, headers } = await gateway.send({ query, key: '' });
        const { requestId: _requestId, ...extensions } = errors[0]?.extensions ?? {};
        const names = [...headers.keys()].filter((name) => name !== 'date').sort();
        heard.add(JSON.stringify({ status, message: errors[0]?.message, extensions, names }));
      }
      expect(heard.size).toBe(1);
      expect([...heard].join()).toContain('"status":401');
    },
  },
  'Batch Query Attack': {
    triedIn: [
      ['attacks-overload.test.ts', 'a list of operations is not one'],
      ['attacks-graphql-cop.test.ts', 'Array-based Query Batching'],
    ],
  },
  'Deep Recursion Query Attack': {
    triedIn: [
      ['attacks-overload.test.ts', "name: 'depth'"],
      ['attacks-overload.test.ts', 'introspection in a circle'],
    ],
  },
  'Resource Intensive Query Attack': {
    async try() {
      const items = Array(100).fill({ model, prompt: 'a' });
      const query = `mutation ($items: [GenerateInput!]!) { ${Array.from({ length: 11 }, (_, index) => `a${index}: batchGenerate(input: { items: $items }) { batchId }`).join(' ')} }`;
      expect((await gateway.send({ query, variables: { items } })).errors[0]?.extensions?.['code']).toBe(
        'MAX_COST_EXCEEDED',
      );
      const one = 'mutation ($items: [GenerateInput!]!) { batchGenerate(input: { items: $items }) { batchId } }';
      const more = await gateway.send({ query: one, variables: { items: [...items, ...items] } });
      expect(more.errors[0]?.extensions?.['code']).toBe('BAD_USER_INPUT');
      expect(gateway.simulator.bill().totals.requests).toBe(0);
    },
  },
  'Field Duplication Attack': {
    async try() {
      // Repeated within the limit, it is resolved, and answered, once.
      const { text } = await gateway.send({ query: `{ ${'models { name } '.repeat(100)} }` });
      expect(text.match(/sim-fast/g)).toHaveLength(1);
      const more = await gateway.send({ query: `{ ${'__typename '.repeat(501)} }` });
      expect(more.errors[0]?.extensions?.['code']).toBe('MAX_COST_EXCEEDED');
    },
  },
  'Aliases based Attack': {
    triedIn: [
      ['attacks-overload.test.ts', 'aliases of one field'],
      ['attacks-overload.test.ts', 'calls of a model in one mutation'],
    ],
  },
  'Circular Fragment': { triedIn: [['attacks-overload.test.ts', 'fragments in a circle that double']] },
  'GraphQL Introspection': {
    async try() {
      for (const query of [
        '{ __schema { types { name } } }',
        '{ __type(name: "Query") { name } }',
        '{ ...F } fragment F on Query { a: __schema { queryType { name } } }',
      ]) {
        const { errors, data } = await gateway.send({ query });
        expect(errors[0]?.message).toMatch(/introspection/);
        expect(data).toBeUndefined();
      }
    },
  },
  'GraphiQL Interface': {
    async try() {
      for (const path of ['/graphql', '/graphiql', '/graphql?query={__typename}'])
        await expectNothingAt(path, { accept: 'text/html' });
    },
  },
  'GraphQL Field Suggestions': {
    triedIn: [
      ['attacks-schema-guessing.test.ts', 'is told what is wrong with a document, never what would be right'],
      ['hidden-suggestions.test.ts', 'did you mean'],
    ],
  },
  'Server Side Request Forgery': {
    async try() {
      let connections = 0;
      const inside = createServer((socket) => {
        connections++;
        socket.destroy();
      });
      await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
      const { port } = inside.address() as { port: number };
      for (const url of [
        `https://127.0.0.1:${port}/`,
        `https://localhost:${port}/`,
        `https://[::ffff:127.0.0.1]:${port}/`,
        `https://2130706433:${port}/`,
        `https://0177.0.0.1:${port}/`,
        `https://169.254.169.254/`,
        `http://127.0.0.1:${port}/`,
        `gopher://127.0.0.1:${port}/`,
        'file:///etc/passwd',
        `https://${['user', 'word'].join(':')}@127.0.0.1:${port}/`,
      ]) {
        const { data } = await call({ messages: [{ role: 'USER', parts: [{ imageUrl: url }] }] });
        expect({ url, type: data.generate.__typename }).toEqual({ url, type: 'InvalidInputError' });
        expect(JSON.stringify(data)).not.toContain(url);
      }
      expect(connections).toBe(0);
      await new Promise((resolve) => inside.close(resolve));
    },
  },
  'Stack Trace Errors': {
    async try() {
      const bodies = [
        '{',
        '[]',
        '"',
        '{"query":5}',
        '{"query":"{"}',
        '{"query":"{ a }"}',
        '{"query":"query ($a: Int!) { models { name } }","variables":{"a":"b"}}',
        '\u0000',
        '{"query":"{ node(id: \\"\\u0000\\") { id } }"}',
      ];
      for (const path of ['/graphql', '/graphiql', '/%00', '/graphql/%ff']) {
        for (const body of bodies) {
          const answer = await fetch(gateway.url + path, {
            method: 'POST',
            headers: { 'content-type': 'application/json', authorization: `Bearer ${adminKey}` },
            body,
          });
          const text = await answer.text();
          expect(answer.status).toBeLessThan(500);
          expect(text).not.toMatch(/\bat .*\.[cm]?[jt]s|node_modules|stacktrace|exception|Error:/i);
        }
      }
    },
  },
  'OS Command Injection #1': {
    async try() {
      // No part that serves requests starts a process; the one that does starts the simulator, when the server starts.
      const importers = sourceFiles()
        .filter(({ text }) => /['"](node:)?child_process['"]/.test(text))
        .map(({ name }) => name);
      expect(importers).toEqual(['platform/simulator-process.ts']);
      const { data } = await call({ prompt: '$(touch /tmp/owned); `id` | sh && ; -- \n' });
      expect(data.generate.__typename).toBe('GenerateSuccess');
    },
  },
  'OS Command Injection #2': {
    nothingToTry: 'No operation takes the name of a command, or runs one: see the first of its kind.',
  },
  'Stored Cross Site Scripting': {
    async try() {
      const script = '<script>alert(1)</script><img src=x onerror=alert(1)>';
      const { headers, status } = await call({ prompt: script, labels: [{ name: 'a', value: script }] });
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      for (const path of [`/${script}`, `/graphql?query=${script}`]) {
        const answer = await get(path, { accept: 'text/html' });
        expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
        expect(await answer.text()).not.toContain('alert');
      }
    },
  },
  'Log spoofing / Log Injection': {
    triedIn: [
      ['attacks-log-injection.test.ts', 'forges no line'],
      ['../unit/platform/logger.test.ts', 'keeps one line one line'],
    ],
  },
  'HTML Injection': { nothingToTry: 'No answer is a page: see the scenario on scripts.' },
  'SQL Injection': {
    async try() {
      // Nothing of an operation becomes part of a statement; ids and names are looked up as they are.
      for (const id of ["' OR 1=1 --", "gen_1'; DROP TABLE generations; --", '1 UNION SELECT 1', '"', '\\', '%', '_']) {
        const { data, errors } = await gateway.send({
          query: 'query ($id: ID!) { generation(id: $id) { id } node(id: $id) { id } }',
          variables: { id },
        });
        expect(data).toEqual({ generation: null, node: null });
        expect(errors.map(({ extensions }) => extensions?.['code'])).toEqual(['NOT_FOUND', 'NOT_FOUND']);
        expect((await call({ model: id, prompt: 'a' })).data.generate.__typename).toBe('InvalidInputError');
      }
    },
  },
  'GraphQL JWT Token Forge': {
    async try() {
      const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      for (const header of [
        { alg: 'none' },
        { alg: 'HS256' },
        { alg: 'RS256', jwk: {} },
        { alg: 'HS256', kid: '../../dev/null' },
      ]) {
        for (const signature of ['', 'AAAA']) {
          const token = `${part(header)}.${part({ sub: 'admin', exp: 9_999_999_999, roles: ['OPERATOR'] })}.${signature}`;
          expect((await gateway.send({ query: '{ viewer { roles } }', key: token })).status).toBe(401);
        }
      }
    },
  },
  'GraphQL Interface Protection Bypass': {
    async try() {
      for (const cookie of ['env=graphiql:enable', 'env=Z3JhcGhpcWw6ZW5hYmxl', 'debug=1']) {
        await expectNothingAt('/graphiql', { cookie, accept: 'text/html' });
        await expectNothingAt('/graphql', { cookie, accept: 'text/html', 'user-agent': 'graphiql' });
      }
    },
  },
  'GraphQL Query Deny List Bypass': {
    triedIn: [
      ['attacks-dvga.test.ts', 'whatever a document is called'],
      ['trusted-documents.test.ts', 'require'],
    ],
  },
  'GraphQL Query Weak Password Protection': {
    triedIn: [['attacks-schema-guessing.test.ts', 'with a key of his own making']],
  },
  'Arbitrary File Write // Path Traversal': {
    async try() {
      // No operation takes or names a file, and no path leads to one.
      const form = new FormData();
      form.set(
        'operations',
        '{"query":"mutation ($file: Upload!) { uploadPaste(content: $file) { result } }","variables":{"file":null}}',
      );
      form.set('0', new Blob(['owned']), '../../../../tmp/owned');
      const upload = await fetch(gateway.graphqlUrl, {
        method: 'POST',
        headers: { authorization: `Bearer ${adminKey}` },
        body: form,
      });
      expect(upload.status).toBe(415);
      for (const path of [
        '/../../etc/passwd',
        '/graphql/../../etc/passwd',
        '/%2e%2e/%2e%2e/etc/passwd',
        '/..%2f..%2fetc%2fpasswd',
        '/..\\..\\etc\\passwd',
        '//etc/passwd',
        '/healthz/../../etc/passwd',
      ]) {
        const [answer] = await sendRaw(gateway.url, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
        expect({ path, status: answer?.status, code: errorsOf(answer)[0]?.extensions?.['code'] }).toEqual({
          path,
          status: 404,
          code: 'NOT_FOUND',
        });
      }
    },
  },
};

function sourceFiles(): { readonly name: string; readonly text: string }[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('simulator'))
    .map((name) => ({ name, text: readFileSync(join('src', name), 'utf8') }));
}

describe('DVGA', () => {
  it('has twenty-four scenarios', () => expect(Object.keys(scenarios)).toHaveLength(24));

  const tried = Object.entries(scenarios).flatMap(([name, scenario]) =>
    'try' in scenario ? [{ name, attack: scenario.try }] : [],
  );
  it.each(tried)('$name', ({ attack }) => attack());

  it('whatever a document is called, it is told apart by what it asks: names open no door', async () => {
    await using strict = await startGateway({
      yaml: 'server: { introspection: false, trustedDocuments: { mode: require, manifest: manifest.json } }\n',
      files: { 'manifest.json': '{}' },
    });
    for (const request of [
      { query: 'query { models { name } }' },
      { query: 'query viewer { models { name } }', operationName: 'viewer' },
      { query: 'query getPastes { models { name } viewer { roles } }', operationName: 'getPastes' },
      { query: '{ viewer: models { name } }' },
      { query: 'query viewer { models { name } } query other { viewer { roles } }', operationName: 'other' },
    ]) {
      const { status, errors } = await strict.send(request);
      expect({ status, code: errors[0]?.extensions?.['code'] }).toEqual({
        status: 400,
        code: 'PERSISTED_DOCUMENT_NOT_FOUND',
      });
    }
  });
});
