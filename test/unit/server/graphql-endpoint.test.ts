// The HTTP pipeline of `/graphql` over a real socket: who gets in, what is refused and how, what comes out.

import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditServer } from 'graphql-http';
import { goodKey, startTestServer, type TestServer } from '../../support/start-test-server.ts';

const json = { 'content-type': 'application/json' };
const canary = 'CANARY-7f3a prompt';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ http: { allowedOrigins: ['https://app.example.com'], bodyBytes: 200_000 } });
});
afterAll(() => server.stop());

describe('identity', () => {
  it('answers anonymous callers 401 before anything is read', async () => {
    const answer = await server.send({ method: 'POST', headers: json, body: '{not json' });
    expect(answer.status).toBe(401);
    expect(answer.code).toBe('UNAUTHENTICATED');
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
  });

  it('accepts a key as X-API-Key too and refuses an unknown one', async () => {
    const body = JSON.stringify({ query: '{ __typename }' });
    expect((await server.send({ method: 'POST', headers: { ...json, 'x-api-key': 'good' }, body })).status).toBe(200);
    const bad = await server.send({ method: 'POST', headers: { ...json, 'x-api-key': canary }, body });
    expect(bad.status).toBe(401);
    expect(bad.text).not.toContain('CANARY');
  });

  it('throttles failed sign-ins and anonymous requests per address, and good keys never', async () => {
    const limits = { failedSignInsPerMinute: 2, unauthenticatedPerMinute: 1, upgradesPerMinute: 1 };
    const strict = await startTestServer({ http: { throttle: limits } });
    const body = { query: '{ __typename }' };
    const statuses: number[] = [];
    for (let count = 0; count < 3; count++)
      statuses.push((await strict.post(body, { authorization: 'Bearer no' })).status);
    expect(statuses).toEqual([401, 401, 429]);
    const anonymous = { method: 'POST', headers: json, body: '{}' };
    await strict.send(anonymous);
    const refused = await strict.send(anonymous);
    expect(refused.status).toBe(429);
    expect(refused.code).toBe('RATE_LIMITED');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await strict.post(body)).status).toBe(200);
    await strict.stop();
  });
});

