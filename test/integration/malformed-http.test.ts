// Requests that are no HTTP, that two servers would read differently, or whose headers are too large: refused in the
// shape of every other error, the connection closed, nothing of what may hide behind them ever read.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { errorsOf, openRaw, rawPost, readAnswers, sendRaw } from '../support/raw-http.ts';
import { startTestServer, type TestServer } from '../support/start-test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  server.provider.onCall = (call) => call.finish();
});
afterAll(() => server.stop());
afterEach(() => {
  // Nothing ran, and nothing went wrong on our side.
  expect(server.provider.calls).toHaveLength(0);
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
});

/** Would reach the model if it were read as a request. */
const mutation = JSON.stringify({
  query: 'mutation { generate(input: { model: "chat", prompt: "hi" }) { __typename } }',
});
const length = `Content-Length: ${mutation.length}`;
const chunked = `${mutation.length.toString(16)}\r\n${mutation}\r\n0\r\n\r\n`;
const post = (...lines: string[]): string => rawPost(mutation, 'good', lines);
const postChunked = (...lines: string[]): string => rawPost(chunked, 'good', lines);
const smuggled = `POST /graphql HTTP/1.1\r\nHost: sluice\r\nAuthorization: Bearer good\r\nContent-Type: application/json\r\n${length}\r\n\r\n${mutation}`;

