// Forged, stolen and misused tokens of identity providers, against the whole gateway and real providers on loopback: by
// POST, and on a socket (4401 for what was never good, 4403 for what was, 1013 while that cannot be told).

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type CryptoKey, exportSPKI, importJWK, SignJWT } from 'jose';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import {
  createSigningKey,
  type SigningKey,
  startIdentityProvider,
  type TestIdentityProvider,
} from '../support/start-identity-provider.ts';
import { openSignedIn, openWire } from '../support/wire.ts';

const algorithms = ['ES256', 'RS256', 'PS256', 'EdDSA'];
let keys: SigningKey[];
let evilKey: SigningKey;
/** Trusted: the one of most tests, one of another tenant with tokens of a type, one whose keys change. */
let provider: TestIdentityProvider;
let other: TestIdentityProvider;
let rotating: TestIdentityProvider;
/** Trusted too, and of no help. */
const troubles = ['down', 'garbage', 'huge', 'slow'] as const;
let troubled: readonly TestIdentityProvider[];
/** The attacker's. */
let evil: Server;
let evilAsked = 0;
let evilUrl = '';
let gateway: TestGateway;
/** Begun early, for it takes the five seconds that an issuer has. */
let slowAnswer: Promise<Outcome>;

beforeAll(async () => {
  [evilKey, ...keys] = (await Promise.all([
    createSigningKey('ES256', 'ES256-1'),
    ...algorithms.map((alg) => createSigningKey(alg)),
  ])) as [SigningKey, ...SigningKey[]];
  provider = await startIdentityProvider(keys);
  other = await startIdentityProvider([await createSigningKey('ES256', 'of the other')]);
  rotating = await startIdentityProvider(keys);
  troubled = await Promise.all(
    troubles.map(async (behaviour) => Object.assign(await startIdentityProvider(keys), { behaviour })),
  );
  evil = createServer((_request, response) => {
    evilAsked++;
    response.end(JSON.stringify({ keys: [evilKey.jwk] }));
  });
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
  evilUrl = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`;
  const plain = (issuer: TestIdentityProvider, more = ''): string =>
    `    - { issuer: "${issuer.url}", audience: sluice, defaults: { organization: default }${more} }\n`;
  gateway = await startGateway({
    yaml:
      `  jwt:\n${plain(provider)}${plain(rotating, ', keysMaxAgeSeconds: 1')}${troubled.map((each) => plain(each)).join('')}` +
      `    - { issuer: "${other.url}", audience: [one, sluice], tokenType: at+jwt, claims: { organization: org } }\n` +
      'throttle: { failedSignInsPerMinute: 100000, upgradesPerMinute: 100000 }\n',
  });
  slowAnswer = post(await troubledOne('slow').sign());
  // Where its test is not among those that run, nobody waits for it.
  slowAnswer.catch(() => undefined);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await Promise.all([provider, other, rotating, ...troubled].map((each) => each[Symbol.asyncDispose]()));
  await new Promise((resolve) => evil.close(resolve));
});
afterEach(() => expect(gateway.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]));

interface Outcome {
  readonly status: number;
  readonly code: unknown;
  readonly text: string;
  readonly principal: string | undefined;
}

async function post(token: string, query = '{ viewer { principal } }'): Promise<Outcome> {
  const { status, text, data, errors } = await gateway.send({ query, key: token });
  return { status, code: errors[0]?.extensions?.['code'], text, principal: data?.viewer?.principal };
}

/** How a socket ends that signs in with it; 'OPEN': it does not. */
async function socket(token: string): Promise<number | 'OPEN'> {
  await using wire = await openWire(gateway.socketUrl);
  wire.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
  const acknowledged = wire.next().then(({ type }) => type === 'connection_ack');
  const first = await Promise.race([acknowledged.catch(() => false), wire.closed.then(() => false)]);
  return first ? 'OPEN' : (await wire.closed).code;
}

async function expectRefused(token: string, code: 4401 | 4403 = 4401): Promise<Outcome> {
  const outcome = await post(token);
  expect([outcome.status, outcome.code]).toEqual([401, 'UNAUTHENTICATED']);
  expect(await socket(token)).toBe(code);
  return outcome;
}

function troubledOne(trouble: (typeof troubles)[number]): TestIdentityProvider {
  const found = troubled[troubles.indexOf(trouble)];
  if (found === undefined) throw new Error('there is no such issuer');
  return found;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const nowSeconds = (): number => Math.floor(Date.now() / 1_000);
const claims = (more: Record<string, unknown> = {}) => ({
  iss: provider.url,
  aud: 'sluice',
  sub: 'ann',
  iat: nowSeconds(),
  exp: nowSeconds() + 600,
  ...more,
});
const keyOf = (alg: string): SigningKey => {
  const key = keys.find((each) => each.alg === alg);
  if (key === undefined) throw new Error('there is no such key');
  return key;
};

describe('a good token', () => {
  it.each(algorithms)('signed with %s gets in, by POST and on a socket', async (alg) => {
    const token = await provider.sign({ sub: alg }, { key: keyOf(alg) });
    expect(await post(token)).toMatchObject({ status: 200, principal: `user:default/${provider.url}/${alg}` });
    expect(await socket(token)).toBe('OPEN');
  });

  it('leaves no trace in the log of who its user is, but the same one for the same user', async () => {
    const principals: unknown[] = [];
    for (const [index, sub] of ['mallory@example.com', 'mallory@example.com', 'somebody-else'].entries()) {
      const headers = { 'x-request-id': `of-a-person-${index}` };
      const key = await provider.sign({ sub });
      expect((await gateway.send({ query: '{ viewer { principal } }', key, headers })).status).toBe(200);
      await gateway.logged(new RegExp(headers['x-request-id']));
      principals.push(
        JSON.parse(gateway.logLines.find((line) => line.includes(headers['x-request-id'])) ?? '').principal,
      );
    }
    const [one, again, other] = principals;
    expect(one).toMatch(/^user:[\w-]{16}$/);
    expect([again === one, other === one]).toEqual([true, false]);
    expect(gateway.logLines.join()).not.toMatch(/mallory|somebody-else/);
  });
});

describe('a forged token', () => {
  it('with the algorithm "none" gets nowhere, however it is written', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      for (const signature of ['', 'AA', encode('x')]) {
        await expectRefused(`${encode({ alg, kid: 'ES256-1' })}.${encode(claims())}.${signature}`);
      }
    }
  });

  it('signed symmetrically with a public key, which everybody knows, gets nowhere', async () => {
    for (const { jwk, alg, kid } of keys.slice(0, 2)) {
      const pem = await exportSPKI((await importJWK(jwk, alg, { extractable: true })) as CryptoKey);
      for (const secret of [pem, pem.trim(), JSON.stringify(jwk), String(jwk.x ?? jwk.n)]) {
        const forged = await new SignJWT(claims())
          .setProtectedHeader({ alg: 'HS256', kid })
          .sign(new TextEncoder().encode(secret));
        await expectRefused(forged);
      }
    }
  });

  it('with a signature that is none, of nothing, of another token or of zeros gets nowhere', async () => {
    const [header, payload, signature] = (await provider.sign()).split('.');
    const changed = encode(claims({ roles: ['ADMIN'] }));
    const zeros = Buffer.alloc(64).toString('base64url');
    for (const token of [
      `${header}.${changed}.${signature}`,
      `${header}.${payload}.${zeros}`,
      `${header}.${payload}.`,
      `${encode({ alg: 'RS256', kid: 'ES256-1' })}.${payload}.${signature}`,
      `${encode({ kid: 'ES256-1' })}.${payload}.${signature}`,
      `${header}.${encode([claims()])}.${signature}`,
      `${encode('ES256')}.${payload}.${signature}`,
      'a.b.c',
    ]) {
      await expectRefused(token);
    }
  });

  it('with a key of its own gets nowhere, whatever it says of where that key is; nobody goes to look', async () => {
    const { kid } = evilKey;
    for (const header of [
      { jku: `${evilUrl}/jwks` },
      { x5u: `${evilUrl}/certificate.pem` },
      { jwk: evilKey.jwk },
      { jku: `${evilUrl}/jwks`, kid: 'not here' },
      { kid: `${evilUrl}/jwks` },
      { x5c: ['MIIB'], x5t: 'AA' },
    ]) {
      await expectRefused(await provider.sign({}, { key: evilKey, header: { kid, ...header } }));
    }
    await expectRefused(await provider.sign({ iss: evilUrl }, { key: evilKey }));
    expect(evilAsked).toBe(0);
  });

  it('that names a key in hostile words gets nowhere, and its words nowhere either', async () => {
    const marker = 'kid-that-must-not-come-back';
    for (const kid of [
      `../../../../dev/null ${marker}`,
      `/proc/self/environ#${marker}`,
      `x' UNION SELECT '${marker}' --`,
      `\u0000${marker}\r\nX-Evil: 1`,
      `__proto__`,
      marker.repeat(380),
      [marker],
      { toString: marker },
      7,
    ]) {
      const { text } = await expectRefused(await provider.sign({}, { key: evilKey, header: { kid } }));
      expect(text).not.toContain(marker);
    }
    expect(gateway.logLines.join()).not.toContain(marker);
  });

  it('that asks for an extension nobody knows gets nowhere', async () => {
    const [, payload, signature] = (await provider.sign()).split('.');
    const header = { alg: 'ES256', kid: 'ES256-1', crit: ['http://evil.example/x'], 'http://evil.example/x': true };
    await expectRefused(`${encode(header)}.${payload}.${signature}`);
  });
});

