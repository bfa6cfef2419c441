// What one socket does besides the close codes: dead peers, throttled sign-ins, operations that end with it.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { SluiceError } from '../../../src/core/errors.ts';
import type { RenewCaller } from '../../../src/server/authenticate.ts';
import { startTestServer, type TestServer } from '../../support/start-test-server.ts';
import { openSignedIn, openWire } from '../../support/wire.ts';

const sockets = { perUser: 10, perKey: 10, operationsPerUser: 1, operationsPerKey: 10 };
let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await startTestServer({ http: { sockets, socketTimings: { pingMs: 30 } } });
  url = server.url.replace('http', 'ws');
});
afterAll(() => server.stop());

const stream = (idempotencyKey: string) => ({
  query:
    'subscription ($input: GenerateStreamInput!) { generateStream(input: $input) { __typename ... on TextDelta { text } } }',
  variables: { input: { idempotencyKey, request: { model: 'chat', prompt: 'Say it' } } },
});

describe('a socket', () => {
  it('is cut off when its peer answers no ping', async () => {
    const socket = new WebSocket(url, 'graphql-transport-ws', { autoPong: false });
    const code = await new Promise((resolve) => {
      socket.once('close', resolve);
    });
    expect(code).toBe(1006);
  });

  it('closes with 1013 after too many failed sign-ins from its address, never with 4429', async () => {
    const throttle = { failedSignInsPerMinute: 1, unauthenticatedPerMinute: 9, upgradesPerMinute: 9 };
    const strict = await startTestServer({ http: { throttle } });
    const codes: number[] = [];
    for (let count = 0; count < 2; count++) {
      await using wire = await openWire(strict.url.replace('http', 'ws'));
      wire.send({ type: 'connection_init', payload: { authorization: 'Bearer nobody' } });
      codes.push((await wire.closed).code);
    }
    expect(codes).toEqual([4401, 1013]);
    await strict.stop();
  });

  it('begins nothing for whom nobody can tell any more whether it is good, and goes on with what runs', async () => {
    let isTold = true;
    const renew: RenewCaller = (caller) => {
      if (isTold) return caller;
      throw new SluiceError('AUTHENTICATION_UNAVAILABLE');
    };
    const strict = await startTestServer({ http: { renew } });
    strict.provider.onCall = (call) => call.emit('hello');
    await using wire = await openSignedIn(strict.url.replace('http', 'ws'), 'good');
    wire.send({ id: '1', type: 'subscribe', payload: stream('told') });
    expect(await wire.next()).toMatchObject({ id: '1', type: 'next' });
    isTold = false;
    wire.send({ id: '2', type: 'subscribe', payload: stream('not-told') });
    let answer = await wire.next();
    while (answer.id === '1') {
      expect(answer.type).toBe('next');
      answer = await wire.next();
    }
    expect(answer).toMatchObject({ id: '2', type: 'error' });
    expect(JSON.stringify(answer)).toContain('AUTHENTICATION_UNAVAILABLE');
    expect(strict.provider.calls).toHaveLength(1);
    await strict.stop();
  });

  it('takes the key under the names that clients use', async () => {
    for (const payload of [
      { Authorization: 'Bearer good' },
      { apiKey: 'good' },
      { headers: { 'X-API-Key': 'good' } },
    ]) {
      await using wire = await openWire(url);
      wire.send({ type: 'connection_init', payload });
      expect((await wire.next()).type).toBe('connection_ack');
    }
  });

  it('tells each event of a stream and completes it', async () => {
    server.provider.onCall = (call) => {
      call.emit('hello');
      call.finish();
    };
    await using wire = await openSignedIn(url, 'good');
    const messages = [await wire.subscribe('a', stream('whole'))];
    while (messages.at(-1)?.type === 'next') messages.push(await wire.next());
    const events = messages.slice(0, -1).map(({ payload }) => payload.data.generateStream);
    expect(events).toEqual([
      { __typename: 'GenerationStarted' },
      { __typename: 'TextDelta', text: 'hello' },
      { __typename: 'GenerationCompleted' },
    ]);
    expect(messages.at(-1)).toEqual({ id: 'a', type: 'complete' });
  });

  it.each(['completes it', 'leaves'])('stops the model when the client %s', async (how) => {
    const aborted = new Promise<void>((resolve) => {
      server.provider.onCall = ({ call }) => call.signal.addEventListener('abort', () => resolve());
    });
    await using wire = await openSignedIn(url, 'good');
    await wire.subscribe('a', stream(`gone because the client ${how}`));
    if (how === 'leaves') wire.socket.terminate();
    else wire.send({ id: 'a', type: 'complete' });
    await aborted;
  });

  it('stops the model at once when the server closes it, though the peer says no goodbye', async () => {
    const aborted = new Promise<void>((resolve) => {
      server.provider.onCall = ({ call }) => call.signal.addEventListener('abort', () => resolve());
    });
    await using wire = await openSignedIn(url, 'other');
    await wire.subscribe('a', stream('closed'));
    // A second sign-in is a breach of the protocol; the close that follows is never read.
    wire.send({ type: 'connection_init' });
    wire.socket.pause();
    await aborted;
  });

  it('refuses an operation beyond what it may run, and goes on with the others', async () => {
    server.provider.onCall = undefined;
    await using wire = await openSignedIn(url, 'user');
    await wire.subscribe('a', stream('first'));
    const refused = await wire.subscribe('b', stream('second'));
    expect(refused).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'RATE_LIMITED' } }] });
    expect(wire.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('takes nothing new while the server finishes what runs', async () => {
    const stopping = await startTestServer();
    await using wire = await openSignedIn(stopping.url.replace('http', 'ws'), 'good');
    await wire.subscribe('a', stream('running'));
    const stopped = stopping.http.stop(60_000);
    while ((await stopping.post({ query: '{ __typename }' })).status === 200);
    const refused = await wire.subscribe('b', stream('late'));
    expect(refused).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'SHUTTING_DOWN' } }] });
    stopping.provider.calls[0]?.finish();
    expect((await wire.closed).code).toBe(1012);
    await stopped;
    stopping.close();
  });
});
