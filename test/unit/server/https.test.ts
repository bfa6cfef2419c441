// TLS of our own with real sockets, and what is refused without.

import { once } from 'node:events';
import { type IncomingHttpHeaders, request as plainRequest } from 'node:http';
import { Agent, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { createSecret } from '../../../src/platform/secret.ts';
import { createCertificateAuthority, type KeyAndCertificate } from '../../support/certificates.ts';
import { goodKey, startTestServer, type TestServer } from '../../support/start-test-server.ts';

const authority = createCertificateAuthority();
const trust = { ca: authority.cert };
const forServer = ({ cert, key }: KeyAndCertificate) => ({ certificate: cert, key: createSecret(key) });
const issue = () => forServer(authority.issue(['localhost', '127.0.0.1']));
const hsts = 'strict-transport-security';

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Sending {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly agent?: Agent;
}

/** POSTs over whatever the address says. */
async function post(base: string, { path = '/graphql', headers = {}, query, agent }: Sending = {}): Promise<Answer> {
  const url = new URL(path, base);
  const options = { method: 'POST', headers: { 'content-type': 'application/json', ...goodKey, ...headers } };
  const sent =
    url.protocol === 'https:'
      ? request(url, { ...options, ...trust, ...(agent === undefined ? {} : { agent }) })
      : plainRequest(url, options);
  sent.end(JSON.stringify({ query: query ?? '{ __typename }' }));
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

const codeOf = ({ text }: Answer): string => JSON.parse(text).errors[0].extensions.code;

async function handshake(server: TestServer, options: object = {}): Promise<TLSSocket> {
  const socket = connect({ port: server.http.address.port, host: '127.0.0.1', ...trust, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

const stream = `subscription { generateStream(input: { idempotencyKey: "KEY", request: { model: "chat", prompt: "x" } }) {
  __typename ... on TextDelta { text } } }`;

describe('a server with a certificate', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ http: { certificate: issue() } });
    server.provider.onCall = (call) => {
      call.emit('hello');
      call.finish();
    };
  });
  afterAll(() => server.stop());

  it('answers over https, and says so in its address', async () => {
    expect(server.http.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const answer = await post(server.http.url);
    expect(answer).toMatchObject({ status: 200, text: '{"data":{"__typename":"Query"}}' });
  });

  it('tells clients to stay with https on every answer, but not for the name of their own machine', async () => {
    const answers = [
      await post(server.http.url),
      await post(server.http.url, { headers: { authorization: 'Bearer nobody' } }),
      await post(server.http.url, { path: '/healthz' }),
      await post(server.http.url, { path: '/nothing' }),
      await post(server.http.url, { headers: { accept: 'text/event-stream' }, query: stream.replace('KEY', 'h') }),
    ];
    expect(answers.map(({ status, headers }) => [status, headers[hsts]])).toEqual(
      [200, 401, 200, 404, 200].map((status) => [status, 'max-age=31536000']),
    );
    const local = await post(server.http.url, { headers: { host: 'localhost:4000' } });
    expect(local.headers[hsts]).toBeUndefined();
  });

  it('streams over server-sent events', async () => {
    const answer = await post(server.http.url, {
      headers: { accept: 'text/event-stream' },
      query: stream.replace('KEY', 'sse'),
    });
    expect(answer.text).toMatch(/"text":"hello"[\s\S]*GenerationCompleted[\s\S]*event: complete/);
  });

  it('streams over a WebSocket, whose handshake carries the header, too', async () => {
    const socket = new WebSocket(`${server.http.url.replace('https', 'wss')}/graphql`, 'graphql-transport-ws', trust);
    const upgraded = once(socket, 'upgrade');
    await once(socket, 'open');
    expect((await upgraded)[0].headers[hsts]).toBe('max-age=31536000');
    const types: string[] = [];
    const completed = new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        const { type, payload } = JSON.parse(String(data));
        types.push(payload?.data?.generateStream.__typename ?? type);
        if (type === 'connection_ack') {
          socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: stream.replace('KEY', 'wss') } }));
        } else if (type === 'complete') resolve();
      });
    });
    socket.send(JSON.stringify({ type: 'connection_init', payload: goodKey }));
    await completed;
    socket.terminate();
    expect(types).toEqual(['connection_ack', 'GenerationStarted', 'TextDelta', 'GenerationCompleted', 'complete']);
  });

  it('refuses an upgrade with the header, too', async () => {
    const strict = await startTestServer({
      http: {
        certificate: issue(),
        throttle: { failedSignInsPerMinute: 9, unauthenticatedPerMinute: 9, upgradesPerMinute: 0 },
      },
    });
    const socket = new WebSocket(`${strict.http.url.replace('https', 'wss')}/graphql`, 'graphql-transport-ws', trust);
    const [, response] = await once(socket, 'unexpected-response');
    expect([response.statusCode, response.headers[hsts]]).toEqual([429, 'max-age=31536000']);
    socket.on('error', () => undefined).terminate();
    await strict.stop();
  });

  it('speaks TLS 1.2 and 1.3, nothing older, and HTTP/1.1 in it', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await handshake(server, { minVersion: version, maxVersion: version, ALPNProtocols: ['http/1.1'] });
      expect([socket.getProtocol(), socket.alpnProtocol]).toEqual([version, 'http/1.1']);
      socket.destroy();
    }
    const old = { minVersion: 'TLSv1' as SecureVersion, maxVersion: 'TLSv1.1' as SecureVersion };
    await expect(handshake(server, { ...old, ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow(/protocol version/);
    await expect(handshake(server, { ALPNProtocols: ['h2'] })).rejects.toThrow(/no application protocol/);
  });

  it('lives on, without a word in the log, whatever a peer sends instead of a handshake', async () => {
    const { port } = server.http.address;
    const before = server.log.filter(({ level }) => level !== 'info').length;
    for (const bytes of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01', 'x'.repeat(70_000)]) {
      const socket = connectPlain(port, '127.0.0.1').on('error', () => undefined);
      socket.end(bytes);
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    }
    expect((await post(server.http.url)).status).toBe(200);
    expect(server.log.filter(({ level }) => level !== 'info')).toHaveLength(before);
  });

  it('answers broken HTTP inside of TLS with the header, too', async () => {
    const socket = await handshake(server);
    socket.write('NONSENSE\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 [\s\S]*\r\nStrict-Transport-Security: max-age=31536000\r\n/);
    socket.destroy();
  });

  it('cuts off a peer that does not shake hands', async () => {
    const impatient = await startTestServer({ http: { certificate: issue(), connectionTimings: { headersMs: 30 } } });
    const socket = connectPlain(impatient.http.address.port, '127.0.0.1');
    await once(socket.resume(), 'close');
    expect(impatient.log).toEqual([]);
    await impatient.stop();
  });

  it('shows a new certificate to new connections, and goes on with those that stand', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...trust });
    const serial = async (): Promise<string> => {
      const socket = await handshake(server);
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    await post(server.http.url, { agent });
    const before = await serial();
    const oldSocket = await handshake(server);
    const session = await new Promise<Buffer>((resolve) => oldSocket.once('session', resolve));
    const resumed = await handshake(server, { session });
    expect(resumed.isSessionReused()).toBe(true);
    resumed.destroy();
    server.http.replaceCertificate(issue());
    const after = await serial();
    expect(after).not.toBe(before);
    expect((await post(server.http.url, { agent })).status).toBe(200);
    oldSocket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = await once(oldSocket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
    oldSocket.destroy();
    agent.destroy();
    // A session begun under the old one is not taken up again: that would go on without showing the new one.
    const resuming = await handshake(server, { session });
    expect(resuming.isSessionReused()).toBe(false);
    resuming.destroy();
  });
});

