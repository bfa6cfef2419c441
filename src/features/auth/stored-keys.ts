// API keys kept in the database: found by their public prefix, recognised by their digest, worth what key, project and
// organization say together at the moment.

import { timingSafeEqual } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { KeyGrant } from '../../core/access.ts';
import type { Caller } from '../../core/caller.ts';
import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { KeyIdentity, KeyLookup } from './key-identity.ts';
import { createKeyUse, type KeyUseLogger } from './key-use.ts';
import { prefixOf } from './mint-key.ts';
import { earliestOf, intersectionOf } from './narrowing.ts';
import type { Peppers } from './peppers.ts';
import { createRecordCache } from './record-cache.ts';
import type { SignIn } from './sign-in.ts';
import type { SignInRecords } from './sign-in-records.ts';

export interface StoredKeysOptions {
  /** undefined: there is no database yet, and so no key. */
  readonly records: () => SignInRecords | undefined;
  readonly peppers: Peppers;
  readonly clock: Clock;
  readonly logger: KeyUseLogger;
  /** Keys whose copies are kept at most. */
  readonly size: () => number;
  /** How long a copy is good that nobody has confirmed since. */
  readonly lifetimeMs: () => number;
  readonly onAvailability: (isAvailable: boolean, error?: unknown) => void;
}

export interface StoredKeys extends SignIn, KeyLookup {
  /** See RecordCache. */
  refresh(organizationIds: readonly string[] | undefined): Promise<void>;
  confirm(): void;
  /** Writes down what was used last. */
  close(): Promise<void>;
}

interface StoredKey {
  readonly grant: KeyGrant;
  readonly digest: Buffer;
  readonly identity: KeyIdentity;
}

/** Longer than any key that is made here: what is behind it is not hashed. */
const LONGEST = 64;
/** What is compared where there is nothing to compare with. */
const NOBODY = Buffer.alloc(32);

