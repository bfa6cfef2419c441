// The clients that frontends use, set up as their makers say, with a key that runs trusted documents only: what goes
// over the wire is an id, and it works.

import { readFileSync } from 'node:fs';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, type Exchange, fetchExchange, makeOperation, mapExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { buildSchema, isAbstractType, print } from 'graphql';
import { createClient, type SubscribePayload } from 'graphql-ws';
import { WebSocket } from 'ws';
import { hashOfText } from '../../src/platform/document-manifest.ts';
import {
  GenerateDocument,
  GenerateStreamDocument,
  type GenerateStreamSubscription,
  ModelsDocument,
} from '../generated/graphql.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const text = 'Trust is good.';
const strictKey = 'sk_test_strict_0123456789abcdef0123456789abcdef';
const yaml = 'server: { trustedDocuments: { mode: off, manifest: manifest.json } }\n';
const apiKeys = [`{ name: strict, key: "${strictKey}", documentMode: require }`];
const headers = { authorization: `Bearer ${strictKey}` };
const call = { input: { model: 'sim-instant', prompt: 'Say it' } };
const idOf = (document: object): string => (document as { __meta__: { hash: string } }).__meta__.hash;

async function start(manifest: string): Promise<TestGateway> {
  const gateway = await startGateway({ yaml, apiKeys, files: { 'manifest.json': manifest } });
  gateway.simulator.script({ model: 'sim-instant', text });
  return gateway;
}

let streams = 0;
const variables = () => ({
  input: { idempotencyKey: `trusted-clients-${streams++}`, request: { model: 'sim-instant', prompt: 'Say it' } },
});

/** Remembers the bodies it sends. */
function watchedFetch(): { readonly sent: Record<string, unknown>[]; readonly fetch: typeof fetch } {
  const sent: Record<string, unknown>[] = [];
  return {
    sent,
    fetch: (url, init) => {
      sent.push(JSON.parse(String(init?.body)));
      return fetch(url, init);
    },
  };
}

function expectNoText(sent: readonly Record<string, unknown>[], count: number): void {
  expect(sent).toHaveLength(count);
  for (const body of sent) expect(body['query']).toBeUndefined();
}

const textOf = (results: readonly (GenerateStreamSubscription | null | undefined)[]): string | null | undefined => {
  const last = results.at(-1)?.generateStream;
  return last?.__typename === 'GenerationCompleted' ? last.generation.text : undefined;
};