describe('a token that is meant otherwise', () => {
  it.each([
    ['for another audience', { aud: 'else' }],
    ['for other audiences', { aud: ['else', 'sluice.evil', 'SLUICE'] }],
    ['for no audience', { aud: undefined }],
    ['of an issuer nobody trusts', { iss: 'https://else.example' }],
    ['of an issuer that is almost one', (): Record<string, unknown> => ({ iss: `${provider.url}/` })],
    ['of no issuer', { iss: undefined }],
    ['without an end', { exp: undefined }],
    ['whose end is a text', { exp: '4000000000' }],
    ['that is not valid yet', () => ({ nbf: nowSeconds() + 600 })],
    ['issued in the future', () => ({ iat: nowSeconds() + 600 })],
    ['of nobody', { sub: undefined }],
    ['bound to a key of its holder', { cnf: { jkt: 'x' } }],
  ])('%s gets nowhere', async (_what, more) => {
    await expectRefused(await provider.sign(typeof more === 'function' ? more() : more));
  });

  it('that has expired is told apart: 4403, for it was good once', async () => {
    await expectRefused(await provider.sign({ exp: nowSeconds() - 60 }), 4403);
  });

  it('within half a minute of its end, or before its beginning, is forgiven: clocks differ', async () => {
    for (const more of [{ exp: nowSeconds() - 5 }, { nbf: nowSeconds() + 5 }, { iat: nowSeconds() + 5 }]) {
      expect((await post(await provider.sign(more))).status).toBe(200);
    }
  });

  it('of one issuer is not good with the key of another', async () => {
    const [ofOther] = other.keys;
    const [ofFirst] = keys;
    if (ofOther === undefined || ofFirst === undefined) throw new Error('there are no keys');
    await expectRefused(await provider.sign({}, { key: ofOther }));
    await expectRefused(await provider.sign({}, { key: { ...ofOther, kid: ofFirst.kid } }));
    const typ = 'at+jwt';
    await expectRefused(
      await other.sign({ org: 'default' }, { key: { ...ofFirst, kid: ofOther.kid }, header: { typ } }),
    );
  });

  it('of another type, of another tenant or of no tenant is refused, and what it names is not repeated', async () => {
    const header = { typ: 'at+jwt' };
    expect((await post(await other.sign({ org: 'default' }, { header }))).status).toBe(200);
    expect((await post(await other.sign({ org: 'default' }, { header: { typ: 'application/AT+JWT' } }))).status).toBe(
      200,
    );
    await expectRefused(await other.sign({ org: 'default' }));
    await expectRefused(await other.sign({ org: 'default' }, { header: { typ: 'JWT' } }));
    await expectRefused(await other.sign({}, { header }));
    const { text } = await expectRefused(await other.sign({ org: 'somebody-elses' }, { header }));
    expect(text).not.toContain('somebody-elses');
  });

  it('does no more than its scopes, nor than its roles', async () => {
    const generate = 'mutation { generate(input: { model: "sim-instant", prompt: "x" }) { __typename } }';
    const roles = ['ADMIN', 'OPERATOR'];
    for (const scope of ['', 'openid', 'usage:read', 'Generate']) {
      const { status, code } = await post(await provider.sign({ scope, roles }), generate);
      expect([status, code]).toEqual([403, 'INSUFFICIENT_SCOPE']);
    }
    expect((await post(await provider.sign({ scope: 'openid generate' }), generate)).status).toBe(200);
    const { data } = await gateway.send({ query: '{ viewer { roles } }', key: await provider.sign({ roles }) });
    expect(data.viewer.roles).toEqual(['ADMIN']);
  });
});

