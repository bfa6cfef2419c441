// Who calls: all ways of signing in, put together, and what they share over reloads of the configuration.

import type { Clock } from '../core/clock.ts';
import { type Authenticator, createAuthenticator, type SignInWays } from '../features/auth/authenticate.ts';
import { configuredKeysOf, createConfiguredKeys } from '../features/auth/configured-keys.ts';
import type { AuthConfig } from '../platform/config.ts';
import type { Secret } from '../platform/secret.ts';

export interface IdentityParts {
  readonly secret: Secret;
  /** undefined: the first key is in the database. */
  readonly adminKey: Secret | undefined;
  readonly clock: Clock;
}

export interface IdentityService extends Authenticator {
  /**
   * All that may fail of going over to these settings; the function given back goes over, and cannot fail. Nobody is known
   * before the first time.
   */
  prepare(auth: AuthConfig): () => void;
}

export function createIdentity({ secret, adminKey, clock }: IdentityParts): IdentityService {
  const configuredKeys = createConfiguredKeys({ secret, clock });
  let ways: SignInWays = {
    configuredKeys,
    storedKeys: undefined,
    clientTokens: undefined,
    jwt: undefined,
    introspection: undefined,
  };

  function prepare(next: AuthConfig): () => void {
    const useKeys = configuredKeys.prepare(configuredKeysOf(adminKey, next));
    const nextWays: SignInWays = { ...ways, jwt: undefined, introspection: undefined };
    return () => {
      useKeys();
      ways = nextWays;
    };
  }

  return { ...createAuthenticator(() => ways), prepare };
}
