// Where the server is in its life, and what runs at the moment: the transports ask before they start anything.

import { SluiceError } from '../core/errors.ts';

/** STOPPING: not ready, but still accepting while load balancers notice. DRAINING: finishes what runs, nothing new. */
export type Phase = 'SERVING' | 'STOPPING' | 'DRAINING' | 'CLOSED';

export interface Lifecycle {
  readonly phase: Phase;
  /** @throws SluiceError SHUTTING_DOWN when nothing new is taken any more. */
  requireAccepting(): void;
  /** Counts something that runs; call the result when it has ended. */
  begin(): () => void;
  readonly running: number;
  advance(phase: Phase): void;
  /** Resolves when nothing runs, or when `giveUp` aborts. */
  idle(giveUp: AbortSignal): Promise<void>;
}

export function createLifecycle(): Lifecycle {
  let phase: Phase = 'SERVING';
  let running = 0;
  const waiters = new Set<() => void>();

  return {
    get phase() {
      return phase;
    },
    get running() {
      return running;
    },
    advance: (next) => {
      phase = next;
    },
    requireAccepting() {
      if (phase === 'DRAINING' || phase === 'CLOSED') {
        throw new SluiceError('SHUTTING_DOWN', undefined, { retryAfterMs: 1_000 });
      }
    },
    begin() {
      running++;
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        running--;
        if (running === 0) for (const wake of waiters) wake();
      };
    },
    idle(giveUp) {
      if (running === 0 || giveUp.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          giveUp.removeEventListener('abort', wake);
          waiters.delete(wake);
          resolve();
        };
        giveUp.addEventListener('abort', wake);
        waiters.add(wake);
      });
    },
  };
}
