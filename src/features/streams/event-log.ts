// The port to event logs: ordered lists of events that any number of readers walk at their own pace. A generation that
// can be followed has one, a batch has one. Written by its owner only, closed by its last event.

import type { GenerationEvent } from '../../core/generation.ts';

/** `sequence`: the place the log gave it, from 1 without gaps. */
export interface Sequenced {
  readonly sequence: number;
}

/** An event before the log gave it its place. */
export type Unsequenced<Event extends Sequenced> = Event extends unknown ? Omit<Event, 'sequence'> : never;

/** What a generation tells before its terminal. */
export type NewEvent = Unsequenced<Exclude<GenerationEvent, { type: 'TERMINAL' }>>;

export interface EventLogWriter<Event extends Sequenced> {
  /** Appends and wakes readers. After the last event it does nothing: whoever is late has lost. */
  append(event: Unsequenced<Event>): void;
  /** Appends the last event; the log is kept for the retention time from here. */
  end(last: Unsequenced<Event>): void;
}

export interface ReadOptions {
  /** Sequence of the last event seen, 0 for the start. Beyond the end means at the end. */
  readonly afterSequence: number;
  /** Told once, when events waited 15 s (configurable) without being taken; the reader is closed then. */
  readonly onStalled: () => void;
}

/** Walks a log. Ends after the last event. `return()` leaves at once, also while `next()` waits. */
export type EventLogReader<Event> = AsyncIterableIterator<Event, undefined>;

export interface EventLogs<Event extends Sequenced> {
  /** Opens the log of a new generation or batch. */
  create(id: string): EventLogWriter<Event>;
  /** undefined: there is no such log, or it is no longer kept. */
  read(id: string, options: ReadOptions): EventLogReader<Event> | undefined;
  /** The events so far; undefined as for `read`. */
  peek(id: string): readonly Event[] | undefined;
  /** Stops timers; readers end. */
  close(): void;
}
