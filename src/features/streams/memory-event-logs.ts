// Event logs in this process's memory. A reader is an index into the log: it holds no events of its own, so a slow
// reader costs nothing but its patience.

import type { Clock } from '../../core/clock.ts';
import type { GenerationEvent } from '../../core/generation.ts';
import type { EventLogReader, EventLogs, ReadOptions } from './event-log.ts';

export interface MemoryEventLogsOptions {
  readonly clock: Clock;
  /** How long a log is kept after its terminal event. */
  readonly retentionMs: number;
  /** How long a reader may leave a waiting event untaken. */
  readonly stalledReaderMs: number;
  /** Of ended logs together; the oldest go first. Logs of running generations are never dropped. Default 256 MiB. */
  readonly maxEndedBytes?: number;
}

interface Log {
  readonly events: GenerationEvent[];
  readonly readers: Set<Reader>;
  ended: boolean;
}

interface Reader extends EventLogReader {
  wake(): void;
  /** Closes the reader if it left an event untaken since before `deadline` (monotonic ms). */
  closeIfStalled(deadline: number): void;
  close(): void;
}

const DONE = { done: true, value: undefined } as const;
const SWEEP_MS = 1000;

export function createMemoryEventLogs(options: MemoryEventLogsOptions): EventLogs {
  const { clock, retentionMs, stalledReaderMs } = options;
  const logs = new Map<string, Log>();
  /** Ended logs in the order they end, which is the order they expire. */
  const expiries: { readonly generationId: string; readonly atMs: number; readonly bytes: number }[] = [];
  const maxEndedBytes = options.maxEndedBytes ?? 256 * 1024 * 1024;
  let endedBytes = 0;
  const readers = new Set<Reader>();

  const sweeper = setInterval(sweep, SWEEP_MS);
  sweeper.unref();

  function sweep(): void {
    const now = clock.elapsed();
    while (expiries[0] !== undefined && expiries[0].atMs <= now) dropOldest();
    for (const reader of readers) reader.closeIfStalled(now - stalledReaderMs);
  }

  function dropOldest(): void {
    const oldest = expiries.shift();
    if (oldest === undefined) return;
    endedBytes -= oldest.bytes;
    logs.delete(oldest.generationId);
  }

  function openReader(log: Log, { afterSequence, onStalled }: ReadOptions): Reader {
    let next = Math.min(afterSequence, log.events.length);
    let waiting: ((result: IteratorResult<GenerationEvent, undefined>) => void) | undefined;
    let lastTakenAt = clock.elapsed();
    let closed = false;

    const take = (): IteratorResult<GenerationEvent, undefined> | undefined => {
      const event = log.events[next];
      if (event !== undefined) {
        next++;
        lastTakenAt = clock.elapsed();
        return { done: false, value: event };
      }
      if (log.ended) reader.close();
      return closed ? DONE : undefined;
    };

    const reader: Reader = {
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
    create(generationId) {
      if (logs.has(generationId)) throw new Error('a generation has one log, opened once');
      const log: Log = { events: [], readers: new Set(), ended: false };
      logs.set(generationId, log);
      const push = (event: GenerationEvent): void => {
        log.events.push(event);
        for (const reader of log.readers) reader.wake();
      };
      return {
        append(event) {
          if (!log.ended) push({ ...event, sequence: log.events.length + 1 } as GenerationEvent);
        },
        end(terminal) {
          if (log.ended) return;
          log.ended = true;
          push({ type: 'TERMINAL', sequence: log.events.length + 1, terminal });
          const bytes = sizeOf(log);
          endedBytes += bytes;
          expiries.push({ generationId, atMs: clock.elapsed() + retentionMs, bytes });
          while (endedBytes > maxEndedBytes) dropOldest();
        },
      };
    },
    read(generationId, readOptions) {
      const log = logs.get(generationId);
      return log === undefined ? undefined : openReader(log, readOptions);
    },
    close() {
      clearInterval(sweeper);
      for (const reader of readers) reader.close();
      logs.clear();
    },
  };
}

/** Bytes in memory, counted high: two a character, a flat sum for each event. */
function sizeOf(log: Log): number {
  let bytes = 0;
  for (const event of log.events) {
    bytes += 256;
    if (event.type === 'TEXT' || event.type === 'REASONING') bytes += 2 * event.text.length;
    else if (event.type === 'TOOL_CALL') bytes += 2 * event.argumentsText.length;
    else if (event.type === 'TERMINAL') bytes += 2048 + 4 * (event.terminal.generation.text?.length ?? 0);
  }
  return bytes;
}
