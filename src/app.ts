// The composition root: the only file that knows every part. createApp puts a server together; start() begins to
// listen; reload() goes over to another configuration; stop() undoes it all in reverse.

import { isDeepStrictEqual } from 'node:util';
import { openAccessRecords } from './app/access-records.ts';
import { createFirstAdminKey } from './app/first-admin-key.ts';
import { createIdentity, type IdentityService } from './app/identity.ts';
import { authorizationServersOf } from './app/identity-providers.ts';
import { createLiveAccess } from './app/live-access.ts';
import { createOutbound, type Outbound } from './app/outbound.ts';
import { createCredentialReport } from './app/provider-credentials.ts';
import { createStorage } from './app/storage.ts';
import { systemClock } from './core/clock.ts';
import { createAccessAdmin } from './features/access/access-admin.ts';
import { createCreateClientToken } from './features/auth/create-client-token.ts';
import { createOutputSchemas } from './features/guards/output-schema.ts';
import { loadPriceTable } from './features/pricing/price-table.ts';
import { resolveModels } from './features/pricing/resolve-models.ts';
import { createTokenEstimator } from './features/pricing/token-estimator.ts';
import { createModelCatalog } from './features/routing/model-catalog.ts';
import { createSwitches } from './features/routing/switches.ts';
import { createGenerations } from './generation/create-generations.ts';
import type { GenerationSettings } from './generation/generation-settings.ts';
import type { Upstreams } from './generation/upstreams.ts';
import { type ConfiguredCore, configureCore } from './graphql/configured-core.ts';
import { buildGraphQLSchema } from './graphql/schema.ts';
import { createCertificateKeeper } from './platform/certificate-keeper.ts';
import type { Config } from './platform/config.ts';
import { changesThatWait, describeChanges, withStanding } from './platform/config-changes.ts';
import type { Logger } from './platform/logger.ts';
import { createProxyChoice, type ProxyFor } from './platform/proxy-choice.ts';
import type { Secret } from './platform/secret.ts';
import { requireSimulator, withSimulator } from './platform/simulator-offer.ts';
import { createRetiredProviders, type OfferedProvider, offerProviders } from './providers/provider-set.ts';
import { createHttpServer } from './server/http-server.ts';
import type { ServerConfiguration } from './server/server-settings.ts';

const HOUR_MS = 3_600_000;

export interface AppParts {
  readonly config: Config;
  /** undefined: it is in the database, and made there if this server is the first to start on it. */
  readonly adminKey: Secret | undefined;
  /** Told of the first admin key if it is made here, once, while or after it starts: it cannot be seen again. */
  readonly onFirstAdminKey?: (key: Secret) => void;
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
  /**
   * Goes over to another configuration, all or nothing. What runs goes on by the one it began with; what cannot change
   * under a running process stays as it is, and the log says so.
   * @throws ConfigError; nothing has changed then.
   */
  reload(config: Config): Promise<void>;
  /** Graceful: takes nothing new, finishes what runs within `graceMs` (default: as configured), then closes. */
  stop(graceMs?: number): Promise<void>;
}

/** One configuration, put together. */
interface Assembled {
  readonly config: Config;
  readonly outbound: Outbound;
  /** Goes over to its ways of signing in. */
  readonly useIdentity: () => void;
  readonly providers: readonly OfferedProvider[];
  readonly core: ConfiguredCore;
  readonly upstreams: Upstreams;
  readonly generationSettings: GenerationSettings;
  readonly modelNames: readonly string[];
  /** Besides those of the configuration itself. */
  readonly warnings: readonly string[];
}

