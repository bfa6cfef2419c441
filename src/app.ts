// The composition root: the only file that knows every part. createApp puts a server together; start() begins to
// listen; stop() undoes it in reverse.

import { systemClock } from './core/clock.ts';
import type { Prices } from './core/money.ts';
import { createMemoryIdempotencyClaims } from './features/admission/memory-idempotency-claims.ts';
import { createApiKeys } from './features/auth/api-key.ts';
import { apiKeyEntries, createAuthenticator } from './features/auth/authenticate.ts';
import { createOutputSchemas } from './features/guards/output-schema.ts';
import { loadPriceTable } from './features/pricing/price-table.ts';
import { resolveModels } from './features/pricing/resolve-models.ts';
import { createTokenEstimator } from './features/pricing/token-estimator.ts';
import { createMemoryBatchStore } from './features/results/memory-batch-store.ts';
import { createMemoryResultStore } from './features/results/memory-result-store.ts';
import { createModelCatalog } from './features/routing/model-catalog.ts';
import { batchEventBytes, generationEventBytes } from './features/streams/event-size.ts';
import { createMemoryEventLogs } from './features/streams/memory-event-logs.ts';
import { createGenerations } from './generation/create-generations.ts';
import { createReadDocument } from './graphql/documents.ts';
import { createGraphQLCore } from './graphql/graphql-core.ts';
import { defaultOperationLimits } from './graphql/operation-limits.ts';
import { buildGraphQLSchema } from './graphql/schema.ts';
import { createTrustedDocuments } from './graphql/trusted-documents.ts';
import type { Config, ModelConfig, ProviderConfig } from './platform/config.ts';
import { SIMULATOR_MODELS, SIMULATOR_PROVIDER } from './platform/config-checks.ts';
import { DEFAULT_MODEL } from './platform/config-loader.ts';
import type { Logger } from './platform/logger.ts';
import { createOutboundHosts } from './platform/outbound-hosts.ts';
import { createProxyChoice } from './platform/proxy-choice.ts';
import { createSafeFetch } from './platform/safe-fetch.ts';
import type { Secret } from './platform/secret.ts';
import type { TlsPair } from './platform/tls-pair.ts';
import { type TlsWatch, watchTlsPair } from './platform/tls-watch.ts';
import { createProvider } from './providers/create-provider.ts';
import { createHttpServer } from './server/http-server.ts';

const HOUR_MS = 3_600_000;
/** Of ended batches' logs together: answers that, for the most part, the results hold as well. */
const BATCH_LOG_BYTES = 128 * 1024 * 1024;

export interface AppParts {
  readonly config: Config;
  readonly adminKey: Secret;
  readonly secret: Secret;
  readonly logger: Logger;
  /** Where the simulator listens; undefined: it is not offered. */
  readonly simulatorUrl?: string | undefined;
}

export interface App {
  /** e.g. `http://127.0.0.1:4000`; known once started. */
  readonly url: string;
  /** Names of the models on offer. */
  readonly modelNames: readonly string[];
  start(): Promise<void>;
  /** Graceful: takes nothing new, finishes what runs within `graceMs` (default: as configured), then closes. */
  stop(graceMs?: number): Promise<void>;
}

