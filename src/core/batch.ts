// A batch: many calls started as one, what is known of it, and the events of its log.

import type { GenerateOutcome, Usage } from './generation.ts';

/** CANCELLED: stopped, by its caller or because nobody waited, before all items had ended. */
export type BatchStatus = 'RUNNING' | 'SUCCEEDED' | 'CANCELLED';

/** An item that has ended. */
export interface BatchItem {
  /** Place in the input, from 0. */
  readonly index: number;
  readonly outcome: GenerateOutcome;
}

/** A snapshot: made new at each look, never mutated. */
export interface Batch {
  readonly id: string;
  readonly status: BatchStatus;
  /** In the order of the input; undefined while an item runs or waits. */
  readonly outcomes: readonly (GenerateOutcome | undefined)[];
  readonly succeededCount: number;
  readonly failedCount: number;
  /** Of all that have ended. */
  readonly usage: Usage;
}

/** One entry of a batch's log: the first has no item, each further one tells the next item that ended. */
export interface BatchEvent {
  readonly sequence: number;
  readonly completed: number;
  readonly total: number;
  readonly item: BatchItem | undefined;
}
