// What many calls together may take, with a real server of pictures that answers when it is told to.

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { UpstreamError } from '../../../src/core/upstream-error.ts';
import { createOutboundHosts } from '../../../src/platform/outbound-hosts.ts';
import { createSafeFetch, type SafeFetch } from '../../../src/platform/safe-fetch.ts';
import { fetchImages, type HeldImages, type ImageFetching } from '../../../src/providers/fetch-images.ts';
import { createImageBudget, type ImageBudget } from '../../../src/providers/image-budget.ts';

const MEBIBYTE = 1024 * 1024;
/** What an image may be at most, and so what is reserved for each before it is there. */
const MOST = 7 * MEBIBYTE;
const PNG = Buffer.concat([Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1'), Buffer.alloc(100_000)]);

interface Pictures {
  readonly url: string;
  readonly asked: string[];
  /** Requests that have no answer yet. */
  readonly open: Map<string, ServerResponse>;
  /** Called with each request. */
  onRequest: (path: string) => void;
  until(requests: number): Promise<void>;
  answer(path: string, status?: number): void;
  answerAll(): void;
  close(): Promise<void>;
}

async function startPictures(): Promise<Pictures> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    pictures.asked.push(path);
    pictures.open.set(path, response);
    pictures.onRequest(path);
    server.emit('asked');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const pictures: Pictures = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    open: new Map(),
    onRequest: () => {},
    until: async (requests) => {
      while (pictures.asked.length < requests) await once(server, 'asked');
    },
    answer: (path, status = 200) => {
      const response = pictures.open.get(path);
      pictures.open.delete(path);
      response?.writeHead(status).end(PNG);
    },
    answerAll: () => {
      for (const path of pictures.open.keys()) pictures.answer(path);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return pictures;
}

let pictures: Pictures;
let fetchImage: SafeFetch;

beforeEach(async () => {
  pictures = await startPictures();
  const hosts = createOutboundHosts([{ host: '127.0.0.1', port: new URL(pictures.url).port }]);
  fetchImage = createSafeFetch({ hosts, timeoutMs: 60_000, maxBytes: 8 * MEBIBYTE, maxRedirects: 0 });
});
afterEach(() => pictures.close());

const call = (budget: ImageBudget, paths: readonly string[], more: Partial<ImageFetching> = {}): Promise<HeldImages> =>
  fetchImages(
    paths.map((path) => pictures.url + path),
    { fetchImage, budget, signal: new AbortController().signal, ...more },
  );

const failureOf = async (calling: Promise<HeldImages>): Promise<UpstreamError> => {
  const error = await calling.then(
    () => new Error('That should have failed.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof UpstreamError)) throw error;
  return error;
};

function expectNothingHeld({ bytes, fetches, flights }: ImageBudget): void {
  expect(bytes).toMatchObject({ taken: 0, waiting: 0 });
  expect(fetches).toMatchObject({ taken: 0, waiting: 0 });
  expect(flights.size).toBe(0);
}

describe('the images of many calls', () => {
  it('are fetched a few at once, over all calls', async () => {
    const budget = createImageBudget({ maxFetchesAtOnce: 3 });
    let most = 0;
    pictures.onRequest = () => {
      most = Math.max(most, pictures.open.size);
    };
    const calls = Array.from({ length: 8 }, (_, number) => call(budget, [`/${number}a`, `/${number}b`]));
    await pictures.until(3);
    expect(budget.fetches).toMatchObject({ taken: 3, waiting: 13 });
    pictures.onRequest = (path) => {
      most = Math.max(most, pictures.open.size);
      pictures.answer(path);
    };
    pictures.answerAll();
    for (const held of await Promise.all(calls)) held.release();
    expect(pictures.asked).toHaveLength(16);
    expect(most).toBe(3);
    expectNothingHeld(budget);
  });

  it('take no more bytes than they may: the most they can be before they are there, what they are until released', async () => {
    const budget = createImageBudget({ maxBytesInFlight: 4 * MOST, maxFetchesAtOnce: 100 });
    const taken: number[] = [];
    pictures.onRequest = () => taken.push(budget.bytes.taken);
    const calls = Array.from({ length: 4 }, (_, number) => call(budget, [`/${number}a`, `/${number}b`]));
    await pictures.until(4);
    expect(budget.bytes).toMatchObject({ taken: 4 * MOST, waiting: 2 });
    pictures.answerAll();
    const first = await Promise.all(calls.slice(0, 2));
    // The third has begun in what the first two did not need; the fourth would not fit beside them.
    await pictures.until(6);
    expect(budget.bytes).toMatchObject({ taken: 4 * PNG.length + 2 * MOST, waiting: 1 });
    for (const held of first) held.release();
    await pictures.until(8);
    expect(budget.bytes).toMatchObject({ taken: 4 * MOST, waiting: 0 });
    pictures.answerAll();
    for (const held of await Promise.all(calls.slice(2))) held.release();
    expect(Math.max(...taken)).toBe(4 * MOST);
    expectNothingHeld(budget);
  });

  it('come one after the other where a call has many, and each call has an end', async () => {
    const budget = createImageBudget({ maxBytesInFlight: 4 * MOST });
    pictures.onRequest = (path) => pictures.answer(path);
    const calls = Array.from({ length: 3 }, (_, number) =>
      call(
        budget,
        Array.from({ length: 32 }, (_, image) => `/${number}-${image}`),
      ).then((held) => {
        expect(held.images.size).toBe(32);
        expect(budget.bytes.taken).toBeGreaterThanOrEqual(32 * PNG.length);
        held.release();
      }),
    );
    await Promise.all(calls);
    expect(pictures.asked.map((path) => path.split('-')[0])).toEqual(
      ['/0', '/1', '/2'].flatMap((name) => Array.from({ length: 32 }, () => name)),
    );
    expectNothingHeld(budget);
  });

  it('are fetched once where several calls ask for an address at the same moment, and again afterwards', async () => {
    const budget = createImageBudget();
    const controller = new AbortController();
    const cancelled = failureOf(call(budget, ['/a'], { signal: controller.signal }));
    const others = [call(budget, ['/a', '/b']), call(budget, ['/b', '/a'])];
    await pictures.until(2);
    // Who asked first leaves; the others have theirs nevertheless.
    controller.abort();
    expect(await cancelled).toMatchObject({ failure: 'CANCELLED', phase: 'NOT_SENT' });
    pictures.answerAll();
    for (const held of await Promise.all(others)) {
      expect(held.images.get(`${pictures.url}/a`)?.base64).toBe(PNG.toString('base64'));
      held.release();
    }
    expect([...pictures.asked].sort()).toEqual(['/a', '/b']);
    const again = call(budget, ['/a']);
    await pictures.until(3);
    pictures.answerAll();
    (await again).release();
    expectNothingHeld(budget);
  });

  it('that cannot be used free what was reserved for them, and the next call begins', async () => {
    const budget = createImageBudget({ maxBytesInFlight: 2 * MOST });
    const failing = failureOf(call(budget, ['/gone', '/slow']));
    const next = call(budget, ['/next', '/last']);
    await pictures.until(2);
    pictures.answer('/gone', 404);
    expect(await failing).toMatchObject({ failure: 'UPSTREAM_REJECTED', message: expect.stringContaining('404') });
    await pictures.until(4);
    pictures.answerAll();
    (await next).release();
    expectNothingHeld(budget);
  });
});

describe('a call that waits for room', () => {
  it('leaves when it is cancelled, and when its time is over, without having asked for anything', async () => {
    const budget = createImageBudget({ maxBytesInFlight: MOST });
    const first = call(budget, ['/first']);
    const controller = new AbortController();
    const cancelled = failureOf(call(budget, ['/cancelled'], { signal: controller.signal }));
    expect(budget.bytes.waiting).toBe(1);
    const deadline = { atMs: performance.now() + 50, totalMs: 50 };
    const late = failureOf(call(budget, ['/late'], { deadline }));
    const last = call(budget, ['/last']);
    controller.abort();
    expect(await cancelled).toMatchObject({ failure: 'CANCELLED', phase: 'NOT_SENT' });
    expect(await late).toMatchObject({
      failure: 'DEADLINE_EXCEEDED',
      phase: 'NOT_SENT',
      message: expect.stringContaining('50 ms'),
    });
    await pictures.until(1);
    pictures.answerAll();
    (await first).release();
    await pictures.until(2);
    pictures.answerAll();
    (await last).release();
    expect(pictures.asked).toEqual(['/first', '/last']);
    expectNothingHeld(budget);
  });

  it('leaves the line for a fetch as well, when its time is over', async () => {
    const budget = createImageBudget({ maxFetchesAtOnce: 1 });
    const first = call(budget, ['/first']);
    const deadline = { atMs: performance.now() + 20, totalMs: 20 };
    expect(await failureOf(call(budget, ['/late'], { deadline }))).toMatchObject({ failure: 'DEADLINE_EXCEEDED' });
    await pictures.until(1);
    pictures.answerAll();
    (await first).release();
    expect(pictures.asked).toEqual(['/first']);
    expectNothingHeld(budget);
  });

  it('is refused where as many wait as may, to be tried again, and where it would never fit', async () => {
    const budget = createImageBudget({ maxBytesInFlight: MOST, maxWaitingCalls: 1 });
    const first = call(budget, ['/a']);
    const second = call(budget, ['/b']);
    expect(await failureOf(call(budget, ['/c']))).toMatchObject({
      failure: 'UPSTREAM_ERROR',
      phase: 'NOT_SENT',
      retryable: true,
      message: expect.stringMatching(/too many calls wait/),
    });
    expect(await failureOf(call(budget, ['/d', '/e']))).toMatchObject({
      failure: 'UPSTREAM_REJECTED',
      phase: 'NOT_SENT',
      retryable: false,
    });
    pictures.onRequest = (path) => pictures.answer(path);
    await pictures.until(1);
    pictures.answerAll();
    (await first).release();
    (await second).release();
    expectNothingHeld(budget);
  });
});