export async function createApp(parts: AppParts): Promise<App> {
  const { config, logger, simulatorUrl } = parts;
  const { tls } = config.server;
  const clock = systemClock;
  const offered = simulatorUrl === undefined ? config : withSimulator(config, simulatorUrl);

  const resolved = resolveModels({ ...config, ...offered }, await loadPriceTable(), clock);
  for (const warning of resolved.warnings) logger.warn(warning);

  const { maxAnswerBytes } = config.generations;
  const proxyFor = createProxyChoice(config.proxies);
  const hosts = createOutboundHosts(config.outbound.allowedHosts);
  const fetchImage = createSafeFetch({ ...config.outbound, hosts });
  const providers = offered.providers.map((provider) =>
    createProvider({
      ...provider,
      apiKey: provider.apiKey?.reveal(),
      maxAnswerBytes,
      fetchImage,
      network: { certificateAuthorities: provider.certificateAuthorities, proxyFor },
    }),
  );
  for (const { id, baseUrl } of offered.providers) {
    const proxy = URL.canParse(baseUrl) ? proxyFor(new URL(baseUrl)) : undefined;
    if (proxy !== undefined) logger.info({ provider: id, proxy: proxy.url }, 'reached through a proxy');
  }
  const logSettings = {
    clock,
    retentionMs: config.streams.retentionMs,
    stalledReaderMs: config.streams.stalledReaderMs,
  };
  const logs = createMemoryEventLogs({ ...logSettings, sizeOf: generationEventBytes });
  const batchLogs = createMemoryEventLogs({ ...logSettings, sizeOf: batchEventBytes, maxEndedBytes: BATCH_LOG_BYTES });
  const retentionMs = config.idempotency.retentionHours * HOUR_MS;
  const upstreams = {
    models: createModelCatalog(resolved.models),
    providers: new Map(providers.map((provider) => [provider.id, provider])),
    hosts,
  };
  const generations = createGenerations({
    estimator: createTokenEstimator(),
    schemas: createOutputSchemas(),
    claims: createMemoryIdempotencyClaims({ retentionMs }),
    results: createMemoryResultStore({ metadataTtlMs: retentionMs }),
    batches: createMemoryBatchStore({ ttlMs: retentionMs }),
    logs,
    batchLogs,
    clock,
    settings: {
      graceMs: config.streams.graceMs,
      coalesceMs: config.streams.coalesceMs,
      streamRetentionMs: config.streams.retentionMs,
      resultRetentionMs: retentionMs,
    },
    reportDefect: (error, generationId) =>
      logger.error({ err: error, generationId }, 'a generation failed unexpectedly'),
  });

  const schema = await buildGraphQLSchema({ generations });
  const { introspection } = config.server;
  const limits = { ...defaultOperationLimits, ...config.operationLimits };
  const trustedDocuments = await createTrustedDocuments({
    ...config.server.trustedDocuments,
    read: createReadDocument({ schema, limits, introspection }),
    mostTokens: limits.tokens,
  });
  const core = createGraphQLCore({
    schema,
    generations,
    introspection,
    logger,
    limits,
    trustedDocuments,
  });
  const keys = apiKeyEntries(parts.adminKey, config.auth);
  const { authenticate } = createAuthenticator({ apiKeys: createApiKeys({ secret: parts.secret, keys }) });
  const server = createHttpServer({
    host: config.server.host,
    port: config.server.port,
    core,
    upstreams,
    authenticate,
    logger,
    clock,
    allowedOrigins: config.server.allowedOrigins,
    publicUrl: config.server.publicUrl,
    trustedProxies: config.server.trustedProxies,
    httpsOnly: config.production,
    certificate: tls?.pair,
    throttle: config.throttle,
    sockets: config.sockets,
    bodyBytes: config.operationLimits.bodyBytes,
    anonymousBodyBytes: config.operationLimits.anonymousBodyBytes,
    onGraceOver: () => generations.drain(0),
  });

  let tlsWatch: TlsWatch | undefined;
  async function start(): Promise<void> {
    await server.listen();
    const onChange = (pair: TlsPair): void => server.replaceCertificate(pair);
    tlsWatch = tls && watchTlsPair({ files: tls, pair: tls.pair, onChange, logger, clock });
  }

  let stopping: Promise<void> | undefined;
  async function stop(graceMs: number): Promise<void> {
    const deadlineMs = clock.elapsed() + graceMs;
    tlsWatch?.close();
    await server.stop(graceMs);
    await generations.drain(Math.max(0, deadlineMs - clock.elapsed()));
    logs.close();
    batchLogs.close();
    await Promise.all(providers.map((provider) => provider.close()));
  }

  return {
    get url() {
      return server.url;
    },
    modelNames: resolved.models.map((model) => model.name),
    start,
    stop: (graceMs = config.shutdown.graceMs) => {
      stopping ??= stop(graceMs);
      return stopping;
    },
  };
}

/** The simulator's models first, at made-up prices, so that the first minute shows what an answer would cost. */
function withSimulator(config: Config, simulatorUrl: string): Pick<Config, 'models' | 'providers'> {
  const provider: ProviderConfig = {
    id: SIMULATOR_PROVIDER,
    kind: 'openai-compatible',
    baseUrl: `${simulatorUrl}/v1`,
    apiKey: undefined,
    offersKnownModels: false,
    allowedOptions: [],
    certificateAuthorities: undefined,
    allowInsecure: false,
    aiSdk: undefined,
  };
  const models = SIMULATOR_MODELS.map(
    (model): ModelConfig => ({
      ...DEFAULT_MODEL,
      name: model,
      target: { providerId: SIMULATOR_PROVIDER, model },
      ...SIMULATOR_MODEL_SETTINGS[model],
    }),
  );
  return { providers: [provider, ...config.providers], models: [...models, ...config.models] };
}

const simulatorPrices = (inputMicroUsd: bigint, outputMicroUsd: bigint): Prices => ({
  inputMicroUsd,
  cachedInputMicroUsd: inputMicroUsd / 10n,
  cacheWriteMicroUsd: inputMicroUsd,
  outputMicroUsd,
  version: 'simulator',
});

const SIMULATOR_MODEL_SETTINGS: Readonly<
  Record<
    (typeof SIMULATOR_MODELS)[number],
    Pick<ModelConfig, 'capabilities' | 'contextWindow' | 'maxOutputTokens' | 'prices'>
  >
> = {
  'sim-fast': {
    capabilities: undefined,
    contextWindow: 16_384,
    maxOutputTokens: 4_096,
    prices: simulatorPrices(100_000n, 400_000n),
  },
  'sim-smart': {
    capabilities: ['TEXT', 'STREAM', 'TOOLS', 'JSON_SCHEMA', 'IMAGES', 'REASONING'],
    contextWindow: 128_000,
    maxOutputTokens: 16_384,
    prices: simulatorPrices(2_000_000n, 8_000_000n),
  },
};
