import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { UpstreamError } from '../../../src/core/upstream-error.ts';
import { createProxyChoice, type OutgoingProxy } from '../../../src/platform/proxy-choice.ts';
import { createSecret } from '../../../src/platform/secret.ts';
import { createUpstreamClient, type UpstreamClient } from '../../../src/providers/upstream-client.ts';
import type { UpstreamPost } from '../../../src/providers/upstream-exchange.ts';
import { createCertificateAuthority } from '../../support/certificates.ts';
import { startTestProxy, type TestProxy, type TestProxyOptions } from '../../support/start-proxy.ts';
import {
  answerHead,
  bodyChunk,
  type RawRequest,
  type RawUpstream,
  startRawUpstream,
  writeJson,
} from './raw-upstream.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const NAME = 'llm.example.test';
const authority = createCertificateAuthority();
const certificate = authority.issue([NAME, '127.0.0.1']);
const GENEROUS = { connectMs: 10_000, firstTokenMs: 10_000, idleMs: 10_000, totalMs: 20_000 };

interface Setup {
  readonly upstream: RawUpstream;
  readonly proxy: TestProxy;
  readonly client: UpstreamClient;
}

interface SetupOptions {
  readonly onRequest?: (request: RawRequest, number: number) => void;
  readonly proxy?: TestProxyOptions;
  readonly scheme?: 'http' | 'https';
  readonly credentials?: string;
  readonly except?: readonly string[];
  readonly certificateAuthorities?: string | undefined;
  /** Of the address that is asked. */
  readonly host?: string;
  /** By which the proxy knows the server. */
  readonly name?: string;
}

/** A server that only the proxy knows by its name, and a client that is to reach it through the proxy. */
async function setup(options: SetupOptions = {}): Promise<Setup> {
  const { onRequest = ({ socket }) => writeJson(socket, '{"ok":true}'), scheme = 'https', host = NAME } = options;
  const upstream = await startRawUpstream(onRequest, scheme === 'https' ? certificate : undefined);
  const port = Number(new URL(upstream.url).port);
  const proxy = await startTestProxy({ hosts: { [options.name ?? NAME]: port }, ...options.proxy });
  const outgoing: OutgoingProxy = {
    url: `${options.proxy?.tls === undefined ? 'http' : 'https'}://127.0.0.1:${proxy.port}`,
    authorization:
      options.credentials === undefined
        ? undefined
        : createSecret(`Basic ${Buffer.from(options.credentials).toString('base64')}`),
  };
  const client = createUpstreamClient({
    url: new URL(`${scheme}://${host.replace('PORT', String(port))}/v1/chat?x=1`),
    headers: { authorization: 'Bearer ours' },
    maxBodyBytes: 10_000,
    maxEventLength: 10_000,
    network: {
      certificateAuthorities: 'certificateAuthorities' in options ? options.certificateAuthorities : authority.cert,
      proxyFor: createProxyChoice({ https: outgoing, http: outgoing, except: options.except ?? [] }),
    },
  });
  cleanups.push(
    () => upstream.close(),
    () => proxy.close(),
    () => client.close(),
  );
  return { upstream, proxy, client };
}

const postOf = (overrides: Partial<UpstreamPost> = {}): UpstreamPost => ({
  body: '{}',
  streamed: false,
  timeouts: GENEROUS,
  signal: new AbortController().signal,
  onEvent: (data) => (data === 'end' ? 'DONE' : 'WRITING'),
  ...overrides,
});

const failure = (promise: Promise<unknown>): Promise<UpstreamError> =>
  promise.then(
    () => {
      throw new Error('The call should have failed.');
    },
    (error) => error,
  );

