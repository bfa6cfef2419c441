// Queries and mutations through graphql-js over a stand-in for generation/: what is asked of it, and how what it answers
// reaches the client.

import { describe, expect, it } from '@jest/globals';
import { type DocumentNode, type ExecutionResult, execute, parse, print } from 'graphql';
import type { Batch } from '../../../src/core/batch.ts';
import type { GenerateOutcome, Terminal, Usage } from '../../../src/core/generation.ts';
import type { GraphQLContext } from '../../../src/graphql/context.ts';
import type { ResolverServices } from '../../../src/graphql/resolver-services.ts';
import { buildGraphQLSchema } from '../../../src/graphql/schema.ts';
import {
  BatchDocument,
  BatchGenerateDocument,
  CancelBatchDocument,
  CancelGenerationDocument,
  EstimateDocument,
  GenerateDocument,
  GenerationDocument,
  ModelsDocument,
  NodeDocument,
  StartBatchDocument,
  StartGenerationDocument,
  ViewerDocument,
} from '../../generated/graphql.ts';
import { call, caller, contextWith, servicesWith, sluiceErrorOf, upstreams } from '../../support/fake-generations.ts';
import { sampleGeneration } from '../../support/generation-samples.ts';

const usage: Usage = {
  inputTokens: 10,
  cachedInputTokens: 4,
  cacheWriteTokens: 1,
  outputTokens: 5,
  reasoningTokens: 2,
  costNanoUsd: 4_350n,
  savedNanoUsd: 0n,
  source: 'PROVIDER',
};
const generation = sampleGeneration({ usage, createdAtMs: Date.parse('2026-01-31T09:30:00.000Z') });
const input = { model: 'sim-fast', prompt: 'Hi' };

async function run(
  services: ResolverServices,
  document: DocumentNode | string,
  variableValues: Record<string, unknown> = {},
  contextValue: GraphQLContext = contextWith({ generate: { kind: 'GENERATE', call } }),
): Promise<ExecutionResult> {
  const schema = await buildGraphQLSchema(services);
  // Printed and parsed again, as it would come over the wire.
  const text = typeof document === 'string' ? document : print(document);
  const result = await execute({ schema, document: parse(text), variableValues, contextValue });
  return { ...result, data: JSON.parse(JSON.stringify(result.data ?? null)) };
}

async function generateWith(outcome: GenerateOutcome): Promise<Record<string, unknown>> {
  const { data, errors } = await run(servicesWith({ outcome }), GenerateDocument, { input });
  expect(errors).toBeUndefined();
  return data?.['generate'] as Record<string, unknown>;
}

const ended = (terminal: Terminal, replayed = false): GenerateOutcome => ({ type: 'ENDED', terminal, replayed });
const invalidItem = { type: 'INVALID_INPUT', code: 'INVALID', message: 'No.', path: ['input', 'items', '0'] } as const;
const batch: Batch = {
  id: 'bat_1',
  status: 'RUNNING',
  outcomes: [invalidItem, ended({ type: 'SUCCESS', generation }), undefined],
  succeededCount: 1,
  failedCount: 1,
  usage,
};
const codeOf = ({ errors }: ExecutionResult): unknown => sluiceErrorOf(errors?.[0])?.code;

