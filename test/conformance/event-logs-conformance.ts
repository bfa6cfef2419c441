// What every adapter of the streams port promises, whatever kind of events it keeps.

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { EventLogReader, EventLogs, Sequenced } from '../../src/features/streams/event-log.ts';
import type { EventKind } from '../support/log-events.ts';
import { propertyRun } from '../support/property.ts';

export interface EventLogsSetup<Event extends Sequenced> {
  open(): EventLogs<Event>;
  /** Lets the time of the adapter pass, its own timers included. */
  advance(ms: number): void;
  readonly retentionMs: number;
  readonly stalledReaderMs: number;
}

export function describeEventLogs<Event extends Sequenced>(
  name: string,
  kind: EventKind<Event>,
  setup: EventLogsSetup<Event>,
): void {
  const { event, last, textOf } = kind;

  describe(`event logs: ${name}`, () => {
    let logs: EventLogs<Event>;

    beforeEach(() => {
      logs = setup.open();
    });
    afterEach(() => logs.close());

    const read = (id: string, afterSequence = 0, onStalled = () => {}): EventLogReader<Event> => {
      const reader = logs.read(id, { afterSequence, onStalled });
      if (reader === undefined) throw new Error('there should be a log');
      return reader;
    };

    it('numbers events from 1 without gaps and ends readers after the one terminal', async () => {
      const log = logs.create('a');
      log.append(event('x'));
      log.append(event('y'));
      log.end(last());
      log.end(last());
      log.append(event('late'));
      const events = await collect(read('a'));
      expect(events.map((each) => [each.sequence, textOf(each)])).toEqual([
        [1, 'x'],
        [2, 'y'],
        [3, 'LAST'],
      ]);
    });

    it('wakes readers that wait', async () => {
      const log = logs.create('a');
      const reader = read('a');
      const waiting = reader.next();
      log.append(event('x'));
      expect(textOf((await waiting).value as Event)).toBe('x');
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
      log.append(event('x'));
      log.append(event('y'));
      expect([(await first).value?.sequence, (await second).value?.sequence]).toEqual([1, 2]);
    });

    it('treats a place beyond the end as the end', async () => {
      const log = logs.create('a');
      log.append(event('x'));
      const reader = read('a', 999);
      const next = reader.next();
      log.append(event('y'));
      expect((await next).value?.sequence).toBe(2);
    });

    it('knows no log of another id, and forgets one after its retention', () => {
      expect(logs.read('nobody', { afterSequence: 0, onStalled: () => {} })).toBeUndefined();
      logs.create('a').end(last());
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

    it('shows all events at once, of a log that is written to and of one that is kept', () => {
      const textsOf = (id: string): string[] | undefined => logs.peek(id)?.map(textOf);
      const log = logs.create('a');
      log.append(event('x'));
      expect(textsOf('a')).toEqual(['x']);
      log.end(last());
      expect(textsOf('a')).toEqual(['x', 'LAST']);
      expect(textsOf('nobody')).toBeUndefined();
      setup.advance(setup.retentionMs + 2000);
      expect(textsOf('a')).toBeUndefined();
    });

    it('closes a reader that leaves an event untaken, and tells it once', async () => {
      const log = logs.create('a');
      const onStalled = jest.fn();
      const reader = read('a', 0, onStalled);
      log.append(event('x'));
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
      log.append(event('x'));
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
            const readers: Promise<[number, Event[]]>[] = [];
            for (let step = 0; step <= texts.length; step++) {
              for (const [when, from] of joins) {
                const start = Math.min(from, step);
                if (when === step) readers.push(collect(read(id, start)).then((events) => [start, events]));
              }
              const text = texts[step];
              if (text !== undefined) log.append(event(text));
            }
            log.end(last());
            for (const [start, events] of await Promise.all(readers)) {
              expect(events.map(textOf)).toEqual([...texts.slice(start), 'LAST']);
            }
          },
        ),
        propertyRun(),
      );
    });
  });
}

async function collect<Event>(reader: EventLogReader<Event>): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of reader) events.push(event);
  return events;
}
