// What prepare.ts makes of the input of a batch.

import type { Caller } from '../core/caller.ts';
import type { InvalidInput } from '../core/generation.ts';
import type { PreparedCall } from './prepared-call.ts';

/** An item that cannot be run fails alone, in its place. */
export type PreparedItem = PreparedCall | InvalidInput;

export interface PreparedBatch {
  readonly caller: Caller;
  /** At least one. */
  readonly items: readonly PreparedItem[];
  /** How many run at the same time. */
  readonly concurrency: number;
  /** The key of the whole batch; equal items in the same order have the same fingerprint. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | undefined;
}
