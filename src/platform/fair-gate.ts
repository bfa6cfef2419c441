// Lets in as much at once as fits, whole requests only, in the order they came: nobody overtakes a large one that waits.

export type GateRefusal =
  /** More than ever fits. */
  | 'TOO_MUCH'
  /** As many wait as may. */
  | 'TOO_MANY_WAIT';

export class GateError extends Error {
  override readonly name = 'GateError';
  readonly code: GateRefusal;

  constructor(code: GateRefusal) {
    super(code === 'TOO_MUCH' ? 'That is more than ever fits.' : 'As many wait as may.');
    this.code = code;
  }
}

export interface Pass {
  /** Never up: who is in waits for nobody, so that no two can wait for each other. */
  shrinkTo(amount: number): void;
  /** Again is nothing. */
  release(): void;
}

export interface FairGate {
  /** @throws GateError at once, or the reason of `signal` while it waits. Whoever gets a pass has to release it. */
  enter(amount: number, signal: AbortSignal): Promise<Pass>;
  readonly taken: number;
  readonly waiting: number;
}

export interface FairGateOptions {
  readonly capacity: number;
  /** Default: any number. */
  readonly maxWaiting?: number;
}

interface Waiter {
  readonly amount: number;
  admit(): void;
}

export function createFairGate({ capacity, maxWaiting = Number.POSITIVE_INFINITY }: FairGateOptions): FairGate {
  const queue = new Set<Waiter>();
  let taken = 0;

  function grant(amount: number): Pass {
    let held = amount;
    taken += amount;
    const shrinkTo = (to: number): void => {
      if (to >= held) return;
      taken -= held - to;
      held = to;
      admitNext();
    };
    return { shrinkTo, release: () => shrinkTo(0) };
  }

  function admitNext(): void {
    for (const waiter of queue) {
      if (waiter.amount > capacity - taken) return;
      queue.delete(waiter);
      waiter.admit();
    }
  }

  const wait = (amount: number, signal: AbortSignal): Promise<Pass> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        queue.delete(waiter);
        reject(signal.reason);
        // What waited behind it may fit.
        admitNext();
      };
      const waiter: Waiter = {
        amount,
        admit: () => {
          signal.removeEventListener('abort', leave);
          resolve(grant(amount));
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      queue.add(waiter);
    });

  return {
    async enter(amount, signal) {
      signal.throwIfAborted();
      if (amount > capacity) throw new GateError('TOO_MUCH');
      if (queue.size === 0 && amount <= capacity - taken) return grant(amount);
      if (queue.size >= maxWaiting) throw new GateError('TOO_MANY_WAIT');
      return wait(amount, signal);
    },
    get taken() {
      return taken;
    },
    get waiting() {
      return queue.size;
    },
  };
}
