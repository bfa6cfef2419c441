// SIGTERM and SIGINT, heard from the first moment: the first process of a container is not ended by signals that it does
// not handle.

/** One Ctrl-C may arrive twice: from the terminal, and passed on by a parent. Only a later signal is a second wish. */
const SAME_SIGNAL_MS = 1_000;

export interface StopSignals {
  /** What the first signal does from here on; until then it ends the process at once. */
  stopWith(stop: (signal: NodeJS.Signals) => Promise<void>): void;
  readonly isStopping: boolean;
}

export function listenForStop(): StopSignals {
  let stop: ((signal: NodeJS.Signals) => Promise<void>) | undefined;
  let stoppingSinceMs: number | undefined;

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stop === undefined) process.exit(0);
      const nowMs = performance.now();
      if (stoppingSinceMs === undefined) {
        stoppingSinceMs = nowMs;
        void stop(signal);
      } else if (nowMs - stoppingSinceMs >= SAME_SIGNAL_MS) {
        // Whoever asks twice does not want to wait.
        process.exit(1);
      }
    });
  }
  return {
    stopWith(how) {
      stop = how;
    },
    get isStopping() {
      return stoppingSinceMs !== undefined;
    },
  };
}
