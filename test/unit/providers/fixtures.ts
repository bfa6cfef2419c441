// The recorded answers in a folder of test/fixtures/providers, and what has to be made of them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from './chat-samples.ts';

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

export interface Fixtures {
  /** By the names of the files. */
  readonly expected: Readonly<Record<string, ExpectedAnswer>>;
  readonly names: readonly string[];
  bytes(name: string): Buffer;
}

export function readFixtures(folder: string): Fixtures {
  const path = join(import.meta.dirname, '../../fixtures/providers', folder);
  const expected = JSON.parse(readFileSync(join(path, 'expected.json'), 'utf8'));
  return { expected, names: Object.keys(expected), bytes: (name) => readFileSync(join(path, name)) };
}

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