async function expectRefused(bytes: string | Uint8Array, status: number, code: string, says: RegExp): Promise<void> {
  const answers = await sendRaw(server.url, bytes);
  expect(answers).toHaveLength(1);
  const [answer] = answers;
  expect(answer?.status).toBe(status);
  expect(answer?.headers.get('connection')).toBe('close');
  expect(answer?.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const [error, ...others] = errorsOf(answer);
  expect(others).toEqual([]);
  expect(error?.message).toMatch(says);
  expect(error?.extensions).toEqual({
    code,
    requestId: answer?.headers.get('x-request-id'),
    ...(code === 'REQUEST_TIMEOUT' ? { retryAfterMs: expect.any(Number) } : {}),
  });
  expect(answer?.headers.get('x-request-id')).toMatch(/^req_/);
}

describe('a request that two readers would take for two different ones', () => {
  it.each([
    ['Content-Length and Transfer-Encoding', postChunked(length, 'Transfer-Encoding: chunked')],
    ['the two the other way round', postChunked('Transfer-Encoding: chunked', length)],
    [
      'a short Content-Length, chunks and a request behind',
      postChunked('Content-Length: 4', 'Transfer-Encoding: chunked') + smuggled,
    ],
    ['two Content-Lengths that differ', post(length, 'Content-Length: 0') + smuggled],
    ['two Content-Lengths that agree', post(length, length)],
    ['a list of Content-Lengths', post(`${length}, ${mutation.length}`)],
    ['a Content-Length with a sign', post(`Content-Length: +${mutation.length}`)],
    ['a negative Content-Length', post('Content-Length: -1')],
    ['a Content-Length in another base', post('Content-Length: 0x10')],
    ['a Content-Length beyond all bounds', post('Content-Length: 99999999999999999999999')],
    ['a space before the colon', post(`Content-Length : ${mutation.length}`)],
    ['a folded header', post('X-Folded: a', ' b', length)],
    ['a folded Transfer-Encoding', postChunked('Transfer-Encoding:', ' chunked')],
    ['line feeds alone', post(length).replaceAll('\r\n', '\n')],
    ['a line feed alone inside a header', post('X-A: a\nX-B: b', length)],
    ['a carriage return alone inside a header', post('X-A: a\rX-B: b', length)],
    ['a null byte inside a header', post('X-A: a\0b', length)],
    ['a Transfer-Encoding that does not exist', postChunked('Transfer-Encoding: xchunked')],
    ['a Transfer-Encoding that ends in identity', postChunked('Transfer-Encoding: chunked, identity')],
    [
      'a size of a chunk that is none',
      rawPost(`zz\r\n${mutation}\r\n0\r\n\r\n`, 'good', ['Transfer-Encoding: chunked']),
    ],
    [
      'chunks that end in line feeds',
      rawPost(chunked.replaceAll('\r\n', '\n'), 'good', ['Transfer-Encoding: chunked']),
    ],
    ['a version that does not exist', post(length).replace('HTTP/1.1', 'HTTP/1.2')],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a method that does not exist', post(length).replace('POST', 'STEAL')],
    ['the beginning of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['an address with a space', post(length).replace('/graphql', '/graph ql')],
  ])('%s: 400', async (_name, bytes) => {
    await expectRefused(Buffer.from(bytes, 'latin1'), 400, 'BAD_USER_INPUT', /not a valid HTTP\/1\.1 request/);
  });

  it.each([
    ['another coding before chunked', postChunked('Transfer-Encoding: gzip, chunked'), /Transfer-Encoding/],
    [
      'two Transfer-Encodings',
      postChunked('Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'),
      /"transfer-encoding" was sent twice/,
    ],
    [
      'chunks in HTTP/1.0',
      postChunked('Transfer-Encoding: chunked').replace('HTTP/1.1', 'HTTP/1.0'),
      /Transfer-Encoding/,
    ],
    ['no Host', post(length).replace('Host: sluice\r\n', ''), /no "Host" header/],
    ['two Hosts', post('Host: elsewhere', length), /"host" was sent twice/],
    ['two keys', post('Authorization: Bearer other', length), /"authorization" was sent twice/],
    ['two keys of the other kind', post('X-API-Key: good', 'x-api-key: other', length), /"x-api-key" was sent twice/],
    ['two types', post('Content-Type: text/plain', length), /"content-type" was sent twice/],
    [
      'two idempotency keys',
      post('Idempotency-Key: a', 'Idempotency-Key: b', length),
      /"idempotency-key" was sent twice/,
    ],
  ])('%s: 400', async (_name, bytes, says) => {
    await expectRefused(bytes + smuggled, 400, 'BAD_USER_INPUT', says);
  });

  it('is refused at an upgrade, too', async () => {
    const handshake = (...lines: string[]): string =>
      ['GET /graphql HTTP/1.1', 'Host: sluice', 'Connection: Upgrade', 'Upgrade: websocket', ...lines, '', ''].join(
        '\r\n',
      );
    const good = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'];
    await expectRefused(handshake(...good, 'Host: elsewhere'), 400, 'BAD_USER_INPUT', /"host" was sent twice/);
    await expectRefused(handshake(...good, 'Origin: a', 'Origin: b'), 400, 'BAD_USER_INPUT', /"origin" was sent twice/);
    const says = /not a valid WebSocket handshake/;
    await expectRefused(handshake(), 400, 'BAD_USER_INPUT', says);
    await expectRefused(handshake(good[0] ?? '', 'Sec-WebSocket-Version: 7'), 400, 'BAD_USER_INPUT', says);
    await expectRefused(handshake(...good).replace('GET', 'POST'), 400, 'BAD_USER_INPUT', says);
  });
});

describe('headers that are too large: 431', () => {
  const says = /at most 16 KiB and 100 headers/;
  it.each([
    ['one of 20,000 characters', post(`X-A: ${'a'.repeat(20_000)}`, length)],
    ['4,000 empty ones', post(...Array(4_000).fill('a:'), length)],
    ['an address of 20,000 characters', post(length).replace('/graphql', `/graphql?${'a'.repeat(20_000)}`)],
    ['101', post(...Array.from({ length: 101 - 5 }, (_, index) => `X-${index}: a`), length)],
    ['one of 20,000 characters that never ends', `POST /graphql HTTP/1.1\r\nHost: ${'a'.repeat(20_000)}`],
    [
      'trailers of 20,000 characters',
      rawPost(chunked.replace(/\r\n$/, `X-A: ${'a'.repeat(20_000)}\r\n\r\n`), 'good', ['Transfer-Encoding: chunked']),
    ],
  ])('%s', async (_name, bytes) => {
    await expectRefused(bytes, 431, 'HEADERS_TOO_LARGE', says);
  });

  it('but 100 are fine', async () => {
    const lines = Array.from({ length: 100 - 5 }, (_, index) => `X-${index}: a`);
    const body = '{"query":"{ __typename }"}';
    const [answer] = await sendRaw(server.url, rawPost(body, 'good', [...lines, `Content-Length: ${body.length}`]));
    expect(answer?.status).toBe(200);
  });
});

describe('a body', () => {
  it('that is shorter than it says, from a client that then leaves, is nothing to worry about', async () => {
    const { socket, closed } = openRaw(server.url);
    socket.end(post(`Content-Length: ${mutation.length + 1}`));
    await closed;
  });

  it('that is longer than it says ends where it says: the rest is no request', async () => {
    const body = '{"query":"{ __typename }"}';
    const bytes = rawPost(`${body}${smuggled.replace('POST', 'STEAL')}`, 'good', [`Content-Length: ${body.length}`]);
    const answers = await sendRaw(server.url, bytes.replace('Connection: close\r\n', ''));
    expect(answers.map(({ status, body: text }) => ({ status, text }))).toEqual([
      { status: 200, text: '{"data":{"__typename":"Query"}}' },
    ]);
  });

  it('in chunks whose extensions never end: 413', async () => {
    const bytes = rawPost(`5;${'a'.repeat(20_000)}\r\n`, 'good', ['Transfer-Encoding: chunked']);
    await expectRefused(bytes, 413, 'PAYLOAD_TOO_LARGE', /chunk extensions/);
  });

  it('behind which a key stands as a trailer belongs to nobody', async () => {
    const bytes = rawPost(chunked.replace(/\r\n$/, 'Authorization: Bearer good\r\n\r\n'), 'nobody', [
      'Transfer-Encoding: chunked',
    ]);
    await expectRefused(bytes, 401, 'UNAUTHENTICATED', /API key/);
  });
});

describe('what is not for this server', () => {
  it.each(['TRACE', 'PUT', 'PROPFIND'])('%s: 405', async (method) => {
    const [answer] = await sendRaw(
      server.url,
      `${method} /graphql HTTP/1.1\r\nHost: sluice\r\nConnection: close\r\n\r\n`,
    );
    expect(answer?.status).toBe(405);
    expect(answer?.headers.get('allow')).toBe('POST, OPTIONS');
  });

  it('CONNECT: closed without a word', async () => {
    expect(await sendRaw(server.url, 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n')).toEqual([]);
  });

  it('an address of another server: 404', async () => {
    const [answer] = await sendRaw(server.url, post(length).replace('/graphql', 'http://example.com/graphql'));
    expect(answer?.status).toBe(404);
  });

  it('an expectation is not granted, and the request is served', async () => {
    const body = '{"query":"{ __typename }"}';
    const lines = ['Expect: the-moon', `Content-Length: ${body.length}`];
    const [answer] = await sendRaw(server.url, rawPost(body, 'good', lines));
    expect(answer?.body).toBe('{"data":{"__typename":"Query"}}');
  });
});

describe('requests in a row on one connection', () => {
  it('are answered in their order, also when the last of them breaks', async () => {
    const body = (name: string): string => JSON.stringify({ query: `{ ${name}: __typename }` });
    const one = (name: string): string =>
      rawPost(body(name), 'good', [`Content-Length: ${body(name).length}`]).replace('Connection: close\r\n', '');
    const { socket, closed } = openRaw(server.url);
    socket.write(`${one('first')}${one('second')}${one('third')}\0\0\0\r\n\r\n`);
    const answers = readAnswers(await closed);
    expect(answers.map(({ body: text }) => text)).toEqual(
      ['first', 'second', 'third'].map((name) => JSON.stringify({ data: { [name]: 'Query' } })),
    );
  });
});
