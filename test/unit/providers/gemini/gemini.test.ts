import { afterEach, describe, expect, it } from '@jest/globals';
import type { Part } from '../../../../src/core/chat.ts';
import { createOutboundHosts } from '../../../../src/platform/outbound-hosts.ts';
import { createSafeFetch, type SafeFetch } from '../../../../src/platform/safe-fetch.ts';
import { createProvider } from '../../../../src/providers/create-provider.ts';
import { createGeminiProvider, type GeminiProviderOptions } from '../../../../src/providers/gemini/gemini.ts';
import { createImageBudget } from '../../../../src/providers/image-budget.ts';
import type { Provider } from '../../../../src/providers/provider.ts';
import { chatRequest, runCall, userMessage } from '../chat-samples.ts';
import { readFixtures } from '../fixtures.ts';
import {
  answerHead,
  bodyChunk,
  type RawRequest,
  type RawUpstream,
  startRawUpstream,
  writeJson,
  writePieces,
} from '../raw-upstream.ts';
import { describeRecordedAnswers } from '../recorded-answers.ts';

const fixtures = readFixtures('gemini');
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Setup {
  readonly upstream: RawUpstream;
  readonly provider: Provider;
}

async function setup(
  onRequest: (request: RawRequest, number: number) => void,
  options: { readonly path?: string } & Partial<GeminiProviderOptions> = {},
): Promise<Setup> {
  const upstream = await startRawUpstream(onRequest);
  const { path = '/v1beta', ...rest } = options;
  const provider = createGeminiProvider({ id: 'raw', baseUrl: upstream.url + path, apiKey: undefined, ...rest });
  cleanups.push(
    () => upstream.close(),
    () => provider.close(),
  );
  return { upstream, provider };
}

const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const chunk = (text: string, more: object = {}, usage?: object): string =>
  event({
    candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0, ...more }],
    usageMetadata: usage,
    responseId: 'r1',
  });
const HELLO = chunk('hello', {}, { promptTokenCount: 9, candidatesTokenCount: 1 });
const THINK = event({ candidates: [{ content: { parts: [{ text: 'Hm', thought: true }] } }] });
const STOP = chunk('', { finishReason: 'STOP' }, { promptTokenCount: 9, candidatesTokenCount: 4 });

const stream =
  (...pieces: string[]) =>
  ({ socket }: RawRequest): void =>
    void writePieces(socket, answerHead('text/event-stream'), pieces);
const cutAfter =
  (...pieces: string[]) =>
  ({ socket }: RawRequest): void => {
    socket.write(answerHead('text/event-stream'));
    socket.end(Buffer.concat(pieces.map((piece) => bodyChunk(piece))));
  };

describeRecordedAnswers(fixtures, (baseUrl) => createGeminiProvider({ id: 'raw', baseUrl, apiKey: undefined }));

