import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader, exportSPKI, importPKCS8, importSPKI, SignJWT, UnsecuredJWT } from 'jose';
import type { Caller } from '../../../../src/core/caller.ts';
import { type Authenticator, createAuthenticator } from '../../../../src/features/auth/authenticate.ts';
import { type ClientTokenKeys, createClientTokenKeys } from '../../../../src/features/auth/client-token-keys.ts';
import { createClientTokens } from '../../../../src/features/auth/client-tokens.ts';
import { createConfiguredKeys } from '../../../../src/features/auth/configured-keys.ts';
import type { KeyLookup } from '../../../../src/features/auth/key-identity.ts';
import {
  type ClientTokenRequest,
  createClientTokenMint,
  type MintClientToken,
} from '../../../../src/features/auth/mint-client-token.ts';
import { mintKey } from '../../../../src/features/auth/mint-key.ts';
import { createPeppers } from '../../../../src/features/auth/peppers.ts';
import { createStoredKeys, type StoredKeys } from '../../../../src/features/auth/stored-keys.ts';
import type { ApiKeyConfig } from '../../../../src/platform/config.ts';
import { createSecret } from '../../../../src/platform/secret.ts';
import { createFakeSignInRecords, type FakeSignInRecords, grantOf } from '../../../support/fake-sign-in-records.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';

const SECRET = createSecret('s'.repeat(32));
const OTHER_SECRET = createSecret('t'.repeat(32));
const WEB = 'sk_test_0123456789abcdef0123456789abcdef';
const APP = 'https://app.example.com';
const OTHER = 'https://other.example.com';
const MODELS = ['fast', 'smart', 'slow'];

const web: ApiKeyConfig = {
  name: 'web',
  key: createSecret(WEB),
  roles: ['MEMBER'],
  scopes: ['generate', 'usage:read', 'admin'],
  allowedModels: undefined,
  allowedOrigins: undefined,
  allowedCidrs: undefined,
  documentMode: 'log',
  mayActForEndUsers: true,
  expiresAtMs: undefined,
};

let clock: ManualClock;
let records: FakeSignInRecords;
let storedKeys: StoredKeys;
let tokenKeys: ClientTokenKeys;
let use: (...keys: readonly ApiKeyConfig[]) => void;
let auth: Authenticator;
let mint: MintClientToken;

function open(secret = SECRET, previous?: typeof SECRET, rolloutMs = 0): void {
  const secrets = { secret, previous, rolloutMs: () => rolloutMs, clock };
  const configuredKeys = createConfiguredKeys({ secret, previous, clock });
  storedKeys = createStoredKeys({
    records: () => records,
    peppers: createPeppers(secrets),
    clock,
    logger: { debug: () => undefined, warn: () => undefined },
    size: () => 100,
    lifetimeMs: () => 300_000,
    onAvailability: () => undefined,
  });
  const makers: KeyLookup = {
    find: (reference) => (reference.source === 'CONFIGURED' ? configuredKeys : storedKeys).find(reference),
  };
  tokenKeys = createClientTokenKeys(secrets);
  const clientTokens = createClientTokens({ keys: tokenKeys, makers, clock });
  auth = createAuthenticator(() => ({
    configuredKeys,
    storedKeys,
    clientTokens,
    jwt: undefined,
    introspection: undefined,
  }));
  mint = createClientTokenMint({ keys: tokenKeys, identityOf: auth.identityOf, clock });
  use = (...keys) => configuredKeys.prepare(keys)();
  use(web);
}

beforeEach(() => {
  clock = createManualClock();
  records = createFakeSignInRecords();
  open();
});

async function signIn(apiKey: string, place: { origin?: string; address?: string } = {}): Promise<Caller> {
  return auth.authenticate({ apiKey, ...place });
}
const refusalOf = (apiKey: string, place = {}): Promise<unknown> =>
  signIn(apiKey, place).then(
    () => 'signed in',
    (error: unknown) => error,
  );

