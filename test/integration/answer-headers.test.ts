// What every answer says about itself, whatever it is about, and that no header of an answer carries a caller's text.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rawPost, sendRaw } from '../support/raw-http.ts';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';
import { streamTypes } from '../support/wire.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    yaml: 'server: { allowedOrigins: ["https://app.example.com"] }\nthrottle: { failedSignInsPerMinute: 1 }\n',
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const signedIn = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
const post = (body: string, headers: Record<string, string> = signedIn): RequestInit => ({
  method: 'POST',
  headers,
  body,
});
const query = '{"query":"{ __typename }"}';
const stream = (key: string): string =>
  JSON.stringify({
    query: `subscription { generateStream(input: { idempotencyKey: "${key}", request: { model: "sim-instant", prompt: "hi" } }) { sequence } }`,
  });

describe('every answer', () => {
  const cases: [name: string, status: number, path: string, init: RequestInit][] = [
    ['with data', 200, '/graphql', post(query)],
    ['with server-sent events', 200, '/graphql', post(stream('a'), { ...signedIn, accept: streamTypes.SSE })],
    ['in many parts', 200, '/graphql', post(stream('b'), { ...signedIn, accept: streamTypes.multipart })],
    ['to a document that does not parse', 400, '/graphql', post('{"query":"{"}')],
    ['to a body that does not parse', 400, '/graphql', post('{')],
    ['to a stranger', 401, '/graphql', post(query, { 'content-type': 'application/json' })],
    ['to a stranger who tries again', 429, '/graphql', post(query, { 'x-api-key': 'nobody' })],
    ['to a method that is not taken', 405, '/graphql', {}],
    ['to a subscription without a stream', 406, '/graphql', post(stream('c'))],
    ['to a body that is too large', 413, '/graphql', post('x'.repeat(4 * 1024 * 1024 + 1))],
    ['to a type that is not taken', 415, '/graphql', post('', { ...signedIn, 'content-type': 'text/plain' })],
    ['to headers that are too large', 431, '/graphql', post(query, { ...signedIn, 'x-padding': 'x'.repeat(20_000) })],
    [
      'to too many headers',
      431,
      '/healthz',
      { headers: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`x-${index}`, 'a'])) },
    ],
    [
      'to a preflight',
      204,
      '/graphql',
      { method: 'OPTIONS', headers: { origin: 'https://app.example.com', 'access-control-request-method': 'POST' } },
    ],
    ['of health', 200, '/healthz', {}],
    ['of readiness', 200, '/readyz', {}],
    ['about what is not there', 404, '/nowhere', {}],
    ['about a page', 404, '/', { headers: { accept: 'text/html' } }],
  ];
  it.each(cases)(
    '%s (%d) may not be framed, sniffed, cached or embedded, and says nothing of what serves it',
    async (_name, status, path, init) => {
      if (status === 429) await fetch(gateway.url + path, init);
      const answer = await fetch(gateway.url + path, init);
      await answer.text();
      expect(answer.status).toBe(status);
      expectSafe(Object.fromEntries(answer.headers));
    },
  );

  it.each([
    ['by a page of a foreign origin', 403, '/graphql', ['Origin: https://evil.example.com']],
    ['to a path that is not there', 404, '/nowhere', []],
    ['without a handshake', 400, '/graphql', ['Sec-WebSocket-Version: 7']],
  ])('to an upgrade %s (%d), too', async (_name, status, path, lines) => {
    const upgrade = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', ...lines];
    const [answer] = await sendRaw(gateway.url, [`GET ${path} HTTP/1.1`, ...upgrade, '', ''].join('\r\n'));
    expect(answer?.status).toBe(status);
    expectSafe(Object.fromEntries(answer?.headers ?? []));
    const { requestId } = JSON.parse(answer?.body ?? '').errors[0].extensions;
    expect(requestId).toBe(answer?.headers.get('x-request-id'));
  });
});

function expectSafe(headers: Record<string, unknown>): void {
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.stringMatching(/^req_[0-9a-z]{26}$/),
  });
  for (const name of ['server', 'x-powered-by', 'set-cookie', 'etag']) expect(headers).not.toHaveProperty(name);
}

describe("a caller's text", () => {
  const canary = 'CANARY7f3a';
  const values = [
    canary,
    `${canary}\t`,
    `${canary}; charset=utf-8`,
    `${canary} é ÿ`,
    `${canary}%0d%0aX-Injected: 1`,
    `${canary}\x0bX-Injected: 1`,
    `"${canary}"`,
    `${canary}`.repeat(500),
  ];

  it.each([
    'Accept',
    'Access-Control-Request-Headers',
    'Access-Control-Request-Method',
    'Authorization',
    'Content-Type',
    'Cookie',
    'Forwarded',
    'Host',
    'Idempotency-Key',
    'Origin',
    'Referer',
    'traceparent',
    'X-API-Key',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Request-Id',
  ])('in the header %s stands in no header of the answer', async (name) => {
    for (const value of values) {
      for (const method of ['POST', 'OPTIONS']) {
        const lines = [`${name}: ${value}`, `Content-Length: ${query.length}`];
        const bytes = rawPost(query, adminKey, lines).replace('POST', method);
        // The header given here takes the place of the usual one.
        const once = bytes.replace(new RegExp(`\r\n${name}: (?!${canary}|"${canary}).*?\r\n`, 'i'), '\r\n');
        const [answer] = await sendRaw(gateway.url, Buffer.from(once, 'latin1'));
        const own = name === 'X-Request-Id' && value.trim() === canary ? ['x-request-id'] : [];
        expect([...(answer?.headers ?? [])].filter(([, held]) => held.includes(canary)).map(([key]) => key)).toEqual(
          own,
        );
        expect(answer?.headers.has('x-injected')).toBe(false);
      }
    }
  });

  it('in a path or a query stands nowhere in the answer', async () => {
    for (const path of [`/${canary}`, `/graphql?a=${canary}`, `/graphql/${canary}`, `/%0d%0aX-Injected:${canary}`]) {
      const [answer] = await sendRaw(gateway.url, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      expect(JSON.stringify([...(answer?.headers ?? []), answer?.body])).not.toContain(canary);
    }
  });
});
