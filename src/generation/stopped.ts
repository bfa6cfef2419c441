// How a call ends that was told to stop, whether it ran or had still to begin.

import type { Generation, Terminal } from '../core/generation.ts';
import { blankGeneration } from './blank-generation.ts';
import type { PreparedCall } from './prepared-call.ts';

/** Why something that runs is told to stop. */
export type StopCause = 'CANCELLED' | 'ABANDONED' | 'SHUTDOWN' | 'SWITCHED_OFF';

const REASONS = {
  CANCELLED: 'The generation was cancelled.',
  ABANDONED: 'Nobody was listening any more.',
  SWITCHED_OFF: 'An operator switched this model off while it ran. What it used until then is charged.',
  SHUTDOWN: 'The server stopped before this was finished. Try again.',
} as const satisfies Record<StopCause, string>;

/** `generation`: as far as it came. */
export function stoppedTerminal(cause: StopCause, generation: Generation): Terminal {
  const message = REASONS[cause];
  if (cause === 'SHUTDOWN') {
    const lost = { ...generation, status: 'FAILED', finishReason: 'ERROR' } as const;
    return { type: 'FAILED', code: 'NODE_LOST', message, retryable: true, retryAfterMs: 0, generation: lost };
  }
  if (cause === 'SWITCHED_OFF') {
    // Nobody cancelled it, and once the model is back on the same call may work.
    const ended = { ...generation, status: 'FAILED', finishReason: 'ERROR' } as const;
    return {
      type: 'FAILED',
      code: 'UPSTREAM_ERROR',
      message,
      retryable: true,
      retryAfterMs: undefined,
      generation: ended,
    };
  }
  const cancelled = { ...generation, status: 'CANCELLED', finishReason: 'CANCELLED' } as const;
  return { type: 'CANCELLED', cause, message, generation: cancelled };
}

/** A call that will never run: a generation with an id of its own, of which nothing is kept. */
export function neverStarted(cause: StopCause, id: string, call: PreparedCall, nowMs: number): Terminal {
  const blank = blankGeneration(id, call, nowMs);
  return stoppedTerminal(cause, { ...blank, contentState: 'NOT_STORED', completedAtMs: nowMs, latencyMs: 0 });
}