describe('the envelope', () => {
  const query = '{ __typename }';
  const cases: [
    name: string,
    send: () => Promise<{ status: number; code: unknown; text: string }>,
    status: number,
    code: string,
  ][] = [
    ['bad JSON', () => server.post(`{"query": "${canary}`), 400, 'BAD_USER_INPUT'],
    ['an empty body', () => server.post(''), 400, 'BAD_USER_INPUT'],
    ['a batch', () => server.post([{ query }]), 400, 'BAD_USER_INPUT'],
    ['a body that is no object', () => server.post(JSON.stringify(canary)), 400, 'BAD_USER_INPUT'],
    ['no document', () => server.post({}), 400, 'BAD_USER_INPUT'],
    ['a document that is no string', () => server.post({ query: { a: canary } }), 400, 'BAD_USER_INPUT'],
    ['variables that are no object', () => server.post({ query, variables: canary }), 400, 'BAD_USER_INPUT'],
    [
      'a hash instead of a document',
      () => server.post({ extensions: { persistedQuery: { version: 1, sha256Hash: 'ab' } } }),
      400,
      'PERSISTED_DOCUMENT_NOT_FOUND',
    ],
    ['another content type', () => server.post(query, { 'content-type': 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'another charset',
      () => server.post({ query }, { 'content-type': 'application/json; charset=latin1' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a compressed body', () => server.post({ query }, { 'content-encoding': 'gzip' }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'GET',
      () => server.send({ headers: goodKey }, `/graphql?query=${encodeURIComponent(query)}`),
      405,
      'METHOD_NOT_ALLOWED',
    ],
    [
      'PUT',
      () => server.send({ method: 'PUT', headers: { ...json, ...goodKey }, body: '{}' }),
      405,
      'METHOD_NOT_ALLOWED',
    ],
    [
      'bad UTF-8',
      () =>
        server.send({
          method: 'POST',
          headers: { ...json, ...goodKey },
          body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
        }),
      400,
      'BAD_USER_INPUT',
    ],
    ['a body over the limit', () => server.post({ query, pad: 'x'.repeat(300_000) }), 413, 'PAYLOAD_TOO_LARGE'],
    [
      'a subscription without a stream to answer on',
      () => server.post({ query: 'subscription { generationEvents(generationId: "x") { sequence } }' }),
      406,
      'SUBSCRIPTION_TRANSPORT_REQUIRED',
    ],
    [
      'an unknown operation',
      () => server.post({ query: 'query A { __typename }', operationName: canary }),
      400,
      'OPERATION_RESOLUTION_FAILURE',
    ],
    ['broken GraphQL', () => server.post({ query: `{ models(a: "${canary}" }` }), 400, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', () => server.post({ query: '{ nothing }' }), 400, 'GRAPHQL_VALIDATION_FAILED'],
    [
      '10,000 aliases',
      () => server.post({ query: `{ ${Array.from({ length: 10_000 }, (_, i) => `a${i}: __typename`).join(' ')} }` }),
      400,
      'MAX_COST_EXCEEDED',
    ],
    [
      'a missing variable',
      () => server.post({ query: 'query ($id: ID!) { generation(id: $id) { id } }' }),
      400,
      'BAD_USER_INPUT',
    ],
  ];
  it.each(cases)('refuses %s', async (_name, send, status, code) => {
    const answer = await send();
    expect({ status: answer.status, code: answer.code }).toEqual({ status, code });
    expect(answer.text).not.toContain('CANARY');
  });

  it('names the methods it knows', async () => {
    expect((await server.send({ headers: goodKey })).headers.get('allow')).toBe('POST, OPTIONS');
  });

  it('refuses a body that grows beyond the limit while it streams, and the answer arrives', async () => {
    const sent = httpRequest(server.url, { method: 'POST', headers: { ...json, ...goodKey } });
    sent.on('error', () => undefined);
    for (let count = 0; count < 30; count++) sent.write('x'.repeat(10_000));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    response.resume();
    sent.end();
  });

  it('answers a legacy client 200 for errors inside well-formed requests, and 400 for broken bodies', async () => {
    const legacy = { accept: 'application/json' };
    expect((await server.post({ query: '{' }, legacy)).status).toBe(200);
    expect((await server.post('{', legacy)).status).toBe(400);
    expect((await server.post({ query: '{' }, { accept: 'application/graphql-response+json' })).status).toBe(400);
  });
});

describe('answers', () => {
  it('carry the request id sent, or a new one where it is not harmless', async () => {
    const own = await server.post({ query: '{ nothing }' }, { 'x-request-id': 'abc-1.2' });
    expect(own.headers.get('x-request-id')).toBe('abc-1.2');
    expect(own.body.errors?.[0]?.extensions['requestId']).toBe('abc-1.2');
    const strange = await server.post({ query: '{ __typename }' }, { 'x-request-id': 'a b<script>' });
    expect(strange.headers.get('x-request-id')).toMatch(/^req_/);
    expect(own.headers.get('cache-control')).toBe('no-store');
  });

  it('keep the data of the others when one field fails, with status 200', async () => {
    const answer = await server.post({
      query: '{ a: generation(id: "gen_x") { id } b: node(id: "model:chat") { id } }',
    });
    expect(answer.status).toBe(200);
    expect(answer.body.data).toMatchObject({ a: null, b: { id: 'model:chat' } });
    expect(answer.body.errors).toMatchObject([{ path: ['a'], extensions: { code: 'NOT_FOUND' } }]);
  });

  it('take the status of the code where there is no data', async () => {
    const query = 'query ($input: GenerateInput!) { estimate(input: $input) { inputTokens } }';
    const answer = await server.post({ query, variables: { input: { model: 'no', prompt: canary } } });
    expect(answer.code).toBe('MODEL_NOT_FOUND');
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('CANARY');
  });

  it('run a planned call once per response key', async () => {
    server.provider.onCall = (call) => {
      call.emit('hello');
      call.finish();
    };
    const before = server.provider.calls.length;
    const query =
      'mutation ($input: GenerateInput!) { a: generate(input: $input) { ...F } b: generate(input: $input) { ...F } a: generate(input: $input) { __typename } } fragment F on GenerateSuccess { generation { text } }';
    const answer = await server.post({ query, variables: { input: { model: 'chat', prompt: 'hi' } } });
    expect(answer.body.data).toMatchObject({
      a: { generation: { text: 'hello' } },
      b: { generation: { text: 'hello' } },
    });
    expect(server.provider.calls.length - before).toBe(2);
    server.provider.onCall = undefined;
  });

  it('are not waited for by a call whose caller has left: it is aborted upstream', async () => {
    const aborted = new Promise<void>((resolve) => {
      server.provider.onCall = ({ call }) => {
        call.signal.addEventListener('abort', () => resolve());
        leave.abort();
      };
    });
    const leave = new AbortController();
    const query = 'mutation { generate(input: { model: "chat", prompt: "hi" }) { __typename } }';
    const body = JSON.stringify({ query });
    await expect(
      fetch(server.url, { method: 'POST', headers: { ...json, ...goodKey }, body, signal: leave.signal }),
    ).rejects.toThrow();
    await aborted;
    server.provider.onCall = undefined;
  });

  it('mask what nobody foresaw and log it under the request id', async () => {
    server.provider.onCall = undefined;
    const find = server.generations.find;
    Object.assign(server.generations, {
      find: () => {
        throw new Error(canary);
      },
    });
    const answer = await server.post({ query: '{ generation(id: "gen_1") { id } }' }, { 'x-request-id': 'masked-1' });
    Object.assign(server.generations, { find });
    expect(answer.body.errors?.[0]?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', requestId: 'masked-1' });
    expect(answer.text).not.toContain('CANARY');
    const line = server.log.find(({ level, fields }) => level === 'error' && fields['requestId'] === 'masked-1');
    expect(line?.fields['err']).toEqual(new Error(canary));
  });

  it('leave one line each in the log, without content', async () => {
    await server.post({ query: `{ models(x: "${canary}") { name } }` }, { 'x-request-id': 'logged-1' });
    const line = server.log.find(({ message, fields }) => message === 'request' && fields['requestId'] === 'logged-1');
    expect(line?.fields).toMatchObject({ method: 'POST', path: '/graphql', status: 400, principal: 'key:test' });
    expect(JSON.stringify(line)).not.toContain('CANARY');
  });
});

describe('one time-out per operation', () => {
  it('ends an operation that runs no model and takes too long', async () => {
    const slow = await startTestServer({ core: { limits: { timeoutMs: 50 } } });
    Object.assign(slow.generations, { cancel: () => new Promise(() => undefined) });
    const query = 'mutation { cancelGeneration(input: { id: "gen_1" }) { __typename } }';
    const answer = await slow.post({ query });
    expect(answer.status).toBe(503);
    expect(answer.code).toBe('OVERLOADED');
    expect(answer.body.errors?.[0]?.message).toContain('50 ms');
    await slow.stop();
  });
});

describe('CORS', () => {
  it('answers the preflight of a listed origin and exposes what clients need', async () => {
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' };
    const preflight = await server.send({ method: 'OPTIONS', headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization');
    const answer = await server.post({ query: '{ __typename }' }, { origin: 'https://app.example.com' });
    expect(answer.headers.get('access-control-expose-headers')).toContain('X-Request-Id');
  });

  it('tells other origins nothing', async () => {
    const headers = { origin: 'https://evil.example.com', 'access-control-request-method': 'POST' };
    const preflight = await server.send({ method: 'OPTIONS', headers });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('GraphQL over HTTP', () => {
  it('passes the audits but for the three notices on GET', async () => {
    const results = await auditServer({
      url: server.url,
      fetchFn: (url: string, init: RequestInit = {}) =>
        fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), ...goodKey } }),
    });
    const rest = results.filter(({ status }) => status !== 'ok').map(({ id, status }) => `${id} ${status}`);
    expect(rest.sort()).toEqual(['5A70 notice', '6A70 notice', 'D6D5 notice']);
  });
});

describe('other paths', () => {
  it('tell of health and readiness, and 404 elsewhere', async () => {
    expect((await server.send({}, '/healthz')).status).toBe(200);
    expect((await server.send({}, '/readyz')).body).toEqual({ status: 'ready' });
    const nothing = await server.send({}, '/CANARY');
    expect(nothing.status).toBe(404);
    expect(nothing.text).not.toContain('CANARY');
  });
});
