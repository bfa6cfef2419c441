import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Tenancy } from '../../../../src/core/access.ts';
import { SluiceError } from '../../../../src/core/errors.ts';
import { createIntrospection } from '../../../../src/features/auth/introspection.ts';
import type { Identity } from '../../../../src/features/auth/sign-in.ts';
import type { IntrospectionConfig } from '../../../../src/platform/config.ts';
import { createIdentityFetch } from '../../../../src/platform/identity-fetch.ts';
import { createSecret } from '../../../../src/platform/secret.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../../../support/start-identity-provider.ts';

let provider: TestIdentityProvider;
const toClose: (() => Promise<void>)[] = [];
beforeEach(async () => {
  provider = await startIdentityProvider([]);
});
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((close) => close()));
  await provider[Symbol.asyncDispose]();
});

const tenancy: Tenancy = {
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
};

function setUp(more: Partial<IntrospectionConfig> = {}) {
  const config: IntrospectionConfig = {
    endpoint: `${provider.url}/introspect`,
    clientId: 'us & them',
    clientSecret: createSecret('geheim: ü'),
    audience: undefined,
    issuer: undefined,
    claims: { organization: undefined, project: undefined, user: 'sub', roles: 'roles', scope: undefined },
    defaults: { organization: 'Acme', project: undefined, roles: ['MEMBER'] },
    roleNames: {},
    mayGrantOperator: false,
    allowInsecure: false,
    clockSkewSeconds: 30,
    ...more,
  };
  const clock = createManualClock(2_000_000_000_000);
  const logged: object[] = [];
  const log = (fields: object, message: string): void => void logged.push({ ...fields, message });
  const fetch = createIdentityFetch({ proxyFor: () => undefined, timeoutMs: 2_000 });
  toClose.push(fetch.close);
  const tokens = createIntrospection({
    fetch,
    tenancies: { find: () => tenancy },
    clock,
    logger: { info: log, warn: log },
  });
  tokens.prepare(config)();
  const signIn = async (token = 'opaque-1'): Promise<Identity> => {
    const identity = await tokens.identify(token);
    if (identity === undefined) throw new Error('it was not even looked at');
    return identity;
  };
  return { tokens, config, clock, logged, signIn };
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
const answer = (body: unknown, status = 200): void => {
  provider.introspect = () => ({ status, body });
};
const good = { active: true, sub: 'ann', scope: 'generate', exp: 2_000_000_600 };

describe('a token that only its issuer can read', () => {
  it('is asked about by POST, with the name and secret of this server, and becomes its user', async () => {
    const asked: Record<string, unknown>[] = [];
    provider.introspect = (form, { method, headers }) => {
      const { authorization } = headers;
      asked.push({ method, type: headers['content-type'], authorization, form: Object.fromEntries(form) });
      return { body: good };
    };
    const { signIn } = setUp();
    expect((await signIn()).caller).toMatchObject({
      organizationId: 'org-1',
      projectId: 'prj-1',
      principalId: `user:prj-1/${provider.url}/ann`,
      principalKind: 'USER',
      userId: 'ann',
      roles: ['MEMBER'],
      scopes: ['generate'],
      expiresAtMs: 2_000_000_600_000,
    });
    expect(asked).toEqual([
      {
        method: 'POST',
        type: 'application/x-www-form-urlencoded',
        // RFC 6749 wants both encoded as in a form before they are joined.
        authorization: `Basic ${Buffer.from('us+%26+them:geheim%3A+%C3%BC').toString('base64')}`,
        form: { token: 'opaque-1', token_type_hint: 'access_token' },
      },
    ]);
  });

  it('is asked about once by many at the same moment, and once a minute after that', async () => {
    answer(good);
    const { tokens, clock, signIn } = setUp();
    const all = await Promise.all(Array.from({ length: 20 }, () => signIn()));
    const [first] = all;
    expect(provider.asked).toHaveLength(1);
    clock.advance(59_999);
    expect(tokens.identify('opaque-1')).not.toBeInstanceOf(Promise);
    expect((await signIn()).caller).toEqual(first?.caller);
    expect(provider.asked).toHaveLength(1);
    clock.advance(1);
    await signIn();
    expect(provider.asked).toHaveLength(2);
  });

  it('is asked about no later than it expires', async () => {
    answer({ ...good, exp: 2_000_000_010 });
    const { clock, signIn } = setUp();
    const identity = await signIn();
    expect(identity.askAgainAtMs).toBe(2_000_000_010_000);
    clock.advance(10_000);
    expect(await refusal(() => signIn())).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
  });

  it('that goes on is asked about again when its minute is over, and ends when it was revoked', async () => {
    answer(good);
    const { clock, signIn } = setUp();
    const identity = await signIn();
    expect(identity.renew()).toBe(identity);
    expect(identity.askAgainAtMs).toBe(2_000_000_060_000);
    clock.advance(60_000);
    expect(await identity.renew()).toBe(identity);
    expect(identity.askAgainAtMs).toBe(2_000_000_120_000);
    answer({ ...good, scope: 'usage:read' });
    clock.advance(60_000);
    expect((await identity.renew())?.caller.scopes).toEqual(['usage:read']);
    answer({ active: false });
    clock.advance(60_000);
    expect(await identity.renew()).toBeUndefined();
    expect(provider.asked).toHaveLength(4);
    expect(await refusal(() => signIn())).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: true });
    expect(provider.asked).toHaveLength(4);
  });

  it('that is not good is remembered for five seconds', async () => {
    answer({ active: false });
    const { clock, signIn } = setUp();
    for (let index = 0; index < 5; index++) {
      expect(await refusal(() => signIn())).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: false });
    }
    expect(provider.asked).toHaveLength(1);
    answer(good);
    clock.advance(5_000);
    expect((await signIn()).caller.userId).toBe('ann');
  });

  it.each([
    ['is not active', { ...good, active: false }],
    ['has expired', { ...good, exp: 1_999_999_999 }],
    ['is not valid yet', { ...good, nbf: 2_000_000_031 }],
    ['is for others', { ...good, aud: 'others' }],
    ['is for nobody in particular', { ...good, aud: undefined }],
    ['is of another issuer', { ...good, iss: 'https://else.example' }],
    ['is a refresh token', { ...good, token_type: 'refresh_token' }],
    ['wants a proof of possession', { ...good, token_type: 'DPoP' }],
    ['is bound to a certificate', { ...good, cnf: { 'x5t#S256': 'x' } }],
    ['names no user', { ...good, sub: undefined }],
    ['has an end that is no time', { ...good, exp: '2000000600' }],
  ])('that %s is refused', async (_what, body) => {
    answer({ aud: ['sluice', 'more'], iss: 'https://id.example', ...body });
    const { signIn } = setUp({ audience: ['sluice'], issuer: 'https://id.example' });
    expect((await refusal(() => signIn())).code).toBe('UNAUTHENTICATED');
    answer({ aud: ['sluice', 'more'], iss: 'https://id.example', token_type: 'Bearer', ...good });
    expect((await signIn('opaque-2')).caller.principalId).toBe('user:prj-1/https://id.example/ann');
  });

  it.each([
    ['with spaces', 'a b'],
    ['beyond ASCII', 'ünlesbar'],
    ['of 17,000 characters', 'a'.repeat(17_000)],
    ['', ''],
  ])('%s is none, and nobody is asked', (_what, token) => {
    expect(setUp().tokens.identify(token)).toBeUndefined();
    expect(provider.asked).toEqual([]);
  });
});

