// Fetches addresses that come from outside (pictures to show a model, keys of an identity provider, webhooks) without
// being led into our own network. Every hop is judged anew: https only, no credentials in the address, and every IP
// address its name resolves to has to be public; the ones that were checked are the ones that are dialled. Redirects,
// size and time are bounded. There are no cookies, and no proxy is used: a proxy resolves names itself, and what was
// checked here would not be what it connects to.

import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type OutboundHosts, parseOutboundUrl, plainHost } from './outbound-hosts.ts';
import { isPublicAddress } from './public-address.ts';
import { type ResolvedAddress, type SafeAnswer, SafeFetchError, sendOnce } from './safe-fetch-exchange.ts';
import { untilAborted } from './until-aborted.ts';

export interface SafeFetchBounds {
  /** From the call to the last byte, look-ups and redirects included. */
  readonly timeoutMs: number;
  /** Of the body. */
  readonly maxBytes: number;
  readonly maxRedirects: number;
}

/** Bounds given here only tighten the configured ones. */
export interface SafeFetchRequest extends Partial<SafeFetchBounds> {
  readonly url: string;
  /** Default: GET. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** Sent to the origin of `url` and to no other. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the origin of `url` and to no other: a redirect that would take it elsewhere is refused. */
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
}

/** Answers of any status but that of a redirect that was followed. @throws SafeFetchError, never anything else. */
export type SafeFetch = (request: SafeFetchRequest) => Promise<SafeAnswer>;

export interface SafeFetchOptions extends SafeFetchBounds {
  readonly hosts: OutboundHosts;
  /** All addresses of a name. Default: as the system resolves names. */
  readonly lookup?: (hostname: string) => Promise<readonly ResolvedAddress[]>;
  /** Default: what is on the public internet. */
  readonly mayConnect?: (address: string) => boolean;
  /** Certificates (PEM) that are trusted instead of the usual ones. */
  readonly ca?: string;
}

interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

const FOLLOWED: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const OUR_HEADERS = { 'accept-encoding': 'identity', 'user-agent': 'sluice' } as const;
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD']);

const refused = (what: string): SafeFetchError => new SafeFetchError('ADDRESS_REFUSED', `The address ${what}.`);

function parseAddress(text: string, base?: string): URL {
  const url = parseOutboundUrl(text, base);
  if (url === undefined) throw refused('is not valid');
  return url;
}

export function createSafeFetch(options: SafeFetchOptions): SafeFetch {
  const { hosts, mayConnect = isPublicAddress, ca } = options;
  const lookup = options.lookup ?? ((hostname) => systemLookup(hostname, { all: true, order: 'verbatim' }));

  async function resolve(hostname: string, signal: AbortSignal): Promise<readonly ResolvedAddress[]> {
    const family = isIP(hostname);
    if (family !== 0) return [{ address: hostname, family }];
    try {
      const addresses = await untilAborted(lookup(hostname), signal);
      if (addresses.length > 0) return addresses;
    } catch {
      signal.throwIfAborted();
    }
    throw new SafeFetchError('UNREACHABLE', 'The host of the address cannot be found.');
  }

  /** The addresses that may be dialled: all the name has, or none. */
  async function admit(url: URL, signal: AbortSignal): Promise<readonly ResolvedAddress[]> {
    const allowedByName = hosts.allows(url);
    if (url.username !== '' || url.password !== '') throw refused('holds a user name or password');
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowedByName)) throw refused('is not https://');
    if (hosts.refuses(url)) throw refused('leads to a private network');
    const addresses = await resolve(plainHost(url), signal);
    if (!allowedByName && !addresses.every(({ address }) => mayConnect(address))) {
      throw refused('leads to a private network');
    }
    return addresses;
  }

  /** Where an answer sends us on to; undefined: nowhere. */
  function redirected(hop: Hop, { status, headers }: SafeAnswer): Hop | undefined {
    const { location } = headers;
    if (!FOLLOWED.has(status) || typeof location !== 'string') return undefined;
    const url = parseAddress(location, hop.url.href);
    if (hop.url.protocol === 'https:' && url.protocol !== 'https:')
      throw refused('redirects to one that is not https://');
    const keepsMethod = status === 307 || status === 308 || WITHOUT_BODY.has(hop.method);
    const sameOrigin = url.origin === hop.url.origin;
    if (keepsMethod && !sameOrigin && !WITHOUT_BODY.has(hop.method)) {
      throw refused('redirects what was sent to it to another origin');
    }
    return {
      url,
      method: keepsMethod ? hop.method : 'GET',
      headers: sameOrigin ? hop.headers : {},
      body: keepsMethod ? hop.body : undefined,
    };
  }

  async function follow(request: SafeFetchRequest, signal: AbortSignal): Promise<SafeAnswer> {
    const maxBytes = Math.min(request.maxBytes ?? options.maxBytes, options.maxBytes);
    const maxRedirects = Math.min(request.maxRedirects ?? options.maxRedirects, options.maxRedirects);
    const { method = 'GET', headers = {}, body } = request;
    let hop: Hop = { url: parseAddress(request.url), method, headers, body };
    for (let redirects = 0; ; redirects++) {
      const addresses = await admit(hop.url, signal);
      const answer = await sendOnce({
        ...hop,
        hostname: plainHost(hop.url),
        headers: { ...hop.headers, ...OUR_HEADERS },
        addresses,
        maxBytes,
        skipBody: (status) => FOLLOWED.has(status),
        ca,
        signal,
      });
      const next = redirected(hop, answer);
      if (next === undefined) return answer;
      if (redirects === maxRedirects) {
        throw new SafeFetchError('TOO_MANY_REDIRECTS', `The address redirects more than ${maxRedirects} times.`);
      }
      hop = next;
    }
  }

  return async (request) => {
    const timeoutMs = Math.min(request.timeoutMs ?? options.timeoutMs, options.timeoutMs);
    const controller = new AbortController();
    const stop = (error: SafeFetchError): void => controller.abort(error);
    const cancel = (): void => stop(new SafeFetchError('CANCELLED', 'Fetching was cancelled.'));
    const timer = setTimeout(
      () => stop(new SafeFetchError('TIMED_OUT', `The address did not answer whole within ${timeoutMs} ms.`)),
      timeoutMs,
    );
    if (request.signal.aborted) cancel();
    request.signal.addEventListener('abort', cancel, { once: true });
    try {
      return await follow(request, controller.signal);
    } catch (error) {
      if (error instanceof SafeFetchError) throw error;
      throw new SafeFetchError('UNREACHABLE', 'The request cannot be written.', { cause: error });
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener('abort', cancel);
    }
  };
}
