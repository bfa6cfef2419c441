// What every resolver and the gate may know of the operation they serve. Made by server/ once per operation.

import type { Caller } from '../core/caller.ts';
import type { Upstreams } from '../generation/upstreams.ts';
import type { OperationPlan } from './operation-plan.ts';

export interface GraphQLContext {
  readonly requestId: string;
  readonly caller: Caller;
  /** Models and providers as they were when the operation began. */
  readonly upstreams: Upstreams;
  /** Aborts when the caller is gone: request closed, socket closed, operation completed by the client. */
  readonly signal: AbortSignal;
  /** The `Idempotency-Key` header, if one was sent. */
  readonly idempotencyKeyHeader: string | undefined;
  /** Closes the transport of a reader that takes no events (1013 on a socket). */
  readonly closeStalledReader: () => void;
  /** Set by the admission gate before execution. */
  plan: OperationPlan | undefined;
}