async function untilConnectionIsFree(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('https through a proxy', () => {
  it('goes through a tunnel, by the name that only the proxy can look up; the proxy sees nothing else', async () => {
    const { upstream, proxy, client } = await setup();
    expect((await client.post(postOf())).body).toBe('{"ok":true}');
    expect(proxy.asked).toEqual([`CONNECT ${NAME}:443`]);
    expect(proxy.headers[0]).toMatchObject({ host: `${NAME}:443` });
    expect(JSON.stringify(proxy.headers)).not.toMatch(/ours|authorization/);
    expect(upstream.requests[0]).toMatchObject({
      path: '/v1/chat?x=1',
      headers: { host: NAME, authorization: 'Bearer ours' },
    });
    expect(upstream.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('keeps its connections: one tunnel for calls one after another, one each for calls at once', async () => {
    const waiting: RawRequest[] = [];
    const { proxy, client } = await setup({
      onRequest: (request, number) => {
        if (number <= 2) return writeJson(request.socket, '{}');
        waiting.push(request);
        if (waiting.length === 3) for (const { socket } of waiting) writeJson(socket, '{}');
      },
    });
    for (let call = 0; call < 2; call++) {
      await client.post(postOf());
      await untilConnectionIsFree();
    }
    expect(proxy.asked).toHaveLength(1);
    await Promise.all([client.post(postOf()), client.post(postOf()), client.post(postOf())]);
    expect(proxy.asked).toHaveLength(3);
  });

  it('sends the password to the proxy alone', async () => {
    const { upstream, client } = await setup({ proxy: { credentials: 'me:hunter2' }, credentials: 'me:hunter2' });
    await client.post(postOf());
    expect(upstream.requests[0]?.head).not.toMatch(/proxy-authorization|hunter2/i);
  });

  it('may reach the proxy itself by TLS', async () => {
    const tls = createCertificateAuthority().issue(['127.0.0.1']);
    const { proxy, client } = await setup({ proxy: { tls } });
    // Whom to trust for the provider says nothing about the proxy.
    const error = await failure(client.post(postOf()));
    expect(error).toMatchObject({ phase: 'NOT_SENT', retryable: true });
    expect(error.message).toMatch(/^The proxy between us and the provider has a TLS certificate .*not trusted here/);
    expect(proxy.asked).toEqual([]);
  });

  it('is not asked where NO_PROXY names the server, nor for this machine', async () => {
    const named = await setup({ except: ['.example.test'] });
    expect(await failure(named.client.post(postOf()))).toMatchObject({
      message: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
    });
    expect(named.proxy.asked).toEqual([]);
    const loopback = await setup({ host: '127.0.0.1:PORT' });
    expect((await loopback.client.post(postOf())).status).toBe(200);
    expect(loopback.proxy.asked).toEqual([]);
  });
});

describe('http through a proxy', () => {
  it('asks the proxy for the whole address, with its password, and gives the server none of that', async () => {
    const { upstream, proxy, client } = await setup({
      scheme: 'http',
      proxy: { credentials: 'me:hunter2' },
      credentials: 'me:hunter2',
    });
    for (let call = 0; call < 2; call++) {
      expect((await client.post(postOf())).body).toBe('{"ok":true}');
      await untilConnectionIsFree();
    }
    expect(proxy.asked).toEqual(Array(2).fill(`POST http://${NAME}/v1/chat?x=1`));
    expect(upstream.requests[0]).toMatchObject({ path: '/v1/chat?x=1', headers: { host: NAME } });
  });

  it('tells a missing password as the operator’s matter', async () => {
    const { client } = await setup({ scheme: 'http', proxy: { credentials: 'me:hunter2' } });
    const error = await failure(client.post(postOf()).then(({ status }) => Promise.reject(status)));
    expect(error).toBe(407);
  });
});

describe('what a proxy does wrong', () => {
  it.each<[string, SetupOptions, boolean, RegExp]>([
    [
      'asks for a password',
      { proxy: { credentials: 'me:hunter2' } },
      false,
      /wants a user name and password.*\(status 407\).*HTTPS_PROXY/,
    ],
    [
      'asks for another password',
      { proxy: { credentials: 'me:hunter2' }, credentials: 'me:wrong' },
      false,
      /\(status 407\)/,
    ],
    [
      'forbids the server',
      { proxy: { status: 403 } },
      false,
      /^The proxy between us and the provider made no connection \(status 403\)\.$/,
    ],
    ['cannot reach the server', { proxy: { hosts: {} } }, true, /made no connection \(status 502\)/],
  ])('%s: nothing was sent, and neither password nor address is told', async (_what, options, retryable, message) => {
    const { client, upstream } = await setup(options);
    const error = await failure(client.post(postOf()));
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'NOT_SENT', retryable });
    expect(error.message).toMatch(message);
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toMatch(
      /hunter2|wrong|secret-realm|example\.test|bWU6/,
    );
    expect(error.cause).toBeUndefined();
    expect(upstream.requests).toEqual([]);
  });

  it('down: nothing was sent, and the next call may find it up again', async () => {
    for (const scheme of ['https', 'http'] as const) {
      const { client, proxy } = await setup({ scheme });
      await proxy.close();
      const error = await failure(client.post(postOf()));
      expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'NOT_SENT', retryable: true });
      expect(error.message).toMatch(/refuses connections \(ECONNREFUSED\)\.$/);
      if (scheme === 'https') expect(error.message).toMatch(/^The proxy between us/);
    }
  });

  it('silent: the connect time-out counts', async () => {
    const { client, proxy } = await setup({ proxy: { silent: true } });
    const error = await failure(client.post(postOf({ timeouts: { ...GENEROUS, connectMs: 60 } })));
    expect(error).toMatchObject({ failure: 'DEADLINE_EXCEEDED', phase: 'NOT_SENT', retryable: true });
    expect(error.message).toContain('60 ms (connectMs)');
    await proxy.close();
  });

  it('breaks the tunnel before TLS stands: nothing was sent, and the call ends', async () => {
    const { client, proxy } = await setup({ proxy: { breaks: true } });
    expect(await failure(client.post(postOf()))).toMatchObject({
      failure: 'UPSTREAM_ERROR',
      phase: 'NOT_SENT',
      retryable: true,
    });
    expect(proxy.asked).toHaveLength(1);
  });
});

