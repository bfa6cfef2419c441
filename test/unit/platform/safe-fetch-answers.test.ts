import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ResolvedAddress } from '../../../src/platform/safe-fetch-exchange.ts';
import { createSelfSignedCertificate } from '../../support/certificates.ts';
import {
  allClosed,
  asPublic,
  type Handler,
  PRIVATE,
  PUBLIC,
  type Setup,
  setup,
  startServers,
  type TestServer,
  type TestServers,
} from '../../support/safe-fetch-servers.ts';

let servers: TestServers;
let open: TestServer;
let plain: TestServer;
beforeAll(async () => {
  servers = await startServers();
  ({ open, plain } = servers);
});
afterEach(() => servers.reset());
afterAll(() => servers.close());

const ok: Handler = (_request, response) => response.end('SECRET-BODY');

describe('answers', () => {
  const url = (): string => `https://one.test:${open.port}/`;
  const raw =
    (text: string | Buffer): Handler =>
    ({ socket }) => {
      socket.end(text);
    };

  it('of any status are given as they are, an empty one and one of the largest size too', async () => {
    for (const [status, size] of [
      [200, 1_000],
      [404, 5],
      [204, 0],
      [500, 0],
    ] as const) {
      open.handler = (_request, response) => response.writeHead(status, { 'x-kind': 'a' }).end('x'.repeat(size));
      const answer = await setup(asPublic).run(url());
      expect(answer).toMatchObject({ status, headers: { 'x-kind': 'a' } });
      expect(answer.body).toHaveLength(size);
    }
  });

  it('to HEAD have no body, however long they say it is', async () => {
    open.handler = (_request, response) => response.writeHead(200, { 'content-length': '5000' }).end();
    expect(await setup(asPublic).run(url(), { method: 'HEAD' })).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });

  it.each<[string, Handler, string]>([
    [
      'say they are too large',
      (_q, response) => response.writeHead(200, { 'content-length': '1001' }).end(),
      'TOO_LARGE',
    ],
    [
      'are too large and do not say so',
      (_request, response) => {
        response.write('x'.repeat(600));
        response.end('SECRET'.repeat(100));
      },
      'TOO_LARGE',
    ],
    [
      'are endless',
      (_request, response) => {
        const more = (): void => {
          if (!response.destroyed) response.write('SECRET'.repeat(100), () => setImmediate(more));
        };
        more();
      },
      'TOO_LARGE',
    ],
    [
      'are compressed',
      (_q, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(1_000_000))),
      'UNREADABLE',
    ],
    [
      'are compressed in transfer',
      raw('HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n'),
      'UNREADABLE',
    ],
    ['are shorter than they said', raw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nSECRET'), 'UNREADABLE'],
    ['are cut in a chunk', raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n100\r\nSECRET'), 'UNREADABLE'],
    ['have a head without end', raw(`HTTP/1.1 200 OK\r\nx: ${'SECRET'.repeat(5_000)}`), 'UNREADABLE'],
    ['are no HTTP', raw('SSH-2.0-SECRET\r\n'), 'UNREADABLE'],
    ['change the protocol', raw('HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nSECRET'), 'UNREADABLE'],
    ['never come', ({ socket }) => socket.destroy(), 'UNREACHABLE'],
  ])('that %s are refused, and the connection is closed', async (_what, handler, code) => {
    open.handler = handler;
    const { failure } = setup(asPublic);
    expect((await failure(url())).code).toBe(code);
    await allClosed(open);
  });

  it('from a server whose certificate is for another name, or that nobody knows, are none', async () => {
    const names = { 'three.test': [[PUBLIC]], 'one.test': [[PUBLIC]] };
    const { failure } = setup({ ...asPublic, names });
    expect(await failure(`https://three.test:${open.port}/`)).toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
    });
    const { cert: other } = createSelfSignedCertificate(['one.test']);
    expect((await setup({ ...asPublic, ca: other }).failure(url())).code).toBe('UNREACHABLE');
    expect(open.requests).toHaveLength(0);
  });

  it('from names that do not exist, resolve to nothing, or refuse are none', async () => {
    const { failure } = setup({ ...asPublic, names: { 'none.test': [[]], 'one.test': [[PUBLIC]] } });
    expect((await failure('https://missing.test/')).code).toBe('UNREACHABLE');
    expect((await failure('https://none.test/')).code).toBe('UNREACHABLE');
    expect(await failure(`https://one.test:${plain.port}/`)).toMatchObject({
      code: 'UNREACHABLE',
      message: 'The address cannot be reached (ECONNREFUSED).',
    });
  });
});

describe('time and abort', () => {
  const url = (): string => `https://one.test:${open.port}/from`;
  const never = new Promise<readonly ResolvedAddress[]>(() => {});
  const drip: Handler = (_request, response) => {
    const timer = setInterval(() => response.write('x'), 5);
    response.on('close', () => clearInterval(timer));
  };
  const stalls: [string, Handler, Setup][] = [
    ['the look-up of the name', ok, { ...asPublic, lookup: () => never }],
    ['the head of the answer', () => {}, asPublic],
    ['a body that drips', drip, { ...asPublic, maxBytes: 1_000_000 }],
    [
      'redirects that take their time',
      (_request, response) => setTimeout(() => response.writeHead(302, { location: '/from' }).end(), 30),
      { ...asPublic, maxRedirects: 1_000 },
    ],
  ];

  it.each(stalls)('%s is within the time-out', async (_what, handler, options) => {
    open.handler = handler;
    const error = await setup({ ...options, timeoutMs: 150 }).failure(url());
    expect(error).toMatchObject({ code: 'TIMED_OUT', message: expect.stringContaining('150 ms') });
    await allClosed(open);
  });

  it.each(stalls)('%s ends at an abort', async (_what, handler, options) => {
    const controller = new AbortController();
    open.handler = (request, response) => {
      handler(request, response);
      setTimeout(() => controller.abort(), 10);
    };
    if (options.lookup !== undefined) setTimeout(() => controller.abort(), 10);
    const error = await setup(options).failure(url(), { signal: controller.signal });
    expect(error.code).toBe('CANCELLED');
    await allClosed(open);
  });

  it('a handshake that never ends is within the time-out', async () => {
    const { failure } = setup({
      names: { 'named.internal': [[PRIVATE]] },
      allowed: ['named.internal'],
      timeoutMs: 100,
    });
    const silent = createHttpServer();
    silent.removeAllListeners('connection');
    silent.listen(0, PRIVATE);
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    expect((await failure(`https://named.internal:${port}/`)).code).toBe('TIMED_OUT');
    silent.close();
  });

  it('nothing is sent when it was aborted before', async () => {
    const { failure, asked } = setup(asPublic);
    expect((await failure(url(), { signal: AbortSignal.abort() })).code).toBe('CANCELLED');
    expect(open.connections).toBe(0);
    expect(asked.length).toBeLessThanOrEqual(1);
  });

  it('a call may ask for less time, and not for more', async () => {
    open.handler = () => {};
    const { failure } = setup({ ...asPublic, timeoutMs: 100 });
    expect((await failure(url(), { timeoutMs: 30 })).message).toContain('within 30 ms');
    expect((await failure(url(), { timeoutMs: 60_000 })).message).toContain('within 100 ms');
  });
});
