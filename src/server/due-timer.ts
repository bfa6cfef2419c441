// One timer for the dates of many: woken at the earliest, told the next one by whoever looks after what is due.

import type { Clock } from '../core/clock.ts';

export interface DueTimer {
  /** Something becomes due then (milliseconds since the epoch; Infinity: never). */
  expect(atMs: number): void;
  close(): void;
}

export interface DueTimerOptions {
  readonly clock: Clock;
  /** Looks after what is due by now, and tells with `expect` what will be next. */
  readonly onDue: (nowMs: number) => void;
}

/** Timers cannot be set for years, and the wall clock may be set meanwhile. */
const LONGEST_WAIT_MS = 60_000;
/** Dates that follow each other closely are looked after together. */
const SHORTEST_WAIT_MS = 100;

export function createDueTimer({ clock, onDue }: DueTimerOptions): DueTimer {
  let nextMs = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  function arm(shortestMs: number): void {
    clearTimeout(timer);
    if (isClosed || nextMs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.min(Math.max(nextMs - clock.now(), shortestMs), LONGEST_WAIT_MS);
    timer = setTimeout(wake, waitMs).unref();
  }

  function wake(): void {
    const nowMs = clock.now();
    if (nextMs <= nowMs) {
      nextMs = Number.POSITIVE_INFINITY;
      onDue(nowMs);
    }
    arm(SHORTEST_WAIT_MS);
  }

  return {
    expect(atMs) {
      if (atMs >= nextMs) return;
      nextMs = atMs;
      arm(SHORTEST_WAIT_MS);
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
