// The server's secret, and the one before it, as digests of API keys are made with them. Both are good for looking keys
// up; which one new things are made with changes some time after the start, so that all nodes of a rollout know it by then.

import { createHmac, createSecretKey, hkdfSync } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type { Secret } from '../../platform/secret.ts';

export interface ServerSecrets {
  readonly secret: Secret;
  /** SLUICE_SECRET_PREVIOUS; undefined: there is none. */
  readonly previous: Secret | undefined;
}

export interface Pepper {
  /** Fingerprint of the server's secret: tells secrets apart, and nothing about them. */
  readonly id: string;
  /** HMAC-SHA256. */
  digestOf(key: string): Buffer;
}

export interface Peppers {
  /** The newest first. */
  readonly all: readonly Pepper[];
  /** With which new digests are made now. */
  current(): Pepper;
  /** The one that digests under another one are to be moved to; undefined: not yet. */
  successor(): Pepper | undefined;
}

export interface PeppersOptions extends ServerSecrets {
  /** How long after the start other nodes may know the previous secret alone; as it is set at the moment. */
  readonly rolloutMs: () => number;
  readonly clock: Clock;
}

export function createPeppers({ secret, previous, rolloutMs, clock }: PeppersOptions): Peppers {
  const newest = createPepper(secret);
  const older = previous && createPepper(previous);
  const startedAtMs = clock.elapsed();
  const isRolledOut = (): boolean => clock.elapsed() - startedAtMs >= rolloutMs();
  return {
    all: older === undefined ? [newest] : [newest, older],
    current: () => (older === undefined || isRolledOut() ? newest : older),
    successor: () => (isRolledOut() ? newest : undefined),
  };
}

function createPepper(secret: Secret): Pepper {
  const key = createSecretKey(derive(secret, 'sluice stored api keys v1', 32));
  return {
    id: fingerprintOf(secret),
    digestOf: (text) => createHmac('sha256', key).update(text).digest(),
  };
}

export const fingerprintOf = (secret: Secret): string =>
  derive(secret, 'sluice secret fingerprint v1', 8).toString('hex');

export const derive = (secret: Secret, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret.reveal(), '', purpose, bytes));
