// The generation layer on memory adapters, a provider that the test plays, and one model of each kind.

import { type Caller, DEFAULT_SCOPES } from '../../src/core/caller.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Generation } from '../../src/core/generation.ts';
import { createMemoryIdempotencyClaims } from '../../src/features/admission/memory-idempotency-claims.ts';
import { createOutputSchemas } from '../../src/features/guards/output-schema.ts';
import { createTokenEstimator } from '../../src/features/pricing/token-estimator.ts';
import { createMemoryBatchStore } from '../../src/features/results/memory-batch-store.ts';
import { createMemoryResultStore } from '../../src/features/results/memory-result-store.ts';
import { createModelCatalog, type Model } from '../../src/features/routing/model-catalog.ts';
import { createSwitches, type SwitchPanel } from '../../src/features/routing/switches.ts';
import { batchEventBytes, generationEventBytes } from '../../src/features/streams/event-size.ts';
import { createMemoryEventLogs } from '../../src/features/streams/memory-event-logs.ts';
import type { CallInput } from '../../src/generation/call-input.ts';
import { createGenerations, type GenerationsParts } from '../../src/generation/create-generations.ts';
import type { GenerationSettings } from '../../src/generation/generation-settings.ts';
import type { Generations } from '../../src/generation/generations.ts';
import type { PreparedCall } from '../../src/generation/prepared-call.ts';
import type { Asker, Upstreams } from '../../src/generation/upstreams.ts';
import { createOutboundHosts } from '../../src/platform/outbound-hosts.ts';
import { createScriptedProvider, type ScriptedProvider } from './scripted-provider.ts';

const testModel: Model = {
  name: 'chat',
  target: { providerId: 'scripted', model: 'upstream-chat' },
  capabilities: ['TEXT', 'STREAM', 'TOOLS', 'JSON_SCHEMA', 'IMAGES'],
  contextWindow: 1000,
  maxOutputTokens: 500,
  defaultMaxOutputTokens: 100,
  prices: {
    inputMicroUsd: 1_000_000n,
    cachedInputMicroUsd: 100_000n,
    cacheWriteMicroUsd: 1_250_000n,
    outputMicroUsd: 2_000_000n,
    version: 'test',
  },
  timeouts: { connectMs: 1000, firstTokenMs: 1000, idleMs: 1000, totalMs: 60_000 },
};

export const testCaller: Caller = {
  organizationId: 'default',
  projectId: 'default',
  principalId: 'key:test',
  principalKind: 'KEY',
  roles: ['MEMBER'],
  userId: undefined,
  scopes: DEFAULT_SCOPES,
  allowedModels: undefined,
  documentMode: undefined,
  mayActForEndUsers: false,
  expiresAtMs: undefined,
};

export interface TestGenerations extends Disposable {
  readonly generations: Generations;
  readonly upstreams: Upstreams;
  readonly provider: ScriptedProvider;
  readonly switches: SwitchPanel;
  readonly defects: unknown[];
  asker(caller?: Caller): Asker;
  /** Prepared, or the test fails. */
  prepare(input: Partial<CallInput>, caller?: Caller): PreparedCall;
  /** As if the retention time of all logs had passed. */
  forgetLogs(): void;
  close(): void;
}

export function createTestGenerations(
  settings: Partial<GenerationSettings> = {},
  parts: Partial<GenerationsParts> = {},
): TestGenerations {
  const provider = createScriptedProvider();
  const switches = createSwitches();
  const defects: unknown[] = [];
  const logSettings = { clock: systemClock, retentionMs: 900_000, stalledReaderMs: 15_000 };
  const logs = createMemoryEventLogs({ ...logSettings, sizeOf: generationEventBytes });
  const batchLogs = createMemoryEventLogs({ ...logSettings, sizeOf: batchEventBytes });
  const closeLogs = (): void => {
    logs.close();
    batchLogs.close();
  };
  const models = createModelCatalog([
    testModel,
    { ...testModel, name: 'plain', capabilities: ['TEXT'] },
    { ...testModel, name: 'unpriced', prices: undefined },
    { ...testModel, name: 'thinker', capabilities: [...testModel.capabilities, 'REASONING'] },
  ]);
  const hosts = createOutboundHosts([{ host: 'pictures.internal', port: undefined }]);
  const upstreams = { models, providers: new Map([['scripted', provider]]), hosts };
  const generations = createGenerations({
    estimator: createTokenEstimator(),
    schemas: createOutputSchemas(),
    claims: createMemoryIdempotencyClaims({ retentionMs: 86_400_000 }),
    results: createMemoryResultStore({ metadataTtlMs: 86_400_000 }),
    batches: createMemoryBatchStore({ ttlMs: 86_400_000 }),
    logs,
    batchLogs,
    switches,
    clock: systemClock,
    settings: () => ({
      graceMs: 30_000,
      coalesceMs: 0,
      streamRetentionMs: 900_000,
      resultRetentionMs: 86_400_000,
      ...settings,
    }),
    reportDefect: (error) => defects.push(error),
    ...parts,
  });
  const asker = (caller: Caller = testCaller): Asker => ({ caller, upstreams });
  return {
    generations,
    upstreams,
    asker,
    provider,
    switches,
    defects,
    prepare(input, caller = testCaller) {
      const prepared = generations.prepare({ model: 'chat', ...input }, asker(caller), ['input']);
      if (prepared.type !== 'PREPARED') throw new Error(`refused: ${prepared.path.join('.')}: ${prepared.message}`);
      return prepared;
    },
    forgetLogs: closeLogs,
    close: closeLogs,
    [Symbol.dispose]: closeLogs,
  };
}

/** The generation of an outcome that ended or runs, or the test fails. */
export function generationOf(outcome: Awaited<ReturnType<Generations['generate']>>): Generation {
  if (outcome.type === 'ENDED') return outcome.terminal.generation;
  if (outcome.type === 'RUNNING') return outcome.generation;
  throw new Error(`refused: ${outcome.message}`);
}