describe('generate', () => {
  it('runs the planned call, not the arguments, and tells everything about the generation', async () => {
    const services = servicesWith({ outcome: ended({ type: 'SUCCESS', generation }) });
    const context = contextWith({ mine: { kind: 'GENERATE', call } });
    const document = print(GenerateDocument).replace('generate(', 'mine: generate(');
    const { data, errors } = await run(services, document, { input }, context);
    expect(errors).toBeUndefined();
    expect(services.generations.asked).toEqual([['generate', call, context.signal]]);
    expect(data?.['mine']).toEqual({
      __typename: 'GenerateSuccess',
      replayed: false,
      generation: {
        id: 'gen_1',
        status: 'SUCCEEDED',
        model: 'sim-fast',
        text: 'Hello',
        json: null,
        reasoning: null,
        toolCalls: [],
        contentState: 'AVAILABLE',
        finishReason: 'STOP',
        usage: {
          inputTokens: 10,
          cachedInputTokens: 4,
          cacheWriteTokens: 1,
          outputTokens: 5,
          reasoningTokens: 2,
          totalTokens: 15,
          costUsd: '0.00000435',
          savedUsd: '0',
          source: 'PROVIDER',
        },
        attempts: [],
        clampedBy: null,
        warnings: [],
        createdAt: '2026-01-31T09:30:00.000Z',
        completedAt: '1970-01-01T00:00:00.002Z',
        latencyMs: 1,
        firstTokenMs: null,
      },
    });
  });

  it('shows a replay as free and says what it saved', async () => {
    const result = await generateWith(ended({ type: 'SUCCESS', generation }, true));
    expect(result).toMatchObject({
      replayed: true,
      generation: { usage: { costUsd: '0', savedUsd: '0.00000435', totalTokens: 15 } },
    });
  });

  it('leaves the cost null when no price is known', async () => {
    const unpriced = { ...generation, usage: { ...usage, costNanoUsd: undefined } };
    const result = await generateWith(ended({ type: 'SUCCESS', generation: unpriced }));
    expect(result).toMatchObject({ generation: { usage: { costUsd: null, savedUsd: '0' } } });
  });

  it('tells tool calls, JSON and attempts', async () => {
    const rich = sampleGeneration({
      json: { answer: [1, null] },
      toolCalls: [{ id: 'call_1', name: 'look_up', arguments: { q: 'x' } }],
      attempts: [
        {
          number: 1,
          provider: 'sim',
          model: 'sim-fast-1',
          outcome: 'SUCCEEDED',
          errorCode: undefined,
          latencyMs: 12,
          firstTokenMs: 3,
          usage,
          providerRequestId: 'r-1',
        },
      ],
    });
    const result = await generateWith(ended({ type: 'SUCCESS', generation: rich }));
    expect(result).toMatchObject({
      generation: {
        json: { answer: [1, null] },
        toolCalls: [{ id: 'call_1', name: 'look_up', arguments: { q: 'x' } }],
        attempts: [{ number: 1, provider: 'sim', errorCode: null, usage: { costUsd: '0.00000435' } }],
      },
    });
  });

  it('has a typed member for everything else a call can come to', async () => {
    const message = 'In plain words.';
    expect(
      await generateWith({ type: 'INVALID_INPUT', code: 'CONTEXT_TOO_LONG', message, path: ['input', 'prompt'] }),
    ).toEqual({ __typename: 'InvalidInputError', message, path: ['input', 'prompt'], inputCode: 'CONTEXT_TOO_LONG' });
    expect(
      await generateWith({ type: 'IDEMPOTENCY', code: 'KEY_PARAMETER_MISMATCH', message, retryAfterMs: undefined }),
    ).toMatchObject({ __typename: 'IdempotencyError', idempotencyCode: 'KEY_PARAMETER_MISMATCH', retryAfterMs: null });
    expect(await generateWith(ended({ type: 'OUTPUT_INVALID', message, pointers: ['/a'], generation }))).toMatchObject({
      __typename: 'OutputInvalidError',
      message,
      pointers: ['/a'],
      generation: { id: 'gen_1' },
    });
    expect(
      await generateWith(ended({ type: 'BLOCKED', message, stage: 'PROVIDER', categories: ['violence'], generation })),
    ).toMatchObject({
      __typename: 'ContentBlockedError',
      stage: 'PROVIDER',
      categories: ['violence'],
      generationSoFar: { id: 'gen_1' },
    });
    expect(await generateWith(ended({ type: 'UNAVAILABLE', message, retryAfterMs: 500, generation }))).toEqual({
      __typename: 'ModelUnavailableError',
      message,
      path: null,
      retryAfterMs: 500,
    });
    expect(
      await generateWith(
        ended({ type: 'FAILED', code: 'UPSTREAM_ERROR', message, retryable: true, retryAfterMs: 9, generation }),
      ),
    ).toMatchObject({
      __typename: 'GenerationFailedError',
      failureCode: 'UPSTREAM_ERROR',
      retryable: true,
      retryAfterMs: 9,
    });
    expect(await generateWith(ended({ type: 'CANCELLED', cause: 'CANCELLED', message, generation }))).toMatchObject({
      __typename: 'GenerationFailedError',
      failureCode: 'CANCELLED',
      retryable: false,
    });
  });

  it('answers refused input without asking for anything to run', async () => {
    const refused = { type: 'INVALID_INPUT', code: 'INVALID', message: 'No.', path: ['input'] } as const;
    const services = servicesWith({});
    const { data } = await run(
      services,
      GenerateDocument,
      { input },
      contextWith({ generate: { kind: 'GENERATE', call: refused } }),
    );
    expect(data?.['generate']).toMatchObject({ __typename: 'InvalidInputError', inputCode: 'INVALID' });
    expect(services.generations.asked).toEqual([]);
  });

  it('keeps the answer of one alias when its sibling throws', async () => {
    const services = servicesWith({ outcome: ended({ type: 'SUCCESS', generation }) });
    const text = `mutation ($input: GenerateInput!) {
      good: generate(input: $input) { __typename }
      bad: generate(input: $input) { __typename }
    }`;
    const { data, errors } = await run(services, text, { input }, contextWith({ good: { kind: 'GENERATE', call } }));
    expect(data).toEqual({ good: { __typename: 'GenerateSuccess' }, bad: null });
    expect(errors?.map((error) => error.path)).toEqual([['bad']]);
  });

  it('does not run without a plan', async () => {
    const services = servicesWith({ outcome: ended({ type: 'SUCCESS', generation }) });
    const { data, errors } = await run(services, GenerateDocument, { input }, { ...contextWith(), plan: undefined });
    expect(data).toEqual({ generate: null });
    expect(errors).toHaveLength(1);
    expect(services.generations.asked).toEqual([]);
  });
});

