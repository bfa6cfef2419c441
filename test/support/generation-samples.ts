// Made-up generations and terminals for tests that store or follow them.

import type { Generation, Terminal } from '../../src/core/generation.ts';

export function sampleGeneration(changes: Partial<Generation> = {}): Generation {
  return {
    id: 'gen_1',
    status: 'SUCCEEDED',
    model: 'sim-fast',
    text: 'Hello',
    json: undefined,
    reasoning: undefined,
    toolCalls: [],
    contentState: 'AVAILABLE',
    finishReason: 'STOP',
    usage: undefined,
    attempts: [],
    clampedBy: undefined,
    warnings: [],
    endUserId: undefined,
    createdAtMs: 1,
    completedAtMs: 2,
    latencyMs: 1,
    firstTokenMs: undefined,
    ...changes,
  };
}

export const sampleTerminal = (changes: Partial<Generation> = {}): Terminal => ({
  type: 'SUCCESS',
  generation: sampleGeneration(changes),
});