describe('a token that is too long', () => {
  it('of a megabyte is refused before it is looked at, in a header and on a socket', async () => {
    const token = `${(await provider.sign()).slice(0, -4)}${'A'.repeat(1024 * 1024)}`;
    const status = await post(token).then(
      (outcome) => outcome.status,
      // The connection may be gone before all of it was sent.
      () => 431,
    );
    expect(status).toBe(431);
    expect(await socket(token)).toBe(1009);
  });

  it('of twenty kilobytes is refused on a socket as well, though a socket could carry it', async () => {
    expect(await socket(await provider.sign({ filler: 'x'.repeat(20_000) }))).toBe(4401);
  });
});

describe('an issuer', () => {
  it('is asked for keys at most once more by any number of tokens that name keys it has not', async () => {
    const before = provider.asked.length;
    const tokens = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        provider.sign({}, { key: evilKey, header: { kid: `unknown-${index}` } }),
      ),
    );
    for (const { status } of await Promise.all(tokens.map((token) => post(token)))) expect(status).toBe(401);
    expect(provider.asked.length - before).toBeLessThanOrEqual(1);
    expect((await post(await provider.sign())).status).toBe(200);
  });

  it('that is down, or answers nonsense, makes nobody known and nobody unknown; when it is well, so are its users', async () => {
    await Promise.all(
      (['down', 'garbage', 'huge'] as const).map(async (trouble) => {
        const issuer = troubledOne(trouble);
        const token = await issuer.sign();
        expect(await post(token)).toMatchObject({ status: 503, code: 'AUTHENTICATION_UNAVAILABLE' });
        expect(await socket(token)).toBe(1013);
        // Tokens of others are none of its business.
        expect((await post(await provider.sign())).status).toBe(200);
        issuer.behaviour = 'well';
        let outcome: Outcome;
        do outcome = await post(token);
        while (outcome.status === 503);
        expect(outcome.status).toBe(200);
      }),
    );
  });

  it('that takes a key back is believed within the time that was set; its new key at once', async () => {
    const [first, second] = keys;
    if (first === undefined || second === undefined) throw new Error('there are no keys');
    rotating.keys = [first];
    const old = await rotating.sign({ sub: 'old' });
    expect((await post(old)).status).toBe(200);
    await using wire = await openSignedIn(gateway.socketUrl, old);
    rotating.keys = [second];
    expect((await post(await rotating.sign({ sub: 'new' }))).status).toBe(200);
    // The set was fetched for the new key: the old one is known to be gone.
    await expectRefused(old);
    expect((await wire.closed).code).toBe(4403);
  });

  it('that is slow is given up after five seconds', async () => {
    expect(await slowAnswer).toMatchObject({ status: 503, code: 'AUTHENTICATION_UNAVAILABLE' });
    expect(troubledOne('slow').asked).toHaveLength(1);
  });
});

describe('a token on an open socket', () => {
  it('ends it when it expires', async () => {
    await using wire = await openSignedIn(gateway.socketUrl, await provider.sign({ exp: nowSeconds() + 2 }));
    expect((await wire.closed).code).toBe(4403);
  });

  it('ends it when its issuer is removed from the configuration', async () => {
    await using one = await startGateway({
      yaml: `  jwt: [{ issuer: "${provider.url}", audience: sluice, defaults: { organization: default } }]\n`,
    });
    await using wire = await openSignedIn(one.socketUrl, await provider.sign());
    await one.reload({ yaml: '' });
    expect((await wire.closed).code).toBe(4403);
  });
});
