// What events take up in memory, for logs bounded in bytes: counted high.

import type { BatchEvent } from '../../core/batch.ts';
import type { GenerationEvent } from '../../core/generation.ts';
import { bytesInMemory } from '../../core/memory-size.ts';

const EVENT_BYTES = 256;
const TERMINAL_BYTES = 1024;

export function generationEventBytes(event: GenerationEvent): number {
  switch (event.type) {
    case 'TEXT':
    case 'REASONING':
      return EVENT_BYTES + 2 * event.text.length;
    case 'TOOL_CALL':
      return EVENT_BYTES + 2 * event.argumentsText.length;
    case 'TERMINAL':
      return EVENT_BYTES + TERMINAL_BYTES + bytesInMemory(event.terminal.generation);
    case 'STARTED':
      return EVENT_BYTES;
  }
}

/** Counts the answer though others may hold the same one: when they let go of it, the log still has it. */
export function batchEventBytes({ item }: BatchEvent): number {
  if (item?.outcome.type !== 'ENDED') return EVENT_BYTES;
  return EVENT_BYTES + TERMINAL_BYTES + bytesInMemory(item.outcome.terminal.generation);
}
