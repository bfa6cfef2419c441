import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Caller } from '../../../../src/core/caller.ts';
import { createAuthenticator, type SignInWays } from '../../../../src/features/auth/authenticate.ts';
import { configuredKeysOf, createConfiguredKeys } from '../../../../src/features/auth/configured-keys.ts';
import type { Identity } from '../../../../src/features/auth/sign-in.ts';
import type { ApiKeyConfig } from '../../../../src/platform/config.ts';
import { createSecret } from '../../../../src/platform/secret.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const ADMIN = 'sk_sluice_0123456789abcdef0123456789abcdef';
const WEB = 'sk_test_0123456789abcdef0123456789abcdef';
const OTHER = `${WEB.slice(0, -1)}X`;
const secret = createSecret('s'.repeat(32));
const clock = createManualClock();
const web: ApiKeyConfig = {
  name: 'web',
  key: createSecret(WEB),
  roles: ['MEMBER'],
  scopes: ['generate'],
  allowedModels: ['smart'],
  allowedOrigins: undefined,
  allowedCidrs: undefined,
  documentMode: 'require',
  mayActForEndUsers: false,
  expiresAtMs: undefined,
};
const keysOf = (...apiKeys: readonly ApiKeyConfig[]) =>
  configuredKeysOf(createSecret(ADMIN), { adminDocumentMode: undefined, apiKeys });

const configuredKeys = createConfiguredKeys({ secret, previous: undefined, clock });
const use = (...apiKeys: readonly ApiKeyConfig[]): void => configuredKeys.prepare(keysOf(...apiKeys))();
const ways: SignInWays = {
  configuredKeys,
  storedKeys: undefined,
  clientTokens: undefined,
  jwt: undefined,
  introspection: undefined,
};
const { authenticate, renew, identityOf } = createAuthenticator(() => ways);
const signIn = (apiKey: string): Caller => authenticate({ apiKey }) as Caller;
beforeEach(() => use(web));

const refusalOf = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
};

describe('callers', () => {
  it('behind the admin key are operators of the default project and may use every model', () => {
    expect(authenticate({ apiKey: ADMIN })).toEqual({
      organizationId: 'default',
      projectId: 'default',
      principalId: 'key:admin',
      principalKind: 'KEY',
      roles: ['OPERATOR', 'ADMIN', 'MEMBER'],
      userId: undefined,
      scopes: ['generate', 'usage:read', 'admin'],
      allowedModels: undefined,
      documentMode: undefined,
      mayActForEndUsers: false,
      expiresAtMs: undefined,
    } satisfies Caller);
  });

  it('behind the admin key have the mode of documents that is set for it', () => {
    const [admin] = configuredKeysOf(createSecret(ADMIN), { adminDocumentMode: 'off', apiKeys: [] });
    expect(admin?.documentMode).toBe('off');
  });

  it('behind a configured key have its name, roles, scopes, models, end and mode of documents', () => {
    const expiresAtMs = clock.now() + 1;
    use({ ...web, expiresAtMs, mayActForEndUsers: true });
    expect(authenticate({ apiKey: WEB })).toMatchObject({
      principalId: 'key:web',
      roles: ['MEMBER'],
      scopes: ['generate'],
      expiresAtMs,
      mayActForEndUsers: true,
      allowedModels: new Set(['smart']),
      documentMode: 'require',
    });
  });

  it('are known by either header, or by both alike', () => {
    const caller = authenticate({ apiKey: WEB });
    expect(authenticate({ authorization: `Bearer ${WEB}` })).toBe(caller);
    expect(authenticate({ authorization: `bearer  ${WEB} `, apiKey: '' })).toBe(caller);
    expect(authenticate({ authorization: `Bearer ${WEB}`, apiKey: WEB })).toBe(caller);
  });
});

describe('refusals', () => {
  it.each([
    ['nothing', undefined, undefined, /Send an API key/],
    ['empty headers', '', '', /Send an API key/],
    ['another scheme', `Basic ${OTHER}`, undefined, /not of the form "Bearer <key>"/],
    ['an empty bearer', 'Bearer ', undefined, /not of the form "Bearer <key>"/],
    ['a bearer in two words', `Bearer ${OTHER} ${OTHER}`, undefined, /not of the form "Bearer <key>"/],
    ['an unknown key', `Bearer ${OTHER}`, undefined, /not known here/],
    ['a short key', undefined, OTHER.slice(0, 31), /32 to 256/],
    ['a key of a megabyte', undefined, OTHER.repeat(25_000), /32 to 256/],
    ['a key that is not ASCII', undefined, `${OTHER}é`, /32 to 256/],
    ['a token', `Bearer ${OTHER}.${OTHER}.${OTHER}`, undefined, /JSON Web Token/],
    ['two different keys', `Bearer ${WEB}`, OTHER, /different keys/],
  ])('of %s say what is wrong and repeat nothing', (_what, authorization, apiKey, message) => {
    const refusal = refusalOf(() => authenticate({ authorization, apiKey }));
    expect(refusal).toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringMatching(message) });
    expect(String(refusal)).not.toContain(OTHER.slice(0, 20));
  });
});

