// Fetches the images that a request gives by their addresses, for providers that want them sent along. Whoever asks may
// name any address, so they go through safe-fetch; and what comes back has to be a picture.

import { UpstreamError } from '../core/upstream-error.ts';
import type { SafeFetch } from '../platform/safe-fetch.ts';
import { SafeFetchError, type SafeFetchFailure } from '../platform/safe-fetch-exchange.ts';
import { cancelledError, timeoutError } from './upstream-errors.ts';

export interface FetchedImage {
  readonly mediaType: string;
  readonly base64: string;
}

export interface ImageFetching {
  readonly fetchImage: SafeFetch;
  readonly signal: AbortSignal;
  /** When the time of the call is over, by `performance.now()`; undefined: `signal` says so. */
  readonly deadline?: { readonly atMs: number; readonly totalMs: number };
}

/** One call must not become a flood of others. */
const MOST_IMAGES = 32;
/** As much as providers take in one request, once it is written as base64. */
const MOST_BYTES = 7 * 1024 * 1024;
const MOST_BYTES_TOGETHER = 14 * 1024 * 1024;
const AT_ONCE = 4;

const WORDS: Readonly<Record<Exclude<SafeFetchFailure, 'CANCELLED'>, string>> = {
  ADDRESS_REFUSED: 'its address is not https://, or leads or redirects to where this server does not go',
  UNREACHABLE: 'its host cannot be reached',
  TIMED_OUT: 'it did not arrive in time',
  TOO_LARGE: `it has more than ${MOST_BYTES} bytes, or than an operator allows`,
  TOO_MANY_REDIRECTS: 'its address redirects too often',
  UNREADABLE: 'its host did not answer properly',
};

/**
 * Nothing reached the provider, and neither it nor the model is at fault: another of them would do no better. So it is
 * the request that is refused.
 */
export const unusableImage = (why: string): UpstreamError =>
  new UpstreamError('UPSTREAM_REJECTED', `An image of this request cannot be used: ${why}.`, {
    phase: 'NOT_SENT',
    retryable: false,
  });

const BRANDS: Readonly<Record<string, string>> = {
  heic: 'image/heic',
  heix: 'image/heic',
  hevc: 'image/heic',
  mif1: 'image/heif',
  msf1: 'image/heif',
};

/** By its first bytes: what a server says of them may be wrong. */
function mediaTypeOf(bytes: Buffer): string | undefined {
  const start = bytes.toString('latin1', 0, 12);
  if (start.startsWith('\u0089PNG\r\n')) return 'image/png';
  if (start.startsWith('\u00ff\u00d8\u00ff')) return 'image/jpeg';
  if (start.startsWith('GIF8')) return 'image/gif';
  if (start.startsWith('RIFF') && start.endsWith('WEBP')) return 'image/webp';
  return start.slice(4, 8) === 'ftyp' ? BRANDS[start.slice(8)] : undefined;
}

async function load(url: string, { fetchImage, signal, deadline }: ImageFetching): Promise<Buffer> {
  const leftMs = deadline === undefined ? undefined : deadline.atMs - performance.now();
  const isOver = (): boolean => deadline !== undefined && performance.now() >= deadline.atMs;
  const timedOut = (): UpstreamError => timeoutError('TOTAL', deadline?.totalMs ?? 0, 'NOT_SENT');
  if (isOver()) throw timedOut();
  const bounds = { maxBytes: MOST_BYTES, ...(leftMs === undefined ? {} : { timeoutMs: leftMs }) };
  try {
    const answer = await fetchImage({ url, headers: { accept: 'image/*' }, ...bounds, signal });
    if (answer.status !== 200) throw unusableImage(`its host answered with status ${answer.status}`);
    return answer.body;
  } catch (error) {
    if (!(error instanceof SafeFetchError)) throw error;
    if (error.code === 'CANCELLED') throw cancelledError('NOT_SENT');
    throw isOver() ? timedOut() : unusableImage(WORDS[error.code]);
  }
}

/** By their addresses. @throws UpstreamError for the first that cannot be used. */
export async function fetchImages(
  urls: Iterable<string>,
  fetching: ImageFetching,
): Promise<ReadonlyMap<string, FetchedImage>> {
  const images = new Map<string, FetchedImage>();
  const wanted = new Set(urls);
  if (wanted.size > MOST_IMAGES) throw unusableImage(`no more than ${MOST_IMAGES} are fetched for a call`);
  // One that cannot be used stops the others.
  const stop = new AbortController();
  const signal = AbortSignal.any([fetching.signal, stop.signal]);
  const waiting = wanted.values();
  let bytes = 0;
  async function loadOneByOne(): Promise<void> {
    for (const url of waiting) {
      const body = await load(url, { ...fetching, signal });
      const mediaType = mediaTypeOf(body);
      if (mediaType === undefined) throw unusableImage('what is at its address is no picture of a usual type');
      bytes += body.length;
      if (bytes > MOST_BYTES_TOGETHER) {
        throw unusableImage(`with the others it has more than ${MOST_BYTES_TOGETHER} bytes`);
      }
      images.set(url, { mediaType, base64: body.toString('base64') });
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, loadOneByOne));
  } finally {
    stop.abort();
  }
  return images;
}