describe('the request', () => {
  it('goes to the address of its model and way, with the key, and keeps prefix and query of the base URL', async () => {
    const { upstream, provider } = await setup(
      ({ socket, path }) => {
        if (path.includes('stream')) stream(HELLO, STOP)({ socket } as RawRequest);
        else writeJson(socket, fixtures.bytes('body.json').toString());
      },
      { path: '/google/v1beta/?region=eu', apiKey: ' AIza-secret ' },
    );
    for (const [model, streamed] of [
      ['gemini-3.8-flash', false],
      ['gemini-3.8-flash', true],
      ['tunedModels/mine', true],
      ['models/a b?c#d/e', false],
    ] as const) {
      const outcome = await runCall(provider, { model, streamed });
      expect(outcome.error).toBeUndefined();
    }
    expect(upstream.requests.map(({ path }) => path)).toEqual([
      '/google/v1beta/models/gemini-3.8-flash:generateContent?region=eu',
      '/google/v1beta/models/gemini-3.8-flash:streamGenerateContent?region=eu&alt=sse',
      '/google/v1beta/tunedModels/mine:streamGenerateContent?region=eu&alt=sse',
      '/google/v1beta/models/a%20b%3Fc%23d/e:generateContent?region=eu',
    ]);
    const [plain, streamed] = upstream.requests;
    expect(plain?.headers).toMatchObject({ 'x-goog-api-key': 'AIza-secret', accept: 'application/json' });
    expect(streamed?.headers).toMatchObject({ 'x-goog-api-key': 'AIza-secret', accept: 'text/event-stream' });
    expect(plain?.headers).not.toHaveProperty('authorization');
    expect(JSON.parse(plain?.body ?? '')).toMatchObject({ contents: [{ parts: [{ text: 'Say hello.' }] }] });
  });

  it('sends no key to a server without one, and tells its id of the answer', async () => {
    const { upstream, provider } = await setup(stream(HELLO, STOP));
    expect(await runCall(provider)).toMatchObject({ text: 'hello', finishReason: 'STOP', providerRequestId: 'r1' });
    expect(upstream.requests[0]?.path).toBe('/v1beta/models/some-model:streamGenerateContent?alt=sse');
    expect(upstream.requests[0]?.headers).not.toHaveProperty('x-goog-api-key');
  });

  it('never shows a key that cannot be a header', async () => {
    const { provider } = await setup(() => {}, { apiKey: 'top\nsecret' });
    const { error } = await runCall(provider);
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'NOT_SENT', retryable: false });
    expect(error?.message).not.toMatch(/secret/);
  });

  it('is reviewed by what is sent', async () => {
    const { upstream, provider } = await setup(stream(HELLO, STOP), { allowedOptions: ['safetySettings'] });
    const request = chatRequest({
      seed: 2 ** 31,
      temperature: 2,
      providerOptions: { gemini: { safetySettings: [], serviceTier: 'FLEX', topK: 1 } },
    });
    const { warnings, refusedOptions } = provider.review(request, 'gemini-3.8-flash');
    expect(warnings.map((warning) => warning.split(' ')[0])).toEqual(['temperature', 'topK', 'seed']);
    expect(refusedOptions).toEqual([{ path: ['gemini', 'serviceTier'], message: expect.any(String) }]);
    await runCall(provider, { model: 'gemini-3.8-flash', request });
    const body = JSON.parse(upstream.requests[0]?.body ?? '');
    expect(body).toMatchObject({ safetySettings: [] });
    for (const name of ['seed', 'temperature', 'topK', 'serviceTier']) expect(JSON.stringify(body)).not.toContain(name);
  });
});

