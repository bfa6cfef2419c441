import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Tenancy, TenancyQuery } from '../../../../src/core/access.ts';
import { SluiceError } from '../../../../src/core/errors.ts';
import { createJsonWebTokens } from '../../../../src/features/auth/json-web-tokens.ts';
import type { Identity } from '../../../../src/features/auth/sign-in.ts';
import type { JwtIssuerConfig } from '../../../../src/platform/config.ts';
import { TOKEN_ALGORITHMS } from '../../../../src/platform/config-sign-in.ts';
import { createIdentityFetch } from '../../../../src/platform/identity-fetch.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import {
  createSigningKey,
  type SigningKey,
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../../support/start-identity-provider.ts';

let first: SigningKey;
let second: SigningKey;
let provider: TestIdentityProvider;
beforeAll(async () => {
  [first, second] = await Promise.all([createSigningKey('ES256', 'first'), createSigningKey('ES256', 'second')]);
});
const toClose: (() => Promise<void>)[] = [];
beforeEach(async () => {
  provider = await startIdentityProvider([first]);
});
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((close) => close()));
  await provider[Symbol.asyncDispose]();
});

const tenancy = (more: Partial<Tenancy> = {}): Tenancy => ({
  organization: { id: 'org-1', name: 'Acme', allowedModels: undefined, disabledAtMs: undefined, createdAtMs: 0 },
  project: {
    id: 'prj-1',
    organizationId: 'org-1',
    name: 'Web',
    allowedModels: undefined,
    disabledAtMs: undefined,
    createdAtMs: 0,
  },
  grants: [],
  ...more,
});

function setUp(more: Partial<JwtIssuerConfig> = {}) {
  const config: JwtIssuerConfig = {
    issuer: provider.url,
    audience: ['sluice'],
    jwksUri: undefined,
    algorithms: TOKEN_ALGORITHMS,
    tokenType: undefined,
    keysMaxAgeSeconds: 300,
    keysMaxStaleSeconds: 3_600,
    claims: { organization: undefined, project: undefined, user: 'sub', roles: 'roles', scope: undefined },
    defaults: { organization: 'Acme', project: undefined, roles: ['MEMBER'] },
    roleNames: {},
    mayGrantOperator: false,
    allowInsecure: false,
    clockSkewSeconds: 30,
    ...more,
  };
  const clock = createManualClock(Date.now());
  const logged: object[] = [];
  const log = (fields: object, message: string): void => void logged.push({ ...fields, message });
  const fetch = createIdentityFetch({ proxyFor: () => undefined, timeoutMs: 2_000 });
  toClose.push(fetch.close);
  const state: { tenancy: Tenancy | undefined; asked: TenancyQuery[] } = { tenancy: tenancy(), asked: [] };
  const tokens = createJsonWebTokens({
    fetch,
    tenancies: {
      find: (query) => {
        state.asked.push(query);
        return state.tenancy;
      },
    },
    clock,
    logger: { info: log, warn: log },
  });
  tokens.prepare([config])();
  return {
    tokens,
    config,
    clock,
    logged,
    state,
    signIn: async (claims?: Record<string, unknown>): Promise<Identity> => tokens.identify(await provider.sign(claims)),
  };
}

