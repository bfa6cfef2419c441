// Tokens that only their issuer can read, over the whole gateway: who is asked about what, and what becomes of a caller
// when nobody can tell.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';
import {
  createSigningKey,
  startIdentityProvider,
  type TestIdentityProvider,
} from '../support/start-identity-provider.ts';
import { openSignedIn, openWire } from '../support/wire.ts';

let provider: TestIdentityProvider;
let gateway: TestGateway;
let tokensAsked: string[] = [];
const good = { active: true, sub: 'ann', aud: 'sluice', scope: 'generate' };
beforeAll(async () => {
  provider = await startIdentityProvider([await createSigningKey()]);
  gateway = await startGateway({ yaml: introspection() });
});
beforeEach(() => {
  tokensAsked = [];
  provider.behaviour = 'well';
  provider.introspect = (form) => {
    tokensAsked.push(form.get('token') ?? '');
    return { body: good };
  };
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

const introspection = (): string =>
  `  introspection: { endpoint: "${provider.url}/introspect", clientId: us, clientSecret: them, audience: sluice, defaults: { organization: default } }\n`;

async function post(key: string, on = gateway) {
  const { status, data, errors } = await on.send({ query: '{ viewer { principal roles } }', key });
  return { status, code: errors[0]?.extensions?.['code'], viewer: data?.viewer };
}
async function closeCode(key: string): Promise<number> {
  await using wire = await openWire(gateway.socketUrl);
  wire.send({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } });
  return (await wire.closed).code;
}

describe('an opaque token', () => {
  it('gets its user in, by POST and on a socket, and is asked about once', async () => {
    const viewer = { principal: `user:default/${provider.url}/ann`, roles: ['MEMBER'] };
    expect(await post('opaque-good')).toEqual({ status: 200, code: undefined, viewer });
    await using _wire = await openSignedIn(gateway.socketUrl, 'opaque-good');
    expect(tokensAsked).toEqual(['opaque-good']);
  });

  it.each([
    ['is not active', { ...good, active: false }],
    ['is for another audience', { ...good, aud: 'else' }],
    ['has an answer of mere words', { ...good, active: 'true' }],
  ])('that %s does not', async (what, body) => {
    provider.introspect = () => ({ body });
    const expected =
      body.active === 'true' ? [503, 'AUTHENTICATION_UNAVAILABLE', 1013] : [401, 'UNAUTHENTICATED', 4401];
    const token = what.replaceAll(' ', '-');
    const { status, code } = await post(token);
    expect([status, code, await closeCode(token)]).toEqual(expected);
  });

  it('is neither known nor unknown while the endpoint is down, and known once it is back', async () => {
    provider.behaviour = 'down';
    expect(await post('opaque-later')).toMatchObject({ status: 503, code: 'AUTHENTICATION_UNAVAILABLE' });
    expect(await closeCode('opaque-later')).toBe(1013);
    // Keys of this server are none of its business.
    expect((await post(adminKey)).status).toBe(200);
    provider.behaviour = 'well';
    let status: number;
    do ({ status } = await post('opaque-later'));
    while (status === 503);
    expect(status).toBe(200);
    expect(gateway.logLines.join()).not.toMatch(/opaque|them/);
  });
});

describe('nobody is asked about', () => {
  it('keys of the configuration, keys that this server would have made, and what is no token', async () => {
    expect((await post(adminKey)).status).toBe(200);
    expect((await post(`slk_aaaaaaaaaaaa_${'A'.repeat(43)}`)).status).toBe(401);
    expect((await post('"quoted"')).status).toBe(401);
    expect(tokensAsked).toEqual([]);
  });

  it('a JSON Web Token, however bad, where those are taken; where they are not, its issuer is asked', async () => {
    const forged = `${(await provider.sign()).slice(0, -8)}AAAAAAAA`;
    expect((await post(forged)).status).toBe(200);
    expect(tokensAsked).toEqual([forged]);
    await using both = await startGateway({
      yaml: `  jwt: [{ issuer: "${provider.url}", audience: sluice, defaults: { organization: default } }]\n${introspection()}`,
    });
    expect((await post(forged, both)).status).toBe(401);
    expect((await post(await provider.sign(), both)).status).toBe(200);
    expect((await post('opaque-besides', both)).status).toBe(200);
    expect(tokensAsked).toEqual([forged, 'opaque-besides']);
  });
});
