// How a call ends that a fault of ours broke: with an id to look for in the log, and nothing else to tell.

import { SluiceError } from '../core/errors.ts';
import type { Terminal, Usage } from '../core/generation.ts';
import { blankGeneration } from './blank-generation.ts';
import type { PreparedCall } from './prepared-call.ts';

export interface Defect {
  readonly id: string;
  readonly call: PreparedCall;
  readonly createdAtMs: number;
  readonly nowMs: number;
  /** undefined: nothing was used. */
  readonly usage?: Usage;
}

export function defectTerminal({ id, call, createdAtMs, nowMs, usage }: Defect): Terminal {
  const generation = {
    ...blankGeneration(id, call, createdAtMs),
    status: 'FAILED',
    finishReason: 'ERROR',
    contentState: 'NOT_STORED',
    usage,
    completedAtMs: nowMs,
    latencyMs: Math.max(0, nowMs - createdAtMs),
  } as const;
  const { message } = new SluiceError('INTERNAL_SERVER_ERROR');
  return { type: 'FAILED', code: 'INTERNAL', message, retryable: false, retryAfterMs: undefined, generation };
}
