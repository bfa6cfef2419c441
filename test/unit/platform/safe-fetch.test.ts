import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  asPublic,
  type Handler,
  PRIVATE,
  PUBLIC,
  setup,
  startServers,
  type TestServer,
  type TestServers,
} from '../../support/safe-fetch-servers.ts';

let servers: TestServers;
let open: TestServer;
let inner: TestServer;
let plain: TestServer;
beforeAll(async () => {
  servers = await startServers();
  ({ open, inner, plain } = servers);
});
afterEach(() => servers.reset());
afterAll(() => servers.close());

const noneReached = (): void => {
  for (const server of servers.all) expect(server.connections).toBe(0);
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