export async function createApp(parts: AppParts): Promise<App> {
  const { logger, simulatorUrl } = parts;
  const clock = systemClock;
  const priceTable = await loadPriceTable();
  const proxyFor = createProxyChoice(parts.config.proxies);
  const access = openAccessRecords({ config: parts.config, clock, logger });
  const identity = createIdentity({
    secret: parts.secret,
    previous: parts.config.previousSecret,
    adminKey: parts.adminKey,
    auth: parts.config.auth,
    records: access.signIn,
    proxyFor,
    clock,
    logger,
  });
  const { stores, ...storage } = createStorage(parts.config, clock);
  const reportCredential = createCredentialReport(logger);
  const switches = createSwitches();
  switches.onChange((changes) => logger.warn({ changes }, 'models or providers were switched'));
  const live = createLiveAccess({
    ...access,
    identity,
    renewCallers: () => server.renewCallers(),
    useSwitches: switches.use,
    logger,
  });
  const firstAdminKey = createFirstAdminKey({
    apiKeys: live.store.apiKeys,
    mintKey: identity.mintKey,
    documentMode: parts.config.auth.adminDocumentMode,
    onMade: (key) => parts.onFirstAdminKey?.(key),
    logger,
  });
  const generations = createGenerations({
    ...stores,
    switches,
    estimator: createTokenEstimator(),
    schemas: createOutputSchemas(),
    clock,
    settings: () => current.generationSettings,
    reportDefect: (error, generationId) =>
      logger.error({ err: error, generationId }, 'a generation failed unexpectedly'),
  });
  const admin = createAccessAdmin({ store: live.store, isPresent: access.isPresent, mintKey: identity.mintKey, clock });
  const schema = await buildGraphQLSchema({
    generations,
    access: admin,
    createClientToken: createCreateClientToken(identity.mintClientToken, (keyId, details, by) =>
      access.store.apiKeys.note(keyId, 'CLIENT_TOKEN_CREATED', details, by),
    ),
  });

  /** What one configuration is made of: all that may fail, and nothing that has an effect. */
  async function assemble(config: Config, before?: Assembled): Promise<Assembled> {
    const outbound =
      before !== undefined && isDeepStrictEqual(before.config.outbound, config.outbound)
        ? before.outbound
        : createOutbound(config.outbound);
    const offered = config.simulator && simulatorUrl !== undefined ? withSimulator(config, simulatorUrl) : config;
    const resolved = resolveModels({ ...config, ...offered }, priceTable, clock);
    const providers = offerProviders(
      offered.providers.map((provider) => ({
        ...provider,
        apiKey: provider.apiKey?.reveal(),
        previousApiKey: provider.previousApiKey?.reveal(),
        reportCredential,
        maxAnswerBytes: config.generations.maxAnswerBytes,
        fetchImage: outbound.fetchImage,
        imageBudget: outbound.imageBudget,
        network: { certificateAuthorities: provider.certificateAuthorities, proxyFor },
      })),
      before?.providers ?? [],
    );
    const coreSettings = {
      introspection: config.server.introspection,
      limits: config.operationLimits,
      trustedDocuments: config.server.trustedDocuments,
    };
    const core = await configureCore({ schema, generations, logger }, coreSettings, before?.core);
    return {
      config,
      outbound,
      providers,
      core,
      upstreams: {
        models: createModelCatalog(resolved.models),
        providers: new Map(providers.map(({ provider }) => [provider.id, provider])),
        hosts: outbound.hosts,
      },
      useIdentity: identity.prepare(config.auth),
      generationSettings: generationSettingsOf(config),
      modelNames: resolved.models.map(({ name }) => name),
      warnings: resolved.warnings,
    };
  }

  let current = await assemble(parts.config);
  current.useIdentity();
  for (const warning of current.warnings) logger.warn(warning);
  tellProxies(current.providers, proxyFor, logger);

  const server = createHttpServer({
    ...serverConfigurationOf(current, identity),
    host: parts.config.server.host,
    port: parts.config.server.port,
    certificate: parts.config.server.tls?.pair,
    logger,
    clock,
    readiness: access.missing,
    onGraceOver: () => generations.drain(0),
  });
  const certificate = createCertificateKeeper({ use: server.replaceCertificate, logger, clock });
  const retired = createRetiredProviders();

  async function start(): Promise<void> {
    await access.open();
    await live.start();
    if (parts.adminKey === undefined) await firstAdminKey.make();
    void identity.tellSecretsInUse();
    await server.listen();
    certificate.keep(parts.config.server.tls);
  }

  async function reload(wanted: Config): Promise<void> {
    const before = current;
    const config = withStanding(before.config, wanted);
    requireSimulator(config, simulatorUrl);
    const next = await assemble(config, before);
    if (next.core.core.apollo !== before.core.core.apollo) await next.core.core.apollo.start();
    if (stopping !== undefined) return;
    // From here on nothing fails, and nothing else runs until the new configuration is in use.
    current = next;
    next.useIdentity();
    storage.adjust(config);
    certificate.keep(config.server.tls);
    const ending = server.apply(serverConfigurationOf(next, identity));
    const added = next.providers.filter((offered) => !before.providers.includes(offered));
    retired.add(before.providers.filter((one) => !next.providers.includes(one)).map(({ provider }) => provider));
    const ended = await ending;
    const changes = describeChanges(before.config, config);
    const waitForRestart = changesThatWait(before.config, wanted);
    const fields = { changes, ...(waitForRestart.length === 0 ? {} : { waitForRestart }), ended };
    logger.info(fields, `configuration reloaded: ${changes.length === 0 ? 'nothing' : changes.length} changed`);
    const told = [...before.config.warnings, ...before.warnings];
    for (const warning of [...config.warnings, ...next.warnings]) if (!told.includes(warning)) logger.warn(warning);
    tellProxies(added, proxyFor, logger);
  }
  let reloading: Promise<void> = Promise.resolve();

  let stopping: Promise<void> | undefined;
  async function stop(graceMs: number): Promise<void> {
    const deadlineMs = clock.elapsed() + graceMs;
    certificate.close();
    await server.stop(graceMs);
    await generations.drain(Math.max(0, deadlineMs - clock.elapsed()));
    await firstAdminKey.close();
    await live.close();
    await identity.close();
    await access.close();
    storage.close();
    await Promise.all([...current.providers.map(({ provider }) => provider.close()), retired.close()]);
  }

  return {
    get url() {
      return server.url;
    },
    get modelNames() {
      return current.modelNames;
    },
    start,
    reload(config) {
      // One after the other, whatever became of the one before.
      const done = reloading.then(() => reload(config));
      reloading = done.catch(() => undefined);
      return done;
    },
    stop: (graceMs = current.config.shutdown.graceMs) => {
      stopping ??= stop(graceMs);
      return stopping;
    },
  };
}

