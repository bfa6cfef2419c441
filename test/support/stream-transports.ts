// The three ways a stream reaches a client, each read to its end: its events, in the order they came.

import type { TypedDocumentNode } from '@urql/core';
import { createParser } from 'eventsource-parser';
import { print } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  type EventFieldsFragment,
  GenerateStreamDocument,
  type GenerateStreamSubscriptionVariables,
} from '../generated/graphql.ts';
import { adminKey, type TestGateway } from './start-gateway.ts';

export type Transport = 'websocket' | 'sse' | 'multipart';

export const transports: readonly Transport[] = ['websocket', 'sse', 'multipart'];

export interface SubscriptionOptions<Event> {
  /** Cuts the connection. */
  readonly signal?: AbortSignal;
  /** Told of each event as it comes. */
  readonly onEvent?: (event: Event) => void;
  readonly key?: string;
}

interface Result {
  readonly data?: object | null | undefined;
  readonly errors?: readonly unknown[] | undefined;
}

interface Request {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly key: string;
  readonly signal: AbortSignal | undefined;
}

export const readStream = (
  gateway: TestGateway,
  transport: Transport,
  variables: GenerateStreamSubscriptionVariables,
  options: SubscriptionOptions<EventFieldsFragment> = {},
): Promise<EventFieldsFragment[]> =>
  readSubscription(gateway, transport, GenerateStreamDocument, 'generateStream', variables, options);

/** Reads one root field of a subscription to its end. @throws Error when it is refused or fails. */
export async function readSubscription<Data extends object, Variables extends object, Field extends keyof Data>(
  gateway: TestGateway,
  transport: Transport,
  document: TypedDocumentNode<Data, Variables>,
  field: Field,
  variables: Variables,
  options: SubscriptionOptions<Data[Field]> = {},
): Promise<Data[Field][]> {
  const events: Data[Field][] = [];
  const take = ({ data, errors }: Result): void => {
    if (errors !== undefined) throw new Error(`the stream failed: ${JSON.stringify(errors)}`);
    if (!data) return;
    const event = (data as Data)[field];
    events.push(event);
    options.onEvent?.(event);
  };
  const { key = adminKey, signal } = options;
  const request: Request = {
    query: print(document),
    variables: Object.fromEntries(Object.entries(variables)),
    key,
    signal,
  };
  if (transport === 'websocket') await overSocket(gateway, request, take);
  else if (transport === 'sse') await overHttp(gateway, request, 'text/event-stream', serverSentEvents(take));
  else {
    await overHttp(gateway, request, 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0', multipart(take));
  }
  return events;
}

async function overSocket(
  gateway: TestGateway,
  { query, variables, key, signal }: Request,
  take: (result: Result) => void,
): Promise<void> {
  const client = createClient({
    url: gateway.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${key}` },
    retryAttempts: 0,
  });
  signal?.addEventListener('abort', () => client.terminate());
  try {
    for await (const result of client.iterate<Record<string, unknown>>({ query, variables })) take(result);
  } finally {
    await client.dispose();
  }
}

async function overHttp(
  gateway: TestGateway,
  { query, variables, key, signal }: Request,
  accept: string,
  feed: (text: string) => void,
): Promise<void> {
  const response = await fetch(gateway.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
    signal: signal ?? null,
  });
  if (!response.headers.get('content-type')?.startsWith(accept.split(';')[0] ?? '')) {
    throw new Error(`refused with ${response.status}: ${await response.text()}`);
  }
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) feed(decoder.decode(chunk, { stream: true }));
}

function serverSentEvents(take: (result: Result) => void): (text: string) => void {
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === 'next') take(JSON.parse(data) as Result);
    },
  });
  return (text) => parser.feed(text);
}

function multipart(take: (result: Result) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const parts = (rest + text).split('--graphql');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const body = part.slice(part.indexOf('{')).trim();
      const payload = part.includes('{') ? (JSON.parse(body) as { payload?: Result }).payload : undefined;
      if (payload) take(payload);
    }
  };
}
