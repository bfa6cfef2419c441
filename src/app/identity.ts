// Who calls: all ways of signing in, put together, and what they share over reloads of the configuration.

import type { Caller } from '../core/caller.ts';
import type { Clock } from '../core/clock.ts';
import { type Authenticator, createAuthenticator, type SignInWays } from '../features/auth/authenticate.ts';
import { createCachedTenancies } from '../features/auth/cached-tenancies.ts';
import { createClientTokenKeys } from '../features/auth/client-token-keys.ts';
import { createClientTokens } from '../features/auth/client-tokens.ts';
import { configuredKeysOf, createConfiguredKeys } from '../features/auth/configured-keys.ts';
import type { KeyLookup } from '../features/auth/key-identity.ts';
import { createClientTokenMint, type MintClientToken } from '../features/auth/mint-client-token.ts';
import { type MintedKey, mintKey } from '../features/auth/mint-key.ts';
import { createPeppers, type ServerSecrets } from '../features/auth/peppers.ts';
import { tellSecretsInUse } from '../features/auth/secrets-in-use.ts';
import type { SignInRecords } from '../features/auth/sign-in-records.ts';
import { createStoredKeys } from '../features/auth/stored-keys.ts';
import type { AuthConfig } from '../platform/config.ts';
import type { Logger } from '../platform/logger.ts';
import type { ProxyFor } from '../platform/proxy-choice.ts';
import type { Secret } from '../platform/secret.ts';
import { createIdentityProviders } from './identity-providers.ts';

export interface IdentityParts extends ServerSecrets {
  /** undefined: the first key is in the database. */
  readonly adminKey: Secret | undefined;
  /** As at the start; `prepare` brings others. */
  readonly auth: AuthConfig;
  /** undefined: there is no database yet, and so nothing in it. */
  readonly records: () => SignInRecords | undefined;
  /** How identity providers are reached. */
  readonly proxyFor: ProxyFor;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface IdentityService extends Authenticator {
  /**
   * All that may fail of going over to these settings; the function given back goes over, and cannot fail. Nobody is known
   * before the first time.
   */
  prepare(auth: AuthConfig): () => void;
  /**
   * What is known of these organizations is read anew; undefined: of all. What is known of others counts as confirmed.
   * @throws when the database does not answer; the next time then makes up for it.
   */
  refresh(organizationIds: readonly string[] | undefined): Promise<void>;
  /** It is known that nothing changed since: what is known here lives on. */
  confirm(): void;
  /** A new API key, to be stored by whoever asked. */
  mintKey(): MintedKey;
  readonly mintClientToken: MintClientToken;
  /** Tells in the log what still stands on which of the server's secrets. */
  tellSecretsInUse(): Promise<void>;
  /** Writes down when keys were used last, and lets go of identity providers. */
  close(): Promise<void>;
}

export function createIdentity(parts: IdentityParts): IdentityService {
  const { secret, previous, adminKey, records, proxyFor, clock, logger } = parts;
  let { auth } = parts;
  const rolloutMs = (): number => auth.secretRolloutSeconds * 1_000;
  const copies = {
    records,
    clock,
    size: () => auth.cachedKeys,
    lifetimeMs: () => auth.cacheSeconds * 1_000,
    onAvailability(isAvailable: boolean, error: unknown): void {
      if (isAvailable) logger.info('the database of keys answers again');
      else logger.warn({ err: error }, 'the database of keys does not answer: what is known of them works on');
    },
  };

  const peppers = createPeppers({ secret, previous, rolloutMs, clock });
  const configuredKeys = createConfiguredKeys({ secret, previous, clock });
  const storedKeys = createStoredKeys({ ...copies, peppers, logger });
  const tenancies = createCachedTenancies(copies);
  const makers: KeyLookup = {
    find: (reference) => (reference.source === 'CONFIGURED' ? configuredKeys : storedKeys).find(reference),
  };
  const tokenKeys = createClientTokenKeys({ secret, previous, rolloutMs, clock });
  const clientTokens = createClientTokens({ keys: tokenKeys, makers, clock });
  const providers = createIdentityProviders({ tenancies, proxyFor, clock, logger });
  const ways: SignInWays = { configuredKeys, storedKeys, clientTokens, jwt: undefined, introspection: undefined };

  let current = ways;
  const authenticator = createAuthenticator(() => current);
  const identityOf = (caller: Caller) => authenticator.identityOf(caller);

  return {
    ...authenticator,
    prepare(next) {
      const useKeys = configuredKeys.prepare(configuredKeysOf(adminKey, next));
      const ofProviders = providers.prepare(next);
      const nextWays = { ...ways, ...ofProviders.ways };
      return () => {
        useKeys();
        ofProviders.use();
        auth = next;
        current = nextWays;
      };
    },
    async refresh(organizationIds) {
      await Promise.all([storedKeys.refresh(organizationIds), tenancies.refresh(organizationIds)]);
    },
    confirm() {
      storedKeys.confirm();
      tenancies.confirm();
    },
    mintKey: () => mintKey(peppers.current()),
    mintClientToken: createClientTokenMint({ keys: tokenKeys, identityOf, clock }),
    tellSecretsInUse: () => tellSecretsInUse({ records, peppers, logger }),
    async close() {
      await Promise.all([storedKeys.close(), providers.close()]);
    },
  };
}
