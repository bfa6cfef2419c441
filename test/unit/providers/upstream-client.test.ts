import { getEventListeners } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { UpstreamError } from '../../../src/core/upstream-error.ts';
import type { ProviderTimeouts } from '../../../src/providers/provider.ts';
import { createUpstreamClient, type UpstreamClient } from '../../../src/providers/upstream-client.ts';
import type { UpstreamPost } from '../../../src/providers/upstream-exchange.ts';
import {
  answerHead,
  bodyChunk,
  type RawRequest,
  type RawUpstream,
  startRawUpstream,
  writeJson,
  writePieces,
} from './raw-upstream.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function clientOf(url: string): UpstreamClient {
  const client = createUpstreamClient({ url: new URL(url), headers: {}, maxBodyBytes: 10_000, maxEventLength: 10_000 });
  cleanups.push(() => client.close());
  return client;
}

async function setup(
  onRequest: (request: RawRequest, number: number) => void,
): Promise<{ readonly upstream: RawUpstream; readonly client: UpstreamClient }> {
  const upstream = await startRawUpstream(onRequest);
  cleanups.push(() => upstream.close());
  return { upstream, client: clientOf(`${upstream.url}/chat`) };
}

const GENEROUS: ProviderTimeouts = { connectMs: 10_000, firstTokenMs: 10_000, idleMs: 10_000, totalMs: 20_000 };

function postOf(overrides: Partial<UpstreamPost> = {}): UpstreamPost {
  return {
    body: '{}',
    streamed: true,
    timeouts: GENEROUS,
    signal: new AbortController().signal,
    onEvent: (data) => (data === 'end' ? 'DONE' : data === 'finish' ? 'FINISHED' : 'WRITING'),
    ...overrides,
  };
}

const failure = (promise: Promise<unknown>): Promise<UpstreamError> =>
  promise.then(
    () => {
      throw new Error('The call should have failed.');
    },
    (error) => error,
  );

