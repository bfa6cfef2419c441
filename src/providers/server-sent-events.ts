// Server-sent events from bytes: eventsource-parser (measured as fast as a parser on bytes of our own) with what a
// network needs around it: characters cut in two, a CR whose LF may come with the next chunk, a bound on one event.

import { createParser } from 'eventsource-parser';

export interface ServerSentEventsOptions {
  /** UTF-16 units of one event's data that are taken at most. */
  readonly maxEventLength: number;
  /** Called synchronously for each event that has data. `type` is its `event` field. */
  readonly onEvent: (data: string, type: string | undefined) => void;
  /** Called once when an event is larger than that; nothing more is read afterwards. */
  readonly onTooLarge: () => void;
}

export interface ServerSentEventsReader {
  feed(chunk: Uint8Array): void;
  /** Ignores the rest of the chunk being fed and all later ones. */
  stop(): void;
}

/** Room for the field name and the line ends of an event that is exactly as large as allowed. */
const FRAMING_LENGTH = 1024;

export function createServerSentEventsReader(options: ServerSentEventsOptions): ServerSentEventsReader {
  const { maxEventLength, onEvent, onTooLarge } = options;
  const decoder = new TextDecoder();
  let stopped = false;
  let skipLineFeed = false;

  function tooLarge(): void {
    if (stopped) return;
    stopped = true;
    onTooLarge();
  }

  const parser = createParser({
    maxBufferSize: maxEventLength + FRAMING_LENGTH,
    onEvent: ({ data, event }) => {
      if (stopped) return;
      if (data.length > maxEventLength) tooLarge();
      else onEvent(data, event);
    },
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') tooLarge();
    },
  });
  // The decoder takes the byte order mark away. The parser looks for one spelled in Latin-1 at the start of its first
  // chunk only; past an empty one it does not, so that how the bytes are cut makes no difference.
  parser.feed('');

  return {
    feed: (chunk) => {
      if (stopped) return;
      let text = decoder.decode(chunk, { stream: true });
      if (text === '') return;
      if (skipLineFeed && text.startsWith('\n')) text = text.slice(1);
      // The parser waits after a CR for what follows. We end the line now, and drop an LF that comes next.
      skipLineFeed = text.endsWith('\r');
      parser.feed(skipLineFeed ? `${text}\n` : text);
    },
    stop: () => {
      stopped = true;
    },
  };
}
