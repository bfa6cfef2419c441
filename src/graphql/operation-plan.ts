// What the admission gate found an operation is going to do, made before anything runs: one planned field per response
// key. Resolvers take theirs by response key and never look at arguments again, so what was admitted is what runs.

import type { InvalidInput } from '../core/generation.ts';
import type { PreparedBatch } from '../generation/prepared-batch.ts';
import type { PreparedCall } from '../generation/prepared-call.ts';

export type PlannedField =
  | { readonly kind: 'GENERATE'; readonly call: PreparedCall | InvalidInput }
  | { readonly kind: 'START'; readonly call: PreparedCall | InvalidInput }
  | { readonly kind: 'BATCH'; readonly batch: PreparedBatch }
  | { readonly kind: 'START_BATCH'; readonly batch: PreparedBatch }
  | { readonly kind: 'STREAM'; readonly call: PreparedCall; readonly after: string | undefined };

export interface OperationPlan {
  /** The planned field of this response key. @throws Error when the gate planned something else: a bug of ours. */
  take<K extends PlannedField['kind']>(responseKey: string, kind: K): Extract<PlannedField, { kind: K }>;
}
