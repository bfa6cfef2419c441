// The recorded answers in test/fixtures/providers/openai and what has to be made of them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from './chat-samples.ts';

const folder = join(import.meta.dirname, '../../fixtures/providers/openai');

export interface ExpectedAnswer {
  readonly text?: string;
  readonly reasoning?: string;
  readonly toolCalls?: readonly (readonly string[])[];
  readonly finishReason?: string;
  /** input, cached input, cache write, output, reasoning. */
  readonly usage?: readonly number[];
  readonly failure?: string;
  readonly phase?: string;
}

export const expectedAnswers: Readonly<Record<string, ExpectedAnswer>> = JSON.parse(
  readFileSync(join(folder, 'expected.json'), 'utf8'),
);

export const fixtureNames = Object.keys(expectedAnswers);
export const fixtureBytes = (name: string): Buffer => readFileSync(join(folder, name));

/** An outcome in the form of `expected.json`: what is empty is left out. */
export function asExpectation({ text, reasoning, toolCalls, finishReason, usage, error }: Outcome): ExpectedAnswer {
  return {
    ...(text === '' ? {} : { text }),
    ...(reasoning === '' ? {} : { reasoning }),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(usage === undefined
      ? {}
      : {
          usage: [
            usage.inputTokens,
            usage.cachedInputTokens,
            usage.cacheWriteTokens,
            usage.outputTokens,
            usage.reasoningTokens,
          ],
        }),
    ...(error === undefined ? {} : { failure: error.failure, phase: error.phase }),
  };
}
