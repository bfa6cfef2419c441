// Each way a socket ends, and what is an error of one operation instead.

import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { type GatewayMessage, openSocket, type TestSocket } from '../support/open-socket.ts';
import { startTestServer, type TestServer } from '../support/start-test-server.ts';

const limits = { perUser: 1, perKey: 1_000, operationsPerUser: 1, operationsPerKey: 5_000 };
let server: TestServer;
const sockets: TestSocket[] = [];
beforeAll(async () => {
  server = await startTestServer({
    http: { sockets: limits, bodyBytes: 200_000, socketTimings: { initTimeoutMs: 100, pingMs: 50 } },
  });
});
afterEach(() => {
  for (const { socket } of sockets.splice(0)) socket.terminate();
});
afterAll(() => server.stop());

async function open(options: Parameters<typeof openSocket>[1] = {}): Promise<TestSocket> {
  const opened = await openSocket(server.url, options);
  sockets.push(opened);
  return opened;
}

/** A socket whose caller is known. */
async function signedIn(key = 'good'): Promise<TestSocket> {
  const opened = await open();
  opened.send({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } });
  expect(await opened.next()).toEqual({ type: 'connection_ack' });
  return opened;
}

const stream = (id: string, key = id): GatewayMessage => ({
  id,
  type: 'subscribe',
  payload: {
    query:
      'subscription ($key: String!) { generateStream(input: { request: { model: "chat", prompt: "hi" }, idempotencyKey: $key }) { __typename sequence ... on TextDelta { text } } }',
    variables: { key },
  },
});

async function codeFor(payload: Record<string, unknown>): Promise<unknown> {
  const opened = await signedIn();
  opened.send({ id: '1', type: 'subscribe', payload });
  const message = await opened.next();
  expect(message).toMatchObject({ id: '1', type: 'error' });
  expect(opened.socket.readyState).toBe(WebSocket.OPEN);
  return (message['payload'] as { extensions: { code: unknown } }[])[0]?.extensions.code;
}

describe('a socket closes with', () => {
  it.each([
    ['an unknown key', { authorization: 'Bearer nobody' }],
    ['no key', {}],
  ])('4401 for %s', async (_name, payload) => {
    const opened = await open();
    opened.send({ type: 'connection_init', payload });
    expect(await opened.closeCode).toBe(4401);
  });

  it('4401 for a subscribe before the sign-in', async () => {
    const opened = await open();
    opened.send(stream('1'));
    expect(await opened.closeCode).toBe(4401);
  });

  it('4403 for a key that has expired', async () => {
    const opened = await open();
    opened.send({ type: 'connection_init', payload: { authorization: 'Bearer expired' } });
    expect(await opened.closeCode).toBe(4403);
  });

  it('4403 when the key is revoked while the socket is open', async () => {
    const opened = await signedIn('other');
    server.http.revoke(({ principalId }) => principalId === 'key:other');
    expect(await opened.closeCode).toBe(4403);
  });

  it('4400 for a message that is none', async () => {
    const opened = await signedIn();
    opened.socket.send('{"type":"nonsense"}');
    expect(await opened.closeCode).toBe(4400);
  });

  it('4406 for another protocol', async () => {
    expect(await (await open({ protocol: 'graphql-ws' })).closeCode).toBe(4406);
  });

  it('4408 when nobody signs in', async () => {
    expect(await (await open()).closeCode).toBe(4408);
  });

  it('4409 for an id that is in use', async () => {
    const opened = await signedIn();
    opened.send(stream('twice'));
    opened.send(stream('twice'));
    expect(await opened.closeCode).toBe(4409);
  });

  it('4429 for a second sign-in', async () => {
    const opened = await signedIn();
    opened.send({ type: 'connection_init', payload: { authorization: 'Bearer good' } });
    expect(await opened.closeCode).toBe(4429);
  });

  it('1009 for a first message over 64 KiB, and for any over the limit', async () => {
    const first = await open();
    first.send({ type: 'connection_init', payload: { authorization: 'Bearer good', pad: 'x'.repeat(70_000) } });
    expect(await first.closeCode).toBe(1009);
    const later = await signedIn();
    later.send({ type: 'ping', payload: { pad: 'x'.repeat(100_000) } });
    expect((await later.next())['type']).toBe('pong');
    later.send({ type: 'ping', payload: { pad: 'x'.repeat(300_000) } });
    expect(await later.closeCode).toBe(1009);
  });

  it('1013, never 4429, when the caller has too many sockets, and takes it again when one has gone', async () => {
    const first = await signedIn('user');
    const second = await open();
    second.send({ type: 'connection_init', payload: { apiKey: 'user' } });
    expect(await second.closeCode).toBe(1013);
    first.socket.close();
    await first.closeCode;
    await signedIn('user');
  });

  it('1013, never 4429, after too many failed sign-ins', async () => {
    const throttle = { failedSignInsPerMinute: 1, unauthenticatedPerMinute: 9, upgradesPerMinute: 9 };
    const strict = await startTestServer({ http: { throttle } });
    const codes: number[] = [];
    for (let count = 0; count < 2; count++) {
      const opened = await openSocket(strict.url);
      opened.send({ type: 'connection_init', payload: { authorization: 'Bearer nobody' } });
      codes.push(await opened.closeCode);
    }
    expect(codes).toEqual([4401, 1013]);
    await strict.stop();
  });

  it('1012 when the server stops: idle sockets at once, others when their operation has ended', async () => {
    const stopping = await startTestServer();
    const idle = await openSocket(stopping.url);
    const busy = await openSocket(stopping.url);
    for (const each of [idle, busy]) {
      each.send({ type: 'connection_init', payload: { authorization: 'Bearer good' } });
      await each.next();
    }
    busy.send(stream('1'));
    expect(await busy.next()).toMatchObject({ id: '1', type: 'next' });
    const stopped = stopping.http.stop(30_000);
    expect(await idle.closeCode).toBe(1012);
    expect(busy.socket.readyState).toBe(WebSocket.OPEN);
    busy.send(stream('2'));
    expect(await busy.next()).toMatchObject({ id: '2', payload: [{ extensions: { code: 'SHUTTING_DOWN' } }] });
    stopping.provider.calls[0]?.emit('late');
    stopping.provider.calls[0]?.finish();
    expect(await busy.closeCode).toBe(1012);
    expect(busy.received.map(({ type }) => type).slice(-1)).toEqual(['complete']);
    await stopped;
    stopping.close();
  });

  it('nothing but the end of the connection when the peer is dead', async () => {
    const opened = await open({ autoPong: false });
    opened.send({ type: 'connection_init', payload: { authorization: 'Bearer good' } });
    expect(await opened.closeCode).toBe(1006);
  });
});