describe('a server that wants https and has a proxy before it', () => {
  let server: TestServer;
  beforeAll(async () => {
    const throttle = { failedSignInsPerMinute: 2, unauthenticatedPerMinute: 9, upgradesPerMinute: 2 };
    server = await startTestServer({ http: { httpsOnly: true, trustedProxies: ['127.0.0.1'], throttle } });
  });
  afterAll(() => server.stop());
  const over = (proto: string, client = '198.51.100.1') => ({
    'x-forwarded-proto': proto,
    'x-forwarded-for': client,
  });

  it('serves those who came to the proxy over https, with HSTS', async () => {
    const { status, headers } = await post(server.http.url, { headers: over('https') });
    expect([status, headers[hsts]]).toEqual([200, 'max-age=31536000']);
  });

  it('refuses those who came over http, without HSTS and without a redirect', async () => {
    const answer = await post(server.http.url, { headers: over('http') });
    expect([answer.status, codeOf(answer), answer.headers[hsts]]).toEqual([403, 'FORBIDDEN', undefined]);
    expect(answer.headers.location).toBeUndefined();
    expect(answer.text).toContain('https');
  });

  it('refuses their upgrades, too', async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}`, 'graphql-transport-ws', {
      headers: over('http'),
    });
    const [, response] = await once(socket, 'unexpected-response');
    expect([response.statusCode, response.headers[hsts]]).toEqual([403, undefined]);
    socket.on('error', () => undefined).terminate();
  });

  it('answers health probes whatever they came over', async () => {
    for (const path of ['/healthz', '/readyz']) {
      expect((await post(server.http.url, { path, headers: over('http') })).status).toBe(200);
    }
  });

  it('serves this machine itself over plain HTTP, without HSTS', async () => {
    const { status, headers } = await post(server.http.url);
    expect([status, headers[hsts]]).toEqual([200, undefined]);
  });

  it('counts failed sign-ins and upgrades by the client behind the proxy, and logs it', async () => {
    const bad = (client: string) =>
      post(server.http.url, { headers: { ...over('https', client), authorization: 'Bearer nobody' } });
    const statuses: (number | undefined)[] = [];
    for (const client of ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2'])
      statuses.push((await bad(client)).status);
    expect(statuses).toEqual([401, 401, 429, 401]);
    // All of one IPv6 network are one.
    const ofNetwork = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1'];
    expect(await Promise.all(ofNetwork.map(async (client) => (await bad(client)).status))).toEqual([
      401, 401, 429, 401,
    ]);
    const upgrade = async (client: string): Promise<string> => {
      const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws', {
        headers: over('https', client),
      });
      socket.on('error', () => undefined);
      const outcome = await Promise.race([
        once(socket, 'open').then(() => 'open'),
        once(socket, 'unexpected-response').then(([, response]) => String(response.statusCode)),
      ]);
      socket.terminate();
      return outcome;
    };
    const outcomes: string[] = [];
    for (const client of ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2']) outcomes.push(await upgrade(client));
    expect(outcomes).toEqual(['open', 'open', '429', 'open']);
    expect(server.log.map(({ fields }) => fields['client'])).toContain('192.0.2.2');
  });

  it('opens a socket to pages of its public address, whatever name the proxy calls it by', async () => {
    const named = await startTestServer({ http: { publicUrl: 'https://ai.example.com' } });
    const statusOf = async (origin: string): Promise<string> => {
      const socket = new WebSocket(named.url.replace('http', 'ws'), 'graphql-transport-ws', { origin });
      socket.on('error', () => undefined);
      const outcome = await Promise.race([
        once(socket, 'open').then(() => 'open'),
        once(socket, 'unexpected-response').then(([, response]) => String(response.statusCode)),
      ]);
      socket.terminate();
      return outcome;
    };
    expect(await statusOf('https://ai.example.com')).toBe('open');
    expect(await statusOf('https://evil.example.com')).toBe('403');
    await named.stop();
  });
});

it('what a stranger says of its address and of https counts for nothing', async () => {
  const throttle = { failedSignInsPerMinute: 1, unauthenticatedPerMinute: 9, upgradesPerMinute: 9 };
  const server = await startTestServer({ http: { trustedProxies: ['192.0.2.1'], throttle } });
  const answers: Answer[] = [];
  for (const client of ['198.51.100.1', '198.51.100.2']) {
    const headers = { 'x-forwarded-for': client, 'x-forwarded-proto': 'https', authorization: 'Bearer nobody' };
    answers.push(await post(server.http.url, { headers }));
  }
  expect(answers.map(({ status, headers }) => [status, headers[hsts]])).toEqual([
    [401, undefined],
    [429, undefined],
  ]);
  await server.stop();
});
