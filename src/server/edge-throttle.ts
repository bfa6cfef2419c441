// Throttles per address for what costs work before anyone is known: anonymous requests, failed sign-ins, upgrades.
// Callers with a good key are never counted: behind a proxy nobody told us of, many of them share one address. Of IPv6 the
// network counts: every host of one has more addresses than could be counted.

import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { SluiceError } from '../core/errors.ts';
import { networkOf } from '../platform/address-ranges.ts';

export interface EdgeThrottle {
  /** Each counts one and @throws SluiceError RATE_LIMITED beyond the address's share of the minute. */
  countAnonymous(address: string): Promise<void>;
  countFailedSignIn(address: string): Promise<void>;
  countUpgrade(address: string): Promise<void>;
  /** Whether the next anonymous request is refused: known at once, before anything behind it is looked at. */
  isAnonymousRefused(address: string): boolean;
  /** Other limits from now on; what was counted stays counted. */
  adjust(limits?: EdgeThrottleLimits): void;
}

/** Per address. */
export interface EdgeThrottleLimits {
  readonly failedSignInsPerMinute: number;
  readonly unauthenticatedPerMinute: number;
  readonly upgradesPerMinute: number;
}

export interface EdgeThrottleOptions {
  readonly limits?: EdgeThrottleLimits | undefined;
  /** Told of each that is refused, and what it was one of. */
  readonly onRefused: (address: string, what: string) => void;
}

const maxRefusedNetworks = 10_000;

const defaultEdgeThrottleLimits: EdgeThrottleLimits = {
  failedSignInsPerMinute: 60,
  unauthenticatedPerMinute: 600,
  upgradesPerMinute: 600,
};

export function createEdgeThrottle(options: EdgeThrottleOptions): EdgeThrottle {
  const { limits = defaultEdgeThrottleLimits, onRefused } = options;
  let current = limits;
  /** Until when, by the clock of the process. */
  const anonymousRefused = new LRUCache<string, number>({ max: maxRefusedNetworks });
  const counter = (limit: keyof EdgeThrottleLimits, what: string): ((address: string) => Promise<void>) => {
    const limiter = new RateLimiterMemory({ points: limits[limit], duration: 60 });
    return async (address) => {
      limiter.points = current[limit];
      try {
        await limiter.consume(networkOf(address));
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        onRefused(address, what);
        if (limit === 'unauthenticatedPerMinute') {
          anonymousRefused.set(networkOf(address), performance.now() + error.msBeforeNext);
        }
        throw new SluiceError('RATE_LIMITED', `Too many ${what} from your address. Wait before the next.`, {
          retryAfterMs: Math.max(1, error.msBeforeNext),
        });
      }
    };
  };
  return {
    countAnonymous: counter('unauthenticatedPerMinute', 'requests without an API key'),
    countFailedSignIn: counter('failedSignInsPerMinute', 'failed sign-ins'),
    countUpgrade: counter('upgradesPerMinute', 'new WebSocket connections'),
    isAnonymousRefused: (address) => (anonymousRefused.get(networkOf(address)) ?? 0) > performance.now(),
    adjust: (next = defaultEdgeThrottleLimits) => {
      current = next;
      anonymousRefused.clear();
    },
  };
}