describe('images', () => {
  const PNG = Buffer.from('\u0089PNG\r\n\u001a\n picture', 'latin1');
  const asking = (...parts: Part[]) => chatRequest({ messages: [{ ...userMessage(''), parts }] });
  const byUrl = (url: string): Part => ({ type: 'image-url', url });

  /** A real safe-fetch that may go to one server of ours, and no further. */
  async function pictures(onRequest: (request: RawRequest) => void): Promise<{ url: string; fetchImage: SafeFetch }> {
    const server = await startRawUpstream(onRequest);
    cleanups.push(() => server.close());
    const { port } = new URL(server.url);
    const hosts = createOutboundHosts([{ host: '127.0.0.1', port }]);
    const fetchImage = createSafeFetch({ hosts, timeoutMs: 10_000, maxBytes: 1_000_000, maxRedirects: 1 });
    return { url: server.url, fetchImage };
  }
  const servePng = ({ socket }: RawRequest): void => {
    socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${PNG.length}\r\n\r\n${PNG.toString('latin1')}`, 'latin1');
  };

  it('given by their addresses are fetched and sent along', async () => {
    const { url, fetchImage } = await pictures(servePng);
    const { upstream, provider } = await setup(stream(HELLO, STOP), { fetchImage });
    const request = asking({ type: 'text', text: 'Look.' }, byUrl(`${url}/a`), byUrl(`${url}/b`));
    expect((await runCall(provider, { request })).text).toBe('hello');
    const inlineData = { mimeType: 'image/png', data: PNG.toString('base64') };
    expect(JSON.parse(upstream.requests[0]?.body ?? '').contents).toEqual([
      { role: 'user', parts: [{ text: 'Look.' }, { inlineData }, { inlineData }] },
    ]);
  });

  it.each<[string, (request: RawRequest) => void, string]>([
    ['an inner address', () => {}, 'https://127.0.0.1:1/'],
    ['a redirect inward', ({ socket }) => writeJson(socket, '', 302, { location: 'http://127.0.0.1:1/' }), ''],
    ['a web page', ({ socket }) => writeJson(socket, '<html>'), ''],
    ['a missing picture', ({ socket }) => writeJson(socket, '', 404), ''],
    ['a picture cut short', ({ socket }) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx'), ''],
  ])(
    'that are %s end the call before anything is sent, and are the fault of the request',
    async (_what, answer, at) => {
      const { url, fetchImage } = await pictures(answer);
      const { upstream, provider } = await setup(stream(HELLO, STOP), { fetchImage });
      const { error } = await runCall(provider, { request: asking(byUrl(at === '' ? url : at)) });
      expect(error).toMatchObject({ failure: 'UPSTREAM_REJECTED', phase: 'NOT_SENT', retryable: false });
      expect(upstream.requests).toHaveLength(0);
    },
  );

  it.each<[string, (request: RawRequest) => void, string | undefined]>([
    ['answered', stream(HELLO, STOP), undefined],
    ['refused', ({ socket }) => writeJson(socket, '{}', 400), 'UPSTREAM_REJECTED'],
    ['cut off', ({ socket }) => socket.destroy(), 'UPSTREAM_ERROR'],
  ])('take room from when they are fetched until the request is %s', async (_how, answer, failure) => {
    const imageBudget = createImageBudget();
    const taken: number[] = [];
    const { url, fetchImage } = await pictures(servePng);
    const asked = (request: RawRequest): void => {
      taken.push(imageBudget.bytes.taken);
      answer(request);
    };
    const { provider } = await setup(asked, { fetchImage, imageBudget });
    const { error } = await runCall(provider, { request: asking(byUrl(`${url}/a`), byUrl(`${url}/b`)) });
    expect(error?.failure).toBe(failure);
    expect(taken).toEqual([2 * PNG.length]);
    expect(imageBudget.bytes).toMatchObject({ taken: 0, waiting: 0 });
  });

  it('of a type that the API does not take give their room back', async () => {
    const imageBudget = createImageBudget();
    const gif = 'GIF89a picture';
    const { url, fetchImage } = await pictures(({ socket }) => writeJson(socket, gif));
    const { upstream, provider } = await setup(stream(HELLO, STOP), { fetchImage, imageBudget });
    expect((await runCall(provider, { request: asking(byUrl(url)) })).error?.failure).toBe('UPSTREAM_REJECTED');
    expect(upstream.requests).toHaveLength(0);
    expect(imageBudget.bytes.taken).toBe(0);
  });

  it('of a type that the API does not take, and those that nobody fetches, are refused with the reason', async () => {
    const { upstream, provider } = await setup(stream(HELLO, STOP));
    const gif = asking({ type: 'image-data', mediaType: 'image/gif', base64: 'R0lG' });
    expect((await runCall(provider, { request: gif })).error).toMatchObject({
      failure: 'UPSTREAM_REJECTED',
      message: expect.stringContaining('PNG, JPEG, WebP'),
    });
    const { error } = await runCall(provider, { request: asking(byUrl('https://example.com/a')) });
    expect(error).toMatchObject({ failure: 'UPSTREAM_REJECTED', phase: 'NOT_SENT' });
    expect(upstream.requests).toHaveLength(0);
  });

  it('are fetched within the time of the call, and until it is cancelled', async () => {
    const controller = new AbortController();
    const { url, fetchImage } = await pictures(({ path }) => {
      if (path === '/cancel') controller.abort();
    });
    const { upstream, provider } = await setup(stream(HELLO, STOP), { fetchImage });
    const timeouts = { connectMs: 9_000, firstTokenMs: 9_000, idleMs: 9_000, totalMs: 60 };
    const late = await runCall(provider, { request: asking(byUrl(url)), timeouts });
    expect(late.error).toMatchObject({ failure: 'DEADLINE_EXCEEDED', phase: 'NOT_SENT' });
    const slow = await pictures((request) => setTimeout(servePng, 40, request));
    const silent = await setup(() => {}, { fetchImage: slow.fetchImage });
    const rest = await runCall(silent.provider, {
      request: asking(byUrl(slow.url)),
      timeouts: { ...timeouts, totalMs: 400 },
    });
    expect(rest.error).toMatchObject({ failure: 'DEADLINE_EXCEEDED', phase: 'NO_ANSWER' });
    expect(Number(/(\d+) ms/.exec(rest.error?.message ?? '')?.[1])).toBeLessThan(400);
    const { signal } = controller;
    const cancelled = await runCall(provider, { request: asking(byUrl(`${url}/cancel`)), signal });
    expect(cancelled.error).toMatchObject({ failure: 'CANCELLED', phase: 'NOT_SENT' });
    expect(upstream.requests).toHaveLength(0);
  });
});

describe('failures', () => {
  const google = (code: number, status: string, message: string, details?: object[]): object => ({
    error: { code, message, status, details },
  });
  const typed = (name: string, fields: object): object => ({
    '@type': `type.googleapis.com/google.rpc.${name}`,
    ...fields,
  });

  it.each<[number, object, object, RegExp]>([
    [400, google(400, 'INVALID_ARGUMENT', 'SECRET'), { failure: 'UPSTREAM_REJECTED' }, /invalid_argument/],
    [
      400,
      google(400, 'INVALID_ARGUMENT', 'SECRET', [
        typed('BadRequest', { fieldViolations: [{ field: 'contents[0].parts[1]', description: 'SECRET' }] }),
      ]),
      { failure: 'UPSTREAM_REJECTED' },
      /parameter "contents\[0\]\.parts\[1\]"/,
    ],
    [
      400,
      google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
        typed('ErrorInfo', { reason: 'API_KEY_INVALID', domain: 'googleapis.com' }),
      ]),
      { failure: 'UPSTREAM_REJECTED' },
      /refused our credential/,
    ],
    [
      400,
      google(400, 'INVALID_ARGUMENT', 'The input token count (9) exceeds the maximum number of tokens allowed (5).'),
      { failure: 'UPSTREAM_REJECTED' },
      /longer than the model can read/,
    ],
    [
      400,
      google(400, 'INVALID_ARGUMENT', 'Unable to process input image. SECRET'),
      { failure: 'UPSTREAM_REJECTED' },
      /could not read an image/,
    ],
    [400, google(400, 'FAILED_PRECONDITION', 'SECRET'), { failure: 'UPSTREAM_REJECTED' }, /failed_precondition/],
    [403, google(403, 'PERMISSION_DENIED', 'SECRET'), { failure: 'UPSTREAM_REJECTED' }, /credential \(status 403\)/],
    [404, google(404, 'NOT_FOUND', 'SECRET'), { failure: 'UPSTREAM_REJECTED' }, /no such model or address/],
    [429, google(429, 'RESOURCE_EXHAUSTED', 'SECRET'), { failure: 'UPSTREAM_ERROR', retryable: true }, /throttling/],
    [500, google(500, 'INTERNAL', 'SECRET'), { failure: 'UPSTREAM_ERROR', retryable: true }, /status 500 \(internal\)/],
    [503, google(503, 'UNAVAILABLE', 'SECRET'), { failure: 'UPSTREAM_ERROR', retryable: true }, /503 \(unavailable\)/],
    [504, google(504, 'DEADLINE_EXCEEDED', 'SECRET'), { failure: 'UPSTREAM_ERROR', retryable: true }, /status 504/],
  ])('status %i with %j is told as it is, alone or in a list', async (status, body, expected, message) => {
    for (const text of [JSON.stringify(body), JSON.stringify([body])]) {
      const { provider } = await setup(({ socket }) => writeJson(socket, text, status));
      const { error } = await runCall(provider, { request: chatRequest({ messages: [userMessage('SECRET')] }) });
      expect(error).toMatchObject({ phase: 'ANSWERED', status, message: expect.stringMatching(message), ...expected });
      expect(error?.message).not.toContain('SECRET');
    }
  });

  it.each([
    ['34.4s', 34_400],
    ['0s', 0],
    ['34.074824224s', 34_075],
    ['1e9s', undefined],
    ['soon', undefined],
    ['99999999s', undefined],
    [5, undefined],
  ])('a wait of %j is one of %p ms, wherever the error comes', async (retryDelay, retryAfterMs) => {
    const body = google(429, 'RESOURCE_EXHAUSTED', 'SECRET', [
      typed('QuotaFailure', { violations: [] }),
      typed('RetryInfo', { retryDelay }),
    ]);
    const answered = await setup(({ socket }) => writeJson(socket, JSON.stringify([body]), 429));
    expect((await runCall(answered.provider)).error).toMatchObject({ status: 429, retryAfterMs, retryable: true });
    const streamed = await setup(stream(event(body)));
    expect((await runCall(streamed.provider)).error).toMatchObject({ status: 429, retryAfterMs, phase: 'ANSWERED' });
  });

  it.each<[string, (request: RawRequest) => void, object]>([
    ['before an event', stream(''), { phase: 'NO_ANSWER', retryable: true, usage: undefined }],
    ['before the first token', cutAfter(chunk('')), { phase: 'NO_ANSWER', retryable: true }],
    ['after the first token', cutAfter(HELLO), { phase: 'PARTIAL', retryable: false, usage: { inputTokens: 9 } }],
    ['while it thinks', cutAfter(THINK), { phase: 'PARTIAL', retryable: false }],
    ['at its end, without a finish reason', stream(HELLO, HELLO), { phase: 'PARTIAL', retryable: false }],
  ])('a stream that breaks off %s', async (_when, answer, expected) => {
    const { provider } = await setup(answer);
    expect((await runCall(provider)).error).toMatchObject({ failure: 'UPSTREAM_ERROR', ...expected });
  });
});

describe('answers of an unexpected form', () => {
  it.each([
    ['ends after its finish reason', stream(HELLO, STOP)],
    ['is cut after its finish reason', cutAfter(HELLO, STOP)],
    ['tells its usage after its finish reason', stream(chunk('hello', { finishReason: 'STOP' }), STOP)],
  ])('a stream that %s is whole', async (_what, answer) => {
    const { provider } = await setup(answer);
    expect(await runCall(provider)).toMatchObject({ text: 'hello', finishReason: 'STOP', usage: { outputTokens: 4 } });
  });

  it('tells no usage when a server told the output of none', async () => {
    const { provider } = await setup(stream(chunk('hello', { finishReason: 'STOP' }, { promptTokenCount: 9 })));
    expect(await runCall(provider)).toMatchObject({ text: 'hello', usage: undefined });
  });

  it('reads a whole body where a stream was asked for, and a stream where a body was', async () => {
    const body = await setup(({ socket }) => writeJson(socket, fixtures.bytes('body.json').toString()));
    expect(await runCall(body.provider, { streamed: true })).toMatchObject({ finishReason: 'LENGTH' });
    const streamed = await setup(stream(HELLO, STOP));
    expect(await runCall(streamed.provider, { streamed: false })).toMatchObject({ text: 'hello' });
  });
});

describe('the registry', () => {
  it('knows the address of the provider', async () => {
    const provider = createProvider({ id: 'google', kind: 'gemini', baseUrl: undefined, apiKey: 'k' });
    expect(provider.id).toBe('google');
    await provider.close();
  });
});
