// What goes on for a caller whose credentials are good no longer, or for less: how each transport ends, and what becomes
// of what ran behind it.

import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Caller } from '../../../src/core/caller.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { defaultSocketLimits } from '../../../src/server/socket-limits.ts';
import { testCaller } from '../../support/create-test-generations.ts';
import { openRaw, rawPost } from '../../support/raw-http.ts';
import { startTestServer, type TestServer } from '../../support/start-test-server.ts';
import { openSignedIn, openWire, readUntil, streamTypes } from '../../support/wire.ts';

const query =
  'subscription ($key: String!) { generateStream(input: { request: { model: "chat", prompt: "hi" }, idempotencyKey: $key }) { __typename ... on TextDelta { text } } }';

/** Who each key stands for now; undefined: it was revoked. Both are secrets of one key. */
const known = new Map<string, Caller | undefined>();
let server: TestServer;
let socketUrl: string;
/** How often it is looked after before it turns out to be gone. */
let leavesAfterLooks = Number.POSITIVE_INFINITY;
/** Told of each answer of which not everything was taken. */
let onCutAnswer: (() => void) | undefined;

beforeAll(async () => {
  const quiet = (): void => undefined;
  const info = (fields: { complete?: boolean }): void => {
    if (fields.complete === false) onCutAnswer?.();
  };
  const keys = new WeakMap<Caller, string>();
  const callerOf = (key: string): Caller | undefined => {
    const caller = known.get(key);
    if (caller !== undefined) keys.set(caller, key);
    return caller;
  };
  server = await startTestServer({
    http: {
      eventStreams: { lastEventMs: 100 },
      sockets: { ...defaultSocketLimits, perKey: 2 },
      throttle: { failedSignInsPerMinute: 100, unauthenticatedPerMinute: 100, upgradesPerMinute: 1_000_000 },
      logger: { debug: quiet, info, warn: quiet, error: quiet },
      authenticate({ authorization }) {
        const caller = callerOf(authorization?.replace('Bearer ', '') ?? '');
        if (caller === undefined) throw new SluiceError('UNAUTHENTICATED', undefined, { wasKnown: true });
        return caller;
      },
      renew(caller) {
        if (leavesAfterLooks-- === 0) return undefined;
        const key = keys.get(caller);
        return key === undefined ? caller : callerOf(key);
      },
    },
  });
  socketUrl = server.url.replace('http', 'ws');
});
afterAll(() => server.stop());
beforeEach(() => {
  known.set('one', { ...testCaller, roles: ['ADMIN'] });
  known.set('two', { ...testCaller, roles: ['ADMIN'] });
  leavesAfterLooks = Number.POSITIVE_INFINITY;
  server.provider.onCall = undefined;
});

const revoke = async (key: string): Promise<number> => {
  known.set(key, undefined);
  return server.http.renewCallers();
};

const openStream = (key: string, accept: string, idempotencyKey: string): Promise<Response> =>
  fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables: { key: idempotencyKey } }),
  });

/** All that comes until the stream ends. */
async function readToEnd(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  return text;
}

const lastResult = (response: Response, message: string) => ({
  data: null,
  errors: [{ message, extensions: { code: 'UNAUTHENTICATED', requestId: response.headers.get('x-request-id') } }],
});

const wires = [
  ['SSE', (result: unknown) => `event: next\ndata: ${JSON.stringify(result)}\n\nevent: complete\ndata: \n\n`],
  [
    'multipart',
    (result: unknown) =>
      `\r\nContent-Type: application/json; charset=utf-8\r\n\r\n{"payload":${JSON.stringify(result)}}\r\n--graphql--\r\n`,
  ],
] as const;