async function refusal(ask: () => unknown): Promise<SluiceError> {
  try {
    await ask();
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('it should have been refused');
}
const keysAsked = (): number => provider.asked.filter((path) => path === '/jwks').length;

describe('a token', () => {
  it('makes its user a caller of the organization and project it belongs to', async () => {
    const { signIn, state } = setUp();
    const { caller, allowedOrigins } = await signIn({ sub: 'ann@example.com', exp: 4_000_000_000 });
    expect(caller).toEqual({
      organizationId: 'org-1',
      projectId: 'prj-1',
      principalId: `user:prj-1/${provider.url}/ann@example.com`,
      principalKind: 'USER',
      userId: 'ann@example.com',
      roles: ['MEMBER'],
      scopes: ['generate', 'usage:read', 'admin'],
      allowedModels: undefined,
      documentMode: undefined,
      mayActForEndUsers: false,
      expiresAtMs: 4_000_000_000_000,
    });
    expect(allowedOrigins).toBeUndefined();
    expect(state.asked).toEqual([
      { organization: 'Acme', project: undefined, issuer: provider.url, subject: 'ann@example.com' },
    ]);
  });

  it('cannot make its user one of another issuer: where the issuer ends and the user begins is never in doubt', async () => {
    const { signIn } = setUp();
    expect((await signIn({ sub: 'realms/a/%2F|bob' })).caller).toMatchObject({
      principalId: `user:prj-1/${provider.url}/realms%2Fa%2F%252F|bob`,
      userId: 'realms/a/%2F|bob',
    });
  });

  it('costs one signature check: the next request with it is answered at once and with the same caller', async () => {
    const { tokens } = setUp();
    const token = await provider.sign();
    const one = await tokens.identify(token);
    const again = tokens.identify(token);
    expect(again).toBe(one);
    expect(one.renew()).toBe(one);
  });

  it('is told from others that are as long, name the same key or were signed before', async () => {
    const { signIn } = setUp();
    const [one, other] = [await signIn({ sub: 'ann' }), await signIn({ sub: 'bob' })];
    expect([one.caller.userId, other.caller.userId]).toEqual(['ann', 'bob']);
  });
});

describe('keys of an issuer', () => {
  it('are found by its metadata, fetched once for many, and kept', async () => {
    const { tokens } = setUp();
    const all = await Promise.all(Array.from({ length: 20 }, (_, index) => provider.sign({ sub: `user ${index}` })));
    await Promise.all(all.map((token) => tokens.identify(token)));
    expect(provider.asked).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it('are found by RFC 8414, where the path of the issuer comes last', async () => {
    const issuer = `${provider.url}/realms/one/`;
    provider.metadata = (path) =>
      path === '/.well-known/oauth-authorization-server/realms/one'
        ? { issuer, jwks_uri: `${provider.url}/jwks` }
        : undefined;
    const { signIn } = setUp({ issuer });
    await signIn({ iss: issuer });
    expect(provider.asked).toEqual([
      '/realms/one/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server/realms/one',
      '/jwks',
    ]);
  });

  it.each([
    ['of another issuer', { issuer: 'https://elsewhere.example' }, 'of another issuer'],
    ['without keys', {}, 'has no "jwks_uri"'],
    ['whose keys are in the clear elsewhere', { jwks_uri: 'http://192.0.2.1/jwks' }, 'is not https://'],
    ['whose keys are in a file', { jwks_uri: 'file:///etc/passwd' }, 'no http(s) address'],
  ])('are not taken from metadata %s', async (_what, more, reason) => {
    provider.metadata = () => ({ issuer: provider.url, ...more });
    const { signIn, logged } = setUp();
    expect(await refusal(() => signIn())).toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE', retryAfterMs: 1_000 });
    expect(JSON.stringify(logged)).toContain(JSON.stringify(reason).slice(1, -1));
    expect(provider.asked).toEqual(['/.well-known/openid-configuration']);
  });

  it('that are new are found at once, and those taken back are good no longer than was promised', async () => {
    const { tokens, clock, signIn } = setUp();
    const old = await provider.sign();
    const identity = await tokens.identify(old);
    provider.keys = [second];
    expect((await signIn({ sub: 'bob' })).caller.userId).toBe('bob');
    // The set was fetched anew: the key is gone, and what was signed with it.
    expect(await identity.renew()).toBeUndefined();
    expect(await refusal(() => tokens.identify(old))).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: false });
    provider.keys = [second, first];
    clock.advance(300_000);
    expect((await tokens.identify(old)).caller.userId).toBe('ann');
    provider.keys = [second];
    clock.advance(299_000);
    // Close to their end they are fetched in the background, and nobody waits.
    expect(tokens.identify(old)).not.toBeInstanceOf(Promise);
    clock.advance(1_001);
    expect(await refusal(() => tokens.identify(old))).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('are looked for at most every ten seconds when tokens name what is not there', async () => {
    const { tokens, clock } = setUp();
    await tokens.identify(await provider.sign());
    const unknown = await Promise.all(
      Array.from({ length: 50 }, (_, index) => provider.sign({}, { key: second, header: { kid: `kid ${index}` } })),
    );
    for (const token of unknown) expect((await refusal(() => tokens.identify(token))).code).toBe('UNAUTHENTICATED');
    await Promise.all(unknown.map((token) => refusal(() => tokens.identify(token))));
    expect(keysAsked()).toBe(2);
    clock.advance(10_000);
    await Promise.all(unknown.map((token) => refusal(() => tokens.identify(token))));
    expect(keysAsked()).toBe(3);
  });

  it('that are new and cannot be fetched are not called bad, and are found as soon as they can be', async () => {
    const { tokens, clock } = setUp();
    await tokens.identify(await provider.sign());
    provider.keys = [first, second];
    const token = await provider.sign({}, { key: second });
    provider.behaviour = 'down';
    for (let second = 0; second < 3; second++) {
      expect((await refusal(() => tokens.identify(token))).code).toBe('AUTHENTICATION_UNAVAILABLE');
      clock.advance(1_000);
    }
    provider.behaviour = 'well';
    expect((await tokens.identify(token)).caller.userId).toBe('ann');
  });

  it('work on while they cannot be fetched, for as long as the configuration says, and come back by themselves', async () => {
    const { tokens, clock, logged } = setUp();
    const token = await provider.sign({ exp: 4_000_000_000 });
    const identity = await tokens.identify(token);
    for (const behaviour of ['down', 'garbage', 'huge'] as const) {
      provider.behaviour = behaviour;
      clock.advance(400_000);
      expect(await tokens.identify(token)).toBe(identity);
      expect(await identity.renew()).toBe(identity);
    }
    clock.advance(3_600_000);
    expect(await refusal(() => tokens.identify(token))).toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' });
    expect((await refusal(() => identity.renew())).code).toBe('AUTHENTICATION_UNAVAILABLE');
    provider.behaviour = 'well';
    clock.advance(1_000);
    expect((await tokens.identify(token)).caller).toEqual(identity.caller);
    expect(logged).toEqual([
      expect.objectContaining({ message: 'the keys of an issuer of tokens cannot be fetched', issuer: provider.url }),
      expect.objectContaining({ message: 'the keys of an issuer of tokens can be fetched again' }),
    ]);
  });

  it.each(['down', 'slow', 'garbage', 'huge'] as const)(
    'that never came, because the issuer is %s, are asked for once a second',
    async (behaviour) => {
      provider.behaviour = behaviour;
      const { tokens, clock, signIn } = setUp();
      for (let index = 0; index < 3; index++) {
        expect((await refusal(() => signIn({ sub: `user ${index}` }))).code).toBe('AUTHENTICATION_UNAVAILABLE');
      }
      // A connection that is cut is tried twice; a page is no metadata, and there is another place for those.
      expect(provider.asked.length).toBe(behaviour === 'down' || behaviour === 'garbage' ? 2 : 1);
      provider.behaviour = 'well';
      clock.advance(1_000);
      expect((await tokens.identify(await provider.sign())).caller.userId).toBe('ann');
    },
  );
});

describe('what is kept of a user', () => {
  it('counts besides the token: roles and scopes given here, and models of organization and project together', async () => {
    const { signIn, state } = setUp();
    const { organization, project } = tenancy();
    const grant = {
      id: 'grt-1',
      organizationId: 'org-1',
      projectId: undefined,
      issuer: provider.url,
      subject: 'ann',
      roles: ['ADMIN'],
      scopes: ['content:read'],
      createdAtMs: 0,
      createdBy: 'key:admin',
    } as const;
    state.tenancy = {
      organization: { ...organization, allowedModels: ['a', 'b'] },
      project: { ...project, allowedModels: ['b', 'c'] },
      grants: [grant],
    };
    const { caller } = await signIn();
    expect(caller.roles).toEqual(['MEMBER', 'ADMIN']);
    expect(caller.scopes).toEqual(['generate', 'usage:read', 'admin', 'content:read']);
    expect(caller.allowedModels).toEqual(new Set(['b']));
    // What the token was made for is the ceiling.
    expect((await signIn({ scope: 'generate' })).caller.scopes).toEqual(['generate']);
    // And no more than that: what others said is read where it was granted here.
    const wide = { scope: 'usage:read content:read' };
    expect((await signIn(wide)).caller.scopes).toEqual(['usage:read', 'content:read']);
    state.tenancy = { ...state.tenancy, grants: [{ ...grant, scopes: [] }] };
    expect((await signIn({ ...wide, jti: 'another' })).caller.scopes).toEqual(['usage:read']);
  });

  it('that changes makes another caller, and that stays the same does not', async () => {
    const { signIn, state } = setUp();
    const identity = await signIn();
    state.tenancy = tenancy();
    expect(identity.renew()).toBe(identity);
    state.tenancy = tenancy({ project: { ...tenancy().project, allowedModels: ['a'] } });
    const now = await identity.renew();
    expect(now?.caller.allowedModels).toEqual(new Set(['a']));
    expect(now?.renew()).toBe(now);
  });

  it.each([
    ['is not known', undefined, 'is not known here', false],
    [
      'has no such organization any more',
      { organization: { ...tenancy().organization, disabledAtMs: 1 } },
      'disabled',
      true,
    ],
    ['has no such project any more', { project: { ...tenancy().project, disabledAtMs: 1 } }, 'disabled', true],
  ])('ends the user where it %s', async (_what, more, words, wasKnown) => {
    const { tokens, state } = setUp();
    const token = await provider.sign({ sub: 'a secret person' });
    const identity = await tokens.identify(token);
    state.tenancy = more && tenancy(more);
    expect(await identity.renew()).toBeUndefined();
    const error = await refusal(() => tokens.identify(token));
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown });
    expect(error.message).toContain(words);
    expect(error.message).not.toMatch(/Acme|org-1|secret/);
  });

  it('gives nobody a way in who has no role', async () => {
    const { signIn } = setUp({ defaults: { organization: 'Acme', project: undefined, roles: [] } });
    expect((await refusal(() => signIn())).code).toBe('FORBIDDEN');
    expect((await signIn({ roles: ['MEMBER'] })).caller.roles).toEqual(['MEMBER']);
  });

  it('may take its time, and fail', async () => {
    const { config, clock } = setUp();
    const fetch = createIdentityFetch({ proxyFor: () => undefined });
    toClose.push(fetch.close);
    let answer: () => Promise<Tenancy> = async () => tenancy();
    const logger = { info: () => undefined, warn: () => undefined };
    const tokens = createJsonWebTokens({ fetch, tenancies: { find: () => answer() }, clock, logger });
    tokens.prepare([config])();
    const token = await provider.sign();
    const identity = await tokens.identify(token);
    expect(await tokens.identify(token)).toBe(identity);
    answer = async () => {
      throw new SluiceError('AUTHENTICATION_UNAVAILABLE');
    };
    expect((await refusal(() => tokens.identify(token))).code).toBe('AUTHENTICATION_UNAVAILABLE');
    expect((await refusal(() => identity.renew())).code).toBe('AUTHENTICATION_UNAVAILABLE');
  });
});

describe('the end of a token', () => {
  it('is its "exp": what runs ends then, and who presents it soon after may have a slow clock', async () => {
    const { tokens, clock } = setUp();
    const exp = Math.floor(clock.now() / 1_000) + 10;
    const token = await provider.sign({ exp });
    const identity = await tokens.identify(token);
    expect(identity.caller.expiresAtMs).toBe(exp * 1_000);
    clock.advance(11_000);
    expect(await identity.renew()).toBeUndefined();
    const late = await tokens.identify(token);
    expect(late.caller.expiresAtMs).toBe((exp + 30) * 1_000);
    expect(late.renew()).toBe(late);
    clock.advance(30_000);
    expect(await late.renew()).toBeUndefined();
    expect(await refusal(() => tokens.identify(token))).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
  });

  it('is told only of a token whose signature is good', async () => {
    const { tokens } = setUp();
    const forged = await provider.sign({ exp: 1 }, { key: { ...second, kid: 'first' } });
    expect(await refusal(() => tokens.identify(forged))).toMatchObject({ wasKnown: false });
  });

  it('does not come because keys that are at hand cannot be fetched when its issuer is set otherwise', async () => {
    const { tokens, config } = setUp();
    const token = await provider.sign({ roles: ['admin'] });
    const identity = await tokens.identify(token);
    provider.behaviour = 'down';
    tokens.prepare([{ ...config, roleNames: { admin: 'MEMBER' } }])();
    expect(await identity.renew()).toBeUndefined();
    expect((await tokens.identify(token)).caller.roles).toEqual(['MEMBER']);
    // From another place they are others.
    tokens.prepare([{ ...config, jwksUri: `${provider.url}/else` }])();
    expect((await refusal(() => tokens.identify(token))).code).toBe('AUTHENTICATION_UNAVAILABLE');
  });

  it('comes when its issuer is removed from the configuration, or set otherwise, and not for others', async () => {
    const { tokens, config, clock } = setUp();
    const token = await provider.sign();
    const identity = await tokens.identify(token);
    tokens.prepare([{ ...config }])();
    expect(identity.renew()).toBe(identity);
    tokens.prepare([{ ...config, clockSkewSeconds: 0 }])();
    expect(await identity.renew()).toBeUndefined();
    const again = await tokens.identify(token);
    expect(again.caller).toEqual(identity.caller);
    tokens.prepare([])();
    expect(await again.renew()).toBeUndefined();
    expect((await refusal(() => tokens.identify(token))).code).toBe('UNAUTHENTICATED');
    expect(clock.elapsed()).toBe(0);
  });
});

it('keys without names are tried one by one, those of other kinds and uses never', async () => {
  const nameless = ({ jwk: { kid: _kid, ...jwk }, ...key }: SigningKey): SigningKey => ({ ...key, jwk });
  const forEncryption = { ...second, jwk: { ...second.jwk, use: 'enc' } };
  provider.keys = [nameless(second), nameless(first)];
  const { tokens, clock } = setUp();
  const sign = (key: SigningKey) => provider.sign({}, { key, header: { kid: undefined } });
  expect((await tokens.identify(await sign(first))).caller.userId).toBe('ann');
  provider.keys = [nameless(forEncryption), nameless(first)];
  clock.advance(300_000);
  expect((await refusal(async () => tokens.identify(await sign(second)))).code).toBe('UNAUTHENTICATED');
});
