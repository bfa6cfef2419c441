import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createIdentityFetch, IdentityFetchError, type IdentityRequest } from '../../../src/platform/identity-fetch.ts';
import { createProxyChoice, type OutgoingProxy } from '../../../src/platform/proxy-choice.ts';
import { createSecret } from '../../../src/platform/secret.ts';
import { createSelfSignedCertificate } from '../../support/certificates.ts';
import { startTestProxy } from '../../support/start-proxy.ts';

const toClose: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  toClose.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}
const start = (listener: RequestListener): Promise<number> => listen(createServer(listener));

function fetchBy(proxy?: OutgoingProxy, timeoutMs = 5_000) {
  const proxyFor = createProxyChoice({ https: proxy, http: proxy, except: [] });
  const fetch = createIdentityFetch({ proxyFor, timeoutMs });
  toClose.push(fetch.close);
  return (request: Partial<IdentityRequest>) => fetch({ url: '', allowInsecure: false, ...request });
}

async function failure(asked: Promise<unknown>): Promise<string> {
  const error = await asked.then(
    () => new Error('it should have failed'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof IdentityFetchError)) throw error;
  return error.message;
}

describe('an identity provider', () => {
  it('is asked on this machine in the clear, elsewhere only by https or where that is allowed', async () => {
    const port = await start((_request, response) => response.end('{"a":1}'));
    const fetch = fetchBy();
    expect(await fetch({ url: `http://127.0.0.1:${port}/` })).toEqual({ status: 200, body: { a: 1 } });
    expect(await failure(fetch({ url: 'http://id.example/keys?secret' }))).toBe(
      'http://id.example is not https:// (allowInsecure: true would allow it)',
    );
    for (const url of ['', 'file:///etc/passwd', 'https://user:password@id.example/', 'gopher://id.example']) {
      expect(await failure(fetch({ url }))).toMatch(/no http\(s\) address without credentials/);
    }
  });

  it('is not followed elsewhere', async () => {
    let elsewhere = 0;
    const other = await start((_request, response) => {
      elsewhere++;
      response.end('{}');
    });
    const port = await start((_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${other}/` }).end();
    });
    expect(await fetchBy()({ url: `http://127.0.0.1:${port}/` })).toEqual({ status: 302, body: undefined });
    expect(elsewhere).toBe(0);
  });

  it.each([['text'], ['[1]'], ['null'], ['"x"'], [''], ['{"a":'], [Buffer.from([0x7b, 0xff, 0x7d])]])(
    'that answers %j has answered no JSON object',
    async (body) => {
      const port = await start((_request, response) => response.end(body));
      expect(await fetchBy()({ url: `http://127.0.0.1:${port}/` })).toEqual({ status: 200, body: undefined });
    },
  );

  it('is sent a form by POST, once more where the connection had been closed meanwhile', async () => {
    const asked: string[] = [];
    const port = await start(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      asked.push(`${request.method} ${request.headers['content-type']} ${text}`);
      if (asked.length === 2) request.socket.destroy();
      else response.end('{}');
    });
    const fetch = fetchBy();
    const url = `http://127.0.0.1:${port}/`;
    await fetch({ url, form: { token: 'a b&c' } });
    await fetch({ url, form: { token: 'd' } });
    const type = 'application/x-www-form-urlencoded';
    expect(asked).toEqual([`POST ${type} token=a+b%26c`, `POST ${type} token=d`, `POST ${type} token=d`]);
  });

  it('that is not there, or sends without end, or never, is told of by its address alone', async () => {
    const port = await start((_request, response) => response.end('{'.repeat(1024 * 1024 + 1)));
    const silent = await start(() => undefined);
    const fetch = fetchBy(undefined, 500);
    expect(await failure(fetch({ url: `http://127.0.0.1:${silent}/?secret` }))).toBe(
      `http://127.0.0.1:${silent} did not answer within 500 ms`,
    );
    const closed = await start(() => undefined);
    await toClose.pop()?.();
    expect(await failure(fetch({ url: `http://127.0.0.1:${closed}/?secret` }))).toBe(
      `http://127.0.0.1:${closed} cannot be reached (ECONNREFUSED)`,
    );
    expect(await failure(fetchBy()({ url: `http://127.0.0.1:${port}/?secret` }))).toBe(
      `http://127.0.0.1:${port} answered more than 1048576 bytes`,
    );
  });

  it('with a certificate that nobody vouches for is not believed', async () => {
    const { cert, key } = createSelfSignedCertificate(['127.0.0.1']);
    const port = await listen(createSecureServer({ cert, key }, (_request, response) => response.end('{}')));
    expect(await failure(fetchBy()({ url: `https://127.0.0.1:${port}/` }))).toMatch(/cannot be reached \(\w+\)$/);
  });

  it('is asked through the proxy that is configured, in the clear and by https', async () => {
    const seen: IncomingMessage['headers'][] = [];
    const port = await start((request, response) => {
      seen.push(request.headers);
      response.end('{"through":"proxy"}');
    });
    const proxy = await startTestProxy({ hosts: { 'id.example.test': port }, credentials: 'us:secret' });
    toClose.push(proxy.close);
    const authorization = createSecret(`Basic ${Buffer.from('us:secret').toString('base64')}`);
    const fetch = fetchBy({ url: `http://127.0.0.1:${proxy.port}`, authorization });
    const answer = await fetch({ url: 'http://id.example.test/keys?x=1', allowInsecure: true });
    expect(answer).toEqual({ status: 200, body: { through: 'proxy' } });
    expect(seen[0]?.host).toBe('id.example.test');
    // It speaks no TLS: all that matters is how the proxy was asked.
    expect(await failure(fetch({ url: 'https://id.example.test/keys' }))).toMatch(
      /^https:\/\/id\.example\.test cannot/,
    );
    expect(proxy.asked).toContain('GET http://id.example.test/keys?x=1');
    expect(proxy.asked).toContain('CONNECT id.example.test:443');
    const refusing = fetchBy({ url: `http://127.0.0.1:${proxy.port}`, authorization: undefined });
    expect(await failure(refusing({ url: 'https://id.example.test/' }))).toMatch(/through the proxy \(407\)$/);
  });
});
