// The connections to one origin: kept, one call at a time on each, as many as there are calls; straight, or through a
// proxy. undici itself does not say whether a connection was used before: the pool here tells each exchange.

import { isIP } from 'node:net';
import { buildConnector, Client, type Dispatcher, Pool } from 'undici';
import type { OutgoingProxy, ProxyFor } from '../platform/proxy-choice.ts';
import { createTunnelConnector } from '../platform/proxy-tunnel.ts';
import type { Connection, UpstreamExchange } from './upstream-exchange.ts';

/** How connections leave this machine. */
export interface UpstreamNetwork {
  /** The authorities that may vouch for the server, PEM; undefined: those that Node trusts. */
  readonly certificateAuthorities: string | undefined;
  readonly proxyFor: ProxyFor;
}

export const DIRECT_NETWORK: UpstreamNetwork = { certificateAuthorities: undefined, proxyFor: () => undefined };

export interface PoolRequest {
  readonly method: Dispatcher.HttpMethod;
  /** Query included. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
}

export interface UpstreamPool {
  dispatch(request: PoolRequest, exchange: UpstreamExchange): void;
  /** Closes idle connections and waits for busy ones. */
  close(): Promise<void>;
}

/** Connections given up by their caller end here at the latest. */
const CONNECT_CEILING_MS = 60_000;
/** Below what most servers keep an idle connection; a server's own hint wins. */
const KEEP_ALIVE_MS = 10_000;

function createPooledClient(origin: URL, options: object): Client {
  const client = new Client(origin, options);
  const connection: Connection = { answers: 0 };
  client.on('connect', () => {
    connection.answers = 0;
  });
  const dispatch = client.dispatch.bind(client);
  client.dispatch = (request, handler) => {
    (handler as UpstreamExchange).connection = connection;
    return dispatch(request, handler);
  };
  return client;
}

const poolOf = (origin: string, connect: buildConnector.connector): Pool =>
  new Pool(origin, {
    connections: null,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect,
    // Those of an exchange are exact and know tokens; undici's are not and do not.
    headersTimeout: 0,
    bodyTimeout: 0,
    factory: createPooledClient,
  });

export function createUpstreamPool(origin: URL, network: UpstreamNetwork): UpstreamPool {
  const { certificateAuthorities, proxyFor } = network;
  const proxy = proxyFor(origin);
  if (proxy !== undefined && origin.protocol === 'http:') return createForwardedPool(origin, proxy);
  const ca = certificateAuthorities === undefined ? {} : { ca: certificateAuthorities };
  const pool = poolOf(
    origin.origin,
    proxy === undefined
      ? buildConnector({ timeout: CONNECT_CEILING_MS, allowH2: false, ...ca })
      : createTunnelConnector({ proxy, certificateAuthorities, timeoutMs: CONNECT_CEILING_MS }),
  );
  return {
    dispatch: (request, exchange) => void pool.dispatch(request, exchange),
    close: () => pool.close(),
  };
}

/** For http:// a proxy is asked by the whole address, as browsers do: few allow CONNECT to other ports than 443. */
function createForwardedPool(origin: URL, proxy: OutgoingProxy): UpstreamPool {
  const proxyUrl = new URL(proxy.url);
  // Else undici would take the name in the proxy's certificate from the host header.
  const servername = isIP(proxyUrl.hostname) === 0 ? proxyUrl.hostname : '';
  const connect = buildConnector({ timeout: CONNECT_CEILING_MS, allowH2: false });
  const pool = poolOf(proxyUrl.origin, (target, callback) => connect({ ...target, servername }, callback));
  const { authorization } = proxy;
  const own = {
    host: origin.host,
    ...(authorization === undefined ? {} : { 'proxy-authorization': authorization.reveal() }),
  };
  return {
    dispatch: ({ method, path, headers, body }, exchange) => {
      pool.dispatch({ method, path: origin.origin + path, headers: { ...headers, ...own }, body }, exchange);
    },
    close: () => pool.close(),
  };
}
