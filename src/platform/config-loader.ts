// Makes the Config of the process: environment, file, and what was found on the machine, checked as a whole. Any
// problem stops the start, and all of them are told at once.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { formatMicroUsd, type Prices } from '../core/money.ts';
import { PROVIDER_KIND_FACTS } from '../core/provider-kinds.ts';
import type { AiSdkPackage } from './ai-sdk-package.ts';
import type { Config, ModelConfig, ProviderConfig, ServerConfig } from './config.ts';
import { loadAiSdkPackages } from './config-ai-sdk.ts';
import { readCaFiles } from './config-ca-file.ts';
import { checkFile, literalSecrets, namesProviders } from './config-checks.ts';
import { databaseOf } from './config-database.ts';
import { type Environment, readEnvironment } from './config-environment.ts';
import { ConfigError, type ConfigProblem } from './config-errors.ts';
import { type ConfigFile, parseConfigFile } from './config-file.ts';
import { adminKeyProblems, apiKeyWarnings, toApiKey } from './config-keys.ts';
import { type ConfiguredManifest, documentWarnings, readConfiguredManifest } from './config-manifest.ts';
import { hostOf, productionProblems } from './config-production.ts';
import { DEFAULT_TIMEOUTS, emptyFileConfig, type FileConfig, readShape } from './config-schema.ts';
import { toIntrospection, toJwtIssuer } from './config-sign-in.ts';
import { readConfiguredTls, tlsWarnings } from './config-tls.ts';
import { errorCode } from './error-code.ts';
import { OLLAMA_URL, probeOllama } from './ollama-probe.ts';

export interface LoadConfigOptions {
  /** Default: the environment of the process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Relative paths start here. Default: the working directory. */
  readonly cwd?: string;
  /** Whether log lines are read by a person. Default: whether standard output is a terminal. */
  readonly isTerminal?: boolean;
  /** Where to look for an Ollama when there is no file; undefined: on its usual port; null: nowhere. */
  readonly ollamaUrl?: string | null;
}

const DEFAULT_FILE = 'sluice.yaml';
/** Longer than the longest call, so that a stop cuts none. */
const DRAIN_MARGIN_MS = 5_000;

/** @throws ConfigError that lists every problem. */
export async function loadConfig(options: LoadConfigOptions = {}): Promise<Config> {
  const env = options.env ?? process.env;
  const cwd = options.cwd ?? process.cwd();
  const environment = readEnvironment(env);
  const { file, problem } = await readConfigFile(environment.configFile, env, cwd);
  // Of a file that could not be read nothing else can be said; an empty one is whole.
  const isUnread = file === undefined || (file.value === undefined && file.problems.length > 0);
  const shape = isUnread ? undefined : readShape(file);
  const filePath = resolve(cwd, environment.configFile ?? DEFAULT_FILE);
  const caFiles = file && (await readCaFiles(file, dirname(filePath)));
  const ofTls = file && (await readConfiguredTls(file, dirname(filePath)));
  const aiSdk = file && (await loadAiSdkPackages(file));

  const problems = [
    ...environment.problems,
    ...(problem === undefined ? [] : [problem]),
    ...fileProblems(
      file,
      shape?.problems ?? [],
      [caFiles, ofTls, aiSdk].flatMap((reading) => reading?.problems ?? []),
    ),
    ...(problem === undefined ? productionProblems(environment, file) : []),
  ];
  problems.push(...adminKeyProblems(environment.adminKey, shape?.config?.auth.apiKeys ?? []));
  const { manifest, problems: ofManifest } =
    file === undefined || shape?.config === undefined
      ? noManifest
      : await readConfiguredManifest(shape.config, file, dirname(filePath));
  problems.push(...ofManifest);
  const fileConfig = file === undefined ? emptyFileConfig() : shape?.config;
  if (problems.length > 0 || fileConfig === undefined) throw new ConfigError(problems);

  const found = file === undefined ? await findProviders(environment, options.ollamaUrl) : nothingFound;
  const isTerminal = options.isTerminal ?? process.stdout.isTTY === true;
  const trustedDocuments = { mode: fileConfig.server.trustedDocuments.mode, manifest };
  const config = assemble(environment, fileConfig, { trustedDocuments, tls: ofTls?.tls }, cwd, isTerminal);
  return {
    ...config,
    file: file === undefined ? undefined : filePath,
    simulator: !namesProviders(file),
    providers: [
      ...fileConfig.providers.map((provider, index) =>
        toProvider(provider, caFiles?.pems.get(index), aiSdk?.packages.get(index)),
      ),
      ...found.providers,
    ],
    models: [...fileConfig.models.map(toModel), ...found.models],
    warnings: [
      ...environment.warnings,
      ...warningsOf(config, fileConfig, file),
      ...documentWarnings(fileConfig, trustedDocuments),
    ],
  };
}

