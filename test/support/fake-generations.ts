// A Generations that answers what the test tells it and remembers what it was asked; and the context of an operation
// whose plan a test writes by hand. For tests of the GraphQL layer alone.

import { GraphQLError } from 'graphql';
import type { Batch } from '../../src/core/batch.ts';
import { type Caller, DEFAULT_SCOPES } from '../../src/core/caller.ts';
import { SluiceError } from '../../src/core/errors.ts';
import type { GenerateOutcome, Generation, GenerationEvent } from '../../src/core/generation.ts';
import { createModelCatalog, type Model } from '../../src/features/routing/model-catalog.ts';
import type { BatchReader, GenerationReader, Generations, ReaderOptions } from '../../src/generation/generations.ts';
import type { PreparedBatch } from '../../src/generation/prepared-batch.ts';
import type { PreparedCall } from '../../src/generation/prepared-call.ts';
import type { Upstreams } from '../../src/generation/upstreams.ts';
import type { GraphQLContext } from '../../src/graphql/context.ts';
import type { PlannedField } from '../../src/graphql/operation-plan.ts';
import type { ResolverServices } from '../../src/graphql/resolver-services.ts';
import { createOutboundHosts } from '../../src/platform/outbound-hosts.ts';
import { adminWithoutRecords } from './no-access-records.ts';
import { createScriptedProvider } from './scripted-provider.ts';

export const caller: Caller = {
  organizationId: 'acme',
  projectId: 'web',
  principalId: 'key_1',
  principalKind: 'KEY',
  roles: ['MEMBER'],
  userId: undefined,
  scopes: DEFAULT_SCOPES,
  allowedModels: undefined,
  documentMode: undefined,
  mayActForEndUsers: false,
  expiresAtMs: undefined,
};

const model: Model = {
  name: 'sim-fast',
  target: { providerId: 'sim', model: 'sim-fast-1' },
  capabilities: ['TEXT', 'STREAM'],
  contextWindow: 8000,
  maxOutputTokens: 1000,
  defaultMaxOutputTokens: 500,
  prices: {
    inputMicroUsd: 150_000n,
    cachedInputMicroUsd: 75_000n,
    cacheWriteMicroUsd: 150_000n,
    outputMicroUsd: 600_000n,
    version: 'test-1',
  },
  timeouts: { connectMs: 1000, firstTokenMs: 1000, idleMs: 1000, totalMs: 1000 },
};

const unpricedModel: Model = { ...model, name: 'unpriced', prices: undefined };

export const call: PreparedCall = {
  type: 'PREPARED',
  prices: undefined,
  caller,
  model,
  provider: createScriptedProvider(),
  request: {
    messages: [],
    maxOutputTokens: 500,
    temperature: undefined,
    topP: undefined,
    stop: [],
    seed: undefined,
    tools: [],
    toolChoice: undefined,
    output: { format: 'TEXT' },
    reasoning: undefined,
    providerOptions: {},
  },
  idempotency: undefined,
  timeoutMs: 1000,
  endUserId: undefined,
  labels: [],
  clampedBy: undefined,
  warnings: [],
  inputTokens: 7,
};

export const upstreams: Upstreams = {
  models: createModelCatalog([model, unpricedModel]),
  providers: new Map(),
  hosts: createOutboundHosts([]),
};

export interface FakeGenerations extends Generations {
  readonly asked: unknown[][];
}

export interface FakeAnswers {
  readonly outcome?: GenerateOutcome;
  readonly batch?: Batch;
  readonly openBatch?: (options: ReaderOptions) => BatchReader;
  readonly known?: readonly Generation[];
  readonly prepare?: Generations['prepare'];
  readonly open?: (options: ReaderOptions) => GenerationReader;
}