describe('an upgrade is refused', () => {
  const refusal = async (url: string, headers: Record<string, string>): Promise<number | undefined> => {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { headers });
    socket.on('error', () => undefined);
    const [, response] = await once(socket, 'unexpected-response');
    response.resume();
    return response.statusCode;
  };

  it('with 403 for a page of another origin, which the same origin and other programs are not', async () => {
    expect(await refusal(server.url, { origin: 'https://evil.example.com' })).toBe(403);
    const own = await open({ headers: { origin: server.http.url } });
    expect(own.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('with 429 beyond the share of the address', async () => {
    const throttle = { failedSignInsPerMinute: 9, unauthenticatedPerMinute: 9, upgradesPerMinute: 1 };
    const strict = await startTestServer({ http: { throttle } });
    (await openSocket(strict.url)).socket.terminate();
    expect(await refusal(strict.url, {})).toBe(429);
    await strict.stop();
  });

  it('with 404 elsewhere', async () => {
    expect(await refusal(`${server.http.url}/elsewhere`, {})).toBe(404);
  });
});

describe('one operation fails, the socket stays', () => {
  it('when its document does not parse', async () => {
    expect(await codeFor({ query: 'subscription {' })).toBe('GRAPHQL_PARSE_FAILED');
  });
  it('when it does not fit the schema', async () => {
    expect(await codeFor({ query: 'subscription { nothing }' })).toBe('GRAPHQL_VALIDATION_FAILED');
  });
  it('when it is too large', async () => {
    const query = `subscription { generationEvents(generationId: "x") { ${Array.from({ length: 20 }, (_, i) => `a${i}: sequence`).join(' ')} } }`;
    expect(await codeFor({ query })).toBe('MAX_COST_EXCEEDED');
  });
  it('when it is a query or a mutation', async () => {
    expect(await codeFor({ query: '{ __typename }' })).toBe('BAD_USER_INPUT');
    expect(await codeFor({ query: 'mutation { __typename }' })).toBe('BAD_USER_INPUT');
  });
  it('when its generation is unknown', async () => {
    expect(await codeFor({ query: 'subscription { generationEvents(generationId: "x") { sequence } }' })).toBe(
      'NOT_FOUND',
    );
  });
  it('when the model is unknown', async () => {
    const query =
      'subscription { generateStream(input: { request: { model: "no", prompt: "hi" }, idempotencyKey: "k" }) { sequence } }';
    expect(await codeFor({ query })).toBe('MODEL_NOT_FOUND');
  });
  it('when the caller has too many on the socket', async () => {
    const opened = await signedIn('user');
    opened.send(stream('1'));
    await opened.next();
    opened.send(stream('2'));
    const refused = await opened.until(({ type }) => type === 'error');
    expect(refused).toMatchObject({ id: '2', payload: [{ extensions: { code: 'RATE_LIMITED' } }] });
  });
});

describe('a stream over a socket', () => {
  it('brings each event and completes', async () => {
    server.provider.onCall = (call) => {
      call.emit('hello');
      call.finish();
    };
    const opened = await signedIn();
    opened.send(stream('whole'));
    await opened.until(({ type }) => type === 'complete');
    const events = opened.received.flatMap(({ type, payload }) =>
      type === 'next' ? [(payload as { data: { generateStream: object } }).data.generateStream] : [],
    );
    expect(events).toMatchObject([
      { __typename: 'GenerationStarted', sequence: 1 },
      { __typename: 'TextDelta', text: 'hello' },
      { __typename: 'GenerationCompleted' },
    ]);
    server.provider.onCall = undefined;
  });

  it.each(['complete', 'close'])('reaches the provider when the client says %s', async (how) => {
    const aborted = new Promise<void>((resolve) => {
      server.provider.onCall = ({ call }) => call.signal.addEventListener('abort', () => resolve());
    });
    const opened = await signedIn();
    opened.send(stream(`gone-${how}`));
    await opened.next();
    if (how === 'complete') opened.send({ id: `gone-${how}`, type: 'complete' });
    else opened.socket.terminate();
    await aborted;
    server.provider.onCall = undefined;
  });
});
