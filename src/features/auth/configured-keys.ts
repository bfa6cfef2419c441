// API keys of the configuration and the admin key, as the server keeps them: HMAC-SHA256 digests under a key derived
// from its secret. Looking a digest up tells nothing about the keys by its timing, and a dump of the memory holds no key.

import { createHmac, createSecretKey } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_ORGANIZATION_ID, DEFAULT_PROJECT_ID } from '../../core/access.ts';
import { type Caller, DEFAULT_SCOPES } from '../../core/caller.ts';
import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { ApiKeyConfig, AuthConfig } from '../../platform/config.ts';
import type { Secret } from '../../platform/secret.ts';
import type { KeyIdentity, KeyLookup, KeyReference } from './key-identity.ts';
import { derive, type ServerSecrets } from './peppers.ts';
import type { SignIn } from './sign-in.ts';

export interface ConfiguredKeys extends SignIn, KeyLookup {
  identify(presented: string): KeyIdentity | undefined;
  find(reference: KeyReference): KeyIdentity | undefined;
  /**
   * Makes another set of keys ready; the function given back goes over to it. Keys that stay the same keep their caller.
   * @throws Error when two entries share a name or a key; nothing has changed then.
   */
  prepare(keys: readonly ApiKeyConfig[]): () => void;
}

/** Longer and shorter texts, and others than printable ASCII, are no keys and are not hashed. */
const KEY = /^[\x21-\x7e]{32,256}$/;

export const couldBeConfiguredKey = (presented: string): boolean => KEY.test(presented);

interface Entry {
  readonly caller: Caller;
  readonly identity: KeyIdentity;
}

export function createConfiguredKeys({
  secret,
  previous,
  clock,
}: ServerSecrets & { readonly clock: Clock }): ConfiguredKeys {
  const digestOf = digestWith(secret);
  const digests = previous === undefined ? [digestOf] : [digestOf, digestWith(previous)];
  let entries: ReadonlyMap<string, Entry> = new Map();
  let byName: ReadonlyMap<string, Entry> = new Map();

  const isOver = ({ caller }: Entry): boolean => caller.expiresAtMs !== undefined && caller.expiresAtMs <= clock.now();

  /**
   * Of digests, not of the key: enough to see that it is another key now, and nothing to find it by. One for each secret
   * of the server, so that nodes that know only one of them see it too.
   */
  const secretIdOf = (key: string): string => digests.map((digest) => digest(key).slice(0, 16)).join('.');

  function entryOf(key: ApiKeyConfig, digest: string): Entry {
    const caller = callerOf(key);
    const { allowedOrigins, allowedCidrs } = key;
    const known = entries.get(digest);
    if (
      known !== undefined &&
      isDeepStrictEqual(
        [known.caller, known.identity.allowedOrigins, known.identity.allowedCidrs],
        [caller, allowedOrigins, allowedCidrs],
      )
    )
      return known;
    const reference: KeyReference = {
      source: 'CONFIGURED',
      keyId: key.name,
      secretId: secretIdOf(key.key.reveal()),
    };
    const renew = (): KeyIdentity | undefined => {
      const now = entries.get(digest);
      return now === undefined || isOver(now) ? undefined : now.identity;
    };
    return { caller, identity: { caller, allowedOrigins, allowedCidrs, reference, renew } };
  }

  return {
    identify(presented) {
      const entry = couldBeConfiguredKey(presented) ? entries.get(digestOf(presented)) : undefined;
      if (entry === undefined) return undefined;
      if (isOver(entry)) throw new SluiceError('UNAUTHENTICATED', 'This API key has expired.', { wasKnown: true });
      return entry.identity;
    },
    find({ keyId, secretId }) {
      const entry = byName.get(keyId);
      if (entry === undefined || isOver(entry)) return undefined;
      const ids = entry.identity.reference.secretId.split('.');
      return secretId.split('.').some((id) => ids.includes(id)) ? entry.identity : undefined;
    },
    prepare(keys) {
      const next = new Map<string, Entry>();
      const names = new Map<string, Entry>();
      for (const key of keys) {
        const text = key.key.reveal();
        const digest = digestOf(text);
        if (!couldBeConfiguredKey(text))
          throw new Error(`The API key "${key.name}" is not 32 to 256 printable ASCII characters.`);
        if (names.has(key.name)) throw new Error(`Two API keys have the name "${key.name}".`);
        const other = next.get(digest);
        if (other !== undefined)
          throw new Error(`"${key.name}" and "${other.identity.reference.keyId}" have the same API key.`);
        const entry = entryOf(key, digest);
        names.set(key.name, entry);
        next.set(digest, entry);
      }
      return () => {
        entries = next;
        byName = names;
      };
    },
  };
}

function digestWith(secret: Secret): (key: string) => string {
  // A key object: from plain bytes Node makes one anew for each digest, at ten times the cost.
  const pepper = createSecretKey(derive(secret, 'sluice api keys v1', 32));
  return (key) => createHmac('sha256', pepper).update(key).digest('base64');
}

function callerOf(key: ApiKeyConfig): Caller {
  const { name, roles, scopes, allowedModels, documentMode, mayActForEndUsers, expiresAtMs } = key;
  return {
    organizationId: DEFAULT_ORGANIZATION_ID,
    projectId: DEFAULT_PROJECT_ID,
    principalId: `key:${name}`,
    principalKind: 'KEY',
    userId: undefined,
    roles: [...roles],
    scopes: [...scopes],
    allowedModels: allowedModels && new Set(allowedModels),
    documentMode,
    mayActForEndUsers,
    expiresAtMs,
  };
}

/** The admin key, where there is one outside the database, and those of the configuration file. */
export function configuredKeysOf(
  adminKey: Secret | undefined,
  configured: Pick<AuthConfig, 'apiKeys' | 'adminDocumentMode'>,
): readonly ApiKeyConfig[] {
  if (adminKey === undefined) return configured.apiKeys;
  const admin: ApiKeyConfig = {
    name: 'admin',
    key: adminKey,
    roles: ['OPERATOR', 'ADMIN', 'MEMBER'],
    scopes: DEFAULT_SCOPES,
    allowedModels: undefined,
    allowedOrigins: undefined,
    allowedCidrs: undefined,
    documentMode: configured.adminDocumentMode,
    mayActForEndUsers: false,
    expiresAtMs: undefined,
  };
  return [admin, ...configured.apiKeys];
}