function createFakeGenerations(answers: FakeAnswers): FakeGenerations {
  const asked: unknown[][] = [];
  const given = <T>(name: string, value: T | undefined): T => {
    if (value === undefined) throw new Error(`the test gave no answer for ${name}`);
    return value;
  };
  const find = (id: string): Generation | undefined => answers.known?.find((one) => one.id === id);
  const findBatch = (id: string): Batch | undefined => (answers.batch?.id === id ? answers.batch : undefined);
  return {
    asked,
    prepare(...args) {
      asked.push(['prepare', ...args]);
      return given('prepare', answers.prepare)(...args);
    },
    prepareBatch: () => given<PreparedBatch>('prepareBatch', undefined),
    estimate: (prepared) => ({
      inputTokens: prepared.inputTokens,
      maxOutputTokens: 500,
      maxCostNanoUsd: 301_050n,
      admitted: true,
    }),
    stateOf: () => 'ENABLED',
    async generate(...args) {
      asked.push(['generate', ...args]);
      return given('outcome', answers.outcome);
    },
    start(...args) {
      asked.push(['start', ...args]);
      return given('outcome', answers.outcome);
    },
    async batch(...args) {
      asked.push(['batch', ...args]);
      return given('batch', answers.batch);
    },
    checkStart: () => undefined,
    startBatch(...args) {
      asked.push(['startBatch', ...args]);
      return given('batch', answers.batch);
    },
    findBatch,
    followBatch(...args) {
      asked.push(['followBatch', ...args]);
      return given('openBatch', answers.openBatch)(args[2]);
    },
    cancelBatch: async (id) => findBatch(id),
    stream(...args) {
      asked.push(['stream', ...args]);
      return given('open', answers.open)(args[1]);
    },
    follow(...args) {
      asked.push(['follow', ...args]);
      return given('open', answers.open)(args[2]);
    },
    find,
    cancel: async (id) => find(id),
    drain: async () => undefined,
  };
}

/** For servers whose callers have no key that could make one. */
export const noClientTokens = (): Promise<never> =>
  Promise.reject(new SluiceError('FORBIDDEN', 'No client tokens here.'));

export const servicesWith = (answers: FakeAnswers): ResolverServices & { readonly generations: FakeGenerations } => ({
  generations: createFakeGenerations(answers),
  createClientToken: noClientTokens,
  access: adminWithoutRecords(),
});

export function contextWith(plan: Readonly<Record<string, PlannedField>> = {}): GraphQLContext {
  return {
    requestId: 'req_1',
    caller,
    upstreams,
    signal: new AbortController().signal,
    idempotencyKeyHeader: undefined,
    closeStalledReader: () => undefined,
    plan: {
      take<K extends PlannedField['kind']>(key: string, kind: K) {
        const field = plan[key];
        if (field?.kind !== kind) throw new Error(`nothing of kind ${kind} is planned as ${key}`);
        return field as Extract<PlannedField, { kind: K }>;
      },
    },
  };
}

/** The SluiceError behind what graphql-js made of it. */
export function sluiceErrorOf(error: GraphQLError | undefined): SluiceError | undefined {
  let link: Error | null | undefined = error;
  while (link instanceof GraphQLError) link = link.originalError;
  return link instanceof SluiceError ? link : undefined;
}

/** A reader over given events that, unless it ends with a terminal, waits for ever afterwards. */
export function readerOf(
  events: readonly GenerationEvent[],
  { replayed = false } = {},
): GenerationReader & { readonly left: boolean } {
  let position = 0;
  let left = false;
  let wake: (() => void) | undefined;
  const reader = {
    generationId: 'gen_1',
    replayed,
    get left() {
      return left;
    },
    async next(): Promise<IteratorResult<GenerationEvent, undefined>> {
      const event = events[position];
      if (event === undefined && events.at(-1)?.type !== 'TERMINAL' && !left) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (event === undefined || left) return { done: true, value: undefined };
      position += 1;
      return { done: false, value: event };
    },
    async return(): Promise<IteratorResult<GenerationEvent, undefined>> {
      left = true;
      wake?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => reader,
  };
  return reader;
}
