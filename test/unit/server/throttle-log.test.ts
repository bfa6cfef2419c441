// The log of those who are turned away: what it tells, how much it remembers, and that it leaves no timer.

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createThrottleLog } from '../../../src/server/throttle-log.ts';

let lines: Record<string, unknown>[];
const write = (fields: object, message: string): void => void lines.push({ ...fields, message });
const logger = { debug: write, info: write, warn: write, error: write };
beforeEach(() => {
  lines = [];
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('the log of who is throttled', () => {
  it('tells the first at once and the number of the others when the minute is over', () => {
    const log = createThrottleLog({ logger });
    for (let count = 0; count < 5; count++) log.count('10.0.0.1', 'requests');
    log.count('10.0.0.2', 'requests');
    expect(lines).toEqual([
      { client: '10.0.0.1', what: 'requests', message: 'throttled' },
      { client: '10.0.0.2', what: 'requests', message: 'throttled' },
    ]);
    lines = [];
    jest.advanceTimersByTime(60_000);
    expect(lines).toEqual([{ client: '10.0.0.1', what: 'requests', count: 4, message: 'throttled further ones' }]);
    log.count('10.0.0.1', 'requests');
    expect(lines.at(-1)).toEqual({ client: '10.0.0.1', what: 'requests', message: 'throttled' });
    log.stop();
  });

  it('takes the hosts of one network of IPv6 for one', () => {
    const log = createThrottleLog({ logger });
    for (let host = 1; host < 50; host++) log.count(`2001:db8::${host}`, 'requests');
    log.stop();
    expect(lines.map(({ count }) => count)).toEqual([undefined, 48]);
  });

  it('tells those beyond a thousand addresses together', () => {
    const log = createThrottleLog({ logger });
    for (let a = 0; a < 40; a++) for (let b = 0; b < 250; b++) log.count(`10.0.${a}.${b}`, 'requests');
    log.stop();
    expect(lines).toHaveLength(1_002);
    expect(lines.at(-1)).toEqual({
      client: 'others',
      what: 'requests',
      count: 8_999,
      message: 'throttled further ones',
    });
  });

  it('leaves no timer when it is stopped', () => {
    const log = createThrottleLog({ logger });
    log.count('10.0.0.1', 'requests');
    expect(jest.getTimerCount()).toBe(1);
    log.stop();
    log.count('10.0.0.1', 'requests');
    expect(jest.getTimerCount()).toBe(0);
  });
});
