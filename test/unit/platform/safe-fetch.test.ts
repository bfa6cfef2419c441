import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createOutboundHosts, parseAllowedHost } from '../../../src/platform/outbound-hosts.ts';
import { createSafeFetch, type SafeFetchOptions, type SafeFetchRequest } from '../../../src/platform/safe-fetch.ts';
import { type ResolvedAddress, SafeFetchError } from '../../../src/platform/safe-fetch-exchange.ts';
import { createSelfSignedCertificate } from '../../support/certificates.ts';

/** Stands for an address on the public internet; 127.0.0.1 stays what it is. */
const PUBLIC = '127.0.0.2';
const PRIVATE = '127.0.0.1';
const { cert, key } = createSelfSignedCertificate(['one.test', 'two.test', 'named.internal', '127.0.0.1', '127.0.0.2']);

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

interface TestServer {
  readonly server: Server;
  readonly port: number;
  readonly sockets: Set<Socket>;
  /** All there ever were. */
  connections: number;
  requests: IncomingMessage[];
  handler: Handler;
}

const ok: Handler = (_request, response) => response.end('SECRET-BODY');

async function listen(address: string, port: number, secure: boolean): Promise<TestServer> {
  const onRequest: Handler = (request, response) => {
    started.requests.push(request);
    started.handler(request, response);
  };
  const server = secure ? createHttpsServer({ cert, key }, onRequest) : createHttpServer(onRequest);
  const started: TestServer = { server, port: 0, sockets: new Set(), connections: 0, requests: [], handler: ok };
  server.on('connection', (socket) => {
    started.connections += 1;
    started.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => started.sockets.delete(socket));
  });
  server.listen(port, address);
  await once(server, 'listening');
  return Object.assign(started, { port: (server.address() as AddressInfo).port });
}

/** One port on which both addresses answer. */
async function listenOnBoth(secure: boolean): Promise<{ open: TestServer; inner: TestServer }> {
  const open = await listen(PUBLIC, 0, secure);
  try {
    return { open, inner: await listen(PRIVATE, open.port, secure) };
  } catch {
    // Somebody else has it at the other address.
    open.server.close();
    return listenOnBoth(secure);
  }
}

const servers: TestServer[] = [];
let open: TestServer;
let inner: TestServer;
let plain: TestServer;
beforeAll(async () => {
  ({ open, inner } = await listenOnBoth(true));
  plain = await listen(PRIVATE, 0, false);
  servers.push(open, inner, plain);
});
afterEach(() => {
  for (const server of servers) Object.assign(server, { connections: 0, requests: [], handler: ok });
});
afterAll(async () => {
  for (const { server, sockets } of servers) {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
});

/** Our side has closed every connection. */
const allClosed = ({ sockets }: TestServer): Promise<unknown> =>
  Promise.all([...sockets].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))));

interface Setup extends Partial<Omit<SafeFetchOptions, 'hosts'>> {
  /** What the resolver says to each question in turn; the last answer stands. */
  readonly names?: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly allowed?: readonly string[];
}

