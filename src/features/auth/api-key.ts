// API keys as the server keeps them: HMAC-SHA256 digests under a key derived from the server's secret. Looking a digest
// up tells nothing about the keys by its timing, and a dump of the memory holds no key.

import { createHmac, createSecretKey, hkdfSync } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type AccessRole, type Caller, DEFAULT_SCOPES, type DocumentMode } from '../../core/caller.ts';
import type { Secret } from '../../platform/secret.ts';

export interface ApiKeyEntry {
  /** Who calls; becomes the principal `key:<name>`. */
  readonly name: string;
  readonly key: Secret;
  readonly roles: readonly AccessRole[];
  /** undefined: all models. */
  readonly allowedModels: readonly string[] | undefined;
  /** undefined: as the server is set. */
  readonly documentMode: DocumentMode | undefined;
  readonly organizationId: string;
  readonly projectId: string;
}

export interface ApiKeyRecord {
  readonly name: string;
  /** Whom a request with this key comes from. */
  readonly caller: Caller;
}

export interface ApiKeys {
  /** The record of a key as presented; undefined for anything else, at a cost that does not depend on what it is. */
  lookup(presented: string): ApiKeyRecord | undefined;
  /** Whom the caller's key stands for here, whichever set of the same keyring it was found in; undefined: the key is gone. */
  renew(caller: Caller): Caller | undefined;
}

/** Makes one set of keys after the other, as configurations follow each other: keys that stay the same keep their caller. */
export interface Keyring {
  /** @throws Error when two entries share a name or a key. */
  open(keys: readonly ApiKeyEntry[]): ApiKeys;
}

/** Longer and shorter texts, and others than printable ASCII, are no keys and are not hashed. */
const KEY = /^[\x21-\x7e]{32,256}$/;

export const couldBeApiKey = (presented: string): boolean => KEY.test(presented);

export function createKeyring(secret: Secret): Keyring {
  // A key object: from plain bytes Node makes one anew for each digest, at ten times the cost.
  const pepper = createSecretKey(Buffer.from(hkdfSync('sha256', secret.reveal(), '', 'sluice api keys v1', 32)));
  const digestOf = (key: string): string => createHmac('sha256', pepper).update(key).digest('base64');
  /** Which key a caller came by: the caller itself must not tell. */
  const digests = new WeakMap<Caller, string>();
  let before: ReadonlyMap<string, ApiKeyRecord> = new Map();

  function recordOf(entry: ApiKeyEntry, digest: string): ApiKeyRecord {
    const caller = callerOf(entry);
    const known = before.get(digest);
    if (known !== undefined && isDeepStrictEqual(known.caller, caller)) return known;
    digests.set(caller, digest);
    return { name: entry.name, caller };
  }

  return {
    open(keys) {
      const records = new Map<string, ApiKeyRecord>();
      const names = new Set<string>();
      for (const entry of keys) {
        const key = entry.key.reveal();
        const digest = digestOf(key);
        if (!couldBeApiKey(key))
          throw new Error(`The API key "${entry.name}" is not 32 to 256 printable ASCII characters.`);
        if (names.has(entry.name)) throw new Error(`Two API keys have the name "${entry.name}".`);
        const other = records.get(digest);
        if (other !== undefined) throw new Error(`"${entry.name}" and "${other.name}" have the same API key.`);
        names.add(entry.name);
        records.set(digest, recordOf(entry, digest));
      }
      before = records;
      return {
        lookup: (presented) => (couldBeApiKey(presented) ? records.get(digestOf(presented)) : undefined),
        renew: (caller) => records.get(digests.get(caller) ?? '')?.caller,
      };
    },
  };
}

function callerOf({ name, roles, allowedModels, documentMode, organizationId, projectId }: ApiKeyEntry): Caller {
  return {
    organizationId,
    projectId,
    principalId: `key:${name}`,
    principalKind: 'KEY',
    userId: undefined,
    roles: [...roles],
    scopes: DEFAULT_SCOPES,
    allowedModels: allowedModels && new Set(allowedModels),
    documentMode,
    mayActForEndUsers: false,
    expiresAtMs: undefined,
  };
}
