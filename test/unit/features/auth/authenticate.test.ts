import { describe, expect, it } from '@jest/globals';
import { createApiKeys } from '../../../../src/features/auth/api-keys.ts';
import { createAuthenticate } from '../../../../src/features/auth/authenticate.ts';
import { createSecret } from '../../../../src/platform/secret.ts';
import { testCaller } from '../../../support/create-test-generations.ts';

describe('authentication', () => {
  const key = 'sk_test_0123456789abcdef0123456789abcdef';
  const keys = createApiKeys(createSecret('s'.repeat(32)), [{ key: createSecret(key), caller: testCaller }]);
  const authenticate = createAuthenticate(keys);

  it('knows a key from either header, or from both alike', () => {
    expect(authenticate({ authorization: `Bearer ${key}`, apiKey: undefined })).toBe(testCaller);
    expect(authenticate({ authorization: `bearer  ${key}`, apiKey: undefined })).toBe(testCaller);
    expect(authenticate({ authorization: undefined, apiKey: key })).toBe(testCaller);
    expect(authenticate({ authorization: `Bearer ${key}`, apiKey: key })).toBe(testCaller);
  });

  const other = `${key.slice(0, -1)}X`;
  it.each([
    ['nothing', undefined, undefined, /Send an API key/],
    ['another scheme', `Basic ${key}`, undefined, /must read "Bearer/],
    ['an empty bearer', 'Bearer ', undefined, /must read "Bearer/],
    ['an unknown key', `Bearer ${other}`, undefined, /not known/],
    ['a key that is none', undefined, 'short', /not known/],
    ['a key of a megabyte', undefined, 'k'.repeat(1_000_000), /not known/],
    ['two different keys', `Bearer ${key}`, other, /different keys/],
  ])('refuses %s without repeating it', (_what, authorization, apiKey, message) => {
    let refusal: unknown;
    try {
      authenticate({ authorization, apiKey });
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringMatching(message) });
    expect(String(refusal)).not.toContain(other);
  });
});
