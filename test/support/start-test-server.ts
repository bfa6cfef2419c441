// The HTTP server with the real schema, real generations on memory adapters, and a provider the test plays.

import type { GraphQLFormattedError } from 'graphql';
import { SluiceError } from '../../src/core/errors.ts';
import { createGraphQLCore, type GraphQLCoreOptions } from '../../src/graphql/graphql-core.ts';
import { buildGraphQLSchema } from '../../src/graphql/schema.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../src/server/http-server.ts';
import { createTestGenerations, type TestGenerations, testCaller } from './create-test-generations.ts';
import { noClientTokens } from './fake-generations.ts';
import { adminWithoutRecords } from './no-access-records.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: {
    readonly data?: Record<string, unknown> | null;
    readonly errors?: readonly (GraphQLFormattedError & { readonly extensions: Record<string, unknown> })[];
  };
  /** Code of the first error. */
  readonly code: unknown;
}

export interface TestServer extends TestGenerations {
  readonly http: HttpServer;
  readonly url: string;
  readonly log: readonly LogLine[];
  /** POSTs JSON with the good key; `init` overrides. */
  post(body: unknown, headers?: Record<string, string>): Promise<Answer>;
  send(init: RequestInit, path?: string): Promise<Answer>;
  stop(): Promise<void>;
}

export const goodKey = { authorization: 'Bearer good' };

export async function startTestServer(
  options: { http?: Partial<HttpServerOptions>; core?: Partial<GraphQLCoreOptions> } = {},
): Promise<TestServer> {
  const generations = createTestGenerations({ graceMs: 0 });
  const schema = await buildGraphQLSchema({
    generations: generations.generations,
    createClientToken: noClientTokens,
    access: adminWithoutRecords(),
  });
  const log: LogLine[] = [];
  const write =
    (level: LogLine['level']) =>
    (fields: object, message: string): void =>
      void log.push({ level, fields: fields as Record<string, unknown>, message });
  const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const core = createGraphQLCore({
    schema,
    generations: generations.generations,
    introspection: true,
    logger,
    ...options.core,
  });
  const http = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    core,
    upstreams: generations.upstreams,
    logger,
    acceptMs: 0,
    socketSpreadMs: 0,
    authenticate: async ({ authorization, apiKey }) => {
      const key = authorization?.replace(/^Bearer /, '') ?? apiKey;
      if (key === 'good') return testCaller;
      if (key === 'other') return { ...testCaller, principalId: 'key:other' };
      if (key === 'user') return { ...testCaller, principalId: 'user:ann', principalKind: 'USER' };
      if (key === 'expired') throw new SluiceError('FORBIDDEN', 'Your key has expired.');
      throw new SluiceError('UNAUTHENTICATED');
    },
    ...options.http,
  });
  await http.listen();
  const url = `${http.url}/graphql`;

  async function send(init: RequestInit, path = '/graphql'): Promise<Answer> {
    const response = await fetch(http.url + path, init);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const body = isJson ? JSON.parse(text) : {};
    const code = body.errors?.[0]?.extensions?.code;
    return { status: response.status, headers: response.headers, text, body, code };
  }

  return {
    ...generations,
    http,
    url,
    log,
    send,
    post: (body, headers = {}) =>
      send({
        method: 'POST',
        headers: { 'content-type': 'application/json', ...goodKey, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async stop() {
      await http.stop(0);
      generations.close();
    },
  };
}
