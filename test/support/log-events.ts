// Events for tests of event logs: of every kind one that carries a text, a last one, and how to read the text back.

import type { BatchEvent } from '../../src/core/batch.ts';
import type { GenerationEvent } from '../../src/core/generation.ts';
import type { Sequenced, Unsequenced } from '../../src/features/streams/event-log.ts';
import { sampleTerminal } from './generation-samples.ts';

export interface EventKind<Event extends Sequenced> {
  event(text: string): Unsequenced<Event>;
  last(): Unsequenced<Event>;
  /** The text of an event, `LAST` for the last one. */
  textOf(event: Event): string;
}

export const generationEvents: EventKind<GenerationEvent> = {
  event: (text) => ({ type: 'TEXT', text, offset: 0 }),
  last: () => ({ type: 'TERMINAL', terminal: sampleTerminal() }),
  textOf: (event) => (event.type === 'TEXT' ? event.text : 'LAST'),
};

export const batchEvents: EventKind<BatchEvent> = {
  event: (text) => ({ completed: 1, total: 2, item: itemWith(text) }),
  last: () => ({ completed: 2, total: 2, item: itemWith('LAST') }),
  textOf: ({ item }) =>
    item?.outcome.type === 'ENDED' ? (item.outcome.terminal.generation.text ?? '') : 'nothing has ended',
};

function itemWith(text: string): NonNullable<BatchEvent['item']> {
  return { index: 0, outcome: { type: 'ENDED', terminal: sampleTerminal({ text }), replayed: false } };
}
