// A log's reader, counted among those who wait for what the log tells of until it is done or leaves.

import type { EventLogReader } from '../features/streams/event-log.ts';
import type { Leave } from './waiters.ts';

export function joinedReader<Event>(events: EventLogReader<Event>, leave: Leave | undefined): EventLogReader<Event> {
  const watch = (result: IteratorResult<Event, undefined>): IteratorResult<Event, undefined> => {
    if (result.done) leave?.();
    return result;
  };
  const reader: EventLogReader<Event> = {
    next: () => events.next().then(watch),
    async return() {
      await events.return?.();
      leave?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => reader,
  };
  return reader;
}
