// Posts JSON to one provider over a pool of its connections, on undici's `dispatch` (the cheapest client
// measured). What happens to one request stands in upstream-exchange.ts.

import { cancelledError } from './upstream-errors.ts';
import { type AnswerBounds, createExchange, type UpstreamAnswer, type UpstreamPost } from './upstream-exchange.ts';
import { createUpstreamPool, DIRECT_NETWORK, type UpstreamNetwork } from './upstream-pool.ts';

export interface UpstreamClientOptions extends AnswerBounds {
  /** Where to post unless a call says another path, query included. */
  readonly url: URL;
  /** Sent with each request, e.g. the credential. */
  readonly headers: Readonly<Record<string, string>>;
  /** Default: no proxy, and the authorities that Node trusts. */
  readonly network?: UpstreamNetwork;
}

export interface UpstreamClient {
  /** @throws UpstreamError, never anything else; answers of any status but a broken one resolve. */
  post(post: UpstreamPost): Promise<UpstreamAnswer>;
  /** Closes idle connections and waits for busy ones. */
  close(): Promise<void>;
}

export function createUpstreamClient(options: UpstreamClientOptions): UpstreamClient {
  const { url } = options;
  const pool = createUpstreamPool(url, options.network ?? DIRECT_NETWORK);
  const ownPath = url.pathname + url.search;
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
    const { path = ownPath, body, streamed } = request;
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
