// The three ways a stream reaches a client, each read to its end: its events, in the order they came.

import { createParser } from 'eventsource-parser';
import { print } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  type EventFieldsFragment,
  GenerateStreamDocument,
  type GenerateStreamSubscription,
  type GenerateStreamSubscriptionVariables,
} from '../generated/graphql.ts';
import { adminKey, type TestGateway } from './start-gateway.ts';

export type Transport = 'websocket' | 'sse' | 'multipart';

export const transports: readonly Transport[] = ['websocket', 'sse', 'multipart'];

export interface StreamOptions {
  readonly signal?: AbortSignal;
  /** Told of each event as it comes. */
  readonly onEvent?: (event: EventFieldsFragment) => void;
}

interface Result {
  readonly data?: GenerateStreamSubscription | null | undefined;
  readonly errors?: readonly unknown[] | undefined;
}

const query = print(GenerateStreamDocument);

export async function readStream(
  gateway: TestGateway,
  transport: Transport,
  variables: GenerateStreamSubscriptionVariables,
  options: StreamOptions = {},
): Promise<EventFieldsFragment[]> {
  const events: EventFieldsFragment[] = [];
  const take = ({ data, errors }: Result): void => {
    if (errors !== undefined) throw new Error(`the stream failed: ${JSON.stringify(errors)}`);
    if (!data) return;
    events.push(data.generateStream);
    options.onEvent?.(data.generateStream);
  };
  if (transport === 'websocket') await overSocket(gateway, variables, take);
  else if (transport === 'sse')
    await overHttp(gateway, variables, 'text/event-stream', options, serverSentEvents(take));
  else {
    const accept = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0';
    await overHttp(gateway, variables, accept, options, multipart(take));
  }
  return events;
}

async function overSocket(
  gateway: TestGateway,
  variables: GenerateStreamSubscriptionVariables,
  take: (result: Result) => void,
): Promise<void> {
  const client = createClient({
    url: gateway.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${adminKey}` },
    retryAttempts: 0,
  });
  try {
    for await (const result of client.iterate<GenerateStreamSubscription>({ query, variables: { ...variables } })) {
      take(result);
    }
  } finally {
    await client.dispose();
  }
}

async function overHttp(
  gateway: TestGateway,
  variables: GenerateStreamSubscriptionVariables,
  accept: string,
  { signal }: StreamOptions,
  feed: (text: string) => void,
): Promise<void> {
  const response = await fetch(gateway.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${adminKey}` },
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
