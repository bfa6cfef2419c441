// Fetches the images that a request gives by their addresses, for providers that want them sent along. Whoever asks may
// name any address, so they go through safe-fetch; and what comes back has to be a picture. What all calls together
// fetch and hold is bounded by image-budget.ts.

import { UpstreamError } from '../core/upstream-error.ts';
import { GateError, type Pass } from '../platform/fair-gate.ts';
import type { SafeFetch } from '../platform/safe-fetch.ts';
import { SafeFetchError, type SafeFetchFailure } from '../platform/safe-fetch-exchange.ts';
import type { FetchedImage, ImageBudget } from './image-budget.ts';
import { cancelledError, timeoutError } from './upstream-errors.ts';

export interface ImageFetching {
  readonly fetchImage: SafeFetch;
  readonly budget: ImageBudget;
  readonly signal: AbortSignal;
  /** When the time of the call is over, by `performance.now()`; undefined: `signal` says so. */
  readonly deadline?: { readonly atMs: number; readonly totalMs: number };
}

export interface HeldImages {
  /** By their addresses. */
  readonly images: ReadonlyMap<string, FetchedImage>;
  /** To be called when the attempt they were fetched for is over: until then others wait for the room they take. */
  release(): void;
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

/** What the address leads to. @throws UpstreamError */
async function load(url: string, fetchImage: SafeFetch, signal: AbortSignal): Promise<FetchedImage> {
  try {
    const { status, body } = await fetchImage({ url, headers: { accept: 'image/*' }, maxBytes: MOST_BYTES, signal });
    if (status !== 200) throw unusableImage(`its host answered with status ${status}`);
    const mediaType = mediaTypeOf(body);
    if (mediaType === undefined) throw unusableImage('what is at its address is no picture of a usual type');
    return { mediaType, base64: body.toString('base64') };
  } catch (error) {
    if (!(error instanceof SafeFetchError)) throw error;
    throw error.code === 'CANCELLED' ? cancelledError('NOT_SENT') : unusableImage(WORDS[error.code]);
  }
}

/**
 * Room for all that the call may hold at one time, before it fetches anything: were it taken image by image, calls that
 * hold some would wait for each other.
 */
async function reserve(bytes: number, { budget }: ImageFetching, signal: AbortSignal): Promise<Pass> {
  try {
    return await budget.bytes.enter(bytes, signal);
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    if (error.code === 'TOO_MUCH') throw unusableImage('with the others it may be larger than an operator allows');
    const message =
      'This server fetches as many images as it may, and too many calls wait for theirs. Try again later.';
    throw new UpstreamError('UPSTREAM_ERROR', message, { phase: 'NOT_SENT', retryable: true });
  }
}

/** @throws UpstreamError for the first that cannot be used, or whatever the signal was aborted with. */
async function loadAll(
  urls: ReadonlySet<string>,
  room: { readonly bytes: number; readonly pass: Pass },
  { fetchImage, budget }: ImageFetching,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FetchedImage>> {
  const images = new Map<string, FetchedImage>();
  // One that cannot be used stops the others.
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const waiting = urls.values();
  let running = 0;
  let bytes = 0;

  const fetchOne = (url: string): Promise<FetchedImage> =>
    budget.flights.join(url, either, async (shared) => {
      const slot = await budget.fetches.enter(1, shared);
      try {
        return await load(url, fetchImage, shared);
      } finally {
        slot.release();
      }
    });

  async function loadOneByOne(): Promise<void> {
    // Where there is no room for one more at once, there is for those that run: they take what is left, too.
    while (bytes + (running + 1) * MOST_BYTES <= room.bytes) {
      const { done, value: url } = waiting.next();
      if (done) return;
      running++;
      const image = await fetchOne(url);
      running--;
      images.set(url, image);
      bytes += Buffer.byteLength(image.base64, 'base64');
      if (bytes > MOST_BYTES_TOGETHER) {
        throw unusableImage(`with the others it has more than ${MOST_BYTES_TOGETHER} bytes`);
      }
      room.pass.shrinkTo(bytes + (urls.size - images.size) * MOST_BYTES);
    }
  }
  const loading = Array.from({ length: AT_ONCE }, loadOneByOne);
  try {
    await Promise.all(loading);
    return images;
  } finally {
    stop.abort();
    await Promise.allSettled(loading);
  }
}

/** @throws UpstreamError; nothing is held then. */
export async function fetchImages(urls: Iterable<string>, fetching: ImageFetching): Promise<HeldImages> {
  const wanted = new Set(urls);
  if (wanted.size === 0) return { images: new Map(), release: () => {} };
  if (wanted.size > MOST_IMAGES) throw unusableImage(`no more than ${MOST_IMAGES} are fetched for a call`);
  const { signal, deadline } = fetching;
  const late = new AbortController();
  const timedOut = (): UpstreamError => timeoutError('TOTAL', deadline?.totalMs ?? 0, 'NOT_SENT');
  const leftMs = deadline === undefined ? Number.POSITIVE_INFINITY : deadline.atMs - performance.now();
  if (leftMs <= 0) throw timedOut();
  const timer = deadline && setTimeout(() => late.abort(), leftMs);
  const either = AbortSignal.any([signal, late.signal]);
  const bytes = Math.min(wanted.size, AT_ONCE) * MOST_BYTES;
  let pass: Pass | undefined;
  try {
    pass = await reserve(bytes, fetching, either);
    const images = await loadAll(wanted, { bytes, pass }, fetching, either);
    return { images, release: pass.release };
  } catch (error) {
    pass?.release();
    if (signal.aborted) throw cancelledError('NOT_SENT');
    throw late.signal.aborted ? timedOut() : error;
  } finally {
    clearTimeout(timer);
  }
}