const behave = (behaviour: TestIdentityProvider['behaviour']) => (): void => {
  provider.behaviour = behaviour;
};

describe('an endpoint', () => {
  it.each([
    ['that is down', behave('down'), 'cannot be reached'],
    ['that is slow', behave('slow'), 'did not answer within 2000 ms'],
    ['that answers garbage', behave('garbage'), 'something other than'],
    ['that answers without end', behave('huge'), 'more than 1048576 bytes'],
    ['that fails', () => answer({ active: true, sub: 'ann' }, 500), 'status 500'],
    ['that sends elsewhere', () => answer({}, 302), 'status 302'],
    [
      'that does not know this server',
      () => answer({ error: 'invalid_client' }, 401),
      'refuses clientId and clientSecret',
    ],
    [
      'that says so as if it were of the request',
      () => answer({ error: 'invalid_client' }, 400),
      'refuses clientId and clientSecret',
    ],
    ['for which yes is a word', () => answer({ ...good, active: 'true' }), 'something other than'],
    ['for which yes is a number', () => answer({ ...good, active: 1 }), 'something other than'],
  ])('%s makes nobody known, is asked once a second, and told of once', async (_what, misbehave, reason) => {
    misbehave();
    const { clock, logged, signIn } = setUp();
    const error = await refusal(() => signIn());
    expect(error).toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE', retryAfterMs: 1_000 });
    const asked = provider.asked.length;
    for (let index = 0; index < 5; index++) {
      expect((await refusal(() => signIn(`other-${index}`))).code).toBe('AUTHENTICATION_UNAVAILABLE');
    }
    expect(provider.asked).toHaveLength(asked);
    expect(logged).toEqual([expect.objectContaining({ reason: expect.stringContaining(reason) })]);
    expect(JSON.stringify(logged)).not.toMatch(/geheim|opaque/);
    provider.behaviour = 'well';
    answer(good);
    clock.advance(1_000);
    expect((await signIn()).caller.userId).toBe('ann');
    expect(logged).toHaveLength(2);
  });

  it('that takes what is no token of its own for a bad request keeps nobody else out, and is told of once', async () => {
    provider.introspect = (form) =>
      form.get('token') === 'opaque-1' ? { body: good } : { status: 400, body: { error: 'invalid_request' } };
    const { clock, logged, signIn } = setUp();
    for (const token of ['x', 'x', 'y']) {
      expect(await refusal(() => signIn(token))).toMatchObject({ code: 'UNAUTHENTICATED', wasKnown: false });
      expect((await signIn()).caller.userId).toBe('ann');
      clock.advance(60_000 / 3);
    }
    expect(logged).toEqual([{ reason: `${provider.url} answered with status 400`, message: expect.any(String) }]);
  });

  it('that has gone leaves those known their minute, and what runs ten', async () => {
    answer(good);
    const { clock, signIn } = setUp();
    const identity = await signIn();
    provider.behaviour = 'down';
    clock.advance(59_999);
    expect(await signIn()).toBe(identity);
    clock.advance(1);
    expect((await refusal(() => signIn())).code).toBe('AUTHENTICATION_UNAVAILABLE');
    expect((await refusal(() => identity.renew())).code).toBe('AUTHENTICATION_UNAVAILABLE');
    clock.advance(539_000);
    expect((await refusal(() => identity.renew())).code).toBe('AUTHENTICATION_UNAVAILABLE');
    clock.advance(1_000);
    expect(await identity.renew()).toBeUndefined();
  });

  it('that is another one now, or none, vouches for nobody the one before knew', async () => {
    answer(good);
    const { tokens, config, signIn } = setUp();
    const identity = await signIn();
    tokens.prepare({ ...config, clientSecret: createSecret('geheim: ü') })();
    expect(identity.renew()).toBe(identity);
    tokens.prepare({ ...config, clientSecret: createSecret('another') })();
    expect(await identity.renew()).toBeUndefined();
    const again = await signIn();
    tokens.prepare(undefined)();
    expect(await again.renew()).toBeUndefined();
    expect(tokens.identify('opaque-1')).toBeUndefined();
  });
});