describe('the way of signing in', () => {
  const identity = (name: string): Identity => {
    const caller = { ...signIn(ADMIN), principalId: name };
    const made: Identity = { caller, allowedOrigins: undefined, allowedCidrs: undefined, renew: () => made };
    return made;
  };
  const TOKEN = 'eyJh.eyJi.c2ln';
  const OURS = 'eyJh.b3Vycw.c2ln';
  const MADE = `slk_${'a'.repeat(12)}_${'b'.repeat(43)}`;
  const asked: string[] = [];
  const way = (name: string, known?: string) => ({
    identify(presented: string) {
      asked.push(name);
      return presented === known ? identity(name) : undefined;
    },
  });
  const all = (changes: Partial<SignInWays>): SignInWays => ({
    configuredKeys: way('configured', WEB),
    storedKeys: way('stored', MADE),
    clientTokens: { ...way('ours', OURS), claims: (presented) => presented.startsWith('eyJh.b3Vycw') },
    jwt: way('jwt', TOKEN),
    introspection: way('introspection', 'opaque'),
    ...changes,
  });
  const asks = async (presented: string, changes: Partial<SignInWays> = {}): Promise<string> => {
    asked.length = 0;
    const { authenticate: choose } = createAuthenticator(() => all(changes));
    const answer = await Promise.resolve()
      .then(() => choose({ apiKey: presented }))
      .then(
        ({ principalId }) => principalId,
        ({ code }) => code,
      );
    return `${asked.join(' then ')}: ${answer}`;
  };

  it('is the one that a credential belongs to by its form, and no other', async () => {
    expect(await asks(WEB)).toBe('configured: configured');
    expect(await asks(MADE)).toBe('stored: stored');
    expect(await asks(`${MADE}x`)).toBe('stored: UNAUTHENTICATED');
    expect(await asks(MADE, { storedKeys: undefined })).toBe(': UNAUTHENTICATED');
    expect(await asks(OURS)).toBe('ours: ours');
    expect(await asks(`${OURS}x`)).toBe('ours: UNAUTHENTICATED');
    expect(await asks(TOKEN)).toBe('jwt: jwt');
    expect(await asks(`${TOKEN}x`)).toBe('jwt: UNAUTHENTICATED');
    expect(await asks('opaque')).toBe('configured then introspection: introspection');
    expect(await asks('opaque', { introspection: undefined })).toBe('configured: UNAUTHENTICATED');
  });

  it('is introspection for tokens of three parts only where no JWT is taken', async () => {
    expect(await asks(TOKEN, { jwt: undefined })).toBe('introspection: UNAUTHENTICATED');
    expect(await asks(TOKEN, { jwt: undefined, introspection: way('introspection', TOKEN) })).toBe(
      'introspection: introspection',
    );
    expect(await asks(OURS, { jwt: undefined })).toBe('ours: ours');
    expect(await asks(TOKEN, { jwt: undefined, introspection: undefined })).toBe(': UNAUTHENTICATED');
  });
});