const none: ClientTokenRequest = { user: 'ann', ttlSeconds: 60, models: undefined, origins: undefined };
async function tokenFor(request: Partial<ClientTokenRequest> = {}, key = WEB, place = {}): Promise<string> {
  const caller = await signIn(key, place);
  const mayUse = (model: string): boolean =>
    MODELS.includes(model) && (caller.allowedModels === undefined || caller.allowedModels.has(model));
  return (await mint(caller, { ...none, ...request }, mayUse)).text;
}
const refusalOfMinting = (request: Partial<ClientTokenRequest>, key = WEB, place = {}): Promise<unknown> =>
  tokenFor(request, key, place).then(
    () => 'minted',
    (error: unknown) => error,
  );

type Changes = Parameters<typeof grantOf>[1];
function store(changes: Changes = {}) {
  const minted = mintKey(createPeppers({ secret: SECRET, previous: undefined, rolloutMs: () => 0, clock }).current());
  const put = (now: Changes): void => {
    const grant = grantOf(minted, now);
    const secret = { ...grant.secret, id: 'sec_of_token' };
    records.grants.set(minted.prefix, { ...grant, secret, key: { ...grant.key, id: 'key_of_token' } });
  };
  put(changes);
  return { ...minted, put };
}

describe('a client token', () => {
  it('stands for its user in the project of its key, to call models and for nothing else', async () => {
    const token = await tokenFor({ models: ['fast'], origins: [APP] });
    const first = auth.authenticate({ authorization: `Bearer ${token}`, origin: APP });
    expect(first).toBeInstanceOf(Promise);
    const caller = await first;
    expect(caller).toEqual({
      organizationId: 'default',
      projectId: 'default',
      principalId: 'user:default/client/ann',
      principalKind: 'USER',
      userId: 'ann',
      roles: ['MEMBER'],
      scopes: ['generate'],
      allowedModels: new Set(['fast']),
      documentMode: 'log',
      mayActForEndUsers: false,
      expiresAtMs: clock.now() + 60_000,
    } satisfies Caller);
    // From now on it is at hand, and whoever goes by it sees no change.
    expect(auth.authenticate({ apiKey: token, origin: APP })).toBe(caller);
    expect(auth.renew(caller)).toBe(caller);
  });

  it('says who made it, for whom and for how long, as its standard has it', async () => {
    const token = await tokenFor({ user: 'https://id.example/ünï: 7', models: ['fast', 'fast'] });
    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'EdDSA',
      typ: 'sluice-client+jwt',
      kid: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    const claims = decodeJwt(token);
    expect(claims).toEqual({
      iss: 'sluice-client-tokens',
      aud: 'sluice',
      sub: 'user:https%3A%2F%2Fid.example%2F%C3%BCn%C3%AF%3A%207',
      iat: clock.now() / 1_000,
      exp: clock.now() / 1_000 + 60,
      jti: expect.stringMatching(/^tok_/),
      scope: 'generate',
      org: 'default',
      prj: 'default',
      key: 'web',
      sec: expect.any(String),
      models: ['fast'],
    });
    expect(JSON.stringify(claims)).not.toContain(WEB);
    expect((await signIn(token)).userId).toBe('https://id.example/ünï: 7');
  });

  it('ends at its time, and says that it was good once', async () => {
    const token = await tokenFor({ ttlSeconds: 2 });
    const caller = await signIn(token);
    const unused = await tokenFor({ ttlSeconds: 2 });
    clock.advance(1_999);
    expect(auth.renew(caller)).toBe(caller);
    clock.advance(1);
    expect(auth.renew(caller)).toBeUndefined();
    for (const text of [token, unused]) {
      expect(await refusalOf(text)).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
    }
  });

  it('never outlives its key', async () => {
    use({ ...web, expiresAtMs: clock.now() + 5_000 });
    const token = await tokenFor({ ttlSeconds: 3_600 });
    expect((await signIn(token)).expiresAtMs).toBe(clock.now() + 5_000);
    const later = { ...web, expiresAtMs: undefined };
    use(later);
    const longer = await tokenFor({ ttlSeconds: 3_600 });
    use({ ...web, expiresAtMs: clock.now() + 5_000 });
    expect((await signIn(longer)).expiresAtMs).toBe(clock.now() + 5_000);
    clock.advance(5_000);
    expect(await refusalOf(longer)).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
  });

  it('may use what it and its key may use together, as things stand', async () => {
    const token = await tokenFor({ models: ['fast', 'smart'] });
    const whole = await tokenFor();
    const caller = await signIn(token);
    use({ ...web, allowedModels: ['smart', 'slow'] });
    expect(((await auth.renew(caller)) as Caller).allowedModels).toEqual(new Set(['smart']));
    expect((await signIn(token)).allowedModels).toEqual(new Set(['smart']));
    expect((await signIn(whole)).allowedModels).toEqual(new Set(['smart', 'slow']));
    use({ ...web, allowedModels: ['slow'] });
    expect((await signIn(token)).allowedModels).toEqual(new Set());
    // Of a key that may call no model any more nothing is left.
    use({ ...web, scopes: ['usage:read'], roles: ['MEMBER'] });
    expect(await signIn(whole)).toMatchObject({ roles: ['MEMBER'], scopes: [] });
  });

  it('works from its origins and those of its key together, wherever the key itself is bound to', async () => {
    use({ ...web, allowedOrigins: [APP, OTHER], allowedCidrs: ['10.0.0.0/8'] });
    const from = { origin: APP, address: '10.0.0.1' };
    const narrow = await tokenFor({ origins: [APP] }, WEB, from);
    const whole = await tokenFor({}, WEB, from);
    const elsewhere = '203.0.113.9';
    expect((await signIn(narrow, { origin: APP, address: elsewhere })).userId).toBe('ann');
    expect((await signIn(whole, { origin: OTHER, address: elsewhere })).userId).toBe('ann');
    for (const [token, origin] of [
      [narrow, OTHER],
      [narrow, undefined],
      [whole, 'https://evil.example'],
    ] as const) {
      expect(await refusalOf(token, { origin, address: elsewhere })).toMatchObject({ code: 'FORBIDDEN' });
    }
    use({ ...web, allowedOrigins: [OTHER] });
    expect(await refusalOf(narrow, { origin: APP })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await refusalOf(narrow, { origin: OTHER })).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('a client token ends', () => {
  it('with the configured key that made it, and with another key under the same name', async () => {
    const token = await tokenFor();
    const caller = await signIn(token);
    use({ ...web, key: createSecret(`${WEB}x`) });
    expect(auth.renew(caller)).toBeUndefined();
    expect(await refusalOf(token)).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
    use(web);
    expect((await signIn(token)).userId).toBe('ann');
    use();
    expect(await refusalOf(token)).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
  });

  it.each<[string, Changes]>([
    ['is revoked', { key: { revokedAtMs: 1 } }],
    ['is disabled', { key: { disabledAtMs: 1 } }],
    ['has expired', { key: { expiresAtMs: 1 } }],
    ['was rotated, and its overlap is over', { secret: { expiresAtMs: 1 } }],
    ['is of a disabled project', { project: { disabledAtMs: 1 } }],
    ['is of a disabled organization', { organization: { disabledAtMs: 1 } }],
  ])('as soon as the stored key that made it %s', async (_what, changes) => {
    const key = store();
    const token = await tokenFor({}, key.key);
    const caller = await signIn(token);
    expect(caller).toMatchObject({ organizationId: 'org_1', principalId: 'user:prj_1/client/ann' });
    key.put(changes);
    await storedKeys.refresh(['org_1']);
    expect(auth.renew(caller)).toBeUndefined();
    expect(await refusalOf(token)).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
  });

  it('with a key that is gone, also where the key is not at hand', async () => {
    const key = store();
    const token = await tokenFor({}, key.key);
    open();
    const caller = await signIn(token);
    expect(caller.userId).toBe('ann');
    records.grants.clear();
    await storedKeys.refresh(['org_1']);
    expect(auth.renew(caller)).toBeUndefined();
    open();
    expect(await refusalOf(token)).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
  });

  it('not while it cannot be told whether its key is still good', async () => {
    const key = store();
    const token = await tokenFor({}, key.key);
    open();
    records.isAway = true;
    expect(await refusalOf(token)).toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' });
  });
});

describe('the secret of the server', () => {
  it('before the present one is good for the tokens it made, until it goes', async () => {
    const key = store();
    const token = await tokenFor({}, key.key);
    open(OTHER_SECRET, SECRET);
    expect((await signIn(token)).userId).toBe('ann');
    const newer = await tokenFor({}, key.key);
    expect(decodeProtectedHeader(newer).kid).not.toBe(decodeProtectedHeader(token).kid);
    await new Promise(setImmediate);
    open(OTHER_SECRET);
    expect((await signIn(newer)).userId).toBe('ann');
    expect(await refusalOf(token)).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: false });
  });

  it('changes nothing for tokens of configured keys, whichever nodes know which secret', async () => {
    const old = await tokenFor();
    open(OTHER_SECRET, SECRET, 600_000);
    expect((await signIn(old)).userId).toBe('ann');
    const early = await tokenFor();
    clock.advance(600_000);
    const late = await tokenFor({ ttlSeconds: 3_600 });
    expect((await signIn(late)).userId).toBe('ann');
    open(OTHER_SECRET);
    expect((await signIn(late)).userId).toBe('ann');
    clock.advance(-600_000);
    open(SECRET);
    expect((await signIn(early)).userId).toBe('ann');
    // Another key under the name ends them all the same.
    use({ ...web, key: createSecret(`${WEB}x`) });
    expect(await refusalOf(early)).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
  });

  it('is not signed with before all nodes may know it', async () => {
    const key = store();
    open(OTHER_SECRET, SECRET, 600_000);
    const early = await tokenFor({}, key.key);
    clock.advance(600_000);
    const late = await tokenFor({}, key.key);
    open(SECRET);
    expect(await refusalOf(early)).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
    expect(await refusalOf(late)).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: false });
  });
});

