// One request of safe-fetch over a connection of its own: to the addresses it is given and to no other, bounded.
// node:http, not a pool: a connection that was opened to one address is never used again after another check.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { errorCode } from './error-code.ts';

export type SafeFetchFailure =
  /** Whatever is wrong with the address itself: where it leads, its scheme, credentials in it; of a redirect too. */
  | 'ADDRESS_REFUSED'
  | 'UNREACHABLE'
  | 'TIMED_OUT'
  | 'TOO_LARGE'
  | 'TOO_MANY_REDIRECTS'
  /** No proper HTTP, cut, or encoded although that was not asked for. */
  | 'UNREADABLE'
  | 'CANCELLED';

/** `message` never repeats what was answered, and names no host: one that was redirected to may be a secret. */
export class SafeFetchError extends Error {
  override readonly name = 'SafeFetchError';
  readonly code: SafeFetchFailure;

  constructor(code: SafeFetchFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface SafeAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export interface SingleRequest {
  readonly url: URL;
  /** The host of `url` as it is dialled and as its certificate has to name it. */
  readonly hostname: string;
  readonly addresses: readonly ResolvedAddress[];
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly maxBytes: number;
  /** Of an answer with such a status the body is not read. */
  readonly skipBody: (status: number) => boolean;
  readonly ca: string | undefined;
  /** Its reason is a SafeFetchError. */
  readonly signal: AbortSignal;
}

const unreadable = (what: string): SafeFetchError => new SafeFetchError('UNREADABLE', `The answer ${what}.`);

/** Never asks anybody: the name stands for the addresses that were checked. */
function lookupAmong(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_hostname, { all }, callback) => {
    const [first] = addresses;
    if (all) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
}

/** Why a body is not to be read at all. */
function problemOfHead({ headers, statusCode }: IncomingMessage, { method, maxBytes }: SingleRequest) {
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return unreadable('is compressed');
  if ((headers['transfer-encoding'] ?? 'chunked') !== 'chunked') return unreadable('is encoded');
  const hasBody = method !== 'HEAD' && statusCode !== 304;
  return hasBody && Number(headers['content-length'] ?? 0) > maxBytes ? tooLarge(maxBytes) : undefined;
}

const tooLarge = (maxBytes: number): SafeFetchError =>
  new SafeFetchError('TOO_LARGE', `The answer has more than ${maxBytes} bytes.`);

function failureOf(error: Error, answered: boolean): SafeFetchError {
  const code = errorCode(error);
  if (answered || code?.startsWith('HPE_')) return unreadable('is no proper HTTP, or was cut');
  const told = code !== undefined && /^[A-Z0-9_]{1,64}$/.test(code) ? ` (${code})` : '';
  return new SafeFetchError('UNREACHABLE', `The address cannot be reached${told}.`);
}

/** @throws SafeFetchError */
export function sendOnce(single: SingleRequest): Promise<SafeAnswer> {
  const { url, hostname, addresses, method, headers, body, maxBytes, skipBody, ca, signal } = single;
  return new Promise((resolve, reject) => {
    const isHttps = url.protocol === 'https:';
    const request = (isHttps ? httpsRequest : httpRequest)({
      hostname,
      port: url.port || (isHttps ? 443 : 80),
      path: url.pathname + url.search,
      method,
      headers: { ...headers, host: url.host },
      lookup: lookupAmong(addresses),
      // An agent of its own: no pool, and none that the environment gave a proxy.
      agent: false,
      ...(ca === undefined ? {} : { ca }),
    });
    let answered = false;

    function end(settle: () => void): void {
      signal.removeEventListener('abort', onAbort);
      settle();
      request.destroy();
    }
    const fail = (error: SafeFetchError): void => end(() => reject(error));
    const onAbort = (): void => fail(signal.reason);

    request.on('error', (error) => fail(failureOf(error, answered)));
    request.on('response', (response) => {
      answered = true;
      const status = response.statusCode ?? 0;
      const succeed = (chunks: readonly Buffer[]): void =>
        end(() => resolve({ status, headers: response.headers, body: Buffer.concat(chunks) }));
      // Of a cut body: `close` below tells it.
      response.on('error', () => {});
      if (skipBody(status)) {
        succeed([]);
        return;
      }
      const problem = problemOfHead(response, single);
      if (problem !== undefined) {
        fail(problem);
        return;
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) fail(tooLarge(maxBytes));
        else chunks.push(chunk);
      });
      response.on('close', () => {
        if (response.complete) succeed(chunks);
        else fail(unreadable('was cut'));
      });
    });
    request.on('upgrade', (_response, socket) => {
      socket.destroy();
      fail(unreadable('changes the protocol'));
    });

    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    request.end(body);
  });
}
