// Signing in with tokens of other issuers: by JSON Web Token and by introspection, over connections of their own.

import type { Clock } from '../core/clock.ts';
import type { SignInWays } from '../features/auth/authenticate.ts';
import { createIntrospection, issuerOf } from '../features/auth/introspection.ts';
import { createJsonWebTokens } from '../features/auth/json-web-tokens.ts';
import type { Tenancies } from '../features/auth/tenancies.ts';
import type { AuthConfig } from '../platform/config.ts';
import { createIdentityFetch } from '../platform/identity-fetch.ts';
import type { Logger } from '../platform/logger.ts';
import type { ProxyFor } from '../platform/proxy-choice.ts';

export interface IdentityProvidersOptions {
  readonly tenancies: Tenancies;
  readonly proxyFor: ProxyFor;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface IdentityProviders {
  /** Those that the configuration has; `use` goes over to them, and cannot fail. */
  prepare(auth: AuthConfig): { readonly ways: Pick<SignInWays, 'jwt' | 'introspection'>; readonly use: () => void };
  close(): Promise<void>;
}

export function createIdentityProviders(options: IdentityProvidersOptions): IdentityProviders {
  const { tenancies, proxyFor, clock, logger } = options;
  const fetch = createIdentityFetch({ proxyFor });
  const parts = { fetch, tenancies, clock, logger };
  const jsonWebTokens = createJsonWebTokens(parts);
  const introspection = createIntrospection(parts);
  return {
    prepare(auth) {
      const useIssuers = jsonWebTokens.prepare(auth.jwt);
      const useEndpoint = introspection.prepare(auth.introspection);
      return {
        ways: {
          jwt: auth.jwt.length === 0 ? undefined : jsonWebTokens,
          introspection: auth.introspection && introspection,
        },
        use() {
          useIssuers();
          useEndpoint();
        },
      };
    },
    close: fetch.close,
  };
}

/** Who makes the tokens that are taken here, as clients are told; undefined: none are. */
export function authorizationServersOf({ jwt, introspection }: AuthConfig): readonly string[] | undefined {
  if (jwt.length === 0 && introspection === undefined) return undefined;
  const all = [...jwt.map(({ issuer }) => issuer), ...(introspection === undefined ? [] : [issuerOf(introspection)])];
  // By RFC 8414 they are addresses.
  return [...new Set(all)].filter((issuer) => /^https?:/.test(issuer));
}
