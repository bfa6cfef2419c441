// What every adapter of the streams port promises.

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { GenerationEvent } from '../../src/core/generation.ts';
import type { EventLogReader, EventLogs } from '../../src/features/streams/event-log.ts';
import { sampleTerminal } from '../support/generation-samples.ts';
import { propertyRun } from '../support/property.ts';

export interface EventLogsSetup {
  open(): EventLogs;
  /** Lets the time of the adapter pass, its own timers included. */
  advance(ms: number): void;
  readonly retentionMs: number;
  readonly stalledReaderMs: number;
}

export function describeEventLogs(name: string, setup: EventLogsSetup): void {
  describe(`event logs: ${name}`, () => {
    let logs: EventLogs;

    beforeEach(() => {
      logs = setup.open();
    });
    afterEach(() => logs.close());

    const read = (id: string, afterSequence = 0, onStalled = () => {}): EventLogReader => {
      const reader = logs.read(id, { afterSequence, onStalled });
      if (reader === undefined) throw new Error('there should be a log');
      return reader;
    };

    it('numbers events from 1 without gaps and ends readers after the one terminal', async () => {
      const log = logs.create('a');
      log.append({ type: 'TEXT', text: 'x', offset: 0 });
      log.append({ type: 'TEXT', text: 'y', offset: 1 });
      log.end(sampleTerminal());
      log.end(sampleTerminal());
      log.append({ type: 'TEXT', text: 'late', offset: 2 });
      const events = await collect(read('a'));
      expect(events.map((event) => [event.sequence, event.type])).toEqual([
        [1, 'TEXT'],
        [2, 'TEXT'],
        [3, 'TERMINAL'],
      ]);
    });

    it('wakes readers that wait', async () => {
      const log = logs.create('a');
      const reader = read('a');
      const waiting = reader.next();
      log.append({ type: 'TEXT', text: 'x', offset: 0 });
      await expect(waiting).resolves.toMatchObject({ done: false, value: { text: 'x' } });
    });

    it('lets a reader leave while it waits', async () => {
      logs.create('a');
      const reader = read('a');
      const waiting = reader.next();
      await reader.return?.();
      await expect(waiting).resolves.toEqual({ done: true, value: undefined });
      await expect(reader.next()).resolves.toEqual({ done: true, value: undefined });
    });

    it('serves two waiting next() calls in turn', async () => {
      const log = logs.create('a');
      const reader = read('a');
      const first = reader.next();
      const second = reader.next();
      log.append({ type: 'TEXT', text: 'x', offset: 0 });
      log.append({ type: 'TEXT', text: 'y', offset: 1 });
      expect([(await first).value?.sequence, (await second).value?.sequence]).toEqual([1, 2]);
    });

    it('treats a place beyond the end as the end', async () => {
      const log = logs.create('a');
      log.append({ type: 'TEXT', text: 'x', offset: 0 });
      const reader = read('a', 999);
      const next = reader.next();
      log.append({ type: 'TEXT', text: 'y', offset: 1 });
      expect((await next).value?.sequence).toBe(2);
    });

    it('knows no log of another id, and forgets one after its retention', () => {
      expect(logs.read('nobody', { afterSequence: 0, onStalled: () => {} })).toBeUndefined();
      logs.create('a').end(sampleTerminal());
      setup.advance(setup.retentionMs - 2000);
      expect(logs.read('a', { afterSequence: 0, onStalled: () => {} })).toBeDefined();
      setup.advance(4000);
      expect(logs.read('a', { afterSequence: 0, onStalled: () => {} })).toBeUndefined();
    });

    it('keeps a log that is not ended, however old', () => {
      logs.create('a');
      setup.advance(setup.retentionMs * 3);
      expect(logs.read('a', { afterSequence: 0, onStalled: () => {} })).toBeDefined();
    });

    it('closes a reader that leaves an event untaken, and tells it once', async () => {
      const log = logs.create('a');
      const onStalled = jest.fn();
      const reader = read('a', 0, onStalled);
      log.append({ type: 'TEXT', text: 'x', offset: 0 });
      setup.advance(setup.stalledReaderMs - 2000);
      expect(onStalled).not.toHaveBeenCalled();
      setup.advance(4000);
      setup.advance(4000);
      expect(onStalled).toHaveBeenCalledTimes(1);
      await expect(reader.next()).resolves.toEqual({ done: true, value: undefined });
    });

    it('never calls a waiting reader slow', async () => {
      const log = logs.create('a');
      const onStalled = jest.fn();
      const reader = read('a', 0, onStalled);
      const waiting = reader.next();
      setup.advance(setup.stalledReaderMs * 3);
      log.append({ type: 'TEXT', text: 'x', offset: 0 });
      expect((await waiting).value?.sequence).toBe(1);
      expect(onStalled).not.toHaveBeenCalled();
    });

    it('gives every reader the same events from wherever it begins, whenever it comes (property)', async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 20 }),
          fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 5 }),
          async (texts, joins) => {
            const id = `p${run++}`;
            const log = logs.create(id);
            const readers: Promise<[number, GenerationEvent[]]>[] = [];
            for (let step = 0; step <= texts.length; step++) {
              for (const [when, from] of joins) {
                const start = Math.min(from, step);
                if (when === step) readers.push(collect(read(id, start)).then((events) => [start, events]));
              }
              const text = texts[step];
              if (text !== undefined) log.append({ type: 'TEXT', text, offset: 0 });
            }
            log.end(sampleTerminal());
            for (const [start, events] of await Promise.all(readers)) {
              const seen = events.map((event) => (event.type === 'TEXT' ? event.text : event.type));
              expect(seen).toEqual([...texts.slice(start), 'TERMINAL']);
            }
          },
        ),
        propertyRun(),
      );
    });
  });
}

async function collect(reader: EventLogReader): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of reader) events.push(event);
  return events;
}
