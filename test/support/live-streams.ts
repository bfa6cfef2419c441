// Streams that do not end by themselves, over each transport, with real clients: for tests of what ends them.

import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { readUntil, streamTypes } from './wire.ts';

export interface LiveStreams {
  /** Resolves when all have ended: how each did. */
  readonly ended: Promise<StreamEnds>;
  /** Leaves those that run still. */
  leave(): Promise<void>;
}

export interface StreamEnds {
  /** Close code of the socket. */
  readonly websocket: number;
  /** Code of the error in the last event; undefined: it ended without one, or was cut. */
  readonly sse: string | undefined;
  readonly multipart: string | undefined;
}

export const revokedEnds: StreamEnds = { websocket: 4403, sse: 'UNAUTHENTICATED', multipart: 'UNAUTHENTICATED' };

const query =
  'subscription ($input: GenerateStreamInput!) { generateStream(input: $input) { __typename ... on TextDelta { text } } }';

/** Resolves when each has brought its first words. `name`: of their idempotency keys. */
export async function openLiveStreams(
  graphqlUrl: string,
  key: string,
  name: string,
  model = 'sim-instant',
): Promise<LiveStreams> {
  const prompt = `[[sim: ${JSON.stringify({ tokens: ['first words'], hang: { afterTokens: 1 } })}]]`;
  const variables = (transport: string) => ({
    input: { idempotencyKey: `${name}-${transport}`, request: { model, prompt } },
  });
  const leaving = new AbortController();

  async function overSocket(): Promise<{ readonly ended: Promise<number> }> {
    const { promise: ended, resolve: markEnded } = Promise.withResolvers<number>();
    const { promise: begun, resolve: markBegun, reject: failToBegin } = Promise.withResolvers<void>();
    const client = createClient({
      url: graphqlUrl.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${key}` },
      retryAttempts: 0,
      on: { closed: (event) => markEnded((event as { readonly code: number }).code) },
    });
    leaving.signal.addEventListener('abort', () => void client.dispose());
    client.subscribe(
      { query, variables: variables('websocket') },
      {
        next: ({ data }) => {
          if (JSON.stringify(data).includes('first words')) markBegun();
        },
        error: failToBegin,
        complete: () => failToBegin(new Error('the stream over a socket ended by itself')),
      },
    );
    await begun;
    return { ended };
  }

  async function overHttp(kind: keyof typeof streamTypes): Promise<{ readonly ended: Promise<string | undefined> }> {
    const response = await fetch(graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: streamTypes[kind], authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, variables: variables(kind) }),
      signal: leaving.signal,
    });
    if (response.status !== 200) throw new Error(`refused with ${response.status}: ${await response.text()}`);
    await readUntil(response, 'first words');
    return { ended: readEnd(response, kind) };
  }

  const [websocket, sse, multipart] = await Promise.all([overSocket(), overHttp('SSE'), overHttp('multipart')]);
  const ended = Promise.all([websocket.ended, sse.ended, multipart.ended]).then((ends) => ({
    websocket: ends[0],
    sse: ends[1],
    multipart: ends[2],
  }));
  ended.catch(() => undefined);
  return {
    ended,
    async leave() {
      leaving.abort();
      await Promise.allSettled([ended]);
    },
  };
}

const endings = {
  SSE: /event: next\ndata: ([^\n]*)\n\nevent: complete\ndata: \n\n$/,
  multipart: /\r\n\r\n\{"payload":([^\n]*)\}\r\n--graphql--\r\n$/,
};

async function readEnd(response: Response, kind: keyof typeof streamTypes): Promise<string | undefined> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  const last = endings[kind].exec(text)?.[1];
  return last === undefined ? undefined : JSON.parse(last).errors?.[0]?.extensions.code;
}
