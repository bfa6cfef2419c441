// A clock that moves when told.

import type { Clock } from '../../src/core/clock.ts';

export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function createManualClock(startMs = 1_700_000_000_000): ManualClock {
  let elapsedMs = 0;
  return {
    now: () => startMs + elapsedMs,
    elapsed: () => elapsedMs,
    advance(ms) {
      elapsedMs += ms;
    },
  };
}