function setup({ names = {}, allowed = [], ...options }: Setup = {}) {
  const asked: string[] = [];
  const allowedHosts = allowed.map((text) => parseAllowedHost(text) ?? { host: text, port: undefined });
  const fetch = createSafeFetch({
    hosts: createOutboundHosts(allowedHosts),
    timeoutMs: 20_000,
    maxBytes: 1_000,
    maxRedirects: 3,
    ca: cert,
    lookup: async (hostname) => {
      const answers = names[hostname];
      if (answers === undefined) throw new Error('ENOTFOUND');
      const answer = answers[Math.min(asked.filter((name) => name === hostname).length, answers.length - 1)] ?? [];
      asked.push(hostname);
      return answer.map((address): ResolvedAddress => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
    ...options,
  });
  const run = (url: string, more: Partial<SafeFetchRequest> = {}) =>
    fetch({ url, signal: new AbortController().signal, ...more });
  const failure = async (url: string, more: Partial<SafeFetchRequest> = {}): Promise<SafeFetchError> => {
    const error = await run(url, more).then(
      () => new Error('It should have been refused.'),
      (reason: unknown) => reason,
    );
    if (!(error instanceof SafeFetchError)) throw error;
    expect(error.message).toMatch(/^[A-Z].*\.$/);
    expect(error.message).not.toContain('SECRET');
    return error;
  };
  return { run, failure, asked };
}

/** The resolver of most tests: `one.test` and `two.test` are public, as far as `mayConnect` says. */
const asPublic: Setup = {
  names: { 'one.test': [[PUBLIC]], 'two.test': [[PUBLIC]] },
  mayConnect: (address) => address === PUBLIC,
};
const noneReached = (): void => {
  for (const server of servers) expect(server.connections).toBe(0);
};
const redirectTo =
  (location: string | (() => string), status = 302): Handler =>
  (request, response) => {
    const to = typeof location === 'string' ? location : location();
    if (request.url?.startsWith('/from')) response.writeHead(status, { location: to }).end('SECRET-BODY');
    else response.end(`${request.method} arrived`);
  };

describe('addresses that lead inward', () => {
  it.each(
    `127.0.0.1 127.1 127.0.0.1. 127.0.0.1.. 2130706433 0x7f000001 0x7f.0.0.1 0x7f.1.. 0177.0.0.1 017700000001 127%2e0.0.1
     ①②⑦.0.0.1 0 0.0.0.0 [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [0:0:0:0:0:ffff:7f00:1]
     [64:ff9b::7f00:1] [2002:7f00:1::1] [2001:0:7f00:1::] [fe80::1] [fec0::1] [fd00::1] [ff02::1] 10.0.0.1 172.16.0.1
     192.168.0.1 100.64.0.1 169.254.169.254 2852039166 0xa9fea9fe [::ffff:169.254.169.254] [fd00:ec2::254] 168.63.129.16
     192.0.2.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 localhost localhost. a.localhost printer.local
     metadata.google.internal redis one.test@127.0.0.1 one.test:443@127.0.0.1 @127.0.0.1 127.0.0.1?one.test
     127.0.0.1#one.test 127.0.0.1\\@one.test`.split(/\s+/),
  )('https://%s is refused and not connected to', async (host) => {
    const withPort = /[#?\\]/.test(host) ? host.replace(/[#?\\]/, `:${plain.port}/$&`) : `${host}:${inner.port}/`;
    expect((await setup().failure(`https://${withPort}`)).code).toBe('ADDRESS_REFUSED');
    noneReached();
  });

  it.each([
    ['user name and password', 'https://user:SECRET@one.test/'],
    ['a user name', 'https://user@one.test/'],
    ['http', 'http://one.test/'],
    ['a file', 'file:///etc/passwd'],
    ['another scheme', 'gopher://one.test:6379/_FLUSHALL'],
    ['data', 'data:text/plain,SECRET'],
    ['no address', 'SECRET'],
    ['an address without a host', 'https:///'],
  ])('%s is refused and not looked up', async (_what, url) => {
    const { failure, asked } = setup(asPublic);
    expect((await failure(url)).code).toBe('ADDRESS_REFUSED');
    expect(asked).toEqual([]);
    noneReached();
  });

  it.each([
    ['loopback', ['127.0.0.1']],
    ['a private network', ['10.1.2.3']],
    ['the metadata service', ['169.254.169.254']],
    ['IPv6 loopback', ['::1']],
    ['IPv4 mapped into IPv6', ['::ffff:127.0.0.1']],
    ['NAT64', ['64:ff9b::7f00:1']],
    ['an address with a zone', ['fe80::1%lo']],
    ['a public and then a private address', ['93.184.216.34', '127.0.0.1']],
    ['a private and then a public address', ['127.0.0.1', '93.184.216.34']],
    ['a public IPv4 and a private IPv6 address', ['93.184.216.34', 'fd00::1']],
    ['something that is no address', ['one.test']],
  ])('a name that resolves to %s is refused and not connected to', async (_what, addresses) => {
    const { failure } = setup({ names: { 'one.test': [addresses] } });
    expect((await failure(`https://one.test:${inner.port}/`)).code).toBe('ADDRESS_REFUSED');
    noneReached();
  });
});

describe('a resolver that answers differently the second time', () => {
  it('is asked once: the address that was checked is the one dialled', async () => {
    const { run, asked } = setup({ ...asPublic, names: { 'one.test': [[PUBLIC], [PRIVATE]] } });
    const answer = await run(`https://one.test:${open.port}/`);
    expect(answer).toMatchObject({ status: 200, body: Buffer.from('SECRET-BODY') });
    expect(asked).toEqual(['one.test']);
    expect([open.connections, inner.connections]).toEqual([1, 0]);
  });

  it('is refused when a redirect to the same name asks again', async () => {
    open.handler = redirectTo('/to');
    const { failure, asked } = setup({ ...asPublic, names: { 'one.test': [[PUBLIC], [PRIVATE]] } });
    expect((await failure(`https://one.test:${open.port}/from`)).code).toBe('ADDRESS_REFUSED');
    expect(asked).toEqual(['one.test', 'one.test']);
    expect([open.connections, inner.connections]).toEqual([1, 0]);
  });

  it('does not get a second call in over the connection of the first', async () => {
    const { run, failure } = setup({ ...asPublic, names: { 'one.test': [[PUBLIC], [PRIVATE]] } });
    await run(`https://one.test:${open.port}/`);
    expect((await failure(`https://one.test:${open.port}/`)).code).toBe('ADDRESS_REFUSED');
    expect([open.connections, inner.connections]).toEqual([1, 0]);
  });
});

describe('redirects', () => {
  const url = (path = '/from'): string => `https://one.test:${open.port}${path}`;

  it.each([
    ['loopback', () => `https://127.0.0.1:${inner.port}/`],
    ['loopback in one number', () => `https://2130706433:${inner.port}/`],
    ['IPv6 loopback', () => `https://[::1]:${inner.port}/`],
    ['the metadata service', () => 'https://169.254.169.254/latest/meta-data/'],
    ['a local name', () => `https://localhost:${inner.port}/`],
    ['a name that resolves inward', () => `https://inner.test:${inner.port}/`],
    ['a loopback address without a scheme', () => `//127.0.0.1:${inner.port}/`],
    ['plain http', () => `http://one.test:${plain.port}/`],
    ['a file', () => 'file:///etc/passwd'],
    ['data', () => 'data:text/plain,SECRET'],
    ['credentials', () => `https://user:SECRET@one.test:${open.port}/`],
    ['nonsense', () => 'https://[SECRET'],
  ])('to %s are refused with every status', async (_what, location) => {
    const { failure } = setup({ ...asPublic, names: { 'one.test': [[PUBLIC]], 'inner.test': [[PRIVATE]] } });
    for (const status of [301, 302, 303, 307, 308]) {
      open.handler = redirectTo(location, status);
      expect((await failure(url())).code).toBe('ADDRESS_REFUSED');
    }
    expect([inner.connections, plain.connections]).toEqual([0, 0]);
  });

  it('of a chain are each judged', async () => {
    open.handler = (request, response) => {
      const next = {
        '/from': '/second',
        '/second': 'https://two.test:PORT/third',
        '/third': 'https://127.0.0.1:PORT/',
      };
      const location = next[request.url as keyof typeof next]?.replace('PORT', String(open.port));
      response.writeHead(302, { location }).end();
    };
    expect((await setup(asPublic).failure(url())).code).toBe('ADDRESS_REFUSED');
    expect(open.requests.map((request) => request.url)).toEqual(['/from', '/second', '/third']);
    expect(inner.connections).toBe(0);
  });

  it('are followed where they lead outward, relative ones too, each over a connection of its own', async () => {
    for (const location of [
      'to',
      '/to',
      () => `//two.test:${open.port}/to`,
      () => `https://two.test:${open.port}/to`,
    ]) {
      open.handler = redirectTo(location);
      expect((await setup(asPublic).run(url())).body.toString()).toBe('GET arrived');
    }
    expect(open.connections).toBe(8);
  });

  it('stop at their bound, loops as well', async () => {
    open.handler = redirectTo('/from?again');
    expect(await setup(asPublic).failure(url())).toMatchObject({ code: 'TOO_MANY_REDIRECTS' });
    expect(open.requests).toHaveLength(4);
    expect(await setup(asPublic).failure(url(), { maxRedirects: 0 })).toMatchObject({ code: 'TOO_MANY_REDIRECTS' });
    expect(open.requests).toHaveLength(5);
    await setup(asPublic).failure(url(), { maxRedirects: 100 });
    expect(open.requests).toHaveLength(9);
  });

  it('without a place to go to are answers', async () => {
    open.handler = (_request, response) => response.writeHead(302).end('SECRET-BODY');
    expect(await setup(asPublic).run(url())).toMatchObject({ status: 302, body: Buffer.alloc(0) });
  });

  it('take headers along to the same origin only, and do not give them back later', async () => {
    const steps: Record<string, string> = { '/from': '/same', '/same': 'two', '/two': 'one', '/back': '' };
    open.handler = (request, response) => {
      const next = steps[request.url ?? ''];
      if (next === '') response.end();
      else if (next === 'two') response.writeHead(302, { location: `https://two.test:${open.port}/two` }).end();
      else if (next === 'one') response.writeHead(302, { location: url('/back') }).end();
      else response.writeHead(302, { location: next }).end();
    };
    await setup(asPublic).run(url(), { headers: { authorization: 'Bearer SECRET', 'x-own': '1' } });
    expect(
      open.requests.map(({ headers }) => [headers.host?.split(':')[0], headers.authorization, headers['x-own']]),
    ).toEqual([
      ['one.test', 'Bearer SECRET', '1'],
      ['one.test', 'Bearer SECRET', '1'],
      ['two.test', undefined, undefined],
      ['one.test', undefined, undefined],
    ]);
  });

  it.each([
    [301, 'GET arrived'],
    [302, 'GET arrived'],
    [303, 'GET arrived'],
    [307, 'POST arrived'],
    [308, 'POST arrived'],
  ])('of a POST with %i ask as browsers do', async (status, expected) => {
    open.handler = redirectTo('/to', status);
    const answer = await setup(asPublic).run(url(), { method: 'POST', body: '{}' });
    expect(answer.body.toString()).toBe(expected);
  });

  it.each([307, 308])('of a POST to another origin with %i are refused: the body is not theirs', async (status) => {
    open.handler = redirectTo(() => `https://two.test:${open.port}/to`, status);
    const { code } = await setup(asPublic).failure(url(), { method: 'POST', body: 'SECRET' });
    expect(code).toBe('ADDRESS_REFUSED');
    expect(open.requests).toHaveLength(1);
  });

  it('set no cookies', async () => {
    open.handler = (request, response) => {
      response.setHeader('set-cookie', 'a=SECRET');
      redirectTo('/to')(request, response);
    };
    await setup(asPublic).run(url());
    expect(open.requests.map(({ headers }) => headers.cookie)).toEqual([undefined, undefined]);
  });
});

describe('hosts allowed by name', () => {
  it('are reached at private addresses, by http too, and nothing else is', async () => {
    const names = { 'named.internal': [[PRIVATE]], 'other.internal': [[PRIVATE]] };
    const { run, failure } = setup({ names, allowed: ['named.internal', `127.0.0.1:${plain.port}`] });
    expect((await run(`https://named.internal:${inner.port}/`)).status).toBe(200);
    expect((await run(`http://named.internal:${plain.port}/`)).status).toBe(200);
    expect((await run(`http://127.0.0.1:${plain.port}/`)).body.toString()).toBe('SECRET-BODY');
    expect((await failure(`https://127.0.0.1:${inner.port}/`)).code).toBe('ADDRESS_REFUSED');
    expect((await failure(`https://other.internal:${inner.port}/`)).code).toBe('ADDRESS_REFUSED');
    expect((await failure(`https://x.named.internal:${inner.port}/`)).code).toBe('ADDRESS_REFUSED');
  });

  it('may not send us on to hosts that are not', async () => {
    plain.handler = redirectTo(() => `http://127.0.0.1:${plain.port}/to`);
    const { failure } = setup({ names: { 'named.internal': [[PRIVATE]] }, allowed: ['named.internal'] });
    expect((await failure(`http://named.internal:${plain.port}/from`)).code).toBe('ADDRESS_REFUSED');
    expect(plain.requests).toHaveLength(1);
  });

  it('are not left for http once https was asked for', async () => {
    inner.handler = redirectTo(() => `http://named.internal:${plain.port}/`);
    const { failure } = setup({ names: { 'named.internal': [[PRIVATE]] }, allowed: ['named.internal'] });
    expect((await failure(`https://named.internal:${inner.port}/from`)).code).toBe('ADDRESS_REFUSED');
    expect(plain.connections).toBe(0);
  });
});

describe('what is sent', () => {
  it('is the method, the headers and the body, without a proxy of the environment', async () => {
    process.env['HTTPS_PROXY'] = `http://127.0.0.1:${plain.port}`;
    process.env['NODE_USE_ENV_PROXY'] = '1';
    try {
      const body = new TextEncoder().encode('grüße');
      const headers = { 'content-type': 'text/plain', 'Accept-Encoding': 'gzip', Host: 'evil.test' };
      await setup(asPublic).run(`https://one.test.:${open.port}/a%20b?c=d#e`, { method: 'PUT', headers, body });
    } finally {
      delete process.env['HTTPS_PROXY'];
      delete process.env['NODE_USE_ENV_PROXY'];
    }
    expect(open.requests[0]).toMatchObject({ method: 'PUT', url: '/a%20b?c=d' });
    expect(open.requests[0]?.headers).toMatchObject({
      host: `one.test:${open.port}`,
      'content-type': 'text/plain',
      'content-length': '7',
      'accept-encoding': 'identity',
    });
    expect(plain.connections).toBe(0);
  });

  it('is nothing when it cannot be a header', async () => {
    const { failure } = setup(asPublic);
    const error = await failure(`https://one.test:${open.port}/`, { headers: { 'x-a': 'SECRET\r\nx-b: 1' } });
    expect(error.code).toBe('UNREACHABLE');
    expect(open.requests).toHaveLength(0);
  });
});

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
