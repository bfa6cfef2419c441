import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { createMemoryEventLogs } from '../../src/features/streams/memory-event-logs.ts';
import { sampleTerminal } from '../support/generation-samples.ts';
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

it('drops the oldest ended logs when all together are too large, never one that runs', () => {
  const logs = createMemoryEventLogs({ clock, retentionMs: 900_000, stalledReaderMs: 15_000, maxEndedBytes: 15_000 });
  const isKept = (id: string): boolean => logs.read(id, { afterSequence: 0, onStalled: () => {} }) !== undefined;
  try {
    logs.create('running').append({ type: 'TEXT', text: 'x'.repeat(50_000), offset: 0 });
    for (const id of ['a', 'b', 'c', 'd']) {
      const log = logs.create(id);
      log.append({ type: 'TEXT', text: 'x'.repeat(1000), offset: 0 });
      log.end(sampleTerminal({ id }));
    }
    expect(['running', 'a', 'b', 'c', 'd'].map(isKept)).toEqual([true, false, true, true, true]);
  } finally {
    logs.close();
  }
});