const noManifest: ConfiguredManifest = { manifest: undefined, problems: [] };

interface FileReading {
  readonly file: ConfigFile | undefined;
  readonly problem: ConfigProblem | undefined;
}

async function readConfigFile(given: string | undefined, env: NodeJS.ProcessEnv, cwd: string): Promise<FileReading> {
  const path = resolve(cwd, given ?? DEFAULT_FILE);
  const inside = relative(cwd, path);
  const name = inside.startsWith('..') || isAbsolute(inside) ? path : inside;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
    return { file: parseConfigFile(name, text, env), problem: undefined };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' && given === undefined) return { file: undefined, problem: undefined };
    return {
      file: undefined,
      problem: { place: name, line: undefined, field: '', found: undefined, expected: unreadable(code, given) },
    };
  }
}

function unreadable(code: string | undefined, given: string | undefined): string {
  const from = given === undefined ? '' : ' (named by SLUICE_CONFIG)';
  if (code === 'ENOENT') return `there is no such file${from}`;
  if (code === 'EISDIR') return `this is a folder, not a file${from}`;
  if (code === 'EACCES' || code === 'EPERM') return `this file may not be read by this user${from}`;
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return `this file is not UTF-8 text${from}`;
  return `this file cannot be read${from}${code === undefined ? '' : `: ${code}`}`;
}

/** Of two problems at one place the first is enough: reading comes before the shape, the shape before its sense. */
function fileProblems(
  file: ConfigFile | undefined,
  ofShape: readonly ConfigProblem[],
  ofWhatItNames: readonly ConfigProblem[],
): readonly ConfigProblem[] {
  if (file === undefined) return [];
  if (file.value === undefined) return [...file.problems, ...ofShape];
  const all = [...file.problems];
  for (const problems of [ofShape, checkFile(file), ofWhatItNames]) {
    const told = new Set(all.map((problem) => problem.field));
    all.push(...problems.filter((problem) => !told.has(problem.field)));
  }
  return all.sort((left, right) => (left.line ?? 0) - (right.line ?? 0));
}

interface Found {
  readonly providers: readonly ProviderConfig[];
  readonly models: readonly ModelConfig[];
}

const nothingFound: Found = { providers: [], models: [] };

/** Real models with no file at all: a key in the environment, a server on this machine. */
async function findProviders(environment: Environment, ollamaUrl: string | null = OLLAMA_URL): Promise<Found> {
  const ollamaModels = ollamaUrl === null ? [] : await probeOllama(ollamaUrl);
  const withKeys = [...environment.providerKeys].map(
    ([kind, apiKey]): ProviderConfig => ({
      id: kind,
      kind,
      baseUrl: PROVIDER_KIND_FACTS[kind].baseUrl ?? '',
      apiKey,
      previousApiKey: undefined,
      offersKnownModels: true,
      allowedOptions: [],
      certificateAuthorities: undefined,
      allowInsecure: false,
      aiSdk: undefined,
    }),
  );
  const ollama: ProviderConfig = {
    id: 'ollama',
    kind: 'openai-compatible',
    baseUrl: `${ollamaUrl}/v1`,
    apiKey: undefined,
    previousApiKey: undefined,
    offersKnownModels: false,
    allowedOptions: [],
    certificateAuthorities: undefined,
    allowInsecure: false,
    aiSdk: undefined,
  };
  const { timeouts } = DEFAULT_MODEL;
  return {
    providers: [...withKeys, ...(ollamaModels.length > 0 ? [ollama] : [])],
    models: ollamaModels.map((model) => ({
      ...DEFAULT_MODEL,
      name: model.replace(/:latest$/, ''),
      target: { providerId: 'ollama', model },
      // A model on this machine may have to be read from disk before its first token.
      timeouts: { ...timeouts, firstTokenMs: timeouts.totalMs },
    })),
  };
}

/** A model of which nothing but its name is known. */
export const DEFAULT_MODEL: Omit<ModelConfig, 'name' | 'target'> = {
  capabilities: undefined,
  contextWindow: undefined,
  maxOutputTokens: undefined,
  defaultMaxOutputTokens: undefined,
  prices: undefined,
  timeouts: DEFAULT_TIMEOUTS,
};

type Assembled = Omit<Config, 'file' | 'simulator' | 'providers' | 'models' | 'warnings'>;

