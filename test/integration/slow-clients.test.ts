// Clients that send slowly, or not at all, or do not read: each is told where there is somebody to tell, and cut off;
// what ran for them ends; everybody else goes on.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { errorsOf, openRaw, rawPost, readAnswers } from '../support/raw-http.ts';
import { adminKey, startGateway } from '../support/start-gateway.ts';
import { startTestServer, type TestServer } from '../support/start-test-server.ts';
import { streamTypes } from '../support/wire.ts';

const generate = JSON.stringify({
  query:
    'mutation { generate(input: { model: "chat", prompt: "hi" }) { ... on GenerateSuccess { generation { text } } } }',
});
const typename = '{"query":"{ __typename }"}';
const post = (body: string): string =>
  rawPost(body, 'good', [`Content-Length: ${body.length}`]).replace('Connection: close\r\n', '');

let server: TestServer;
/** Told of each answer of which not everything was taken. */
let onCutAnswer: (() => void) | undefined;
beforeAll(async () => {
  const quiet = (): void => undefined;
  const info = (fields: { complete?: boolean }): void => {
    if (fields.complete === false) onCutAnswer?.();
  };
  server = await startTestServer({
    http: {
      connectionTimings: { headersMs: 100, requestMs: 200, keepAliveMs: 50, unreadMs: 100, checkMs: 20 },
      logger: { debug: quiet, info, warn: quiet, error: quiet },
    },
  });
});
afterAll(() => server.stop());

/** Sends `bytes`, then `drop` again and again until the server has had enough. */
async function trickle(bytes: string, drop: string): Promise<string> {
  const { socket, closed } = openRaw(server.url);
  socket.write(bytes);
  const tap = setInterval(() => socket.write(drop), 5);
  return closed.finally(() => clearInterval(tap));
}

function expectTooLate(text: string): void {
  const answers = readAnswers(text);
  expect(answers.map(({ status }) => status)).toEqual([408]);
  expect(answers[0]?.headers.get('retry-after')).toBe('1');
  const [error] = errorsOf(answers[0]);
  expect(error?.extensions).toMatchObject({
    code: 'REQUEST_TIMEOUT',
    requestId: answers[0]?.headers.get('x-request-id'),
  });
}

describe('a client that sends too slowly is told so and cut off', () => {
  it('when it connects and says nothing', async () => {
    expectTooLate(await openRaw(server.url).closed);
  });

  it('when its headers come one by one for ever', async () => {
    expectTooLate(await trickle('POST /graphql HTTP/1.1\r\nHost: sluice\r\n', 'X-A: a\r\n'));
  });

  it('when one header comes letter by letter for ever', async () => {
    expectTooLate(await trickle('POST /graphql HTTP/1.1\r\nHost: sluice\r\nX-A: ', 'a'));
  });

  it('when its body comes letter by letter', async () => {
    expectTooLate(await trickle(rawPost('{', 'good', ['Content-Length: 100000']), 'a'));
  });

  it('when its body comes chunk by chunk for ever', async () => {
    expectTooLate(await trickle(rawPost('1\r\n{\r\n', 'good', ['Transfer-Encoding: chunked']), '1\r\na\r\n'));
  });

  it('but a client without a key is told about the key, at once', async () => {
    const text = await trickle(rawPost('{', 'nobody', ['Content-Length: 100000']), 'a');
    expect(readAnswers(text).map(({ status }) => status)).toEqual([401]);
  });
});

describe('a connection', () => {
  it('that has nothing more to ask is closed without a word', async () => {
    const { socket, closed } = openRaw(server.url);
    socket.write(post(typename));
    const answers = readAnswers(await closed);
    expect(answers.map(({ status }) => status)).toEqual([200]);
  });

  it('that was refused an upgrade is gone, though its peer never hangs up', async () => {
    const { socket } = openRaw(server.url);
    socket
      .removeAllListeners('end')
      .write('GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const tap = setInterval(() => socket.write('still here'), 5);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(tap);
  });

  it('of a client that says it will send no more is closed, and its call stopped', async () => {
    const stopped = new Promise<void>((resolve) => {
      server.provider.onCall = ({ call }) => call.signal.addEventListener('abort', () => resolve());
    });
    const { socket, closed } = openRaw(server.url);
    socket.end(post(generate));
    await closed;
    await stopped;
  });
});

describe('a client that does not read', () => {
  /** Resolves when one more answer was cut. */
  const nextCut = (): Promise<void> =>
    new Promise((resolve) => {
      onCutAnswer = resolve;
    });

  it('does not keep its answer in memory', async () => {
    server.provider.onCall = (call) => {
      call.emit('x'.repeat(16 * 1024 * 1024));
      call.finish();
    };
    const cut = nextCut();
    const { socket } = openRaw(server.url);
    socket.pause().write(post(generate));
    await cut;
    socket.destroy();
  });

  it('does not take the others along, not even behind it on the same connection', async () => {
    const asked = Promise.withResolvers<() => void>();
    server.provider.onCall = (call) => {
      if (server.provider.open() === 1) return asked.resolve(() => call.finish());
      call.emit('x'.repeat(16 * 1024 * 1024));
      call.finish();
    };
    const patient = openRaw(server.url);
    patient.socket.write(post(typename) + post(generate));
    const finish = await asked.promise;
    // The first answer was taken long ago; as much time passes as an answer may be left lying.
    const cut = nextCut();
    const { socket } = openRaw(server.url);
    socket.pause().write(post(generate));
    await cut;
    socket.destroy();
    finish();
    const answers = readAnswers(await patient.closed);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  it.each(Object.entries(streamTypes))('is cut off from its stream, which it may resume: %s', async (_name, accept) => {
    await using gateway = await startGateway({
      yaml: 'streams: { stalledReaderMs: 100, coalesceMs: 0, graceMs: 0 }\noperationLimits: { nameCharacters: 8000 }\n',
    });
    gateway.simulator.script({ model: 'sim-instant', endless: true, tokensPerSecond: 500 });
    // Long aliases make large events: the buffers between the two ends are soon full.
    const aliases = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `${letter.repeat(8_000)}: __typename`);
    const input = '{ idempotencyKey: "unread", request: { model: "sim-instant", prompt: "Say it" } }';
    const query = `subscription { generateStream(input: ${input}) { ${aliases.join(' ')} } }`;
    const body = JSON.stringify({ query });
    const { socket } = openRaw(gateway.url);
    socket.pause().write(rawPost(body, adminKey, [`Accept: ${accept}`, `Content-Length: ${body.length}`]));
    await gateway.simulator.waitFor(({ requests }) => requests[0]?.state === 'ABORTED');
    await gateway.logged(/"status":200.*"complete":false/);
    socket.destroy();
  });
});
