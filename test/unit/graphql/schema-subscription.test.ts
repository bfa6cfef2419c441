// Subscriptions through graphql-js over a stand-in for generation/: the events, what is refused before the first, and
// that leaving reaches the reader at once.

import { describe, expect, it } from '@jest/globals';
import { type DocumentNode, type ExecutionResult, parse, print, subscribe } from 'graphql';
import type { BatchEvent } from '../../../src/core/batch.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import type { GenerationEvent, Terminal, Usage } from '../../../src/core/generation.ts';
import { formatCursor } from '../../../src/generation/cursor.ts';
import { tell } from '../../../src/generation/retell.ts';
import type { GraphQLContext } from '../../../src/graphql/context.ts';
import type { ResolverServices } from '../../../src/graphql/resolver-services.ts';
import { buildGraphQLSchema } from '../../../src/graphql/schema.ts';
import { BatchEventsDocument, GenerateStreamDocument, GenerationEventsDocument } from '../../generated/graphql.ts';
import { call, caller, contextWith, readerOf, servicesWith, sluiceErrorOf } from '../../support/fake-generations.ts';
import { sampleGeneration } from '../../support/generation-samples.ts';

const usage: Usage = {
  inputTokens: 3,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 2,
  reasoningTokens: 0,
  costNanoUsd: 1_500n,
  savedNanoUsd: 0n,
  source: 'PROVIDER',
};
const generation = sampleGeneration({ usage });
const started: GenerationEvent = { type: 'STARTED', sequence: 1, model: 'sim-fast', createdAtMs: 0 };
const message = 'In plain words.';
const input = { idempotencyKey: 'k', request: { model: 'sim-fast', prompt: 'Hi' } };
const planned = contextWith({ generateStream: { kind: 'STREAM', call, after: undefined } });

async function open(
  services: ResolverServices,
  document: DocumentNode,
  variableValues: Record<string, unknown>,
  contextValue: GraphQLContext,
): Promise<AsyncGenerator<ExecutionResult, void, void> | ExecutionResult> {
  const schema = await buildGraphQLSchema(services);
  return subscribe({ schema, document: parse(print(document)), variableValues, contextValue });
}

async function openStream(services: ResolverServices): Promise<AsyncGenerator<ExecutionResult, void, void>> {
  const stream = await open(services, GenerateStreamDocument, { input }, planned);
  if (!(Symbol.asyncIterator in stream)) throw new Error(`refused: ${stream.errors?.[0]?.message}`);
  return stream;
}

async function eventsOf(events: readonly GenerationEvent[], replayed = false): Promise<unknown[]> {
  const told: unknown[] = [];
  for await (const { data, errors } of await openStream(servicesWith({ open: () => readerOf(events, { replayed }) }))) {
    expect(errors).toBeUndefined();
    told.push(JSON.parse(JSON.stringify(data?.['generateStream'])));
  }
  return told;
}

const lastEvent = async (terminal: Terminal, replayed = false): Promise<unknown> =>
  (await eventsOf([started, { type: 'TERMINAL', sequence: 2, terminal }], replayed)).at(-1);

