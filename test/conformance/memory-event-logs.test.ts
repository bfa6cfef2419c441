import { afterAll, beforeAll, jest } from '@jest/globals';
import { createMemoryEventLogs } from '../../src/features/streams/memory-event-logs.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { describeEventLogs } from './event-logs-conformance.ts';

const clock = createManualClock();

beforeAll(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance', 'Date'] });
});
afterAll(() => {
  jest.useRealTimers();
});

describeEventLogs('memory', {
  retentionMs: 900_000,
  stalledReaderMs: 15_000,
  open: () => createMemoryEventLogs({ clock, retentionMs: 900_000, stalledReaderMs: 15_000 }),
  advance(ms) {
    clock.advance(ms);
    jest.advanceTimersByTime(2000);
  },
});
