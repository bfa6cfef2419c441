// Time that moves when told, for what measures it with `performance.now()` of its own, as lru-cache does. Promises and
// setImmediate stay real.

import { jest } from '@jest/globals';

export interface FakeTime extends Disposable {
  advance(ms: number): void;
}

/** `using time = fakeTime();` */
export function fakeTime(): FakeTime {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'] });
  let nowMs = performance.now();
  const now = jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
  return {
    advance(ms) {
      nowMs += ms;
      jest.advanceTimersByTime(ms);
    },
    [Symbol.dispose]() {
      now.mockRestore();
      jest.useRealTimers();
    },
  };
}
