// Puts the pieces a model writes together into events: the first at once, then at most every `intervalMs` or
// MAX_CHARACTERS. Done once, before events get their sequence, so that all readers and replays see the same log.

import type { NewEvent } from './event-log.ts';

const MAX_CHARACTERS = 256;
/** UTF-16 units; three bytes each at most keeps an event under 64 KiB. */
const MAX_EVENT_CHARACTERS = 16_384;

export type Delta =
  | { readonly type: 'text' | 'reasoning'; readonly text: string }
  | {
      readonly type: 'tool-call';
      readonly index: number;
      readonly id: string | undefined;
      readonly name: string | undefined;
      readonly argumentsText: string;
    };

export interface Coalescer {
  push(delta: Delta): void;
  /** Emits what waits, now. Call before the terminal. */
  flush(): void;
}

type Pending =
  | { readonly type: 'text'; text: string }
  | { readonly type: 'reasoning'; text: string }
  | {
      readonly type: 'tool-call';
      readonly index: number;
      id: string | undefined;
      name: string | undefined;
      text: string;
    };

export function createCoalescer(emit: (event: NewEvent) => void, intervalMs: number, elapsed: () => number): Coalescer {
  let pending: Pending | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lastEmittedAt = Number.NEGATIVE_INFINITY;
  let offset = 0;

  function flush(): void {
    if (timer !== undefined) {
      clearTimeout(timer);
      timer = undefined;
    }
    if (pending === undefined) return;
    const { text } = pending;
    const whole = pending;
    pending = undefined;
    lastEmittedAt = elapsed();
    let from = 0;
    do {
      const to = endOfPiece(text, from);
      emitPiece(whole, text.slice(from, to), from === 0);
      from = to;
    } while (from < text.length);
  }

  function emitPiece(whole: Pending, text: string, first: boolean): void {
    if (whole.type === 'text') {
      emit({ type: 'TEXT', text, offset });
      offset += text.length;
    } else if (whole.type === 'reasoning') {
      emit({ type: 'REASONING', text });
    } else {
      const { index } = whole;
      const head = first ? { id: whole.id, name: whole.name } : { id: undefined, name: undefined };
      emit({ type: 'TOOL_CALL', index, ...head, argumentsText: text });
    }
  }

  return {
    push(delta) {
      if (pending !== undefined && !joins(pending, delta)) flush();
      if (pending === undefined) pending = begin(delta);
      else pending.text += delta.type === 'tool-call' ? delta.argumentsText : delta.text;
      const waitMs = lastEmittedAt + intervalMs - elapsed();
      if (waitMs <= 0 || pending.text.length >= MAX_CHARACTERS) flush();
      else timer ??= setTimeout(flush, waitMs);
    },
    flush,
  };
}

function begin(delta: Delta): Pending {
  if (delta.type !== 'tool-call') return { type: delta.type, text: delta.text };
  const { index, id, name, argumentsText } = delta;
  return { type: 'tool-call', index, id, name, text: argumentsText };
}

function joins(pending: Pending, delta: Delta): boolean {
  if (pending.type === 'tool-call') {
    return delta.type === 'tool-call' && delta.index === pending.index && delta.id === undefined;
  }
  return delta.type === pending.type;
}

/** At most MAX_EVENT_CHARACTERS further, never between the halves of a surrogate pair. */
function endOfPiece(text: string, from: number): number {
  const to = from + MAX_EVENT_CHARACTERS;
  if (to >= text.length) return text.length;
  const last = text.charCodeAt(to - 1);
  return last >= 0xd800 && last <= 0xdbff ? to - 1 : to;
}