describe('the place a key is used from', () => {
  const app = 'https://app.example.com';

  it('is one of its origins, to the letter, or its use is refused without naming them', () => {
    use({ ...web, allowedOrigins: [app] });
    expect(authenticate({ apiKey: WEB, origin: app })).toBe(signInFrom({ origin: app }));
    for (const origin of [
      undefined,
      '',
      'null',
      'http://app.example.com',
      `${app}:444`,
      `${app}.evil.example`,
      `${app}/`,
    ]) {
      const refusal = refusalOf(() => authenticate({ apiKey: WEB, origin }));
      expect(refusal).toMatchObject({ code: 'FORBIDDEN', message: expect.stringMatching(/origin/) });
      expect(String(refusal)).not.toContain('example');
    }
  });

  it('is one of its addresses, or its use is refused without naming them', () => {
    use({ ...web, allowedCidrs: ['10.1.0.0/16', '2001:db8::/32'] });
    for (const address of ['10.1.2.3', '2001:db8::7']) expect(signInFrom({ address }).principalId).toBe('key:web');
    for (const address of [undefined, '10.2.0.1', '2001:db9::7', 'unknown']) {
      const refusal = refusalOf(() => authenticate({ apiKey: WEB, address }));
      expect(refusal).toMatchObject({ code: 'FORBIDDEN', message: expect.stringMatching(/address/) });
      expect(String(refusal)).not.toMatch(/10\.|2001/);
    }
  });

  it('is looked at again when a caller is renewed from it', () => {
    const from = { origin: app, address: '10.1.2.3' };
    const caller = signInFrom(from);
    use({ ...web, allowedOrigins: [app] });
    const bound = renew(caller, from) as Caller;
    expect(bound).toEqual(caller);
    // Another object: what lives on learns that something changed.
    expect(bound).not.toBe(caller);
    use({ ...web, allowedOrigins: ['https://other.example.com'] });
    expect(renew(bound, from)).toBeUndefined();
    expect(renew(bound)).toBe(signInFrom({ origin: 'https://other.example.com' }));
  });

  const signInFrom = (place: { origin?: string; address?: string }): Caller =>
    authenticate({ apiKey: WEB, ...place }) as Caller;
});

describe('configured keys', () => {
  it('can be found under their own secret alone, and are nowhere in what is kept', () => {
    const elsewhere = createConfiguredKeys({ secret: createSecret('t'.repeat(32)), previous: undefined, clock });
    elsewhere.prepare(keysOf(web))();
    const here = configuredKeys.identify(WEB);
    const there = elsewhere.identify(WEB);
    expect(there?.caller).toEqual(here?.caller);
    expect(there?.reference.secretId).not.toBe(here?.reference.secretId);
    expect(JSON.stringify(here)).not.toContain(WEB);
    expect(configuredKeys.identify(OTHER)).toBeUndefined();
  });

  it('keep their caller from one set to the next, unless it changed or its key is gone', () => {
    const caller = signIn(WEB);
    use({ ...web });
    expect(signIn(WEB)).toBe(caller);
    expect(renew(caller)).toBe(caller);
    use({ ...web, allowedModels: ['smart', 'fast'] });
    expect(renew(caller)).toEqual({ ...caller, allowedModels: new Set(['smart', 'fast']) });
    expect(renew(caller)).toBe(signIn(WEB));
    // The name alone is not enough: it has another key now.
    use({ ...web, key: createSecret(OTHER) });
    expect(renew(caller)).toBeUndefined();
    expect(() => signIn(WEB)).toThrow('not known here');
    expect(renew({ ...signIn(OTHER) })).toBeUndefined();
  });

  it('are found again by the secret that was presented, and by no other', () => {
    const reference = configuredKeys.identify(WEB)?.reference;
    if (reference === undefined) throw new Error('it is known');
    expect(configuredKeys.find(reference)?.caller).toBe(signIn(WEB));
    expect(configuredKeys.find({ ...reference, keyId: 'admin' })).toBeUndefined();
    use({ ...web, key: createSecret(OTHER) });
    expect(configuredKeys.find(reference)).toBeUndefined();
  });

  it('end at their time, and say that they were good once', () => {
    use({ ...web, expiresAtMs: clock.now() + 1_000 });
    const caller = signIn(WEB);
    const reference = configuredKeys.identify(WEB)?.reference;
    clock.advance(999);
    expect(renew(caller)).toBe(caller);
    clock.advance(1);
    expect(renew(caller)).toBeUndefined();
    expect(reference && configuredKeys.find(reference)).toBeUndefined();
    expect(refusalOf(() => signIn(WEB))).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
    expect(refusalOf(() => signIn(OTHER))).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: false });
  });

  it('change only when they are gone over to', () => {
    const goOver = configuredKeys.prepare(keysOf());
    expect(signIn(WEB).principalId).toBe('key:web');
    goOver();
    expect(() => signIn(WEB)).toThrow('not known here');
  });

  it('are refused when two share a name or a key, or one could never be presented', () => {
    const make =
      (...keys: readonly ApiKeyConfig[]) =>
      () =>
        configuredKeys.prepare(keys);
    expect(make(web, { ...web, name: 'b' })).toThrow('"b" and "web" have the same API key.');
    expect(make(web, { ...web, key: createSecret(OTHER) })).toThrow('Two API keys have the name "web".');
    expect(make({ ...web, key: createSecret('short') })).toThrow('"web" is not 32 to 256');
  });

  it('tell how they signed in to those who have the caller, and to no others', () => {
    expect(identityOf(signIn(WEB))).toBe(configuredKeys.identify(WEB));
    expect(identityOf({ ...signIn(WEB) })).toBeUndefined();
  });
});
