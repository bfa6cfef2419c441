import { describe, expect, it } from '@jest/globals';
import type { Caller } from '../../../../src/core/caller.ts';
import { createKeyring } from '../../../../src/features/auth/api-key.ts';
import { apiKeyEntries, createAuthenticator } from '../../../../src/features/auth/authenticate.ts';
import { createSecret } from '../../../../src/platform/secret.ts';

const ADMIN = 'sk_sluice_0123456789abcdef0123456789abcdef';
const WEB = 'sk_test_0123456789abcdef0123456789abcdef';
const OTHER = `${WEB.slice(0, -1)}X`;
const secret = createSecret('s'.repeat(32));
const entries = apiKeyEntries(createSecret(ADMIN), {
  adminDocumentMode: undefined,
  apiKeys: [
    {
      name: 'web',
      key: createSecret(WEB),
      roles: ['MEMBER'],
      allowedModels: ['smart'],
      documentMode: 'require',
    },
  ],
});
const apiKeys = createKeyring(secret).open(entries);
const { authenticate } = createAuthenticator({ apiKeys });

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
    const [admin] = apiKeyEntries(createSecret(ADMIN), { adminDocumentMode: 'off', apiKeys: [] });
    expect(admin?.documentMode).toBe('off');
  });

  it('behind a configured key have its name, roles, models and mode of documents', () => {
    expect(authenticate({ apiKey: WEB })).toMatchObject({
      principalId: 'key:web',
      roles: ['MEMBER'],
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
    let refusal: unknown;
    try {
      authenticate({ authorization, apiKey });
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringMatching(message) });
    expect(String(refusal)).not.toContain(OTHER.slice(0, 20));
  });
});

describe('API keys in memory', () => {
  it('can be found under their own secret alone, and are nowhere in what is kept', () => {
    const elsewhere = createKeyring(createSecret('t'.repeat(32))).open(entries);
    expect(apiKeys.lookup(WEB)?.name).toBe('web');
    expect(elsewhere.lookup(WEB)?.name).toBe('web');
    expect(JSON.stringify(apiKeys.lookup(WEB))).not.toContain(WEB);
    expect(apiKeys.lookup(OTHER)).toBeUndefined();
  });

  it('keep their caller from one set to the next, unless it changed or its key is gone', () => {
    const keyring = createKeyring(secret);
    const setOf = (allowedModels: readonly string[], key = WEB) =>
      keyring.open(
        apiKeyEntries(createSecret(ADMIN), {
          adminDocumentMode: undefined,
          apiKeys: [{ name: 'web', key: createSecret(key), roles: ['MEMBER'], allowedModels, documentMode: undefined }],
        }),
      );
    const first = setOf(['smart']);
    const caller = first.lookup(WEB)?.caller as Caller;
    const same = setOf(['smart']);
    expect(same.lookup(WEB)?.caller).toBe(caller);
    expect(same.renew(caller)).toBe(caller);
    const wider = setOf(['smart', 'fast']);
    expect(wider.renew(caller)).toEqual({ ...caller, allowedModels: new Set(['smart', 'fast']) });
    expect(wider.renew(caller)).toBe(wider.lookup(WEB)?.caller);
    // The name alone is not enough: it has another key now.
    const rotated = setOf(['smart'], OTHER);
    expect(rotated.renew(caller)).toBeUndefined();
    expect(rotated.lookup(WEB)).toBeUndefined();
    // What one set gave is not changed by those after it.
    expect(first.renew(caller)).toBe(caller);
    expect(first.renew({ ...caller })).toBeUndefined();
  });

  it('are refused when two share a name or a key, or one could never be presented', () => {
    const entry = {
      ...entries[0],
      name: 'a',
      key: createSecret(WEB),
      roles: [],
      allowedModels: undefined,
      documentMode: undefined,
      organizationId: 'o',
      projectId: 'p',
    };
    const make =
      (...keys: (typeof entry)[]) =>
      () =>
        createKeyring(secret).open(keys);
    expect(make(entry, { ...entry, name: 'b' })).toThrow('"b" and "a" have the same API key.');
    expect(make(entry, { ...entry, key: createSecret(OTHER) })).toThrow('Two API keys have the name "a".');
    expect(make({ ...entry, key: createSecret('short') })).toThrow('"a" is not 32 to 256');
  });
});
