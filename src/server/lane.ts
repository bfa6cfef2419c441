// Many things to be waited for, so many at once.

export type Lane = <T>(task: () => Promise<T>) => Promise<T>;

/** Runs what is given in its order, at most so many at once. */
export function createLane(most: number): Lane {
  let running = 0;
  const waiting: (() => void)[] = [];

  return async (task) => {
    if (running >= most) await new Promise<void>((resolve) => void waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      // Its place goes to the next at once, or becomes free.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

/** What it comes to, or `otherwise` where that takes longer. */
export async function withinMs<T>(ms: number, promise: T | Promise<T>, otherwise: T): Promise<T> {
  if (!(promise instanceof Promise)) return promise;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
