// What a page of somebody else can make a browser send, with whatever the browser adds by itself: nothing of it is taken
// for an operation, even if the browser had a key to add.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { errorsOf, rawPost, sendRaw } from '../support/raw-http.ts';
import { startTestServer, type TestServer } from '../support/start-test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ http: { allowedOrigins: ['https://app.example.com'] } });
});
afterAll(() => server.stop());
afterEach(() => expect(server.provider.calls).toHaveLength(0));

const mutation = 'mutation { generate(input: { model: "chat", prompt: "hi" }) { __typename } }';
const json = JSON.stringify({ query: mutation });
const form = new URLSearchParams({ query: mutation }).toString();
const evil = 'Origin: https://evil.example.com';

describe('a page of another site cannot have an operation run', () => {
  const accepts = ['*/*', 'text/html', 'text/event-stream', 'multipart/mixed;subscriptionSpec=1.0'];
  it.each([
    ['by a form', 'application/x-www-form-urlencoded', form],
    ['by a form that is JSON', 'application/x-www-form-urlencoded', json],
    [
      'by a form of parts',
      'multipart/form-data; boundary=a',
      `--a\r\nContent-Disposition: form-data; name="query"\r\n\r\n${mutation}\r\n--a--\r\n`,
    ],
    ['by text', 'text/plain', json],
    ['by text that says it is JSON', 'text/plain; application/json', json],
    ['by text that says it in a parameter', 'text/plain; charset=utf-8; type="application/json"', json],
    ['by a type that only begins like JSON', 'application/jsonp', json],
    ['by GraphQL as it is', 'application/graphql', mutation],
    ['by no type at all', '', json],
  ])('%s', async (_name, type, body) => {
    for (const accept of accepts) {
      const lines = [evil, `Accept: ${accept}`, `Content-Length: ${Buffer.byteLength(body)}`];
      const bytes = rawPost(body, 'good', lines).replace(
        'Content-Type: application/json\r\n',
        type === '' ? '' : `Content-Type: ${type}\r\n`,
      );
      const [answer] = await sendRaw(server.url, bytes);
      expect(answer?.status).toBe(415);
      expect(errorsOf(answer)[0]?.extensions?.['code']).toBe('UNSUPPORTED_MEDIA_TYPE');
      expect([...(answer?.headers.keys() ?? [])].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it.each(['GET', 'HEAD'])('by an image, a script, a link or a frame: %s', async (method) => {
    for (const query of [
      mutation,
      '{ __typename }',
      'subscription { generationEvents(generationId: "a") { sequence } }',
    ]) {
      for (const accept of accepts) {
        const url = `${server.url}?${new URLSearchParams({ query })}`;
        const answer = await fetch(url, {
          method,
          headers: {
            accept,
            authorization: 'Bearer good',
            'content-type': 'application/json',
            'apollo-require-preflight': '1',
          },
        });
        expect(answer.status).toBe(405);
        expect(answer.headers.get('content-type')).toMatch(/json/);
      }
    }
  });

  it('by JSON, which a browser asks about first and is not allowed to send', async () => {
    for (const origin of [
      'https://evil.example.com',
      'null',
      'https://app.example.com.evil.example.com',
      'http://app.example.com',
      'https://app.example.com:8443',
    ]) {
      const headers = {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      };
      const answer = await fetch(server.url, { method: 'OPTIONS', headers });
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it('by a socket, which a browser opens without asking', async () => {
    for (const origin of ['https://evil.example.com', 'null', 'https://app.example.com.evil.example.com']) {
      const upgrade = [
        'Host: 127.0.0.1',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Protocol: graphql-transport-ws',
        `Origin: ${origin}`,
      ];
      const [answer] = await sendRaw(server.url, `GET /graphql HTTP/1.1\r\n${upgrade.join('\r\n')}\r\n\r\n`);
      expect(answer?.status).toBe(403);
    }
  });

  it('and what it gets back names no other site, and asks for no cookie', async () => {
    const lines = [evil, 'Cookie: session=1', `Content-Length: ${json.length}`];
    const [answer] = await sendRaw(server.url, rawPost(json, 'nobody', lines));
    expect(answer?.status).toBe(401);
    expect(answer?.headers.get('vary')).toBe('Origin');
    for (const name of ['set-cookie', 'access-control-allow-origin', 'access-control-allow-credentials']) {
      expect(answer?.headers.has(name)).toBe(false);
    }
  });
});
