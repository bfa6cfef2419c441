// What tests of batches share: their input, the answers of the provider step by step, readers to their end.

import type { Batch, BatchEvent } from '../../src/core/batch.ts';
import type { Caller } from '../../src/core/caller.ts';
import type { BatchReader } from '../../src/generation/generations.ts';
import type { PreparedBatch } from '../../src/generation/prepared-batch.ts';
import type { TestGenerations } from './create-test-generations.ts';
import type { ScriptedCall } from './scripted-provider.ts';

export const usage = {
  inputTokens: 10,
  cachedInputTokens: 4,
  cacheWriteTokens: 0,
  outputTokens: 5,
  reasoningTokens: 0,
};
/** (10 − 4) × $1 + 4 × $0.10 + 5 × $2, per million tokens, in nano-USD. */
export const costNanoUsd = 16_400n;

export interface BatchChanges {
  readonly idempotencyKey?: string;
  readonly concurrency?: number;
  /** Put before each prompt. */
  readonly prefix?: string;
  readonly caller?: Caller;
}

/** `count` items with the prompts `p0`, `p1`, … */
export function prepareBatch(test: TestGenerations, count: number, changes: BatchChanges = {}): PreparedBatch {
  const { prefix = 'p', caller, ...rest } = changes;
  const items = Array.from({ length: count }, (_, index) => ({ model: 'chat', prompt: `${prefix}${index}` }));
  return test.generations.prepareBatch({ items, ...rest }, test.asker(caller), ['input']);
}

/** The call of the provider with this index, or the test fails. */
export function callOf(test: TestGenerations, index: number): ScriptedCall {
  const found = test.provider.calls[index];
  if (found === undefined) throw new Error(`the provider saw ${test.provider.calls.length} calls`);
  return found;
}

/** Answers the call with its own prompt, and lets everything that follows from it happen. */
export async function answer(test: TestGenerations, index: number): Promise<void> {
  const call = callOf(test, index);
  const part = call.call.request.messages[0]?.parts[0];
  call.emit(part?.type === 'text' ? part.text : '');
  call.finish('STOP', usage);
  await settled();
}

/** From now on every call is answered as it comes. */
export function answerAll(test: TestGenerations): void {
  test.provider.onCall = (call) => {
    call.emit('ok');
    call.finish('STOP', usage);
  };
}

/** When all promises that can resolve have done so. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function collect(reader: BatchReader): Promise<BatchEvent[]> {
  const events: BatchEvent[] = [];
  for await (const event of reader) events.push(event);
  return events;
}

/** What each item came to: its terminal's type, the type of a refusal, `undefined` while it runs. */
export const endsOf = ({ outcomes }: Batch): (string | undefined)[] =>
  outcomes.map((outcome) => (outcome?.type === 'ENDED' ? outcome.terminal.type : outcome?.type));

export const textsOf = ({ outcomes }: Batch): (string | undefined)[] =>
  outcomes.map((outcome) => (outcome?.type === 'ENDED' ? outcome.terminal.generation.text : undefined));

export const contentStatesOf = ({ outcomes }: Batch): (string | undefined)[] =>
  outcomes.map((outcome) => (outcome?.type === 'ENDED' ? outcome.terminal.generation.contentState : undefined));