export function createStoredKeys(options: StoredKeysOptions): StoredKeys {
  const { records, peppers, clock, logger, size, lifetimeMs, onAvailability } = options;
  const use = createKeyUse({ records, clock, logger });
  const moving = new Set<string>();
  const cache = createRecordCache<string, KeyGrant, StoredKey>({
    keyOf: (prefix) => prefix,
    async read(prefixes) {
      const grants = await records()?.findGrants(prefixes);
      return prefixes.map((prefix) => grants?.get(prefix));
    },
    copyOf,
    organizationOf: ({ organization }) => organization.id,
    clock,
    size,
    lifetimeMs,
    onAvailability,
  });

  function copyOf(grant: KeyGrant, before: StoredKey | undefined): StoredKey {
    const caller = callerOf(grant);
    const { allowedOrigins, allowedCidrs } = grant.key;
    const { id: secretId, prefix } = grant.secret;
    const known = before?.grant.secret.id === secretId ? before.identity : undefined;
    const isSame =
      known !== undefined &&
      isDeepStrictEqual(
        [known.caller, known.allowedOrigins, known.allowedCidrs],
        [caller, allowedOrigins, allowedCidrs],
      );
    const identity = isSame
      ? known
      : {
          caller,
          allowedOrigins,
          allowedCidrs,
          reference: { source: 'STORED', keyId: grant.key.id, secretId, prefix } as const,
          renew: () => find(prefix, secretId),
        };
    return { grant, digest: Buffer.from(grant.digest, 'base64'), identity };
  }

  function find(prefix: string, secretId: string): KeyIdentity | undefined | Promise<KeyIdentity | undefined> {
    const found = cache.find(prefix);
    const standing = (stored: StoredKey | undefined): KeyIdentity | undefined =>
      stored?.grant.secret.id === secretId && whyEnded(stored.grant, clock.now()) === undefined
        ? stored.identity
        : undefined;
    return found instanceof Promise ? found.then(standing) : standing(found);
  }

  function recognise(stored: StoredKey | undefined, digests: readonly Buffer[]): KeyIdentity | undefined {
    const pepper = peppers.all.findIndex(({ id }) => id === stored?.grant.secret.pepperId);
    const isRight = isEqual(digests[Math.max(0, pepper)] ?? NOBODY, stored?.digest ?? NOBODY);
    // Of a secret that is known here no longer nothing can be recognised.
    if (stored === undefined || !isRight || pepper === -1) return undefined;
    const ended = whyEnded(stored.grant, clock.now());
    if (ended !== undefined) throw new SluiceError('UNAUTHENTICATED', ended, { wasKnown: true });
    use.mark(stored.grant.secret.id);
    return stored.identity;
  }

  /** A digest under the previous secret goes over to the new one when the key is at hand: now. */
  function move(stored: StoredKey, digests: readonly Buffer[]): void {
    const successor = peppers.successor();
    const { secret } = stored.grant;
    const digest = digests[0]?.toString('base64');
    if (successor === undefined || digest === undefined || secret.pepperId === successor.id) return;
    if (moving.has(secret.id)) return;
    moving.add(secret.id);
    const to = { digest, pepperId: successor.id };
    Promise.resolve(records()?.rehash(secret.id, stored.grant.digest, to))
      .then(() => {
        const grant = { ...stored.grant, digest, secret: { ...secret, pepperId: successor.id } };
        cache.replace(secret.prefix, stored, copyOf(grant, stored));
      })
      // The next use tries again.
      .catch((error: unknown) => logger.debug({ err: error }, 'a key could not be moved to the new secret'))
      .finally(() => moving.delete(secret.id));
  }

  return {
    identify(presented) {
      // The same work whatever is presented: it tells nobody what is known here.
      const digests = peppers.all.map((pepper) => pepper.digestOf(presented.slice(0, LONGEST)));
      const prefix = prefixOf(presented);
      const found = prefix === undefined ? undefined : cache.find(prefix);
      const admit = (stored: StoredKey | undefined): KeyIdentity | undefined => {
        const identity = recognise(stored, digests);
        if (identity !== undefined && stored !== undefined) move(stored, digests);
        return identity;
      };
      return found instanceof Promise ? found.then(admit) : admit(found);
    },
    find: (reference) => (reference.source === 'STORED' ? find(reference.prefix, reference.secretId) : undefined),
    refresh: cache.refresh,
    confirm: cache.confirm,
    close: use.close,
  };
}

const isEqual = (left: Buffer, right: Buffer): boolean =>
  left.length === right.length ? timingSafeEqual(left, right) : false;

function callerOf({ key, secret, organization, project }: KeyGrant): Caller {
  return {
    organizationId: organization.id,
    projectId: project.id,
    principalId: `key:${key.id}`,
    principalKind: 'KEY',
    userId: undefined,
    roles: key.roles,
    scopes: key.scopes,
    allowedModels: intersectionOf([organization.allowedModels, project.allowedModels, key.allowedModels]),
    documentMode: key.documentMode,
    mayActForEndUsers: key.mayActForEndUsers,
    expiresAtMs: earliestOf(key.expiresAtMs, secret.expiresAtMs),
  };
}

/** Why it signs in nobody any more, in words for who has the key. */
function whyEnded({ key, secret, organization, project }: KeyGrant, nowMs: number): string | undefined {
  const isOver = (atMs: number | undefined): boolean => atMs !== undefined && atMs <= nowMs;
  if (key.revokedAtMs !== undefined) return 'This API key was revoked.';
  if (isOver(key.expiresAtMs)) return 'This API key has expired.';
  if (isOver(secret.expiresAtMs)) return 'This API key was replaced by a new one, and its time is over.';
  if (key.disabledAtMs !== undefined) return 'This API key is disabled.';
  if (project.disabledAtMs !== undefined) return 'The project of this API key is disabled.';
  if (organization.disabledAtMs !== undefined) return 'The organization of this API key is disabled.';
  return undefined;
}
