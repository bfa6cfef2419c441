// The public keys of one issuer, as fetched: kept, renewed before they are old, looked for once more where a token names
// one that is not among them, and good for a while longer when they cannot be fetched. jose's own remote set does not do:
// it drops keys that are at hand when a renewal fails, and its cool-down counts successful fetches only, so that every
// token would ask an issuer that is down.

import { isDeepStrictEqual } from 'node:util';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  createLocalJWKSet,
  errors,
  exportJWK,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';
import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { LoadKeys } from './issuer-metadata.ts';

export interface IssuerKeys {
  /** As jose asks for the key of a token. @throws errors of jose; SluiceError AUTHENTICATION_UNAVAILABLE */
  find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey>;
  /** Sees to it that they are not old. At once where they are not. @throws SluiceError AUTHENTICATION_UNAVAILABLE */
  freshen(): undefined | Promise<void>;
  /** Whether the issuer still publishes a key, by its thumbprint (RFC 7638). */
  has(thumbprint: string): boolean;
  /** When they are to be looked at again, milliseconds since the epoch. */
  readonly oldAtMs: number;
}

export interface IssuerKeysOptions {
  readonly load: LoadKeys;
  readonly maxAgeMs: number;
  /** Beyond that, while they cannot be fetched. */
  readonly maxStaleMs: number;
  readonly clock: Clock;
  /** Told once when they cannot be fetched (why), and once when they can again (undefined). */
  readonly onAvailability: (problem: unknown) => void;
}

interface Held {
  readonly document: JSONWebKeySet;
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly thumbprints: ReadonlySet<string>;
  readonly loadedAtMs: number;
}

/** Tokens may name any key: so often at most is one looked for that is not there. */
const UNKNOWN_KEY_MS = 10_000;
/** Who is down is asked again after that. */
const RETRY_MS = 1_000;
/** What goes on by keys of an issuer that is down looks again after that. */
const DOWN_MS = 30_000;
/** From this part of their time on, keys that are used are fetched anew in the background. */
const RENEW_AT = 0.8;
const LONGEST_KID = 256;

const unavailable = (cause?: unknown): SluiceError =>
  new SluiceError(
    'AUTHENTICATION_UNAVAILABLE',
    'The keys of the issuer of this token cannot be fetched right now. Try again shortly.',
    { retryAfterMs: RETRY_MS, cause },
  );

export function createIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const { load, maxAgeMs, maxStaleMs, clock, onAvailability } = options;
  let held: Held | undefined;
  let loading: Promise<void> | undefined;
  let problem: unknown;
  let retryAtMs = 0;
  let nextUnknownAtMs = 0;

  async function loadOnce(): Promise<void> {
    try {
      const document = await load();
      // The same keys stay imported.
      const parts = held !== undefined && isDeepStrictEqual(held.document, document) ? held : await partsOf(document);
      held = { ...parts, loadedAtMs: clock.elapsed() };
      if (problem !== undefined) onAvailability(undefined);
      problem = undefined;
    } catch (error) {
      if (problem === undefined) onAvailability(error);
      problem = error;
      retryAtMs = clock.elapsed() + RETRY_MS;
      throw unavailable(error);
    }
  }

  function reload(): Promise<void> {
    loading ??= loadOnce().finally(() => {
      loading = undefined;
    });
    return loading;
  }

  const mayTry = (): boolean => problem === undefined || clock.elapsed() >= retryAtMs;
  const reloadBehind = (): void => {
    if (loading === undefined && mayTry()) reload().catch(() => undefined);
  };

  function freshen(): undefined | Promise<void> {
    const ageMs = held === undefined ? Number.POSITIVE_INFINITY : clock.elapsed() - held.loadedAtMs;
    if (ageMs < maxAgeMs * RENEW_AT) return undefined;
    const isUsable = ageMs < maxAgeMs + maxStaleMs;
    if (ageMs < maxAgeMs || (isUsable && problem !== undefined)) return void reloadBehind();
    if (!mayTry()) throw unavailable(problem);
    return reload().catch((error: unknown) => {
      if (!isUsable) throw error;
    });
  }

  /** @throws errors.JWKSNoMatchingKey */
  function findHeld(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    return held === undefined ? Promise.reject(unavailable()) : held.find(header, token);
  }

  return {
    freshen,
    async find(header, token) {
      if (header.kid !== undefined && (typeof header.kid !== 'string' || header.kid.length > LONGEST_KID)) {
        throw new errors.JWKSNoMatchingKey();
      }
      await freshen();
      try {
        return await findHeld(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        // Somebody else may be looking for it already.
        if (loading === undefined) {
          if (!mayTry()) throw unavailable(problem);
          // While they cannot be fetched, nobody knows that there is no such key.
          if (problem === undefined && clock.elapsed() < nextUnknownAtMs) throw error;
          nextUnknownAtMs = clock.elapsed() + UNKNOWN_KEY_MS;
        }
        await reload();
        return findHeld(header, token);
      }
    },
    has: (thumbprint) => held?.thumbprints.has(thumbprint) ?? false,
    get oldAtMs() {
      const leftMs = maxAgeMs - (clock.elapsed() - (held?.loadedAtMs ?? 0));
      return clock.now() + (problem === undefined ? Math.max(0, leftMs) : DOWN_MS);
    },
  };
}

async function partsOf(document: JSONWebKeySet): Promise<Pick<Held, 'document' | 'find' | 'thumbprints'>> {
  const thumbprints = await Promise.all(document.keys.map((key) => calculateJwkThumbprint(key).catch(() => '')));
  return { document, find: createLocalJWKSet(document), thumbprints: new Set(thumbprints) };
}

const thumbprints = new WeakMap<CryptoKey, string>();

/** Of a key that `find` gave. */
export async function thumbprintOf(key: CryptoKey): Promise<string> {
  const known = thumbprints.get(key);
  if (known !== undefined) return known;
  const made = await calculateJwkThumbprint(await exportJWK(key));
  thumbprints.set(key, made);
  return made;
}