function assemble(
  environment: Environment,
  file: FileConfig,
  ofNamedFiles: Pick<ServerConfig, 'trustedDocuments' | 'tls'>,
  cwd: string,
  isTerminal: boolean,
): Assembled {
  const { production } = environment;
  return {
    production,
    dataDirectory: resolve(cwd, environment.dataDirectory),
    database: databaseOf(environment, cwd),
    redisUrl: environment.redisUrl,
    adminKey: environment.adminKey,
    secret: environment.secret,
    previousSecret: environment.previousSecret,
    proxies: environment.proxies,
    log: { level: environment.logLevel, format: environment.logFormat ?? (isTerminal ? 'pretty' : 'json') },
    server: {
      host: hostOf(environment, file.server.host),
      port: environment.port ?? file.server.port ?? 4_000,
      publicUrl: file.server.publicUrl,
      allowedOrigins: file.server.allowedOrigins,
      introspection: file.server.introspection ?? !production,
      trustedProxies: file.server.trustedProxies,
      maxConnections: file.server.maxConnections,
      ...ofNamedFiles,
    },
    auth: {
      apiKeys: file.auth.apiKeys.map(toApiKey),
      adminDocumentMode: file.auth.adminDocumentMode,
      cacheSeconds: file.auth.cacheSeconds,
      cachedKeys: file.auth.cachedKeys,
      secretRolloutSeconds: file.auth.secretRolloutSeconds,
      jwt: file.auth.jwt.map(toJwtIssuer),
      introspection: file.auth.introspection && toIntrospection(file.auth.introspection),
    },
    streams: file.streams,
    shutdown: file.shutdown,
    operationLimits: file.operationLimits,
    sockets: file.sockets,
    throttle: file.throttle,
    idempotency: file.idempotency,
    generations: file.generations,
    outbound: file.outbound,
  };
}

function toProvider(
  { id, kind, baseUrl, apiKey, previousApiKey, allowedOptions, allowInsecure }: FileConfig['providers'][number],
  certificateAuthorities: string | undefined,
  aiSdk: AiSdkPackage | undefined,
): ProviderConfig {
  return {
    id,
    kind,
    // A kind without an address of its own has one in the file: checkFile sees to it.
    baseUrl: baseUrl ?? PROVIDER_KIND_FACTS[kind].baseUrl ?? '',
    apiKey,
    previousApiKey,
    offersKnownModels: false,
    allowedOptions,
    certificateAuthorities,
    allowInsecure,
    aiSdk,
  };
}

function toModel(model: FileConfig['models'][number]): ModelConfig {
  const target = model.targets[0];
  // The schema lets nothing else through.
  if (target === undefined) throw new Error('A model without a target passed the checks.');
  return {
    name: model.id,
    target: { providerId: target.provider, model: target.model },
    capabilities: model.capabilities,
    contextWindow: model.contextWindow,
    maxOutputTokens: model.maxOutputTokens,
    defaultMaxOutputTokens: model.defaultMaxOutputTokens,
    prices: model.prices && toPrices(model.prices),
    timeouts: model.timeouts,
  };
}

function toPrices(given: NonNullable<FileConfig['models'][number]['prices']>): Prices {
  const amounts = [
    given.input,
    given.cachedInput ?? given.input,
    given.cacheWrite ?? given.input,
    given.output,
  ] as const;
  const hash = createHash('sha256').update(amounts.map(formatMicroUsd).join(' ')).digest('hex').slice(0, 8);
  const [inputMicroUsd, cachedInputMicroUsd, cacheWriteMicroUsd, outputMicroUsd] = amounts;
  return { inputMicroUsd, cachedInputMicroUsd, cacheWriteMicroUsd, outputMicroUsd, version: `config:${hash}` };
}

function warningsOf(config: Assembled, file: FileConfig, configFile: ConfigFile | undefined): readonly string[] {
  const warnings: string[] = [];
  const longestMs = Math.max(0, ...file.models.map((model) => model.timeouts.totalMs));
  if (config.shutdown.graceMs < longestMs + DRAIN_MARGIN_MS) {
    warnings.push(
      `shutdown.graceMs is ${config.shutdown.graceMs}: a stop may cut calls, which may take ${longestMs} ms (the longest totalMs) and start up to ${DRAIN_MARGIN_MS} ms after it is asked for.`,
    );
  }
  warnings.push(...tlsWarnings(config.server, systemClock));
  warnings.push(...apiKeyWarnings(config.auth.apiKeys, config.server, systemClock));
  if (!config.production) return warnings;
  for (const place of configFile === undefined ? [] : literalSecrets(configFile)) {
    warnings.push(`${place}: a secret stands in the file itself; take it from the environment with \${NAME}.`);
  }
  return warnings;
}
