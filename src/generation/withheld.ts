// What is told of somebody else's generation or batch to those who may see its usage and cost but not its content: all
// that the model or the caller wrote is gone, and every sentence that might quote it is one of ours.

import type { Batch } from '../core/batch.ts';
import type { GenerateOutcome, Generation, Terminal } from '../core/generation.ts';
import { withoutContent } from '../features/results/result-store.ts';
import type { Sight } from './ownership.ts';

const FAILED = 'The call failed. Why in words is part of its content, which you may not read.';
const BLOCKED = 'A safety rule refused the input or the output.';
const OUTPUT_INVALID = 'The answer was not in the form that was asked for.';
const UNAVAILABLE = 'No provider of the model could be reached, or it was switched off.';
const INVALID_INPUT = 'The input of this call could not be run.';

export const generationAsSeen = (generation: Generation, sight: Sight): Generation =>
  sight === 'WHOLE' ? generation : withheldGeneration(generation);

export const batchAsSeen = (batch: Batch, sight: Sight): Batch =>
  sight === 'WHOLE'
    ? batch
    : { ...batch, outcomes: batch.outcomes.map((outcome) => outcome && withheldOutcome(outcome)) };

/** A package's own warnings may quote what was asked. */
const withheldGeneration = (generation: Generation): Generation => ({
  ...withoutContent(generation, 'FORBIDDEN'),
  warnings: [],
});

function withheldOutcome(outcome: GenerateOutcome): GenerateOutcome {
  switch (outcome.type) {
    case 'ENDED':
      return { ...outcome, terminal: withheldTerminal(outcome.terminal) };
    case 'RUNNING':
      return { ...outcome, generation: withheldGeneration(outcome.generation) };
    case 'INVALID_INPUT':
      // The path may hold names out of the caller's own JSON.
      return { ...outcome, message: INVALID_INPUT, path: [] };
    case 'IDEMPOTENCY':
      return outcome;
  }
}

function withheldTerminal(terminal: Terminal): Terminal {
  const generation = withheldGeneration(terminal.generation);
  switch (terminal.type) {
    case 'SUCCESS':
    case 'CANCELLED':
      return { ...terminal, generation };
    case 'OUTPUT_INVALID':
      return { ...terminal, generation, message: OUTPUT_INVALID, pointers: [] };
    case 'BLOCKED':
      return { ...terminal, generation, message: BLOCKED, categories: [] };
    case 'UNAVAILABLE':
      return { ...terminal, generation, message: UNAVAILABLE };
    case 'FAILED':
      return { ...terminal, generation, message: FAILED };
  }
}
