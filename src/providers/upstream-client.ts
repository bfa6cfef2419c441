// Posts JSON to one address of one provider over a pool of its connections, on undici's `dispatch` (the cheapest client
// measured). What happens to one request stands in upstream-exchange.ts.

import { Client, Pool } from 'undici';
import { cancelledError } from './upstream-errors.ts';
import {
  type AnswerBounds,
  type Connection,
  createExchange,
  type UpstreamAnswer,
  type UpstreamExchange,
  type UpstreamPost,
} from './upstream-exchange.ts';

export interface UpstreamClientOptions extends AnswerBounds {
  /** Where to post, query included. */
  readonly url: URL;
  /** Sent with each request, e.g. the credential. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface UpstreamClient {
  /** @throws UpstreamError, never anything else; answers of any status but a broken one resolve. */
  post(post: UpstreamPost): Promise<UpstreamAnswer>;
  /** Closes idle connections and waits for busy ones. */
  close(): Promise<void>;
}

/** Connections given up by their caller end here at the latest. */
const CONNECT_CEILING_MS = 60_000;
/** Below what most servers keep an idle connection; a server's own hint wins. */
const KEEP_ALIVE_MS = 10_000;

/** A client that tells each exchange which connection it is on: undici itself does not say whether one is reused. */
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

export function createUpstreamClient(options: UpstreamClientOptions): UpstreamClient {
  const { url } = options;
  const pool = new Pool(url.origin, {
    connections: null,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: CONNECT_CEILING_MS },
    // Ours below are exact and know tokens; undici's are not and do not.
    headersTimeout: 0,
    bodyTimeout: 0,
    factory: createPooledClient,
  });
  const path = url.pathname + url.search;
  const headersFor = (accept: string): Record<string, string> => ({
    accept,
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'user-agent': 'sluice',
    ...options.headers,
  });
  const plainHeaders = headersFor('application/json');
  const streamHeaders = headersFor('text/event-stream');

  function post(request: UpstreamPost): Promise<UpstreamAnswer> {
    if (request.signal.aborted) return Promise.reject(cancelledError('NOT_SENT'));
    const { body, streamed } = request;
    return new Promise((resolve, reject) => {
      const exchange = createExchange(request, options, resolve, reject);
      pool.dispatch({ path, method: 'POST', headers: streamed ? streamHeaders : plainHeaders, body }, exchange);
    });
  }

  let closing: Promise<void> | undefined;
  return {
    post,
    close: () => {
      closing ??= pool.close();
      return closing;
    },
  };
}
