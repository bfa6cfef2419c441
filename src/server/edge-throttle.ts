// Throttles per address for what costs work before anyone is known: anonymous requests, failed sign-ins, upgrades.
// Callers with a good key are never counted: behind a proxy nobody told us of, many of them share one address. Of IPv6 the
// network counts: every host of one has more addresses than could be counted.

import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { SluiceError } from '../core/errors.ts';
import { networkOf } from '../platform/address-ranges.ts';

export interface EdgeThrottle {
  /** Each counts one and @throws SluiceError RATE_LIMITED beyond the address's share of the minute. */
  countAnonymous(address: string): Promise<void>;
  countFailedSignIn(address: string): Promise<void>;
  countUpgrade(address: string): Promise<void>;
  /** Other limits from now on; what was counted stays counted. */
  adjust(limits?: EdgeThrottleLimits): void;
}

/** Per address. */
export interface EdgeThrottleLimits {
  readonly failedSignInsPerMinute: number;
  readonly unauthenticatedPerMinute: number;
  readonly upgradesPerMinute: number;
}

const defaultEdgeThrottleLimits: EdgeThrottleLimits = {
  failedSignInsPerMinute: 60,
  unauthenticatedPerMinute: 600,
  upgradesPerMinute: 600,
};

export function createEdgeThrottle(limits: EdgeThrottleLimits = defaultEdgeThrottleLimits): EdgeThrottle {
  let current = limits;
  const counter = (limit: keyof EdgeThrottleLimits, what: string): ((address: string) => Promise<void>) => {
    const limiter = new RateLimiterMemory({ points: limits[limit], duration: 60 });
    return async (address) => {
      limiter.points = current[limit];
      try {
        await limiter.consume(networkOf(address));
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
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
    adjust: (next = defaultEdgeThrottleLimits) => {
      current = next;
    },
  };
}
