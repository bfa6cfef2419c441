// What is told of those who are turned away at the edge: the first of an address at once, the others as a number when the
// minute is over. A flood must not become a flood of lines.

import { networkOf } from '../platform/address-ranges.ts';
import type { ServerLogger } from './server-logger.ts';

export interface ThrottleLog {
  /** `what` was turned away, e.g. `requests without an API key`; all that is counted under one name is told in one line. */
  count(address: string, what: string): void;
  /** Tells what was counted so far; without a timer from then on. */
  stop(): void;
}

export interface ThrottleLogOptions {
  readonly logger: ServerLogger;
  /** Default a minute. */
  readonly periodMs?: number;
}

interface Counted {
  readonly what: string;
  readonly client: string;
  /** After the one that was told at once. */
  more: number;
}

/** Told one by one in a period; those of other addresses are told together. */
const maxAddresses = 1_000;
const others = 'others';

export function createThrottleLog({ logger, periodMs = 60_000 }: ThrottleLogOptions): ThrottleLog {
  let counted = new Map<string, Counted>();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  function tell(): void {
    clearTimeout(timer);
    timer = undefined;
    const over = counted;
    counted = new Map();
    for (const { what, client, more } of over.values()) {
      if (more > 0) logger.warn({ client, what, count: more }, 'throttled further ones');
    }
  }

  return {
    count(address, what) {
      const network = networkOf(address);
      const client = counted.size < maxAddresses || counted.has(`${what} ${network}`) ? network : others;
      const key = `${what} ${client}`;
      const known = counted.get(key);
      if (known !== undefined) {
        known.more++;
        return;
      }
      logger.warn({ client, what }, 'throttled');
      if (isStopped) return;
      counted.set(key, { what, client, more: 0 });
      // One for all: whoever comes late in the period is told early.
      timer ??= setTimeout(tell, periodMs).unref();
    },
    stop() {
      isStopped = true;
      tell();
    },
  };
}