const generationSettingsOf = ({ streams, idempotency }: Config): GenerationSettings => ({
  graceMs: streams.graceMs,
  coalesceMs: streams.coalesceMs,
  streamRetentionMs: streams.retentionMs,
  resultRetentionMs: idempotency.retentionHours * HOUR_MS,
});

const serverConfigurationOf = (
  { config, core, upstreams }: Assembled,
  { authenticate, renew, identityOf }: IdentityService,
): ServerConfiguration => ({
  core: core.core,
  upstreams,
  authenticate,
  renew,
  askAgainAtMs: (caller) => identityOf(caller)?.askAgainAtMs,
  allowedOrigins: config.server.allowedOrigins,
  publicUrl: config.server.publicUrl,
  authorizationServers: authorizationServersOf(config.auth),
  trustedProxies: config.server.trustedProxies,
  httpsOnly: config.production,
  maxConnections: config.server.maxConnections,
  throttle: config.throttle,
  sockets: config.sockets,
  bodyBytes: config.operationLimits.bodyBytes,
  anonymousBodyBytes: config.operationLimits.anonymousBodyBytes,
});

function tellProxies(offered: readonly OfferedProvider[], proxyFor: ProxyFor, logger: Logger): void {
  for (const { settings } of offered) {
    const { baseUrl = '' } = settings;
    const proxy = URL.canParse(baseUrl) ? proxyFor(new URL(baseUrl)) : undefined;
    if (proxy !== undefined) logger.info({ provider: settings.id, proxy: proxy.url }, 'reached through a proxy');
  }
}