describe('calls through a tunnel', () => {
  const streamHead = answerHead('text/event-stream');

  it('stream as they do without', async () => {
    const { client } = await setup({
      onRequest: ({ socket }) => {
        socket.write(streamHead);
        socket.write(bodyChunk('data: a\n\ndata: end\n\n'));
        socket.write('0\r\n\r\n');
      },
    });
    const seen: string[] = [];
    const onEvent = (data: string): 'DONE' | 'WRITING' => {
      seen.push(data);
      return data === 'end' ? 'DONE' : 'WRITING';
    };
    await client.post(postOf({ streamed: true, onEvent }));
    expect(seen).toEqual(['a', 'end']);
  });

  it('aborted, close the connection all the way', async () => {
    const controller = new AbortController();
    const { client, upstream, proxy } = await setup({ onRequest: () => controller.abort() });
    expect(await failure(client.post(postOf({ signal: controller.signal })))).toMatchObject({ failure: 'CANCELLED' });
    const [request] = upstream.requests;
    if (request !== undefined) await upstream.closed(request);
    while (proxy.openSockets() > 0) await untilConnectionIsFree();
  });

  it.each([
    ['first token', { firstTokenMs: 80 }, 'NO_ANSWER', ''],
    ['idle', { idleMs: 80 }, 'PARTIAL', 'data: a\n\n'],
    ['total', { totalMs: 150 }, 'PARTIAL', 'data: a\n\n'],
  ])('are bound by the %s time-out', async (_what, timeouts, phase, written) => {
    const { client, upstream } = await setup({
      onRequest: ({ socket }) => {
        socket.write(streamHead);
        if (written !== '') socket.write(bodyChunk(written));
      },
    });
    const error = await failure(client.post(postOf({ streamed: true, timeouts: { ...GENEROUS, ...timeouts } })));
    expect(error).toMatchObject({ failure: 'DEADLINE_EXCEEDED', phase });
    const [request] = upstream.requests;
    if (request !== undefined) await upstream.closed(request);
  });

  it.each(['https', 'http'] as const)(
    '%s: reset on a connection that was used before, nothing was sent',
    async (scheme) => {
      const { client } = await setup({
        scheme,
        onRequest: ({ socket }, number) => {
          if (number === 1) writeJson(socket, '{}');
          else socket.destroy();
        },
      });
      await client.post(postOf());
      await untilConnectionIsFree();
      expect(await failure(client.post(postOf()))).toMatchObject({ phase: 'NOT_SENT', retryable: true });
      expect(await failure(client.post(postOf()))).toMatchObject({ phase: 'NO_ANSWER', retryable: true });
    },
  );
});