describe('generateStream', () => {
  it('tells every kind of event with its place and cursor', async () => {
    const events = await eventsOf([
      started,
      { type: 'REASONING', sequence: 2, text: 'Hm' },
      { type: 'TEXT', sequence: 3, text: 'Hel', offset: 0 },
      { type: 'TEXT', sequence: 4, text: 'lo', offset: 3 },
      { type: 'TOOL_CALL', sequence: 5, index: 0, id: 'call_1', name: 'look_up', argumentsText: '' },
      { type: 'TOOL_CALL', sequence: 6, index: 0, id: undefined, name: undefined, argumentsText: '{}' },
      { type: 'TERMINAL', sequence: 7, terminal: { type: 'SUCCESS', generation } },
    ]);
    const place = (sequence: number): object => ({
      generationId: 'gen_1',
      sequence,
      cursor: formatCursor('gen_1', sequence),
    });
    const createdAt = '1970-01-01T00:00:00.000Z';
    expect(events.slice(0, 6)).toEqual([
      { __typename: 'GenerationStarted', ...place(1), model: 'sim-fast', createdAt, replayed: false },
      { __typename: 'ReasoningDelta', ...place(2), text: 'Hm' },
      { __typename: 'TextDelta', ...place(3), text: 'Hel', offset: 0 },
      { __typename: 'TextDelta', ...place(4), text: 'lo', offset: 3 },
      { __typename: 'ToolCallDelta', ...place(5), index: 0, id: 'call_1', name: 'look_up', argumentsText: '' },
      { __typename: 'ToolCallDelta', ...place(6), index: 0, id: null, name: null, argumentsText: '{}' },
    ]);
    expect(events[6]).toMatchObject({
      __typename: 'GenerationCompleted',
      ...place(7),
      finishReason: 'STOP',
      usage: { costUsd: '0.0000015' },
      generation: { id: 'gen_1', text: 'Hello' },
    });
  });

  it('tells a replay as such and as free', async () => {
    const [first, last] = await eventsOf(
      [started, { type: 'TERMINAL', sequence: 2, terminal: { type: 'SUCCESS', generation } }],
      true,
    );
    expect(first).toMatchObject({ replayed: true });
    const free = { costUsd: '0', savedUsd: '0.0000015' };
    expect(last).toMatchObject({ usage: free, generation: { usage: free } });
  });

  it('has a last event for every end', async () => {
    const failed = { __typename: 'GenerationFailed', message, usageSoFar: { costUsd: '0.0000015' } };
    expect(
      await lastEvent({ type: 'FAILED', code: 'NODE_LOST', message, retryable: true, retryAfterMs: 5, generation }),
    ).toMatchObject({
      ...failed,
      code: 'NODE_LOST',
      retryable: true,
      retryAfterMs: 5,
      generationSoFar: { id: 'gen_1' },
    });
    expect(await lastEvent({ type: 'UNAVAILABLE', message, retryAfterMs: 700, generation })).toMatchObject({
      ...failed,
      code: 'UPSTREAM_ERROR',
      retryable: true,
      retryAfterMs: 700,
    });
    expect(await lastEvent({ type: 'OUTPUT_INVALID', message, pointers: [''], generation })).toMatchObject({
      ...failed,
      code: 'OUTPUT_INVALID',
      retryable: false,
      retryAfterMs: null,
    });
    expect(
      await lastEvent({ type: 'BLOCKED', message, stage: 'PROVIDER', categories: ['violence'], generation }),
    ).toMatchObject({ __typename: 'GenerationBlocked', stage: 'PROVIDER', categories: ['violence'] });
    expect(await lastEvent({ type: 'CANCELLED', cause: 'CANCELLED', message, generation })).toMatchObject({
      __typename: 'GenerationCancelled',
      generationSoFar: { id: 'gen_1' },
    });
  });

  it('runs the planned call behind the planned cursor', async () => {
    const services = servicesWith({ open: () => readerOf([]) });
    const context = contextWith({ generateStream: { kind: 'STREAM', call, after: 'a-cursor' } });
    await open(services, GenerateStreamDocument, { input }, context);
    const { closeStalledReader: onStalled } = context;
    expect(services.generations.asked).toEqual([['stream', call, { after: 'a-cursor', onStalled }]]);
  });

  it('is refused before it begins when the reader cannot be opened', async () => {
    const refuse = (): never => {
      throw new SluiceError('KEY_PARAMETER_MISMATCH');
    };
    const refused = await open(servicesWith({ open: refuse }), GenerateStreamDocument, { input }, planned);
    if (Symbol.asyncIterator in refused) throw new Error('the stream began');
    expect(refused.data).toBeUndefined();
    expect(sluiceErrorOf(refused.errors?.[0])).toMatchObject({ code: 'KEY_PARAMETER_MISMATCH' });
    expect(refused.errors?.[0]?.path).toEqual(['generateStream']);
  });

  it('lets a leaving client reach the reader at once, also while the next event is awaited', async () => {
    const reader = readerOf([started]);
    const stream = await openStream(servicesWith({ open: () => reader }));
    expect((await stream.next()).done).toBe(false);
    const pending = stream.next();
    await stream.return();
    expect(reader.left).toBe(true);
    expect(await pending).toEqual({ done: true, value: undefined });
  });

  it('leaves the reader when the consumer throws into the stream', async () => {
    const reader = readerOf([started]);
    const stream = await openStream(servicesWith({ open: () => reader }));
    await expect(stream.throw(new Error('the socket broke'))).rejects.toThrow('the socket broke');
    expect(reader.left).toBe(true);
  });
});

