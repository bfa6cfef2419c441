// Event logs in this process's memory. A reader is an index into the log: it holds no events of its own, so a slow
// reader costs nothing but its patience.

import type { Clock } from '../../core/clock.ts';
import type { EventLogReader, EventLogs, ReadOptions, Sequenced, Unsequenced } from './event-log.ts';

export interface MemoryEventLogsOptions<Event> {
  readonly clock: Clock;
  /** Bytes an event takes up in memory. */
  readonly sizeOf: (event: Event) => number;
  /** How long a log is kept after its last event. */
  readonly retentionMs: number;
  /** How long a reader may leave a waiting event untaken. */
  readonly stalledReaderMs: number;
  /** Of ended logs together; the oldest go first. Logs that are written to are never dropped. Default 256 MiB. */
  readonly maxEndedBytes?: number;
}

export interface MemoryEventLogs<Event extends Sequenced> extends EventLogs<Event> {
  /** Other times from now on, for logs that are there already, too. */
  adjust(times: Pick<MemoryEventLogsOptions<Event>, 'retentionMs' | 'stalledReaderMs'>): void;
}

interface Log<Event> {
  readonly events: Event[];
  readonly readers: Set<Reader<Event>>;
  ended: boolean;
}

interface Reader<Event> extends EventLogReader<Event> {
  wake(): void;
  /** Closes the reader if it left an event untaken since before `deadline` (monotonic ms). */
  closeIfStalled(deadline: number): void;
  close(): void;
}

const DONE = { done: true, value: undefined } as const;
const SWEEP_MS = 1000;

export function createMemoryEventLogs<Event extends Sequenced>(
  options: MemoryEventLogsOptions<Event>,
): MemoryEventLogs<Event> {
  const { clock, sizeOf } = options;
  let { retentionMs, stalledReaderMs } = options;
  const logs = new Map<string, Log<Event>>();
  /** Ended logs in the order they end, which is the order they expire. */
  const expiries: { readonly id: string; readonly endedAtMs: number; readonly bytes: number }[] = [];
  const maxEndedBytes = options.maxEndedBytes ?? 256 * 1024 * 1024;
  let endedBytes = 0;
  const readers = new Set<Reader<Event>>();

  const sweeper = setInterval(sweep, SWEEP_MS);
  sweeper.unref();

  function sweep(): void {
    const now = clock.elapsed();
    while (expiries[0] !== undefined && expiries[0].endedAtMs + retentionMs <= now) dropOldest();
    for (const reader of readers) reader.closeIfStalled(now - stalledReaderMs);
  }

  function dropOldest(): void {
    const oldest = expiries.shift();
    if (oldest === undefined) return;
    endedBytes -= oldest.bytes;
    logs.delete(oldest.id);
  }

  function openReader(log: Log<Event>, { afterSequence, onStalled }: ReadOptions): Reader<Event> {
    let next = Math.min(afterSequence, log.events.length);
    let waiting: ((result: IteratorResult<Event, undefined>) => void) | undefined;
    let lastTakenAt = clock.elapsed();
    let closed = false;

    const take = (): IteratorResult<Event, undefined> | undefined => {
      const event = log.events[next];
      if (event !== undefined) {
        next++;
        lastTakenAt = clock.elapsed();
        return { done: false, value: event };
      }
      if (log.ended) reader.close();
      return closed ? DONE : undefined;
    };

    const reader: Reader<Event> = {
      next() {
        if (closed) return Promise.resolve(DONE);
        const ready = take();
        if (ready !== undefined) return Promise.resolve(ready);
        return new Promise((resolve) => {
          const earlier = waiting;
          // Two callers waiting at once are served in turn.
          waiting =
            earlier === undefined
              ? resolve
              : (result) => {
                  earlier(result);
                  resolve(reader.next());
                };
        });
      },
      return() {
        reader.close();
        return Promise.resolve(DONE);
      },
      wake() {
        if (waiting === undefined) return;
        const ready = take();
        if (ready === undefined) return;
        const resolve = waiting;
        waiting = undefined;
        resolve?.(ready);
      },
      closeIfStalled(deadline) {
        if (waiting !== undefined || log.events[next] === undefined || lastTakenAt > deadline) return;
        reader.close();
        onStalled();
      },
      close() {
        if (closed) return;
        closed = true;
        log.readers.delete(reader);
        readers.delete(reader);
        waiting?.(DONE);
        waiting = undefined;
      },
      [Symbol.asyncIterator]: () => reader,
    };
    log.readers.add(reader);
    readers.add(reader);
    return reader;
  }

  return {
    create(id) {
      if (logs.has(id)) throw new Error('a log is opened once');
      const log: Log<Event> = { events: [], readers: new Set(), ended: false };
      logs.set(id, log);
      let bytes = 0;
      const push = (unplaced: Unsequenced<Event>): void => {
        // What an event lacks of being one is its place.
        const event = { ...unplaced, sequence: log.events.length + 1 } as unknown as Event;
        log.events.push(event);
        bytes += sizeOf(event);
        for (const reader of log.readers) reader.wake();
      };
      return {
        append(event) {
          if (!log.ended) push(event);
        },
        end(last) {
          if (log.ended) return;
          log.ended = true;
          push(last);
          endedBytes += bytes;
          expiries.push({ id, endedAtMs: clock.elapsed(), bytes });
          while (endedBytes > maxEndedBytes) dropOldest();
        },
      };
    },
    read(id, readOptions) {
      const log = logs.get(id);
      return log === undefined ? undefined : openReader(log, readOptions);
    },
    peek: (id) => logs.get(id)?.events,
    adjust: (times) => {
      ({ retentionMs, stalledReaderMs } = times);
    },
    close() {
      clearInterval(sweeper);
      for (const reader of readers) reader.close();
      logs.clear();
    },
  };
}