describe('the other mutations', () => {
  it('startGeneration answers with a generation that runs', async () => {
    const running = sampleGeneration({ status: 'RUNNING', finishReason: undefined, completedAtMs: undefined });
    const services = servicesWith({ outcome: { type: 'RUNNING', generation: running, replayed: false } });
    const context = contextWith({ startGeneration: { kind: 'START', call } });
    const { data } = await run(services, StartGenerationDocument, { input }, context);
    expect(data?.['startGeneration']).toMatchObject({
      __typename: 'GenerateSuccess',
      generation: { status: 'RUNNING', finishReason: null, usage: null, completedAt: null },
    });
    expect(services.generations.asked).toEqual([['start', call]]);
  });

  it.each([
    ['batchGenerate', 'BATCH', BatchGenerateDocument],
    ['startBatch', 'START_BATCH', StartBatchDocument],
  ] as const)(
    '%s runs the planned batch and tells its items in order with the sum of their usage',
    async (field, kind, document) => {
      const planned = { caller, items: [invalidItem, call], concurrency: 2, idempotency: undefined };
      const services = servicesWith({ batch });
      const context = contextWith({ [field]: { kind, batch: planned } });
      const { data, errors } = await run(services, document, { input: { items: [input, input] } }, context);
      expect(errors).toBeUndefined();
      expect(services.generations.asked).toEqual([
        field === 'startBatch' ? ['startBatch', planned] : ['batch', planned, context.signal],
      ]);
      expect(data?.[field]).toMatchObject({
        batchId: 'bat_1',
        status: 'RUNNING',
        items: [
          { index: 0, result: { __typename: 'InvalidInputError', path: ['input', 'items', '0'] } },
          { index: 1, result: { __typename: 'GenerateSuccess' } },
          { index: 2, result: null },
        ],
        succeededCount: 1,
        failedCount: 1,
        usage: { costUsd: '0.00000435', totalTokens: 15 },
      });
    },
  );

  it('cancelBatch answers with the batch, or null and NOT_FOUND', async () => {
    const services = servicesWith({ batch: { ...batch, status: 'CANCELLED' } });
    const { data } = await run(services, CancelBatchDocument, { input: { id: 'bat_1' } });
    expect(data?.['cancelBatch']).toMatchObject({ batchId: 'bat_1', status: 'CANCELLED' });
    const unknown = await run(services, CancelBatchDocument, { input: { id: 'bat_2' } });
    expect(unknown.data).toEqual({ cancelBatch: null });
    expect(sluiceErrorOf(unknown.errors?.[0])).toMatchObject({ code: 'NOT_FOUND', inputPath: ['input', 'id'] });
  });

  it('cancelGeneration answers with the generation, or null and NOT_FOUND', async () => {
    const services = servicesWith({ known: [generation] });
    const { data } = await run(services, CancelGenerationDocument, { input: { id: 'gen_1' } });
    expect(data?.['cancelGeneration']).toMatchObject({ generation: { id: 'gen_1' } });
    const unknown = await run(services, CancelGenerationDocument, { input: { id: 'gen_2' } });
    expect(unknown.data).toEqual({ cancelGeneration: null });
    expect(unknown.errors?.[0]?.path).toEqual(['cancelGeneration']);
    expect(codeOf(unknown)).toBe('NOT_FOUND');
  });
});

