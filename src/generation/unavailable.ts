// How a call ends that is not begun because an operator has switched its model off: nothing was sent or charged.

import type { Attempt, Terminal } from '../core/generation.ts';
import { blankGeneration } from './blank-generation.ts';
import type { PreparedCall } from './prepared-call.ts';

export function switchedOffTerminal(id: string, call: PreparedCall, nowMs: number): Terminal {
  const skipped: Attempt = {
    number: 1,
    provider: call.model.target.providerId,
    model: call.model.target.model,
    outcome: 'SKIPPED',
    errorCode: 'SWITCHED_OFF',
    latencyMs: 0,
    firstTokenMs: undefined,
    usage: undefined,
    providerRequestId: undefined,
  };
  const generation = {
    ...blankGeneration(id, call, nowMs),
    status: 'FAILED',
    finishReason: 'ERROR',
    contentState: 'NOT_STORED',
    attempts: [skipped],
    completedAtMs: nowMs,
    latencyMs: 0,
  } as const;
  const message = 'An operator has switched this model off for now. Use another one, or try again later.';
  return { type: 'UNAVAILABLE', message, retryAfterMs: undefined, generation };
}
