// The port to event logs: each generation that can be followed has one, an ordered list of events that any number of
// readers walk at their own pace. Written by its owner only, closed by its terminal event.

import type { GenerationEvent, Terminal } from '../../core/generation.ts';

type Unsequenced<E> = E extends unknown ? Omit<E, 'sequence'> : never;

/** An event before the log gave it its place. */
export type NewEvent = Unsequenced<Exclude<GenerationEvent, { type: 'TERMINAL' }>>;

export interface EventLogWriter {
  /** Appends and wakes readers. After the terminal it does nothing: whoever is late has lost. */
  append(event: NewEvent): void;
  /** Appends the one terminal event; the log is kept for the retention time from here. */
  end(terminal: Terminal): void;
}

export interface ReadOptions {
  /** Sequence of the last event seen, 0 for the start. Beyond the end means at the end. */
  readonly afterSequence: number;
  /** Told once, when events waited 15 s (configurable) without being taken; the reader is closed then. */
  readonly onStalled: () => void;
}

/** Walks a log. Ends after the terminal event. `return()` leaves at once, also while `next()` waits. */
export type EventLogReader = AsyncIterableIterator<GenerationEvent, undefined>;

export interface EventLogs {
  /** Opens the log of a new generation. */
  create(generationId: string): EventLogWriter;
  /** undefined: there is no such log, or it is no longer kept. */
  read(generationId: string, options: ReadOptions): EventLogReader | undefined;
  /** Stops timers; readers end. */
  close(): void;
}
