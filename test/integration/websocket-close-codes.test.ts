// How a socket ends, line by line as documented: each close code once, on the whole gateway; what needs a timing or a
// caller that the configuration cannot give, on the same server with a provider the test plays.

import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { adminKey, startGateway, type TestGateway, webKey } from '../support/start-gateway.ts';
import { startTestServer } from '../support/start-test-server.ts';
import { openSignedIn, openWire, type Wire } from '../support/wire.ts';

const stream = `subscription ($input: GenerateStreamInput!) { generateStream(input: $input) { __typename } }`;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    yaml:
      'server: { allowedOrigins: ["https://app.example.com"] }\n' +
      'sockets: { perKey: 2, operationsPerKey: 2 }\noperationLimits: { bodyBytes: 200000 }\n',
  });
  gateway.simulator.script({ model: 'sim-instant', hang: { afterTokens: 2 } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

let keys = 0;
const streamPayload = () => ({
  query: stream,
  variables: { input: { idempotencyKey: `close-${keys++}`, request: { model: 'sim-instant', prompt: 'Say it' } } },
});
const init = (key: string) => ({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } });

/** The status of an upgrade that is refused. */
async function refusedUpgrade(url: string, headers: Record<string, string>): Promise<number | 'OPEN'> {
  const answer = await upgrade(url, headers);
  return answer === 'OPEN' ? answer : (answer.statusCode ?? 0);
}

/** The answer to an upgrade that is refused, with its body. */
function upgrade(url: string, headers: Record<string, string>): Promise<(IncomingMessage & { body: string }) | 'OPEN'> {
  const socket = new WebSocket(url, 'graphql-transport-ws', { headers });
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.once('unexpected-response', async (_request, response) => {
      resolve(Object.assign(response, { body: await text(response) }));
    });
    socket.once('open', () => {
      socket.terminate();
      resolve('OPEN');
    });
  });
}

async function expectAlive(wire: Wire): Promise<void> {
  wire.send({ type: 'ping' });
  expect((await wire.next()).type).toBe('pong');
}

describe('4401', () => {
  it.each([
    ['an unknown key', init('sk_wrong_0123456789abcdef0123456789abcdef')],
    ['a key that is no key', init('x')],
    ['no key', { type: 'connection_init' }],
    ['a payload without a key', { type: 'connection_init', payload: { colour: 'blue' } }],
  ])('ends a socket that signs in with %s, never 4403', async (_name, message) => {
    await using wire = await openWire(gateway.socketUrl);
    wire.send(message);
    expect((await wire.closed).code).toBe(4401);
  });

  it('ends a socket that subscribes before it signed in, and starts nothing', async () => {
    const requests = gateway.simulator.bill().totals.requests;
    await using wire = await openWire(gateway.socketUrl);
    wire.send({ type: 'subscribe', id: 'a', payload: streamPayload() });
    expect((await wire.closed).code).toBe(4401);
    expect(gateway.simulator.bill().totals.requests).toBe(requests);
  });
});

describe('4403', () => {
  it('ends a socket that signs in with a key that has expired, and no other', async () => {
    const server = await startTestServer();
    const url = server.url.replace('http', 'ws');
    await using kept = await openSignedIn(url, 'good');
    await using expired = await openWire(url);
    expired.send(init('expired'));
    expect((await expired.closed).code).toBe(4403);
    await expectAlive(kept);
    await server.stop();
  });
});

describe('4400', () => {
  it.each([
    ['text that is no JSON', 'hello'],
    ['JSON that is no object', '[1, 2]'],
    ['a type the protocol does not have', { type: 'start', id: 'a', payload: {} }],
    ['no type', { id: 'a' }],
    ['a subscribe without an id', { type: 'subscribe', payload: { query: '{ a }' } }],
    ['a subscribe whose query is no text', { type: 'subscribe', id: 'a', payload: { query: 5 } }],
    ['variables that are no object', { type: 'subscribe', id: 'a', payload: { query: '{ a }', variables: 'x' } }],
  ])('ends a socket that sends %s', async (_name, message) => {
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    wire.send(message);
    const { code, reason } = await wire.closed;
    expect(code).toBe(4400);
    expect(reason).not.toBe('');
  });

  it('does not end the other sockets of the same caller', async () => {
    await using other = await openSignedIn(gateway.socketUrl, adminKey);
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    wire.send('hello');
    expect((await wire.closed).code).toBe(4400);
    await expectAlive(other);
  });
});

