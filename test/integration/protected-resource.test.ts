// OAuth clients find out by themselves how to sign in, what is wrong with their token and which scope they lack.

import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startGateway, type TestGateway, webKey } from '../support/start-gateway.ts';
import {
  createSigningKey,
  startIdentityProvider,
  type TestIdentityProvider,
} from '../support/start-identity-provider.ts';

const paths = ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/graphql'];
let provider: TestIdentityProvider;
let gateway: TestGateway;
beforeAll(async () => {
  provider = await startIdentityProvider([await createSigningKey()]);
  gateway = await startGateway({
    yaml: `  jwt: [{ issuer: "${provider.url}", audience: sluice, defaults: { organization: default } }]
server: { allowedOrigins: ["https://app.example"] }
`,
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

const viewer = '{ viewer { principal } }';
const challengeOf = async (request: Parameters<TestGateway['send']>[0], on = gateway) => {
  const { status, headers } = await on.send({ query: viewer, ...request });
  return { status, challenge: headers.get('www-authenticate') };
};

describe('the metadata', () => {
  it.each(paths)('say at %s who makes tokens for which resource', async (path) => {
    const response = await fetch(gateway.url + path);
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('cache-control')).toBe('private, max-age=300');
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({
      resource: `${gateway.url}/graphql`,
      authorization_servers: [provider.url],
      scopes_supported: ['generate', 'usage:read', 'admin', 'content:read'],
      bearer_methods_supported: ['header'],
    });
  });

  it('may be read by any page, and by GET or HEAD alone', async () => {
    const address = gateway.url + (paths[0] ?? '');
    const preflight = await fetch(address, {
      method: 'OPTIONS',
      headers: { origin: 'https://else.example', 'access-control-request-method': 'GET' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect((await fetch(address, { method: 'HEAD' })).status).toBe(200);
    const posted = await fetch(address, { method: 'POST', body: '{}' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  it('are not told under a name that is none', async () => {
    const { hostname, port } = new URL(gateway.url);
    const status = await new Promise((resolve, reject) => {
      request({ hostname, port, path: paths[0], headers: { host: 'a.example/"evil' } }, (response) => {
        response.resume().once('close', () => resolve(response.statusCode));
      })
        .once('error', reject)
        .end();
    });
    expect(status).toBe(400);
  });

  it('go by publicUrl, and are not there where nobody else vouches for tokens', async () => {
    await using other = await startGateway({
      yaml: `  introspection: { endpoint: "${provider.url}/introspect", clientId: us, clientSecret: them, defaults: { organization: default } }
server: { publicUrl: "https://ai.example.com/eu" }
`,
    });
    const response = await fetch(other.url + (paths[1] ?? ''));
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600');
    expect(await response.json()).toMatchObject({
      resource: 'https://ai.example.com/eu/graphql',
      authorization_servers: [provider.url],
    });
    expect((await challengeOf({ key: '' }, other)).challenge).toBe(
      'Bearer realm="sluice", resource_metadata="https://ai.example.com/eu/.well-known/oauth-protected-resource/graphql"',
    );
    await other.reload({ yaml: '' });
    expect((await fetch(other.url + (paths[0] ?? ''))).status).toBe(404);
    expect((await challengeOf({ key: '' }, other)).challenge).toBe('Bearer realm="sluice"');
  });
});

describe('a refusal', () => {
  const metadata = () => `resource_metadata="${gateway.url}/.well-known/oauth-protected-resource/graphql"`;

  it('of who sent nothing says where to begin, and no error', async () => {
    expect(await challengeOf({ key: '' })).toEqual({ status: 401, challenge: `Bearer realm="sluice", ${metadata()}` });
  });

  it('of a bad token says so', async () => {
    const token = await provider.sign({ aud: 'another "server"' });
    expect(await challengeOf({ key: token })).toEqual({
      status: 401,
      challenge: `Bearer realm="sluice", error="invalid_token", error_description="This token is for another audience ('aud') than this server.", ${metadata()}`,
    });
  });

  it('of credentials that are none, or two, says that the request is at fault', async () => {
    for (const headers of [
      { authorization: 'Basic YTpi' },
      { authorization: `Bearer ${webKey}`, 'x-api-key': 'other' },
    ]) {
      const { status, challenge } = await challengeOf({ key: '', headers });
      expect(status).toBe(401);
      expect(challenge).toContain('error="invalid_request", error_description="');
    }
  });

  it('for want of a scope names it, however the answer was to come', async () => {
    const token = await provider.sign({ scope: 'openid usage:read' });
    const expected = `Bearer realm="sluice", error="insufficient_scope", scope="generate", ${metadata()}`;
    const generate = 'mutation { generate(input: { model: "sim-fast", prompt: "x" }) { __typename } }';
    expect(await challengeOf({ key: token, query: generate })).toEqual({ status: 403, challenge: expected });
    const stream =
      'subscription { generateStream(input: { idempotencyKey: "a", request: { model: "sim-fast", prompt: "x" } }) { __typename } }';
    const headers = { accept: 'text/event-stream' };
    expect(await challengeOf({ key: token, query: stream, headers })).toEqual({ status: 403, challenge: expected });
  });

  it('can be read by the pages that may call', async () => {
    const { headers } = await gateway.send({ query: viewer, key: '', headers: { origin: 'https://app.example' } });
    expect(headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
  });
});