describe('certificate authorities', () => {
  it.each<[string, string | undefined, RegExp]>([
    [
      'another authority than the server’s',
      createCertificateAuthority('Another').cert,
      /authority that is not trusted here \(.+\)\. An operator can name its authority in caFile/,
    ],
    ['none: those of Node', undefined, /not trusted here \(.+\)\. An operator can name its authority in caFile/],
  ])('%s: nothing is sent, and it is told what to do', async (_what, certificateAuthorities, message) => {
    for (const except of [[], ['*']]) {
      const host = except.length === 0 ? NAME : '127.0.0.1:PORT';
      const { client, upstream } = await setup({ certificateAuthorities, except, host });
      const error = await failure(client.post(postOf()));
      expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'NOT_SENT' });
      expect(error.message).toMatch(message);
      expect(upstream.requests).toEqual([]);
    }
  });

  it('of the server, straight and through the tunnel; its name still has to fit', async () => {
    const { client } = await setup({ host: '127.0.0.1:PORT' });
    expect((await client.post(postOf())).status).toBe(200);
    const other = await setup({ host: 'other.example.test', name: 'other.example.test' });
    expect((await failure(other.client.post(postOf()))).message).toContain('for another host name');
  });

  it('of NODE_EXTRA_CA_CERTS are trusted where the provider names none, and for a proxy that speaks TLS', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-ca-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const trusted = { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') };
    await writeFile(trusted.NODE_EXTRA_CA_CERTS, authority.cert);
    const tls = authority.issue(['localhost']);
    const { upstream, proxy } = await setup({ proxy: { tls } });
    const plain = await setup({ scheme: 'http', proxy: { tls } });
    const proxyUrl = (port: number): string => `https://localhost:${port}`;

    expect(await postInChild(trusted, upstream.url)).toBe('{"ok":true}');
    expect(await postInChild({}, upstream.url)).toMatch(/not trusted here/);
    expect(await postInChild(trusted, `https://${NAME}/`, proxyUrl(proxy.port))).toBe('{"ok":true}');
    expect(await postInChild(trusted, `http://${NAME}/`, proxyUrl(plain.proxy.port))).toBe('{"ok":true}');
    expect([...proxy.asked, ...plain.proxy.asked]).toEqual([`CONNECT ${NAME}:443`, `POST http://${NAME}/`]);
    // Trusted, but not by this name.
    expect(await postInChild(trusted, `https://${NAME}/`, proxyUrl(proxy.port).replace('localhost', '127.0.0.1'))).toBe(
      'The proxy between us and the provider has a TLS certificate for another host name (ERR_TLS_CERT_ALTNAME_INVALID).',
    );
  });
});

/** What one call in a process of its own comes to: Node reads NODE_EXTRA_CA_CERTS once, at its start. */
async function postInChild(env: NodeJS.ProcessEnv, url: string, proxyUrl?: string): Promise<string> {
  const module = new URL('../../../dist/providers/upstream-client.js', import.meta.url);
  const code = `
    const { createUpstreamClient } = await import(${JSON.stringify(module.href)});
    const [, url, proxyUrl] = process.argv;
    const proxyFor = () => proxyUrl && { url: proxyUrl, authorization: undefined };
    const network = { certificateAuthorities: undefined, proxyFor };
    const client = createUpstreamClient({ url: new URL(url), headers: {}, maxBodyBytes: 1000, maxEventLength: 1, network });
    const timeouts = { connectMs: 10000, firstTokenMs: 10000, idleMs: 10000, totalMs: 20000 };
    const post = { body: '{}', streamed: false, timeouts, signal: new AbortController().signal, onEvent: () => 'DONE' };
    process.stdout.write(await client.post(post).then(({ body }) => body, ({ message }) => message));
    await client.close();`;
  const args = ['--input-type=module', '-e', code, url, ...(proxyUrl === undefined ? [] : [proxyUrl])];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'close');
  return output;
}
