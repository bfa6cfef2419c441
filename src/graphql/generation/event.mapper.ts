// Turns the log of a generation into the events of the schema.

import type * as core from '../../core/generation.ts';
import { formatCursor } from '../../generation/cursor.ts';
import type { GenerationReader } from '../../generation/generations.ts';
import type { AnyGenerationEvent } from './generation.events.ts';
import { toGeneration } from './generation.mapper.ts';
import { mapEvents } from './map-events.ts';

export const toEventStream = (reader: GenerationReader): AsyncIterableIterator<AnyGenerationEvent, undefined> =>
  mapEvents(reader, (event) => toGenerationEvent(event, reader));

function toGenerationEvent(
  event: core.GenerationEvent,
  { generationId, replayed }: Pick<GenerationReader, 'generationId' | 'replayed'>,
): AnyGenerationEvent {
  const { sequence } = event;
  const cursor = formatCursor(generationId, sequence);
  switch (event.type) {
    case 'TEXT':
      return { __typename: 'TextDelta', generationId, sequence, cursor, text: event.text, offset: event.offset };
    case 'REASONING':
      return { __typename: 'ReasoningDelta', generationId, sequence, cursor, text: event.text };
    case 'TOOL_CALL': {
      const { index, id, name, argumentsText } = event;
      return { __typename: 'ToolCallDelta', generationId, sequence, cursor, index, id, name, argumentsText };
    }
    case 'STARTED': {
      const { model, createdAtMs: createdAt } = event;
      return { __typename: 'GenerationStarted', generationId, sequence, cursor, model, createdAt, replayed };
    }
    case 'TERMINAL':
      return toTerminalEvent(event.terminal, { generationId, sequence, cursor }, replayed);
  }
}

interface Place {
  readonly generationId: string;
  readonly sequence: number;
  readonly cursor: string;
}

function toTerminalEvent(terminal: core.Terminal, place: Place, replayed: boolean): AnyGenerationEvent {
  const generation = toGeneration(terminal.generation, replayed);
  const common = { ...place, usage: generation.usage, generation };
  switch (terminal.type) {
    case 'SUCCESS':
      return { __typename: 'GenerationCompleted', ...common, finishReason: generation.finishReason };
    case 'BLOCKED': {
      const { stage, categories } = terminal;
      return { __typename: 'GenerationBlocked', ...place, usage: generation.usage, stage, categories };
    }
    case 'CANCELLED':
      return { __typename: 'GenerationCancelled', ...common };
    case 'FAILED': {
      const { code, message, retryable, retryAfterMs } = terminal;
      return { __typename: 'GenerationFailed', ...common, code, message, retryable, retryAfterMs };
    }
    case 'OUTPUT_INVALID': {
      const { message } = terminal;
      return {
        __typename: 'GenerationFailed',
        ...common,
        code: 'OUTPUT_INVALID',
        message,
        retryable: false,
        retryAfterMs: undefined,
      };
    }
    case 'UNAVAILABLE': {
      const { message, retryAfterMs } = terminal;
      return {
        __typename: 'GenerationFailed',
        ...common,
        code: 'UPSTREAM_ERROR',
        message,
        retryable: true,
        retryAfterMs,
      };
    }
  }
}