describe.each(wires)('a stream over %s', (kind, ending) => {
  it('says why it ends, in its format, while nothing else comes', async () => {
    const response = await openStream('one', streamTypes[kind], `revoked-${kind}`);
    await readUntil(response, 'GenerationStarted');
    expect(await revoke('one')).toBe(1);
    const rest = await readToEnd(response);
    expect(rest.endsWith(ending(lastResult(response, 'Your key or token has expired or was revoked.')))).toBe(true);
    expect(rest.match(/UNAUTHENTICATED/g)).toHaveLength(1);
  });

  it('ends when its caller may do less, and goes on when it may do more', async () => {
    let call: { emit(text: string): void } | undefined;
    server.provider.onCall = (begun) => {
      call = begun;
    };
    const response = await openStream('one', streamTypes[kind], `narrowed-${kind}`);
    await readUntil(response, 'GenerationStarted');
    known.set('one', { ...testCaller, roles: ['OPERATOR'] });
    expect(await server.http.renewCallers()).toBe(0);
    call?.emit('still here');
    await readUntil(response, 'still here');
    known.set('one', { ...testCaller, roles: ['MEMBER'] });
    expect(await server.http.renewCallers()).toBe(1);
    const message = 'What your key or token may do has changed: sign in again.';
    expect((await readToEnd(response)).endsWith(ending(lastResult(response, message)))).toBe(true);
  });

  it('leaves what ran behind it to its other readers, and stops it where there are none', async () => {
    const aborted = new Promise<void>((resolve) => {
      server.provider.onCall = ({ call }) => call.signal.addEventListener('abort', () => resolve());
    });
    const first = await openStream('one', streamTypes[kind], `shared-${kind}`);
    await readUntil(first, 'GenerationStarted');
    const second = await openStream('two', streamTypes[kind], `shared-${kind}`);
    await readUntil(second, 'GenerationStarted');
    expect(await revoke('one')).toBe(1);
    expect(await readToEnd(first)).toContain('UNAUTHENTICATED');
    server.provider.calls.at(-1)?.emit('for you alone');
    await readUntil(second, 'for you alone');
    expect(await revoke('two')).toBe(1);
    expect(await readToEnd(second)).toContain('UNAUTHENTICATED');
    await aborted;
  });

  it('of a reader that takes nothing is cut', async () => {
    const { promise: cut, resolve } = Promise.withResolvers<void>();
    onCutAnswer = resolve;
    server.provider.onCall = (call) => {
      for (let count = 0; count < 256; count++) call.emit('x'.repeat(64 * 1024));
    };
    const { socket } = openRaw(server.url);
    const body = JSON.stringify({ query, variables: { key: `stalled-${kind}` } });
    socket.write(rawPost(body, 'one', [`Content-Length: ${body.length}`, `Accept: ${streamTypes[kind]}`]));
    await once(socket, 'data');
    socket.pause();
    // Until all that the system takes is on its way.
    for (let turn = 0; turn < 500; turn++) await nextTurn();
    await revoke('one');
    await cut;
    socket.destroy();
  });
});

describe('who ends between the sign-in and the start', () => {
  it.each(['SSE', 'multipart'] as const)('is refused a stream over %s with 401', async (kind) => {
    leavesAfterLooks = 1;
    const response = await openStream('one', streamTypes[kind], `never-started-${kind}`);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    expect(server.provider.open()).toBe(0);
  });

  it('is refused a plain call with 401, and a socket with 4403', async () => {
    leavesAfterLooks = 0;
    const answer = await server.post({ query: '{ __typename }' }, { authorization: 'Bearer one' });
    expect([answer.status, answer.code]).toEqual([401, 'UNAUTHENTICATED']);
    await using wire = await openWire(socketUrl);
    leavesAfterLooks = 0;
    wire.send({ type: 'connection_init', payload: { authorization: 'Bearer one' } });
    expect(await wire.closed).toEqual({ code: 4403, reason: 'Forbidden' });
  });
});

describe('who comes with what is good no longer', () => {
  it('is refused with 401, and on a socket with 4403', async () => {
    const answer = await server.post({ query: '{ __typename }' }, { authorization: 'Bearer expired' });
    expect([answer.status, answer.code]).toEqual([401, 'UNAUTHENTICATED']);
    await using wire = await openWire(socketUrl);
    wire.send({ type: 'connection_init', payload: { authorization: 'Bearer expired' } });
    expect(await wire.closed).toEqual({ code: 4403, reason: 'Forbidden' });
  });
});

describe('a socket', () => {
  it('of a reader that takes nothing is cut', async () => {
    await using stalled = await openSignedIn(socketUrl, 'one');
    await using _other = await openSignedIn(socketUrl, 'two');
    // It does not see the goodbye, and so does not answer it.
    stalled.socket.pause();
    known.set('one', { ...testCaller, roles: [] });
    expect(await server.http.renewCallers()).toBe(1);
    for (let answer = ''; answer !== 'connection_ack'; ) {
      await using again = await openWire(socketUrl);
      again.send({ type: 'connection_init', payload: { authorization: 'Bearer one' } });
      answer = await again.next().then(
        ({ type }) => type,
        // 1013: both places of the key are taken.
        (error: Error) => error.message,
      );
    }
  });

  it('closes with 4403, whatever runs on it, and operations of others go on', async () => {
    await using first = await openSignedIn(socketUrl, 'one');
    await using second = await openSignedIn(socketUrl, 'two');
    const subscription = { query, variables: { key: 'socket' } };
    expect((await first.subscribe('1', subscription)).type).toBe('next');
    expect((await second.subscribe('1', subscription)).type).toBe('next');
    expect(await revoke('one')).toBe(1);
    expect(await first.closed).toEqual({ code: 4403, reason: 'Forbidden' });
    server.provider.calls.at(-1)?.emit('for you alone');
    expect((await second.next()).payload.data.generateStream).toEqual({
      __typename: 'TextDelta',
      text: 'for you alone',
    });
    known.set('two', { ...testCaller, roles: [] });
    expect(await server.http.renewCallers()).toBe(1);
    expect(await second.closed).toEqual({ code: 4403, reason: 'Sign in again' });
  });
});
