// The key pair that client tokens are signed with: Ed25519, derived from the server's secret, so that every node has it.

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type { Secret } from '../../platform/secret.ts';
import { derive, fingerprintOf, type ServerSecrets } from './peppers.ts';

export interface ClientTokenKey {
  /** `kid` of the tokens: fingerprint of the server's secret. */
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface ClientTokenKeys {
  /** undefined: of none of the server's secrets. */
  find(id: string | undefined): ClientTokenKey | undefined;
  /** That new tokens are signed with now. */
  current(): ClientTokenKey;
}

/** `rolloutMs`: how long after the start other nodes may know the previous secret alone; as it is set at the moment. */
export function createClientTokenKeys(
  options: ServerSecrets & { readonly rolloutMs: () => number; readonly clock: Clock },
): ClientTokenKeys {
  const { secret, previous, rolloutMs, clock } = options;
  const newest = keyOf(secret);
  const older = previous && keyOf(previous);
  const startedAtMs = clock.elapsed();
  return {
    find: (id) => (id === newest.id ? newest : id === older?.id ? older : undefined),
    current: () => (older === undefined || clock.elapsed() - startedAtMs >= rolloutMs() ? newest : older),
  };
}

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410). */
const PKCS8_START = Buffer.from('302e020100300506032b657004220420', 'hex');

function keyOf(secret: Secret): ClientTokenKey {
  const seed = derive(secret, 'sluice client tokens v1', 32);
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_START, seed]), format: 'der', type: 'pkcs8' });
  return { id: fingerprintOf(secret), privateKey, publicKey: createPublicKey(privateKey) };
}