describe('generationEvents', () => {
  it('follows a generation of the caller from the cursor on', async () => {
    const services = servicesWith({
      open: () => readerOf([{ type: 'TERMINAL', sequence: 9, terminal: { type: 'SUCCESS', generation } }]),
    });
    const context = contextWith();
    const stream = await open(
      services,
      GenerationEventsDocument,
      { generationId: 'gen_1', after: 'a-cursor' },
      context,
    );
    if (!(Symbol.asyncIterator in stream)) throw new Error('refused');
    const first = await stream.next();
    expect(first.value?.data?.['generationEvents']).toMatchObject({ __typename: 'GenerationCompleted', sequence: 9 });
    expect((await stream.next()).done).toBe(true);
    const { closeStalledReader: onStalled } = context;
    expect(services.generations.asked).toEqual([['follow', 'gen_1', caller, { after: 'a-cursor', onStalled }]]);
  });

  it('is refused with NOT_FOUND for an unknown id', async () => {
    const refuse = (): never => {
      throw new SluiceError('NOT_FOUND', undefined, { inputPath: ['generationId'] });
    };
    const refused = await open(
      servicesWith({ open: refuse }),
      GenerationEventsDocument,
      { generationId: 'gen_2' },
      contextWith(),
    );
    if (Symbol.asyncIterator in refused) throw new Error('the stream began');
    expect(sluiceErrorOf(refused.errors?.[0])).toMatchObject({ code: 'NOT_FOUND', inputPath: ['generationId'] });
    expect(refused.errors?.[0]?.path).toEqual(['generationEvents']);
  });
});

describe('batchEvents', () => {
  it('tells where the batch stands and each item that ends, from the cursor on', async () => {
    const place = { batchId: 'bat_1', total: 2 };
    const item = {
      index: 1,
      outcome: { type: 'ENDED', terminal: { type: 'SUCCESS', generation }, replayed: false },
    } as const;
    const events: BatchEvent[] = [
      { sequence: 1, completed: 0, total: 2, item: undefined },
      { sequence: 2, completed: 1, total: 2, item },
    ];
    const services = servicesWith({ openBatch: () => Object.assign(tell(events), { batchId: 'bat_1' }) });
    const context = contextWith();
    const stream = await open(services, BatchEventsDocument, { batchId: 'bat_1', after: 'a-cursor' }, context);
    if (!(Symbol.asyncIterator in stream)) throw new Error('refused');
    const told: unknown[] = [];
    for await (const { data } of stream) told.push(data?.['batchEvents']);
    expect(told).toMatchObject([
      { ...place, sequence: 1, cursor: formatCursor('bat_1', 1), completed: 0, item: null },
      {
        ...place,
        sequence: 2,
        cursor: formatCursor('bat_1', 2),
        completed: 1,
        item: { index: 1, result: { __typename: 'GenerateSuccess', generation: { text: 'Hello' } } },
      },
    ]);
    const { closeStalledReader: onStalled } = context;
    expect(services.generations.asked).toEqual([['followBatch', 'bat_1', caller, { after: 'a-cursor', onStalled }]]);
  });

  it('is refused with NOT_FOUND for an unknown id', async () => {
    const refuse = (): never => {
      throw new SluiceError('NOT_FOUND', undefined, { inputPath: ['batchId'] });
    };
    const refused = await open(
      servicesWith({ openBatch: refuse }),
      BatchEventsDocument,
      { batchId: 'b' },
      contextWith(),
    );
    if (Symbol.asyncIterator in refused) throw new Error('the stream began');
    expect(sluiceErrorOf(refused.errors?.[0])).toMatchObject({ code: 'NOT_FOUND', inputPath: ['batchId'] });
  });
});
