// The whole gateway as it runs in production, on a free port, with a simulator of its own behind it: configured by a
// real file in a folder of its own. `await using gateway = await startGateway();` gives everything back.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TypedDocumentNode } from '@urql/core';
import { type GraphQLFormattedError, print } from 'graphql';
import { createApp } from '../../src/app.ts';
import type { Config } from '../../src/platform/config.ts';
import { loadConfig } from '../../src/platform/config-loader.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { createSecret } from '../../src/platform/secret.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/types.ts';
import { startTestSimulator } from './start-simulator.ts';

export const adminKey = 'sk_test_admin_0123456789abcdef0123456789abcdef';
export const webKey = 'sk_test_web_0123456789abcdef0123456789abcdef01';
export const otherKey = 'sk_test_other_0123456789abcdef0123456789abcdef';
export const testSecret = createSecret('a secret of these tests alone, 32 bytes and more');

export interface TestGateway {
  [Symbol.asyncDispose](): Promise<void>;
  /** e.g. `http://127.0.0.1:40123` */
  readonly url: string;
  readonly graphqlUrl: string;
  readonly socketUrl: string;
  readonly simulator: Simulator;
  /** Everything that was logged, one JSON line each. */
  readonly logLines: readonly string[];
  /** Resolves once a line of the log, past or to come, matches; rejects after 15 s. */
  logged(pattern: RegExp): Promise<void>;
  /** Sends one operation and gives status, headers and the parsed answer. */
  send(operation: GatewayRequest): Promise<GatewayAnswer>;
  /** Sends a typed document with the admin key; its data, or the test fails. */
  run<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data>;
  /** Writes another configuration file and reloads; what is not given stays as it was at the start. */
  reload(changes: Omit<StartGatewayOptions, 'env' | 'simulator'>): Promise<void>;
  stop(graceMs?: number): Promise<void>;
}

export interface GatewayRequest {
  readonly query?: string;
  readonly documentId?: unknown;
  readonly variables?: unknown;
  readonly operationName?: string;
  readonly key?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface GatewayAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly data: any;
  readonly errors: readonly GraphQLFormattedError[];
}

export interface StartGatewayOptions {
  /** Appended to the configuration file. */
  readonly yaml?: string;
  /** Further entries of `auth.apiKeys`, as YAML in one line each. */
  readonly apiKeys?: readonly string[];
  /** Written beside the configuration file: name → content. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly simulator?: SimulatorOptions;
  /** Of the provider that the simulator is. Default: openai-compatible. */
  readonly kind?: 'openai-compatible' | 'anthropic' | 'gemini';
  /** Further settings of that provider, as YAML in one line, e.g. `apiKey: x`. */
  readonly provider?: string;
  /** `timeouts` of all models, as YAML. */
  readonly timeouts?: string;
}

const MODELS = ['sim-fast', 'sim-smart', 'sim-instant'];

export async function startGateway(options: StartGatewayOptions = {}): Promise<TestGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  const simulator = await startTestSimulator(options.simulator);
  const env = { PORT: '0', SLUICE_ADMIN_KEY: adminKey, LOG_FORMAT: 'json', ...options.env };
  async function writeAndLoad(parts: StartGatewayOptions): Promise<Config> {
    await writeFile(join(folder, 'sluice.yaml'), configurationFile(simulator.url, parts));
    for (const [name, content] of Object.entries(parts.files ?? {})) await writeFile(join(folder, name), content);
    return loadConfig({ env, cwd: folder });
  }
  const config = await writeAndLoad(options);
  const logLines: string[] = [];
  const logWatchers = new Set<() => void>();
  const write = (line: string): void => {
    logLines.push(line);
    for (const look of logWatchers) look();
  };
  const logger = createLogger({ ...config.log, destination: { write } });
  const { secret = testSecret } = config;
  const cleanUp = async (): Promise<void> => {
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  };
  const starting = createApp({ config, adminKey: createSecret(adminKey), secret, logger });
  const app = await starting.catch(async (error: unknown) => {
    await cleanUp();
    throw error;
  });
  await app.start();
  const graphqlUrl = `${app.url}/graphql`;

  const gateway: TestGateway = {
    url: app.url,
    graphqlUrl,
    socketUrl: graphqlUrl.replace('http', 'ws'),
    simulator,
    logLines,
    async send({ query, documentId, variables, operationName, key = adminKey, headers, signal }) {
      const response = await fetch(graphqlUrl, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
          ...headers,
        },
        body: JSON.stringify({ query, documentId, variables, operationName }),
        signal: signal ?? null,
      });
      const text = await response.text();
      const body = text.startsWith('{') ? JSON.parse(text) : {};
      return { status: response.status, headers: response.headers, text, data: body.data, errors: body.errors ?? [] };
    },
    async run(document, variables) {
      const { data, errors } = await gateway.send({ query: print(document), variables });
      if (errors.length > 0) throw new Error(`the operation failed: ${JSON.stringify(errors)}`);
      return data;
    },
    logged: (pattern) =>
      new Promise((resolve, reject) => {
        const done = (end: () => void): void => {
          clearTimeout(timer);
          logWatchers.delete(look);
          end();
        };
        const look = (): void => {
          if (logLines.some((line) => pattern.test(line))) done(resolve);
        };
        const timer = setTimeout(() => done(() => reject(new Error(`no line of the log matched ${pattern}`))), 15_000);
        logWatchers.add(look);
        look();
      }),
    reload: async (changes) => app.reload(await writeAndLoad({ ...options, ...changes })),
    stop: (graceMs) => app.stop(graceMs),
    async [Symbol.asyncDispose]() {
      await app.stop(0);
      await cleanUp();
    },
  };
  return gateway;
}

function configurationFile(simulatorUrl: string, options: StartGatewayOptions): string {
  const timeouts = options.timeouts === undefined ? '' : `, timeouts: ${options.timeouts}`;
  const provider = options.provider === undefined ? '' : `, ${options.provider}`;
  const model = (id: string): string =>
    `  - { id: ${id}, targets: [{ provider: sim, model: ${id} }], contextWindow: 128000, maxOutputTokens: 4096, ` +
    `prices: { input: "3.00", cachedInput: "0.30", cacheWrite: "3.75", output: "15.00" }${timeouts} }\n`;
  return (
    `providers:\n  - { id: sim, kind: ${options.kind ?? 'openai-compatible'}, baseUrl: "${simulatorUrl}/v1"${provider} }\n` +
    `models:\n${MODELS.map(model).join('')}` +
    `auth:\n  apiKeys:\n    - { name: web, key: "${webKey}", roles: [MEMBER], allowedModels: [sim-instant] }\n` +
    `    - { name: other, key: "${otherKey}", roles: [MEMBER] }\n` +
    `${(options.apiKeys ?? []).map((entry) => `    - ${entry}\n`).join('')}${options.yaml ?? ''}`
  );
}
