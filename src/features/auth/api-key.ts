// API keys as the server keeps them: HMAC-SHA256 digests under a key derived from the server's secret. Looking a digest
// up tells nothing about the keys by its timing, and a dump of the memory holds no key.

import { createHmac, createSecretKey, hkdfSync } from 'node:crypto';
import type { AccessRole, Caller, DocumentMode } from '../../core/caller.ts';
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
}

/** Longer and shorter texts, and others than printable ASCII, are no keys and are not hashed. */
const KEY = /^[\x21-\x7e]{32,256}$/;

export const couldBeApiKey = (presented: string): boolean => KEY.test(presented);

/** @throws Error when two entries share a name or a key. */
export function createApiKeys({
  secret,
  keys,
}: {
  readonly secret: Secret;
  readonly keys: readonly ApiKeyEntry[];
}): ApiKeys {
  // A key object: from plain bytes Node makes one anew for each digest, at ten times the cost.
  const pepper = createSecretKey(Buffer.from(hkdfSync('sha256', secret.reveal(), '', 'sluice api keys v1', 32)));
  const digestOf = (key: string): string => createHmac('sha256', pepper).update(key).digest('base64');

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
    records.set(digest, { name: entry.name, caller: callerOf(entry) });
  }
  return { lookup: (presented) => (couldBeApiKey(presented) ? records.get(digestOf(presented)) : undefined) };
}

function callerOf({ name, roles, allowedModels, documentMode, organizationId, projectId }: ApiKeyEntry): Caller {
  return {
    organizationId,
    projectId,
    principalId: `key:${name}`,
    principalKind: 'KEY',
    roles: [...roles],
    scopes: [],
    allowedModels: allowedModels && new Set(allowedModels),
    documentMode,
  };
}
