// A stored answer told as a stream once its log is no longer kept: the same text and terminal, in as few events as it
// takes.

import type { GenerationEvent, Terminal } from '../core/generation.ts';
import { createCoalescer } from '../features/streams/coalesce.ts';
import type { EventLogReader, NewEvent } from '../features/streams/event-log.ts';

export function retell(terminal: Terminal): EventLogReader {
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

  const reader: EventLogReader = {
    next() {
      const value = told.shift();
      return Promise.resolve(value === undefined ? { done: true, value } : { done: false, value });
    },
    return() {
      told.length = 0;
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]: () => reader,
  };
  return reader;
}
