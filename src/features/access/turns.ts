// So many at once, the others after them in their order; nobody waits for ever.

export interface TurnsOptions {
  readonly atOnce: number;
  readonly timeoutMs: number;
  /** For those whose turn does not come in time. */
  readonly tooLate: () => Error;
}

export type Turns = <Result>(task: () => Promise<Result>) => Promise<Result>;

export function createTurns({ atOnce, timeoutMs, tooLate }: TurnsOptions): Turns {
  let running = 0;
  /** In the order they came. */
  const waiting = new Set<() => void>();

  function turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(begin);
        reject(tooLate());
      }, timeoutMs);
      waiting.add(begin);
    });
  }

  return async (task) => {
    if (running >= atOnce) await turn();
    else running++;
    try {
      return await task();
    } finally {
      // Its place goes to the next at once, or becomes free.
      const [next] = waiting;
      if (next === undefined) running--;
      else {
        waiting.delete(next);
        next();
      }
    }
  };
}
