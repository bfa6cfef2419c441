// What comes of calls of models, made by whoever asks: streams, generations and batches that ended, and some that run on.

import type { EveryTransport, Outcome } from '../every-transport.ts';
import { scripted } from './scripted.ts';

export type Send = (who: string, transport: EveryTransport, body: object) => Promise<Outcome>;

interface FirstEvent {
  readonly cursor: string;
  readonly generationId: string;
}

export function createCalls(send: Send, who: string, word: string) {
  async function ask<Data>(query: string, input: object, transport: EveryTransport = 'POST'): Promise<Data> {
    const outcome = await send(who, transport, { query, variables: { input } });
    if (outcome.errors.length > 0) throw new Error(`${who} is answered: ${outcome.text}`);
    return outcome.results[0]?.data as Data;
  }
  const hanging = { model: 'sim-instant', prompt: scripted.hang(word) };
  const calls = {
    async running(): Promise<string> {
      const query =
        'mutation ($input: GenerateInput!) { startGeneration(input: $input) { ... on GenerateSuccess { generation { id } } } }';
      return (await ask<{ startGeneration: { generation: { id: string } } }>(query, hanging)).startGeneration.generation
        .id;
    },
    async runningBatch(): Promise<string> {
      const query = 'mutation ($input: BatchGenerateInput!) { startBatch(input: $input) { batchId } }';
      return (
        await ask<{ startBatch: { batchId: string } }>(query, {
          idempotencyKey: `${word}-batch`,
          items: [hanging],
        })
      ).startBatch.batchId;
    },
    async cancelled(): Promise<string> {
      const id = await calls.running();
      await ask('mutation ($input: CancelGenerationInput!) { cancelGeneration(input: $input) { generation { id } } }', {
        id,
      });
      return id;
    },
    async stream(key: string): Promise<FirstEvent> {
      const query =
        'subscription ($input: GenerateStreamInput!) { generateStream(input: $input) { cursor generationId } }';
      const input = { idempotencyKey: key, request: { model: 'sim-instant', prompt: scripted.stream(word) } };
      return (await ask<{ generateStream: FirstEvent }>(query, input, 'SSE')).generateStream;
    },
  };
  return calls;
}
