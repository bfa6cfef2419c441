// Sockets that are used against the server: much before signing in, nothing read, frames no client sends.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../support/start-test-server.ts';
import { openSignedIn, openWire, type Wire } from '../support/wire.ts';

let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await startTestServer({ http: { socketTimings: { initTimeoutMs: 60_000 } } });
  url = server.url.replace('http', 'ws');
});
afterAll(() => server.stop());
afterEach(() => expect(server.log.filter(({ level }) => level === 'error')).toEqual([]));

const init = { type: 'connection_init', payload: { authorization: 'Bearer good' } };
const kib = (count: number): string => 'x'.repeat(count * 1024);

/** A frame of the protocol by hand, with a mask of zeros; `first` is its first byte. */
function frame(first: number, payload: Buffer, length = payload.length): Buffer {
  const head = Buffer.alloc(14);
  head[0] = first;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** Past the library, onto the connection itself. */
const sendBytes = (wire: Wire, bytes: Buffer): void => {
  const { _socket: connection } = wire.socket as unknown as { _socket: { write(bytes: Buffer): void } };
  connection.write(bytes);
};

describe('a socket that has not signed in', () => {
  it('may not send more than a sign-in takes, in however many messages', async () => {
    await using wire = await openWire(url);
    for (let count = 0; count < 4; count++) wire.send({ type: 'ping', payload: { a: kib(20) } });
    expect((await wire.closed).code).toBe(1009);
  });

  it('may not begin a message that never ends', async () => {
    await using wire = await openWire(url);
    sendBytes(wire, frame(0x81, Buffer.alloc(70 * 1024, ' '), 4_000_000));
    expect((await wire.closed).code).toBe(1009);
  });

  it('may not put it together from pieces either', async () => {
    await using wire = await openWire(url);
    sendBytes(wire, frame(0x01, Buffer.from(' ')));
    for (let count = 0; count < 700; count++) sendBytes(wire, frame(0x00, Buffer.alloc(100, ' ')));
    expect((await wire.closed).code).toBe(1009);
  });

  it('may send 4 MiB once it has', async () => {
    await using wire = await openWire(url);
    wire.send(init);
    expect((await wire.next()).type).toBe('connection_ack');
    wire.send({ type: 'ping', payload: { a: kib(4_000) } });
    expect((await wire.next()).type).toBe('pong');
    wire.send({ type: 'ping', payload: { a: kib(4_100) } });
    expect((await wire.closed).code).toBe(1009);
  });

  it('is not waited for when it says no goodbye', async () => {
    await using wire = await openWire(url);
    wire.send('no');
    wire.socket.pause();
    const { _socket: connection } = wire.socket as unknown as {
      _socket: { once(name: string, done: () => void): void };
    };
    const gone = new Promise<void>((resolve) => connection.once('close', resolve));
    const tap = setInterval(() => sendBytes(wire, frame(0x8a, Buffer.alloc(0))), 5);
    await gone;
    clearInterval(tap);
  });
});

describe('a socket that sends and does not read', () => {
  it('is closed before its answers fill the memory', async () => {
    await using wire = await openSignedIn(url, 'good');
    wire.socket.pause();
    const message = JSON.stringify({ type: 'ping', payload: { a: kib(1_000) } });
    // When the last has left, the server has taken, and answered, all but what fits between the two.
    for (let count = 0; count < 60; count++) await new Promise((resolve) => wire.socket.send(message, resolve));
    wire.socket.resume();
    expect((await wire.closed).code).toBe(1013);
  });
});

describe('a socket that was closed and says no goodbye', () => {
  it('starts nothing more', async () => {
    const own = await startTestServer();
    await using wire = await openSignedIn(own.url.replace('http', 'ws'), 'good');
    wire.socket.pause();
    sendBytes(wire, frame(0x82, Buffer.from('closes it')));
    const input = { idempotencyKey: 'late', request: { model: 'chat', prompt: 'Say it' } };
    const query = 'subscription ($input: GenerateStreamInput!) { generateStream(input: $input) { __typename } }';
    wire.send({ type: 'subscribe', id: 'late', payload: { query, variables: { input } } });
    wire.socket.resume();
    expect((await wire.closed).code).toBe(4400);
    await own.stop();
    expect(own.log.filter(({ message }) => message === 'subscription')).toEqual([]);
  });
});

describe('frames that no client sends', () => {
  it.each([
    ['compressed, which nobody agreed on', 0xc1, 1002],
    ['of a kind that does not exist', 0x83, 1002],
    ['that go on with nothing', 0x80, 1002],
  ])('%s', async (_name, first, code) => {
    await using wire = await openSignedIn(url, 'good');
    expect(wire.socket.extensions).toBe('');
    sendBytes(wire, frame(first, Buffer.from('{"type":"ping"}')));
    expect((await wire.closed).code).toBe(code);
  });

  it.each(['connection_ack', 'next', 'error', 'complete'])('messages of a server: %s', async (type) => {
    await using wire = await openSignedIn(url, 'good');
    const payload = type === 'error' ? [{ message: 'no' }] : {};
    wire.send({ type, id: 'a', payload });
    if (type === 'complete') {
      // Clients send it too, maybe for what has ended in the meantime.
      wire.send({ type: 'ping' });
      expect((await wire.next()).type).toBe('pong');
    } else {
      expect(await wire.closed).toEqual({ code: 4400, reason: 'Invalid message received' });
    }
  });

  it('an id that would come back with every event', async () => {
    await using wire = await openSignedIn(url, 'good');
    const refused = await wire.subscribe('a'.repeat(257), { query: '{ __typename }' });
    expect(refused).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    expect(refused.payload[0].message).toMatch(/at most 256 characters/);
  });
});