/** The pool takes a connection back in the turn after its answer. */
async function untilConnectionIsFree(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const streamHead = answerHead('text/event-stream');
const event = (data: string): Buffer => bodyChunk(`data: ${data}\n\n`);

describe('aborting', () => {
  it.each<[string, boolean, (request: RawRequest) => void, string]>([
    ['before the head of a plain body', false, () => {}, 'NO_ANSWER'],
    ['before the head of a stream', true, () => {}, 'NO_ANSWER'],
    ['in the middle of a plain body', false, ({ socket }) => socket.write(answerHead('application/json')), 'PARTIAL'],
    ['before the first token', true, ({ socket }) => socket.write(streamHead), 'NO_ANSWER'],
  ])('%s closes the socket and rejects with CANCELLED', async (_when, streamed, answer, phase) => {
    const controller = new AbortController();
    const { upstream, client } = await setup((request) => {
      answer(request);
      // Several turns, so that what was written has been read.
      setTimeout(() => controller.abort(), 30);
    });
    const error = await failure(client.post(postOf({ streamed, signal: controller.signal })));
    expect(error).toMatchObject({ failure: 'CANCELLED', phase, retryable: false });
    const [request] = upstream.requests;
    if (request !== undefined) await upstream.closed(request);
    expect(upstream.openSockets()).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('after the first token closes the socket, from inside the reading of an event too', async () => {
    const controller = new AbortController();
    const { upstream, client } = await setup(({ socket }) => {
      socket.write(streamHead);
      socket.write(Buffer.concat([event('one'), event('two')]));
    });
    const seen: string[] = [];
    const onEvent = (data: string): 'WRITING' => {
      seen.push(data);
      controller.abort();
      return 'WRITING';
    };
    const error = await failure(client.post(postOf({ signal: controller.signal, onEvent })));
    expect(error.failure).toBe('CANCELLED');
    expect(seen).toEqual(['one']);
    const [request] = upstream.requests;
    if (request !== undefined) await upstream.closed(request);
  });

  it('sends nothing when it was aborted before', async () => {
    const { upstream, client } = await setup(() => {});
    const error = await failure(client.post(postOf({ signal: AbortSignal.abort() })));
    expect(error).toMatchObject({ failure: 'CANCELLED', phase: 'NOT_SENT' });
    expect(upstream.requests).toHaveLength(0);
  });

  it('while connecting rejects at once and sends nothing once the connection stands', async () => {
    const { upstream, client } = await setup(() => {});
    const controller = new AbortController();
    const post = failure(client.post(postOf({ signal: controller.signal })));
    controller.abort();
    expect(await post).toMatchObject({ failure: 'CANCELLED', phase: 'NOT_SENT' });
    await client.close();
    while (upstream.openSockets() > 0) await untilConnectionIsFree();
    expect(upstream.requests).toHaveLength(0);
  });

  it('leaves no listener on a signal shared by many calls, however they end', async () => {
    const { signal } = new AbortController();
    const { client } = await setup(({ socket }, number) => {
      if (number % 3 === 0) socket.destroy();
      else if (number % 3 === 1) writeJson(socket, '{}', 500);
      else void writePieces(socket, streamHead, ['data: x\n\ndata: end\n\n']);
    });
    await Promise.allSettled(Array.from({ length: 30 }, () => client.post(postOf({ signal }))));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('time-outs', () => {
  const within = (timeouts: Partial<ProviderTimeouts>): { timeouts: ProviderTimeouts } => ({
    timeouts: { ...GENEROUS, ...timeouts },
  });

  it('connect: a server that never finishes the handshake of TLS', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const sockets = new Set<{ destroy(): void }>();
    silent.on('connection', (socket) => sockets.add(socket));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const client = createUpstreamClient({
      url: new URL(`https://127.0.0.1:${port}/chat`),
      headers: {},
      maxBodyBytes: 1000,
      maxEventLength: 1000,
    });
    const error = await failure(client.post(postOf(within({ connectMs: 60 }))));
    expect(error).toMatchObject({ failure: 'DEADLINE_EXCEEDED', phase: 'NOT_SENT', retryable: true });
    expect(error.message).toContain('60 ms (connectMs)');
    for (const socket of sockets) socket.destroy();
    await client.close();
    await new Promise((resolve) => silent.close(resolve));
  });

  it('first token: neither the head, comments nor empty events count as one', async () => {
    const { upstream, client } = await setup(({ socket }) => {
      socket.write(streamHead);
      socket.write(Buffer.concat([bodyChunk(': wait\n\n'), event('role')]));
    });
    const onEvent = (): 'WAITING' => 'WAITING';
    const error = await failure(client.post(postOf({ ...within({ firstTokenMs: 80 }), onEvent })));
    expect(error).toMatchObject({ failure: 'DEADLINE_EXCEEDED', phase: 'NO_ANSWER', retryable: true });
    expect(error.message).toContain('80 ms (firstTokenMs)');
    const [request] = upstream.requests;
    if (request !== undefined) await upstream.closed(request);
  });

  it('idle: silence after the first token', async () => {
    const { client } = await setup(({ socket }) => {
      socket.write(streamHead);
      socket.write(event('x'));
    });
    const error = await failure(client.post(postOf(within({ idleMs: 80 }))));
    expect(error).toMatchObject({ failure: 'DEADLINE_EXCEEDED', phase: 'PARTIAL', retryable: false });
    expect(error.message).toContain('80 ms in the middle of its answer (idleMs)');
  });

  it.each([
    ['a plain body', false, 'NO_ANSWER', (_request: RawRequest): void => {}],
    [
      'a stream that goes on and on',
      true,
      'PARTIAL',
      ({ socket }: RawRequest): void => {
        socket.write(streamHead);
        const timer = setInterval(() => socket.write(event('x')), 5);
        socket.once('close', () => clearInterval(timer));
      },
    ],
  ] as const)('total: %s', async (_what, streamed, phase, answer) => {
    const { upstream, client } = await setup(answer);
    const error = await failure(client.post(postOf({ streamed, ...within({ totalMs: 150 }) })));
    expect(error).toMatchObject({ failure: 'DEADLINE_EXCEEDED', phase, retryable: false });
    expect(error.message).toContain('150 ms (totalMs)');
    const [request] = upstream.requests;
    if (request !== undefined) await upstream.closed(request);
  });

  it('first token and idle do not apply to a plain body', async () => {
    const { client } = await setup(({ socket }) => {
      setTimeout(() => writeJson(socket, '{"late":true}'), 150);
    });
    const answer = await client.post(postOf({ streamed: false, ...within({ firstTokenMs: 20, idleMs: 20 }) }));
    expect(answer.body).toBe('{"late":true}');
  });

  it('a stream that is whole and lacks only its end is no time-out', async () => {
    const { client } = await setup(({ socket }) => {
      socket.write(streamHead);
      socket.write(Buffer.concat([event('x'), event('finish')]));
    });
    const answer = await client.post(postOf(within({ idleMs: 60 })));
    expect(answer).toMatchObject({ status: 200, body: undefined });
  });
});

describe('connections', () => {
  it('are kept and used again, one call at a time on each, as many as there are calls', async () => {
    const waiting: RawRequest[] = [];
    const { upstream, client } = await setup((request) => {
      waiting.push(request);
      if (waiting.length === 5) for (const { socket } of waiting.splice(0)) writeJson(socket, '{}');
    });
    await Promise.all(Array.from({ length: 5 }, () => client.post(postOf({ streamed: false }))));
    await untilConnectionIsFree();
    await Promise.all(Array.from({ length: 5 }, () => client.post(postOf({ streamed: false }))));
    const connections = upstream.requests.map((request) => request.connection);
    expect(new Set(connections.slice(0, 5)).size).toBe(5);
    expect(Math.max(...connections)).toBe(5);
  });

  it('reset without a byte back: nothing was sent if the connection was used before', async () => {
    const { client } = await setup(({ socket }, number) => {
      if (number === 1) writeJson(socket, '{}');
      else socket.resetAndDestroy();
    });
    await client.post(postOf());
    await untilConnectionIsFree();
    expect(await failure(client.post(postOf()))).toMatchObject({ phase: 'NOT_SENT', retryable: true });
    // A new connection by now: the server may well have worked on it.
    expect(await failure(client.post(postOf()))).toMatchObject({ phase: 'NO_ANSWER', retryable: true });
  });

  it('used before and cut long after: the server may well have worked on it', async () => {
    const { client } = await setup(({ socket }, number) => {
      if (number === 1) {
        writeJson(socket, '{}');
        return;
      }
      // As if the server had thought about it for some seconds.
      const nowMs = performance.now();
      jest.spyOn(performance, 'now').mockReturnValue(nowMs + 10_000);
      socket.resetAndDestroy();
    });
    await client.post(postOf());
    await untilConnectionIsFree();
    expect(await failure(client.post(postOf()))).toMatchObject({ phase: 'NO_ANSWER', retryable: true });
    jest.restoreAllMocks();
  });

  it('used before and cut after the first byte: something was sent', async () => {
    const { client } = await setup(({ socket }, number) => {
      if (number === 1) writeJson(socket, '{}');
      else socket.write('HTTP/1.1 200 OK\r\ncontent-', () => socket.destroy());
    });
    await client.post(postOf());
    await untilConnectionIsFree();
    expect(await failure(client.post(postOf()))).toMatchObject({ phase: 'NO_ANSWER' });
  });

  it('refused: nothing was sent', async () => {
    const { upstream } = await setup(() => {});
    await upstream.close();
    const error = await failure(clientOf(`${upstream.url}/chat`).post(postOf()));
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'NOT_SENT', retryable: true });
    expect(error.message).toBe('The provider refuses connections (ECONNREFUSED).');
  });

  it('to a host that does not exist: nothing was sent, and no address is told', async () => {
    const error = await failure(clientOf('http://no-such-host.invalid/chat').post(postOf()));
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'NOT_SENT', retryable: true });
    expect(error.message).not.toContain('no-such-host');
  });

  it('closing waits for what runs and refuses what comes later', async () => {
    const arrived = Promise.withResolvers<RawRequest>();
    const { client } = await setup(arrived.resolve);
    const running = client.post(postOf({ streamed: false }));
    const { socket } = await arrived.promise;
    const closed = client.close();
    expect(await failure(client.post(postOf()))).toMatchObject({ phase: 'NOT_SENT' });
    writeJson(socket, '{"done":1}');
    expect((await running).body).toBe('{"done":1}');
    await closed;
  });
});
