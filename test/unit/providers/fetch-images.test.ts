import { describe, expect, it } from '@jest/globals';
import { UpstreamError } from '../../../src/core/upstream-error.ts';
import type { SafeFetch, SafeFetchRequest } from '../../../src/platform/safe-fetch.ts';
import { SafeFetchError, type SafeFetchFailure } from '../../../src/platform/safe-fetch-exchange.ts';
import { fetchImages, type ImageFetching } from '../../../src/providers/fetch-images.ts';
import { createImageBudget } from '../../../src/providers/image-budget.ts';

const MEBIBYTE = 1024 * 1024;
const PNG = '\u0089PNG\r\n\u001a\n';
const bytes = (start: string, length = 100): Buffer =>
  Buffer.concat([Buffer.from(start, 'latin1'), Buffer.alloc(length)]);

/** Answers by the last part of the address. */
const serving =
  (files: Readonly<Record<string, Buffer>>, status = 200): SafeFetch =>
  async ({ url }) => ({ status, headers: { 'content-type': 'text/html' }, body: files[url.slice(-1)] ?? bytes('') });

const fetching = (fetchImage: SafeFetch, more: Partial<ImageFetching> = {}): ImageFetching => ({
  fetchImage,
  budget: createImageBudget(),
  signal: new AbortController().signal,
  ...more,
});

async function failureOf(urls: Iterable<string>, more: ImageFetching): Promise<UpstreamError> {
  const error = await fetchImages(urls, more).then(
    () => new Error('That should have failed.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof UpstreamError)) throw error;
  return error;
}

const unusable = { failure: 'UPSTREAM_REJECTED', phase: 'NOT_SENT', retryable: false };
const failing =
  (code: SafeFetchFailure): SafeFetch =>
  async () => {
    throw new SafeFetchError(code, 'The address of SECRET.');
  };

describe('fetching images', () => {
  it('tells their types by their first bytes, whatever their servers say', async () => {
    const files = {
      a: bytes(PNG),
      b: bytes('\u00ff\u00d8\u00ff\u00e0'),
      c: bytes('RIFF\u0000\u0000\u0000\u0000WEBPVP8 '),
      d: bytes('GIF89a'),
      e: bytes('\u0000\u0000\u0000\u0018ftypheic'),
      f: bytes('\u0000\u0000\u0000\u0018ftypmif1'),
    };
    const { images } = await fetchImages(
      Object.keys(files).map((name) => `https://a/${name}`),
      fetching(serving(files)),
    );
    expect([...images.values()].map(({ mediaType }) => mediaType)).toEqual([
      'image/png',
      'image/jpeg',
      'image/webp',
      'image/gif',
      'image/heic',
      'image/heif',
    ]);
    expect(images.get('https://a/a')?.base64).toBe(files.a.toString('base64'));
  });

  it('asks once for each address, for pictures, a few at once, within bounds', async () => {
    const asked: SafeFetchRequest[] = [];
    let running = 0;
    let most = 0;
    const fetchImage: SafeFetch = async (request) => {
      asked.push(request);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return { status: 200, headers: {}, body: bytes(PNG) };
    };
    const urls = Array.from({ length: 24 }, (_, index) => `https://a/${index % 12}`);
    const deadline = { atMs: performance.now() + 5_000, totalMs: 5_000 };
    expect((await fetchImages(urls, fetching(fetchImage, { deadline }))).images.size).toBe(12);
    expect(asked).toHaveLength(12);
    expect(most).toBe(4);
    expect(asked[0]).toMatchObject({ headers: { accept: 'image/*' }, maxBytes: 7 * MEBIBYTE });
  });

  it.each<[string, SafeFetch, RegExp]>([
    ['a web page', serving({ a: bytes('<html>') }), /no picture/],
    ['nothing', serving({ a: Buffer.alloc(0) }), /no picture/],
    ['an error', serving({ a: bytes(PNG) }, 404), /status 404/],
    ['a part', serving({ a: bytes(PNG) }, 206), /status 206/],
    ['a refused address', failing('ADDRESS_REFUSED'), /does not go/],
    ['no host', failing('UNREACHABLE'), /cannot be reached/],
    ['a slow host', failing('TIMED_OUT'), /in time/],
    ['too much', failing('TOO_LARGE'), /more than/],
    ['a loop', failing('TOO_MANY_REDIRECTS'), /redirects too often/],
    ['nonsense', failing('UNREADABLE'), /properly/],
  ])('an address that leads to %s is the fault of the request', async (_what, fetchImage, message) => {
    const error = await failureOf(['https://SECRET/a'], fetching(fetchImage));
    expect(error).toMatchObject({ ...unusable, message: expect.stringMatching(message) });
    expect(error.message).toMatch(/^An image of this request cannot be used: .*\.$/);
    expect(error.message).not.toContain('SECRET');
  });

  it('takes no more of them, and no more together, than a request may have', async () => {
    const many = Array.from({ length: 33 }, (_, index) => `https://a/${index}`);
    const never: SafeFetch = async () => {
      throw new Error('nothing is fetched');
    };
    expect(await failureOf(many, fetching(never))).toMatchObject({
      ...unusable,
      message: expect.stringContaining('32'),
    });
    const large = serving({ a: bytes(PNG, 7 * MEBIBYTE), b: bytes(PNG, 7 * MEBIBYTE), c: bytes(PNG) });
    const error = await failureOf(['https://a/a', 'https://a/b', 'https://a/c'], fetching(large));
    expect(error).toMatchObject({ ...unusable, message: expect.stringContaining('with the others') });
  });

  it('stops the others when one cannot be used', async () => {
    const stopped: string[] = [];
    const fetchImage: SafeFetch = ({ url, signal }) =>
      url.endsWith('b')
        ? Promise.resolve({ status: 404, headers: {}, body: bytes('') })
        : new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              stopped.push(url);
              reject(new SafeFetchError('CANCELLED', 'Fetching was cancelled.'));
            });
          });
    const urls = ['https://a/a', 'https://a/b', 'https://a/c'];
    expect(await failureOf(urls, fetching(fetchImage))).toMatchObject({ ...unusable });
    expect(stopped).toEqual(['https://a/a', 'https://a/c']);
  });

  it('ends as the call does: when it is cancelled, and when its time is over', async () => {
    const cancelled = await failureOf(['https://a/a'], fetching(failing('CANCELLED')));
    expect(cancelled).toMatchObject({ failure: 'CANCELLED', phase: 'NOT_SENT' });
    const deadline = { atMs: performance.now(), totalMs: 70 };
    const late = await failureOf(['https://a/a'], fetching(failing('TIMED_OUT'), { deadline }));
    expect(late).toMatchObject({ failure: 'DEADLINE_EXCEEDED', phase: 'NOT_SENT' });
    expect(late.message).toContain('70 ms');
  });

  it('passes a fault of ours on as it is', async () => {
    const bug: SafeFetch = async () => {
      throw new TypeError('a bug');
    };
    await expect(fetchImages(['https://a/a'], fetching(bug))).rejects.toThrow('a bug');
  });
});
