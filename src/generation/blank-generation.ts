// A generation of which nothing is known yet but what was asked.

import type { Generation } from '../core/generation.ts';
import type { PreparedCall } from './prepared-call.ts';

export function blankGeneration(id: string, call: PreparedCall, createdAtMs: number): Generation {
  return {
    id,
    status: 'RUNNING',
    model: call.model.name,
    text: undefined,
    json: undefined,
    reasoning: undefined,
    toolCalls: [],
    contentState: 'AVAILABLE',
    finishReason: undefined,
    usage: undefined,
    attempts: [],
    clampedBy: call.clampedBy,
    warnings: call.warnings,
    endUserId: call.endUserId,
    createdAtMs,
    completedAtMs: undefined,
    latencyMs: undefined,
    firstTokenMs: undefined,
  };
}
