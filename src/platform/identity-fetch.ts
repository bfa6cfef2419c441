// Asks identity providers: at addresses that the operator wrote, or that the metadata of such a provider names. Private
// addresses are as good as any there, the configured proxy is used, and NODE_EXTRA_CA_CERTS vouches as for all of Node.
// https unless it is this machine or allowed by name, no redirects, bounded in time and size.

import { isIP } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { errorCode } from './error-code.ts';
import { isLoopbackHost } from './loopback-host.ts';
import type { OutgoingProxy, ProxyFor } from './proxy-choice.ts';
import { createTunnelConnector, ProxyError } from './proxy-tunnel.ts';

export interface IdentityRequest {
  readonly url: string;
  /** Sent by POST; undefined: the address is read by GET. */
  readonly form?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Whether it may go to another machine unencrypted. */
  readonly allowInsecure: boolean;
}

export interface IdentityAnswer {
  readonly status: number;
  /** undefined: the body is no JSON object. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

export interface IdentityFetch {
  /** Answers of any status. @throws IdentityFetchError, never anything else. */
  (request: IdentityRequest): Promise<IdentityAnswer>;
  /** Cuts what runs. */
  close(): Promise<void>;
}

/** `message` is for the log: it names the address asked, and nothing that was sent or answered. */
export class IdentityFetchError extends Error {
  override readonly name = 'IdentityFetchError';
}

export interface IdentityFetchOptions {
  readonly proxyFor: ProxyFor;
  /** From the request to the last byte. Default 5,000. */
  readonly timeoutMs?: number;
}

const MAX_BYTES = 1024 * 1024;
/** To one provider, at once; further requests wait their turn within their time. */
const CONNECTIONS = 32;
const KEEP_ALIVE_MS = 10_000;
/** What a connection does that was closed at the other end while nothing ran on it. */
const STALE_CONNECTION: ReadonlySet<string | undefined> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

export function createIdentityFetch({ proxyFor, timeoutMs = 5_000 }: IdentityFetchOptions): IdentityFetch {
  const settings = { allowH2: false, connections: CONNECTIONS, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS };
  const connect = buildConnector({ allowH2: false, timeout: timeoutMs });
  const direct = new Agent({
    ...settings,
    // Else undici would take the name in the certificate from the host header, which names the server behind a proxy.
    connect: (target, callback) =>
      connect({ ...target, servername: isIP(target.hostname) === 0 ? target.hostname : '' }, callback),
  });
  const tunnels = new Map<string, Agent>();

  function tunnelThrough(proxy: OutgoingProxy): Agent {
    const known = tunnels.get(proxy.url);
    if (known !== undefined) return known;
    const connector = createTunnelConnector({ proxy, certificateAuthorities: undefined, timeoutMs });
    const agent = new Agent({ ...settings, connect: connector });
    tunnels.set(proxy.url, agent);
    return agent;
  }

  /** Over which connections, and what stands in the first line of the request there. */
  function routeTo(url: URL): { dispatcher: Agent; origin: string; path: string; headers: Record<string, string> } {
    const path = url.pathname + url.search;
    const proxy = proxyFor(url);
    if (proxy === undefined) return { dispatcher: direct, origin: url.origin, path, headers: {} };
    if (url.protocol === 'https:') {
      return { dispatcher: tunnelThrough(proxy), origin: url.origin, path, headers: {} };
    }
    // For http:// a proxy is asked by the whole address: few allow CONNECT to other ports than 443.
    const authorization = proxy.authorization?.reveal();
    const headers = { host: url.host, ...(authorization && { 'proxy-authorization': authorization }) };
    return { dispatcher: direct, origin: new URL(proxy.url).origin, path: url.origin + path, headers };
  }

  async function ask(url: URL, { form, headers }: IdentityRequest, signal: AbortSignal): Promise<IdentityAnswer> {
    const route = routeTo(url);
    const response = await route.dispatcher.request({
      origin: route.origin,
      path: route.path,
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        'user-agent': 'sluice',
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
        ...route.headers,
      },
      body: form === undefined ? null : new URLSearchParams(form).toString(),
      signal,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      // Leaving the loop closes the connection.
      if (bytes > MAX_BYTES) throw new IdentityFetchError(`${url.origin} answered more than ${MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
    return { status: response.statusCode, body: readObject(Buffer.concat(chunks)) };
  }

  async function fetchIdentity(request: IdentityRequest): Promise<IdentityAnswer> {
    const url = parseIdentityUrl(request.url, request.allowInsecure);
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await ask(url, request, signal).catch((error: unknown) => {
        // All that is asked here may be asked twice.
        if (signal.aborted || !STALE_CONNECTION.has(errorCode(error))) throw error;
        return ask(url, request, signal);
      });
    } catch (error) {
      if (error instanceof IdentityFetchError) throw error;
      if (signal.aborted) throw new IdentityFetchError(`${url.origin} did not answer within ${timeoutMs} ms`);
      throw new IdentityFetchError(`${url.origin} cannot be reached${reasonOf(error)}`, { cause: error });
    }
  }

  return Object.assign(fetchIdentity, {
    async close() {
      await Promise.all([direct, ...tunnels.values()].map((agent) => agent.destroy()));
    },
  });
}

/** @throws IdentityFetchError for what is not to be asked. */
export function parseIdentityUrl(text: string, allowInsecure: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new IdentityFetchError('an address of the identity provider is no http(s) address without credentials');
  }
  if (url.protocol === 'http:' && !allowInsecure && !isLoopbackHost(url.hostname)) {
    throw new IdentityFetchError(`${url.origin} is not https:// (allowInsecure: true would allow it)`);
  }
  return url;
}

function reasonOf(error: unknown): string {
  if (error instanceof ProxyError) {
    const { status, networkCode } = error;
    return ` through the proxy (${status ?? networkCode ?? 'no answer'})`;
  }
  const code = errorCode(error);
  return code !== undefined && /^[A-Z0-9_]{1,64}$/.test(code) ? ` (${code})` : '';
}

function readObject(bytes: Buffer): IdentityAnswer['body'] {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
