// What Node's parser lets pass and another server on the way may read differently: a request that two readers would
// take for two different ones is refused before anything looks into it.

import type { IncomingMessage } from 'node:http';
import { SluiceError } from '../core/errors.ts';

/** A browser sends about twenty, a chain of proxies as many again. */
export const maxHeaders = 100;

/** Told once, or not at all: of two, this server would read the first and another perhaps the last. */
const single: ReadonlySet<string> = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'idempotency-key',
  'origin',
  'transfer-encoding',
  'x-api-key',
  'x-request-id',
]);

/** What is wrong with it; undefined when it can be served. */
export function problemOfRequest({ rawHeaders, headers, httpVersion }: IncomingMessage): SluiceError | undefined {
  if (rawHeaders.length > 2 * maxHeaders) return new SluiceError('HEADERS_TOO_LARGE');
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (!single.has(name)) continue;
    if (seen.has(name)) return bad(`The header "${name}" was sent twice: send it once.`);
    seen.add(name);
  }
  if (httpVersion !== '1.0' && !seen.has('host')) return bad('The request has no "Host" header.');
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (httpVersion === '1.0' || coding.toLowerCase() !== 'chunked')) {
    return bad('The only Transfer-Encoding taken is "chunked", in HTTP/1.1.');
  }
  return undefined;
}

const bad = (message: string): SluiceError => new SluiceError('BAD_USER_INPUT', message);