describe('forged tokens', () => {
  const claims = async () => decodeJwt(await tokenFor());
  const header = async () => decodeProtectedHeader(await tokenFor());
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const foreign = () =>
    createClientTokenKeys({ secret: OTHER_SECRET, previous: undefined, rolloutMs: () => 0, clock }).current();

  it.each<[string, () => Promise<string>]>([
    [
      'other claims under a good signature',
      async () => {
        const [head, body, signature] = (await tokenFor({ models: ['fast'] })).split('.') as [string, string, string];
        const { models, ...wider } = JSON.parse(Buffer.from(body, 'base64url').toString());
        return `${head}.${part(wider)}.${signature}`;
      },
    ],
    ['no algorithm', async () => new UnsecuredJWT(await claims()).encode()],
    [
      'no algorithm and our header',
      async () => `${part({ ...(await header()), alg: 'none' })}.${part(await claims())}.`,
    ],
    [
      'HS256 with the public key for a secret',
      async () => {
        const content = `${part({ ...(await header()), alg: 'HS256' })}.${part(await claims())}`;
        const publicKey = await exportSPKI(await importSPKI(pemOf(), 'EdDSA', { extractable: true }));
        return `${content}.${createHmac('sha256', publicKey).update(content).digest('base64url')}`;
      },
    ],
    [
      'another key of the same kind',
      async () =>
        new SignJWT(await claims())
          .setProtectedHeader({ ...(await header()), alg: 'EdDSA' })
          .sign(foreign().privateKey),
    ],
    [
      'another key and its own kid',
      async () =>
        new SignJWT(await claims())
          .setProtectedHeader({ ...(await header()), alg: 'EdDSA', kid: foreign().id })
          .sign(foreign().privateKey),
    ],
    [
      'a key of its own in the header',
      async () =>
        new SignJWT(await claims())
          .setProtectedHeader({
            ...(await header()),
            alg: 'EdDSA',
            kid: foreign().id,
            jku: 'https://evil.example/jwks',
          })
          .sign(foreign().privateKey),
    ],
    ['a kid that is no kid', async () => signed({}, { kid: '../../secret' })],
    ['no kid', async () => signed({}, { kid: undefined })],
    ['another kind of token', async () => signed({}, { typ: 'JWT' })],
    ['another audience', async () => signed({ aud: 'others' })],
    ['no end', async () => signed({ exp: undefined })],
    ['no key', async () => signed({ key: undefined })],
  ])('with %s are refused as if never known', async (_what, forge) => {
    const refusal = await refusalOf(await forge());
    expect(refusal).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: false });
    expect(String(refusal)).toMatch(/not valid here/);
  });

  it.each<[string, Record<string, unknown>]>([
    ['another organization', { org: 'org_2' }],
    ['another project', { prj: 'prj_2' }],
    ['another key', { key: 'admin' }],
    ['another secret', { sec: 'x' }],
    ['a key of the database', { pfx: 'slk_000000000000' }],
  ])('signed by an older server for %s are worth nothing', async (_what, changes) => {
    expect(await refusalOf(await signed(changes))).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
  });

  it('that are good but for our name are no client tokens', async () => {
    expect(String(await refusalOf(await signed({ iss: 'https://id.example' })))).toMatch(/takes API keys only/);
    expect(String(await refusalOf('a.b.c'))).toMatch(/takes API keys only/);
  });

  const pemOf = (): string => tokenKeys.current().publicKey.export({ type: 'spki', format: 'pem' }).toString();

  async function signed(changes: Record<string, unknown>, ofHeader: object = {}): Promise<string> {
    const pem = tokenKeys.current().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    return new SignJWT({ ...(await claims()), ...changes })
      .setProtectedHeader({ ...(await header()), alg: 'EdDSA', ...ofHeader })
      .sign(await importPKCS8(pem, 'EdDSA'));
  }
});

