// The time-outs of one attempt: the total, and that of the stage it is in.

import type { TimeoutKind } from './upstream-errors.ts';

export interface UpstreamTimers {
  /** Ends the stage before; undefined: only the total counts. */
  enter(kind: TimeoutKind | undefined, ms: number): void;
  /** Begins the idle time anew, if it runs. */
  refreshIdle(): void;
  /** Leaves no timer behind. */
  stop(): void;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

const timer = (callback: () => void, ms: number): NodeJS.Timeout => setTimeout(callback, Math.min(ms, MAX_TIMER_MS));

export function createUpstreamTimers(
  totalMs: number,
  onTimeout: (kind: TimeoutKind, ms: number) => void,
): UpstreamTimers {
  const total = timer(() => onTimeout('TOTAL', totalMs), totalMs);
  let stage: TimeoutKind | undefined;
  let stageTimer: NodeJS.Timeout | undefined;
  return {
    enter: (kind, ms) => {
      clearTimeout(stageTimer);
      stage = kind;
      stageTimer = kind === undefined ? undefined : timer(() => onTimeout(kind, ms), ms);
    },
    refreshIdle: () => {
      if (stage === 'IDLE') stageTimer?.refresh();
    },
    stop: () => {
      clearTimeout(total);
      clearTimeout(stageTimer);
    },
  };
}