describe('4406', () => {
  it('ends a socket that asks for no protocol', async () => {
    await using wire = await openWire(gateway.socketUrl, { protocol: '' });
    expect((await wire.closed).code).toBe(4406);
  });

  it('is not even needed for a client of the old protocol: the two find nothing in common', async () => {
    await expect(openWire(gateway.socketUrl, { protocol: 'graphql-ws' })).rejects.toThrow('subprotocol');
  });
});

describe('4408', () => {
  it('ends a socket that does not sign in in time', async () => {
    const server = await startTestServer({ http: { socketTimings: { initTimeoutMs: 20 } } });
    await using wire = await openWire(server.url.replace('http', 'ws'));
    expect((await wire.closed).code).toBe(4408);
    await server.stop();
  });
});

describe('4409', () => {
  it('ends a socket that uses the id of an operation that still runs', async () => {
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    expect((await wire.subscribe('a', streamPayload())).type).toBe('next');
    wire.send({ type: 'subscribe', id: 'a', payload: streamPayload() });
    expect((await wire.closed).code).toBe(4409);
  });

  it('does not meet an id that is free again', async () => {
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    expect((await wire.subscribe('a', { query: 'subscription {' })).type).toBe('error');
    expect((await wire.subscribe('a', streamPayload())).type).toBe('next');
  });
});

describe('4429', () => {
  it('ends a socket that signs in twice', async () => {
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    wire.send(init(adminKey));
    expect((await wire.closed).code).toBe(4429);
  });

  it('is never the answer to too many operations: those are refused one by one', async () => {
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    expect((await wire.subscribe('a', streamPayload())).type).toBe('next');
    expect((await wire.subscribe('b', streamPayload())).type).toBe('next');
    const refused = await wire.subscribe('c', streamPayload());
    expect(refused.type).toBe('error');
    expect(refused.payload[0].extensions.code).toBe('RATE_LIMITED');
    expect(wire.socket.readyState).toBe(wire.socket.OPEN);
  });
});

describe('1009', () => {
  it('ends a socket whose first message is over 64 KiB', async () => {
    await using wire = await openWire(gateway.socketUrl);
    wire.send({ ...init(adminKey), padding: 'x'.repeat(64 * 1024) });
    expect((await wire.closed).code).toBe(1009);
  });

  it('ends a socket with a later message over the limit on bodies, not over 64 KiB', async () => {
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    wire.send({ type: 'ping', payload: { padding: 'x'.repeat(100_000) } });
    expect((await wire.next()).type).toBe('pong');
    wire.send({ type: 'ping', payload: { padding: 'x'.repeat(200_000) } });
    expect((await wire.closed).code).toBe(1009);
  });
});

describe('1012', () => {
  it('ends idle sockets when the server stops, and busy ones when their operation has ended', async () => {
    const server = await startTestServer();
    const url = server.url.replace('http', 'ws');
    await using idle = await openSignedIn(url, 'good');
    await using busy = await openSignedIn(url, 'good');
    const asked = new Promise<void>((resolve) => {
      server.provider.onCall = (call) => {
        call.emit('hello');
        resolve();
      };
    });
    const input = { idempotencyKey: 'stop', request: { model: 'chat', prompt: 'Say it' } };
    expect((await busy.subscribe('a', { query: stream, variables: { input } })).type).toBe('next');
    await asked;
    const stopped = server.http.stop(10_000);
    expect((await idle.closed).code).toBe(1012);
    expect(busy.socket.readyState).toBe(busy.socket.OPEN);
    server.provider.calls[0]?.finish();
    let message = await busy.next();
    while (message.type === 'next') message = await busy.next();
    expect(message).toEqual({ type: 'complete', id: 'a' });
    expect((await busy.closed).code).toBe(1012);
    await stopped;
    await server.stop();
  });

  it('ends every socket of a gateway that stops at once', async () => {
    await using stopping = await startGateway();
    await using wire = await openSignedIn(stopping.socketUrl, adminKey);
    await stopping.stop(0);
    expect((await wire.closed).code).toBe(1012);
  });
});

