// What is stored told as a stream once its log is no longer kept: of a generation the same text and terminal, in as few
// events as it takes; of a batch the same events.

import type { BatchEvent, BatchItem } from '../core/batch.ts';
import type { GenerationEvent, Terminal } from '../core/generation.ts';
import { createCoalescer } from '../features/streams/coalesce.ts';
import type { EventLogReader, NewEvent } from '../features/streams/event-log.ts';

export function retell(terminal: Terminal): EventLogReader<GenerationEvent> {
  const { generation } = terminal;
  const events: NewEvent[] = [{ type: 'STARTED', model: generation.model, createdAtMs: generation.createdAtMs }];
  const coalescer = createCoalescer(
    (event) => events.push(event),
    0,
    () => 0,
  );
  if (generation.reasoning) coalescer.push({ type: 'reasoning', text: generation.reasoning });
  if (generation.text) coalescer.push({ type: 'text', text: generation.text });
  generation.toolCalls.forEach((call, index) => {
    const argumentsText = JSON.stringify(call.arguments);
    coalescer.push({ type: 'tool-call', index, id: call.id, name: call.name, argumentsText });
  });
  coalescer.flush();
  const told: GenerationEvent[] = events.map((event, index) => ({ ...event, sequence: index + 1 }));
  told.push({ type: 'TERMINAL', sequence: told.length + 1, terminal });

  return tell(told);
}

/** `items`: in the order they ended. */
export function retellBatch(items: readonly BatchItem[]): EventLogReader<BatchEvent> {
  const total = items.length;
  const ended = items.map((item, index) => ({ sequence: index + 2, completed: index + 1, total, item }));
  return tell([{ sequence: 1, completed: 0, total, item: undefined }, ...ended]);
}

/** Walks events that are there already. */
export function tell<Event>(events: readonly Event[]): EventLogReader<Event> {
  const rest = [...events];
  const reader: EventLogReader<Event> = {
    next() {
      const [value] = rest.splice(0, 1);
      return Promise.resolve(value === undefined ? { done: true, value: undefined } : { done: false, value });
    },
    return() {
      rest.length = 0;
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]: () => reader,
  };
  return reader;
}
