// Each client that frontends use, as its makers ship it, streams a generation from the real gateway.

import { readFileSync } from 'node:fs';
import { ApolloClient, type ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, fetchExchange } from '@urql/core';
import { buildSchema, isAbstractType, print } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  type EventFieldsFragment,
  GenerateDocument,
  GenerateStreamDocument,
  type GenerateStreamSubscription,
} from '../generated/graphql.ts';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';

const text = 'Smile 😀, e\u0301 and \u202bשלום\u202c, then stop.';
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
  gateway.simulator.script({ model: 'sim-instant', text, tokensPerSecond: 200 });
});
afterAll(() => gateway[Symbol.asyncDispose]());

let keys = 0;
const variables = () => ({
  input: { idempotencyKey: `clients-${keys++}`, request: { model: 'sim-instant', prompt: 'Say it' } },
});
const headers = { authorization: `Bearer ${adminKey}` };

/** Clients may deliver an event twice: what was seen is dropped, as they are told to. */
function expectWholeStream(results: readonly (GenerateStreamSubscription | null | undefined)[]): void {
  const events = new Map<number, EventFieldsFragment>();
  for (const result of results) if (result) events.set(result.generateStream.sequence, result.generateStream);
  const ordered = [...events.values()].sort((left, right) => left.sequence - right.sequence);
  expect(ordered.map((event) => event.sequence)).toEqual(ordered.map((_, index) => index + 1));
  expect(ordered[0]?.__typename).toBe('GenerationStarted');
  expect(ordered.map((event) => (event.__typename === 'TextDelta' ? event.text : '')).join('')).toBe(text);
  const last = ordered.at(-1);
  expect(last?.__typename).toBe('GenerationCompleted');
  if (last?.__typename === 'GenerationCompleted') {
    expect(last.generation.text).toBe(text);
    expect(last.usage.source).toBe('PROVIDER');
  }
}

describe('a stream through', () => {
  it('graphql-ws', async () => {
    const client = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket, connectionParams: headers });
    const results: (GenerateStreamSubscription | null | undefined)[] = [];
    const query = { query: print(GenerateStreamDocument), variables: variables() };
    for await (const { data, errors } of client.iterate<GenerateStreamSubscription>(query)) {
      expect(errors).toBeUndefined();
      results.push(data);
    }
    await client.dispose();
    expectWholeStream(results);
  });

  // Apollo's cache has to be told which types an interface or a union stands for.
  const schema = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));
  const abstractTypes = Object.values(schema.getTypeMap()).filter(isAbstractType);
  const possibleTypes = Object.fromEntries(
    abstractTypes.map((type) => [type.name, schema.getPossibleTypes(type).map((possible) => possible.name)]),
  );
  const apollo = (link: ApolloLink) => new ApolloClient({ link, cache: new InMemoryCache({ possibleTypes }) });
  const subscribeWith = (client: ApolloClient) =>
    new Promise<(GenerateStreamSubscription | null | undefined)[]>((resolve, reject) => {
      const results: (GenerateStreamSubscription | null | undefined)[] = [];
      client.subscribe({ query: GenerateStreamDocument, variables: variables() }).subscribe({
        next: ({ data, error }) => (error ? reject(error) : results.push(data)),
        error: reject,
        complete: () => resolve(results),
      });
    });

  it('Apollo Client over multipart', async () => {
    const client = apollo(new HttpLink({ uri: gateway.graphqlUrl, headers, fetch }));
    expectWholeStream(await subscribeWith(client));
    const { data } = await client.mutate({
      mutation: GenerateDocument,
      variables: { input: { model: 'sim-instant', prompt: 'Say it' } },
    });
    expect(data?.generate).toMatchObject({ __typename: 'GenerateSuccess', generation: { text } });
    client.stop();
  });

  it('Apollo Client over WebSocket', async () => {
    const socket = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket, connectionParams: headers });
    const client = apollo(new GraphQLWsLink(socket));
    expectWholeStream(await subscribeWith(client));
    client.stop();
    await socket.dispose();
  });

  it('urql over server-sent events', async () => {
    const client = new Client({
      url: gateway.graphqlUrl,
      fetch,
      exchanges: [fetchExchange],
      fetchSubscriptions: true,
      preferGetMethod: false,
      fetchOptions: { headers },
    });
    const results: (GenerateStreamSubscription | null | undefined)[] = [];
    await new Promise<void>((resolve, reject) => {
      const { unsubscribe } = client.subscription(GenerateStreamDocument, variables()).subscribe((result) => {
        if (result.error) return reject(result.error);
        results.push(result.data);
        if (result.data?.generateStream.__typename === 'GenerationCompleted') {
          setImmediate(() => unsubscribe());
          resolve();
        }
      });
    });
    expectWholeStream(results);
    const answer = await client
      .mutation(GenerateDocument, { input: { model: 'sim-instant', prompt: 'Say it' } })
      .toPromise();
    expect(answer.data?.generate).toMatchObject({ __typename: 'GenerateSuccess', generation: { text } });
  });
});