describe('1013', () => {
  it('ends the socket of a caller who has too many, and gives the place back', async () => {
    const first = await openSignedIn(gateway.socketUrl, webKey);
    await using second = await openSignedIn(gateway.socketUrl, webKey);
    await using third = await openWire(gateway.socketUrl);
    third.send(init(webKey));
    expect((await third.closed).code).toBe(1013);
    await expectAlive(second);
    await using other = await openSignedIn(gateway.socketUrl, adminKey);
    await expectAlive(other);
    first.socket.close();
    await first.closed;
    await using fourth = await openSignedIn(gateway.socketUrl, webKey);
    await expectAlive(fourth);
  });

  it('ends the socket of a reader that takes nothing', async () => {
    const yaml =
      'streams: { stalledReaderMs: 100, coalesceMs: 0, graceMs: 0 }\noperationLimits: { nameCharacters: 8000 }\n';
    await using slow = await startGateway({ yaml });
    slow.simulator.script({ model: 'sim-instant', endless: true, tokensPerSecond: 500 });
    await using wire = await openSignedIn(slow.socketUrl, adminKey);
    // Long aliases make large events: the buffers between the two ends are soon full.
    const aliases = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `${letter.repeat(8_000)}: __typename`);
    const query = stream.replace('__typename', `__typename ${aliases.join(' ')}`);
    expect((await wire.subscribe('a', { ...streamPayload(), query })).type).toBe('next');
    wire.socket.pause();
    // The last reader has been closed once the call is aborted upstream: then the socket hears why.
    await slow.simulator.waitFor(({ requests }) => requests[0]?.state === 'ABORTED');
    // What is still on its way is read and dropped: the goodbye stands behind it, and is not waited for very long.
    wire.socket.removeAllListeners('message');
    wire.socket.resume();
    expect((await wire.closed).code).toBe(1013);
  });
});

describe('at the upgrade', () => {
  it('a page of another origin is refused with 403; listed origins and no origin pass', async () => {
    expect(await refusedUpgrade(gateway.socketUrl, { origin: 'https://evil.example.com' })).toBe(403);
    expect(await refusedUpgrade(gateway.socketUrl, { origin: 'null' })).toBe(403);
    expect(await refusedUpgrade(gateway.socketUrl, { origin: 'https://app.example.com' })).toBe('OPEN');
    expect(await refusedUpgrade(gateway.socketUrl, {})).toBe('OPEN');
  });

  it('another path is 404', async () => {
    expect(await refusedUpgrade(gateway.socketUrl.replace('/graphql', '/elsewhere'), {})).toBe(404);
  });

  it('every refusal carries the id of the request, in the header and in what it says', async () => {
    const foreign = { origin: 'https://evil.example.com' };
    const named = await upgrade(gateway.socketUrl, { ...foreign, 'x-request-id': 'upgrade-1' });
    if (named === 'OPEN') throw new Error('expected a refusal');
    expect(named.headers['x-request-id']).toBe('upgrade-1');
    expect(JSON.parse(named.body).errors[0].extensions).toEqual({ code: 'FORBIDDEN', requestId: 'upgrade-1' });
    for (const url of [gateway.socketUrl, gateway.socketUrl.replace('/graphql', '/elsewhere')]) {
      const refused = await upgrade(url, foreign);
      if (refused === 'OPEN') throw new Error('expected a refusal');
      expect(refused.headers['x-request-id']).toMatch(/^req_/);
    }
  });

  it('too many from one address are 429', async () => {
    await using strict = await startGateway({ yaml: 'throttle: { upgradesPerMinute: 1 }\n' });
    expect(await refusedUpgrade(strict.socketUrl, {})).toBe('OPEN');
    expect(await refusedUpgrade(strict.socketUrl, {})).toBe(429);
  });
});

describe('no close at all', () => {
  it.each([
    ['a syntax error', { query: 'subscription {' }, 'GRAPHQL_PARSE_FAILED'],
    ['a field the schema does not have', { query: 'subscription { nothing }' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['a query', { query: '{ __typename }' }, 'BAD_USER_INPUT'],
    ['an operation that is not there', { query: stream, operationName: 'Other' }, 'OPERATION_RESOLUTION_FAILURE'],
    ['variables of the wrong type', { query: stream, variables: { input: 5 } }, 'BAD_USER_INPUT'],
  ])('follows from %s in one operation: the others go on', async (_name, payload, code) => {
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    const answer = await wire.subscribe('bad', payload);
    expect(answer.type).toBe('error');
    expect(answer.payload[0].extensions.code).toBe(code);
    expect((await wire.subscribe('good', streamPayload())).type).toBe('next');
    expect(wire.socket.readyState).toBe(wire.socket.OPEN);
  });
});
