// Who waits for something that runs, and when it is stopped because nobody does any more.

/** What happens when the last one who waits leaves: AT_ONCE stop; AFTER_GRACE stop; NEVER stop. */
export type LeavePolicy = 'AT_ONCE' | 'AFTER_GRACE' | 'NEVER';

/** Says that somebody who waited has left (once). `graceIsOver`: they waited on behalf of others, and long enough. */
export type Leave = (graceIsOver?: boolean) => void;

export interface Waiters {
  /** Somebody waits; give back what says that they left. */
  join(): Leave;
  /** It runs to its end from here on, whoever leaves. */
  keep(): void;
  /** It has ended, or is being stopped: leaving means nothing any more. */
  close(): void;
}

export interface WaitersOptions {
  readonly leavePolicy: LeavePolicy;
  readonly graceMs: number;
  /** Nobody waits any more, and the time for that is over. */
  readonly onAbandoned: () => void;
}

export function createWaiters({ leavePolicy, graceMs, onAbandoned }: WaitersOptions): Waiters {
  let policy = leavePolicy;
  let waiting = 0;
  let graceTimer: NodeJS.Timeout | undefined;
  const stayForEver = (): void => {
    policy = 'NEVER';
    clearTimeout(graceTimer);
  };

  return {
    join() {
      waiting++;
      clearTimeout(graceTimer);
      let joined = true;
      return (graceIsOver = false) => {
        if (!joined) return;
        joined = false;
        waiting--;
        if (waiting > 0 || policy === 'NEVER') return;
        if (policy === 'AT_ONCE' || graceMs === 0 || graceIsOver) onAbandoned();
        else graceTimer = setTimeout(onAbandoned, graceMs);
      };
    },
    keep: stayForEver,
    close: stayForEver,
  };
}
