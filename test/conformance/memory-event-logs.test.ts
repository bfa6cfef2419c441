import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { Sequenced } from '../../src/features/streams/event-log.ts';
import { batchEventBytes, generationEventBytes } from '../../src/features/streams/event-size.ts';
import { createMemoryEventLogs } from '../../src/features/streams/memory-event-logs.ts';
import { batchEvents, generationEvents } from '../support/log-events.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { describeEventLogs } from './event-logs-conformance.ts';

const clock = createManualClock();

beforeAll(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance', 'Date'] });
});
afterAll(() => {
  jest.useRealTimers();
});

const settings = { clock, retentionMs: 900_000, stalledReaderMs: 15_000 };
const setup = {
  retentionMs: settings.retentionMs,
  stalledReaderMs: settings.stalledReaderMs,
  advance(ms: number) {
    clock.advance(ms);
    jest.advanceTimersByTime(2000);
  },
};

describeEventLogs('memory, of generations', generationEvents, {
  ...setup,
  open: () => createMemoryEventLogs({ ...settings, sizeOf: generationEventBytes }),
});

describeEventLogs('memory, of batches', batchEvents, {
  ...setup,
  open: () => createMemoryEventLogs({ ...settings, sizeOf: batchEventBytes }),
});

it.each([
  ['generations', generationEvents, generationEventBytes],
  ['batches', batchEvents, batchEventBytes],
] as const)(
  'drops the oldest ended logs of %s when all together are too large, never one that runs',
  (_of, kind, size) => {
    const sizeOf = size as (event: Sequenced) => number;
    const long = kind.event('x'.repeat(1000));
    const logBytes = sizeOf({ ...long, sequence: 1 }) + sizeOf({ ...kind.last(), sequence: 2 });
    expect(logBytes).toBeGreaterThan(2000);
    const logs = createMemoryEventLogs({ ...settings, sizeOf, maxEndedBytes: 3.5 * logBytes });
    const isKept = (id: string): boolean => logs.peek(id) !== undefined;
    try {
      logs.create('running').append(kind.event('x'.repeat(50_000)));
      for (const id of ['a', 'b', 'c', 'd']) {
        const log = logs.create(id);
        log.append(long);
        log.end(kind.last());
      }
      expect(['running', 'a', 'b', 'c', 'd'].map(isKept)).toEqual([true, false, true, true, true]);
    } finally {
      logs.close();
    }
  },
);

it('goes by other times from the moment it is told, for logs that have ended as well', () => {
  const logs = createMemoryEventLogs({ ...settings, sizeOf: generationEventBytes });
  const isKept = (): boolean => logs.peek('a') !== undefined;
  try {
    logs.create('a').end(generationEvents.last());
    setup.advance(60_000);
    logs.adjust({ retentionMs: 120_000, stalledReaderMs: 15_000 });
    setup.advance(30_000);
    expect(isKept()).toBe(true);
    logs.adjust({ retentionMs: 90_000, stalledReaderMs: 15_000 });
    setup.advance(1_000);
    expect(isKept()).toBe(false);
  } finally {
    logs.close();
  }
});
