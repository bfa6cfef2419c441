// One operation over each of the four transports, read to its end, in one shape: for tables of what holds on all alike.

import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { openSignedIn, streamTypes, type Wire } from './wire.ts';

export const everyTransport = ['POST', 'WebSocket', 'SSE', 'multipart'] as const;
export type EveryTransport = (typeof everyTransport)[number];

export interface Outcome {
  /** Of the HTTP answer; a socket has none for an operation. */
  readonly status: number | undefined;
  /** What the operation was refused with, or what went wrong in its results. */
  readonly errors: readonly (GraphQLFormattedError & { readonly extensions: Record<string, unknown> })[];
  readonly results: readonly FormattedExecutionResult[];
  /** Everything that came. */
  readonly text: string;
}

export interface Target {
  /** e.g. `http://127.0.0.1:4000/graphql` */
  readonly url: string;
  readonly key: string;
}

/** `payload`: as text it is sent as it is. The socket is one of its own, and must still be open afterwards. */
export async function sendOver(transport: EveryTransport, target: Target, payload: unknown): Promise<Outcome> {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return transport === 'WebSocket' ? overSocket(target, body) : overHttp(transport, target, body);
}

async function overHttp(
  transport: Exclude<EveryTransport, 'WebSocket'>,
  { url, key }: Target,
  body: string,
): Promise<Outcome> {
  const accept = transport === 'POST' ? 'application/graphql-response+json' : streamTypes[transport];
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${key}` },
    body,
  });
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  const results = type.startsWith('text/event-stream')
    ? [...text.matchAll(/^event: next\ndata: ([^\r\n]*)$/gm)].map(([, json]) => JSON.parse(json ?? ''))
    : type.startsWith('multipart/mixed')
      ? [...text.matchAll(/^{"payload":(.*)}\r$/gm)].map(([, json]) => JSON.parse(json ?? ''))
      : [JSON.parse(text)];
  return outcome(response.status, results, text);
}

async function overSocket({ url, key }: Target, body: string): Promise<Outcome> {
  await using wire = await openSignedIn(url.replace('http', 'ws'), key);
  const outcome = await subscribeOver(wire, 'only', body);
  wire.send({ type: 'ping' });
  const pong = await wire.next();
  if (pong.type !== 'pong') throw new Error(`expected the socket to go on, got ${pong.type}`);
  return outcome;
}

/** The same on a socket that is open already, where nothing else runs. */
async function subscribeOver(wire: Wire, id: string, body: string): Promise<Outcome> {
  wire.send(`{"type":"subscribe","id":${JSON.stringify(id)},"payload":${body}}`);
  const results: FormattedExecutionResult[] = [];
  const messages: unknown[] = [];
  for (;;) {
    const message = await wire.next();
    messages.push(message);
    if (message.id !== id) throw new Error(`this is about another operation: ${JSON.stringify(message)}`);
    if (message.type === 'next') results.push(message.payload);
    else if (message.type === 'error')
      return outcome(undefined, [{ errors: message.payload }], JSON.stringify(messages));
    else return outcome(undefined, results, JSON.stringify(messages));
  }
}

function outcome(status: number | undefined, results: readonly FormattedExecutionResult[], text: string): Outcome {
  const errors = results.flatMap((result) => result.errors ?? []) as unknown as Outcome['errors'];
  return { status, errors, results, text };
}