describe('with the manifest of GraphQL Code Generator', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await start(readFileSync('schema/persisted-documents.json', 'utf8'));
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const urql = (send: typeof fetch, exchange: Exchange) =>
    new Client({
      url: gateway.graphqlUrl,
      fetch: send,
      preferGetMethod: false,
      fetchSubscriptions: true,
      fetchOptions: { headers },
      exchanges: [exchange, fetchExchange],
    });
  const persisted = (enforcePersistedQueries: boolean, generateHash: (text: string, document: object) => string) =>
    persistedExchange({
      enforcePersistedQueries,
      enableForMutation: true,
      preferGetForPersistedQueries: false,
      generateHash: async (printed, document) => generateHash(printed, document),
    });

  it('urql’s persistedExchange asks and mutates by the id that the document carries', async () => {
    const watched = watchedFetch();
    const client = urql(
      watched.fetch,
      persisted(true, (_text, document) => idOf(document)),
    );
    const { data: models, error } = await client.query(ModelsDocument, {}).toPromise();
    expect(error).toBeUndefined();
    expect(models?.models.length).toBeGreaterThan(0);
    const { data } = await client.mutation(GenerateDocument, call).toPromise();
    expect(data?.generate).toMatchObject({ __typename: 'GenerateSuccess', generation: { text } });
    expectNoText(watched.sent, 2);
  });

  it('urql streams a document that is nothing but its id', async () => {
    const watched = watchedFetch();
    const idsOnly = mapExchange({
      onOperation: (operation) =>
        operation.kind === 'teardown'
          ? operation
          : makeOperation(operation.kind, {
              ...operation,
              query: { ...operation.query, definitions: [], documentId: idOf(operation.query) },
            }),
    });
    const results: (GenerateStreamSubscription | null | undefined)[] = [];
    await new Promise<void>((resolve, reject) => {
      const { unsubscribe } = urql(watched.fetch, idsOnly)
        .subscription(GenerateStreamDocument, variables())
        .subscribe((result) => {
          if (result.error) return reject(result.error);
          results.push(result.data);
          if (result.data?.generateStream.__typename === 'GenerationCompleted') {
            setImmediate(() => unsubscribe());
            resolve();
          }
        });
    });
    expect(textOf(results)).toBe(text);
    expectNoText(watched.sent, 1);
  });

  const socketClient = () =>
    createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket, connectionParams: headers, retryAttempts: 0 });

  it.each<[how: string, payload: () => object]>([
    ['documentId', () => ({ documentId: idOf(GenerateStreamDocument) })],
    [
      'the extension',
      () => ({ extensions: { persistedQuery: { version: 1, sha256Hash: idOf(GenerateStreamDocument) } } }),
    ],
  ])('graphql-ws streams by %s beside an empty text', async (_how, payload) => {
    const client = socketClient();
    const results: (GenerateStreamSubscription | null | undefined)[] = [];
    const request: SubscribePayload = { query: '', variables: variables(), ...payload() };
    for await (const { data, errors } of client.iterate<GenerateStreamSubscription>(request)) {
      expect(errors).toBeUndefined();
      results.push(data);
    }
    await client.dispose();
    expect(textOf(results)).toBe(text);
  });

  it('Apollo Client over WebSocket, which sends the text beside the id, gets what the id names', async () => {
    const socket = socketClient();
    const link = new PersistedQueryLink({ generateHash: idOf }).concat(new GraphQLWsLink(socket));
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const results = await new Promise<(GenerateStreamSubscription | null | undefined)[]>((resolve, reject) => {
      const taken: (GenerateStreamSubscription | null | undefined)[] = [];
      client.subscribe({ query: GenerateStreamDocument, variables: variables(), fetchPolicy: 'no-cache' }).subscribe({
        next: ({ data, error }) => (error ? reject(error) : taken.push(data)),
        error: reject,
        complete: () => resolve(taken),
      });
    });
    expect(textOf(results)).toBe(text);
    client.stop();
    await socket.dispose();
  });

  it('a document that the manifest has not is an error a client shows, once, without another try', async () => {
    const watched = watchedFetch();
    const link = new PersistedQueryLink({ sha256: async (query) => hashOfText(`${query}, changed`) });
    const http = new HttpLink({ uri: gateway.graphqlUrl, headers, fetch: watched.fetch });
    const client = new ApolloClient({ link: ApolloLink.from([link, http]), cache: new InMemoryCache() });
    const asked = client.query({ query: ModelsDocument, fetchPolicy: 'no-cache' });
    await expect(asked).rejects.toThrow(/No trusted document has this id/);
    const { error } = await urql(
      watched.fetch,
      persisted(false, (printed) => hashOfText(`${printed}, changed`)),
    )
      .query(ModelsDocument, {})
      .toPromise();
    expect(error?.graphQLErrors[0]?.extensions['code']).toBe('PERSISTED_DOCUMENT_NOT_FOUND');
    expectNoText(watched.sent, 2);
    client.stop();
  });
});

describe('with a manifest of Apollo', () => {
  const schema = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));
  const possibleTypes = Object.fromEntries(
    Object.values(schema.getTypeMap())
      .filter(isAbstractType)
      .map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]),
  );
  const newCache = () => new InMemoryCache({ possibleTypes });
  // As generate-persisted-query-manifest makes it: each document as the client's cache has it sent.
  const operations = [ModelsDocument, GenerateDocument, GenerateStreamDocument].map((document) => {
    const body = print(newCache().transformDocument(document));
    return { id: hashOfText(body), name: 'Any', type: 'query', body };
  });
  const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations };

  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await start(JSON.stringify(manifest));
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  it('Apollo Client’s PersistedQueryLink asks, mutates and streams by the hash of what it would print', async () => {
    const watched = watchedFetch();
    const link = new PersistedQueryLink({ sha256: async (query) => hashOfText(query) });
    const http = new HttpLink({ uri: gateway.graphqlUrl, headers, fetch: watched.fetch });
    const client = new ApolloClient({ link: link.concat(http), cache: newCache() });
    const { data: models } = await client.query({ query: ModelsDocument });
    expect(models?.models[0]).toHaveProperty('__typename', 'Model');
    const { data } = await client.mutate({ mutation: GenerateDocument, variables: call });
    expect(data?.generate).toMatchObject({ __typename: 'GenerateSuccess', generation: { text } });
    const results = await new Promise<(GenerateStreamSubscription | null | undefined)[]>((resolve, reject) => {
      const taken: (GenerateStreamSubscription | null | undefined)[] = [];
      client.subscribe({ query: GenerateStreamDocument, variables: variables() }).subscribe({
        next: ({ data: event, error }) => (error ? reject(error) : taken.push(event)),
        error: reject,
        complete: () => resolve(taken),
      });
    });
    expect(textOf(results)).toBe(text);
    expectNoText(watched.sent, 3);
    client.stop();
  });
});