describe('queries', () => {
  it('batch answers with the batch so far, or null and NOT_FOUND', async () => {
    const services = servicesWith({ batch });
    const { data } = await run(services, BatchDocument, { id: 'bat_1' });
    expect(data?.['batch']).toMatchObject({ batchId: 'bat_1', status: 'RUNNING', succeededCount: 1 });
    const unknown = await run(services, BatchDocument, { id: 'bat_2' });
    expect(unknown.data).toEqual({ batch: null });
    expect(sluiceErrorOf(unknown.errors?.[0])).toMatchObject({ code: 'NOT_FOUND', inputPath: ['id'] });
  });

  it('generation is found by its id, else null and NOT_FOUND', async () => {
    const services = servicesWith({ known: [generation] });
    const found = await run(services, GenerationDocument, { id: 'gen_1' });
    expect(found.data?.['generation']).toMatchObject({ id: 'gen_1', usage: { costUsd: '0.00000435' } });
    const unknown = await run(services, GenerationDocument, { id: 'gen_2' });
    expect(unknown.data).toEqual({ generation: null });
    expect(codeOf(unknown)).toBe('NOT_FOUND');
  });

  it.each([
    ['gen_1', { __typename: 'Generation', model: 'sim-fast' }],
    ['model:sim-fast', { __typename: 'Model', name: 'sim-fast' }],
    ['organization:acme', { __typename: 'Organization', name: 'acme' }],
    ['project:web', { __typename: 'Project', name: 'web' }],
  ])('node finds %s', async (id, expected) => {
    const { data } = await run(servicesWith({ known: [generation] }), NodeDocument, { id });
    expect(data?.['node']).toMatchObject({ id, ...expected });
  });

  it.each(['gen_2', 'model:none', 'organization:other', 'project:other', '', 'nonsense'])(
    'node answers null and NOT_FOUND for %p',
    async (id) => {
      const result = await run(servicesWith({ known: [generation] }), NodeDocument, { id });
      expect(result.data).toEqual({ node: null });
      expect(codeOf(result)).toBe('NOT_FOUND');
    },
  );

  it('estimate prepares the call as it would be made and tells its upper end', async () => {
    const services = servicesWith({ prepare: () => call });
    const { data } = await run(services, EstimateDocument, { input });
    expect(data?.['estimate']).toEqual({
      inputTokens: 7,
      maxOutputTokens: 500,
      maxCostUsd: '0.00030105',
      admitted: true,
    });
    expect(services.generations.asked).toEqual([['prepare', input, { caller, upstreams }, ['input']]]);
  });

  it('estimate refuses bad input with the code and place generate would tell', async () => {
    const services = servicesWith({
      prepare: () => ({
        type: 'INVALID_INPUT',
        code: 'MODEL_NOT_FOUND',
        message: 'No such model.',
        path: ['input', 'model'],
      }),
    });
    const result = await run(services, EstimateDocument, { input });
    expect(result.errors?.[0]).toMatchObject({ path: ['estimate'], locations: [{ line: 2, column: 3 }] });
    expect(sluiceErrorOf(result.errors?.[0])).toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: 'No such model.',
      inputPath: ['input', 'model'],
    });
  });

  it('models tells prices as decimal strings, and when none is known', async () => {
    const { data } = await run(servicesWith({}), ModelsDocument);
    expect(data?.['models']).toEqual([
      {
        id: 'model:sim-fast',
        name: 'sim-fast',
        capabilities: ['TEXT', 'STREAM'],
        contextWindow: 8000,
        maxOutputTokens: 1000,
        priceKnown: true,
        prices: {
          inputUsdPerMillion: '0.15',
          cachedInputUsdPerMillion: '0.075',
          cacheWriteUsdPerMillion: '0.15',
          outputUsdPerMillion: '0.6',
          version: 'test-1',
        },
        state: 'ENABLED',
        health: 'HEALTHY',
      },
      expect.objectContaining({ name: 'unpriced', priceKnown: false, prices: null }),
    ]);
  });

  it('models tells only those the caller may use', async () => {
    const context = { ...contextWith(), caller: { ...caller, allowedModels: new Set(['unpriced']) } };
    const { data } = await run(servicesWith({}), '{ models { name } }', {}, context);
    expect(data).toEqual({ models: [{ name: 'unpriced' }] });
  });

  it('viewer tells who asks', async () => {
    const { data } = await run(servicesWith({}), ViewerDocument);
    expect(data?.['viewer']).toEqual({
      organization: { id: 'organization:acme', name: 'acme' },
      project: { id: 'project:web', name: 'web' },
      principal: 'key_1',
      roles: ['MEMBER'],
      scopes: ['generate', 'usage:read', 'admin'],
    });
  });
});