describe('making client tokens', () => {
  it.each<[Partial<ClientTokenRequest>, string, string[]]>([
    [{ user: '' }, 'BAD_USER_INPUT', ['input', 'user']],
    [{ user: 'x'.repeat(257) }, 'BAD_USER_INPUT', ['input', 'user']],
    [{ user: 'a\nb' }, 'BAD_USER_INPUT', ['input', 'user']],
    [{ user: 'a\u202Eb' }, 'BAD_USER_INPUT', ['input', 'user']],
    [{ user: 'a\uD800' }, 'BAD_USER_INPUT', ['input', 'user']],
    [{ user: ' ann ' }, 'BAD_USER_INPUT', ['input', 'user']],
    [{ ttlSeconds: 0 }, 'BAD_USER_INPUT', ['input', 'ttlSeconds']],
    [{ ttlSeconds: 3_601 }, 'BAD_USER_INPUT', ['input', 'ttlSeconds']],
    [{ models: [] }, 'BAD_USER_INPUT', ['input', 'models']],
    [{ models: Array(51).fill('fast') }, 'BAD_USER_INPUT', ['input', 'models']],
    [{ models: ['fast', 'unheard-of'] }, 'MODEL_NOT_FOUND', ['input', 'models', '1']],
    [{ origins: [] }, 'BAD_USER_INPUT', ['input', 'origins']],
    [{ origins: ['*'] }, 'BAD_USER_INPUT', ['input', 'origins', '0']],
    [{ origins: [APP, `${APP}/path`] }, 'BAD_USER_INPUT', ['input', 'origins', '1']],
    [
      {
        origins: Array.from(
          { length: 50 },
          (_, index) => `https://${'x'.repeat(60)}-${index}.${'y'.repeat(60)}.example`,
        ),
      },
      'BAD_USER_INPUT',
      ['input'],
    ],
  ])('of %j is refused with %s', async (request, code, inputPath) => {
    const refusal = await refusalOfMinting(request);
    expect(refusal).toMatchObject({ code, inputPath });
    if (typeof request.user === 'string' && request.user.length > 1)
      expect(String(refusal)).not.toContain(request.user);
  });

  it('takes every user that can be read', async () => {
    for (const user of ['a', '用户-7', 'Ann-Marie O’Neill', 'a'.repeat(256), '👩‍🚀'.replaceAll('\u200D', '')]) {
      expect((await signIn(await tokenFor({ user }))).userId).toBe(user);
    }
  });

  it('gives no more than the key has', async () => {
    use({ ...web, allowedModels: ['fast'], allowedOrigins: [APP] });
    const from = { origin: APP };
    expect(await refusalOfMinting({ models: ['smart'] }, WEB, from)).toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect(await refusalOfMinting({ origins: [OTHER] }, WEB, from)).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await refusalOfMinting({ origins: [APP], models: ['fast'] }, WEB, from)).toBe('minted');
  });

  it('is for API keys alone, of those that may call models', async () => {
    const token = await tokenFor();
    expect(await refusalOfMinting({}, token)).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(/Only API keys/),
    });
    use({ ...web, scopes: ['usage:read', 'admin'] });
    expect(await refusalOfMinting({})).toMatchObject({ code: 'INSUFFICIENT_SCOPE', neededScope: 'generate' });
    const caller = await signIn(WEB);
    await expect(mint({ ...caller }, none, () => true)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
