// The adapter with a package made up for the test: what it owes a package, and what no package can do to it.

import { afterEach, describe, expect, it } from '@jest/globals';
import type { AiSdkPackage } from '../../../../src/platform/ai-sdk-package.ts';
import { createProxyChoice } from '../../../../src/platform/proxy-choice.ts';
import type { SafeFetch } from '../../../../src/platform/safe-fetch.ts';
import { SafeFetchError } from '../../../../src/platform/safe-fetch-exchange.ts';
import { type AiSdkProviderOptions, createAiSdkProvider } from '../../../../src/providers/ai-sdk/ai-sdk.ts';
import { createImageBudget } from '../../../../src/providers/image-budget.ts';
import type { Provider } from '../../../../src/providers/provider.ts';
import { createCertificateAuthority } from '../../../support/certificates.ts';
import { startTestProxy } from '../../../support/start-proxy.ts';
import { chatRequest, providerCall, runCall, userMessage } from '../chat-samples.ts';
import { answerHead, bodyChunk, type RawRequest, startRawUpstream, writeJson } from '../raw-upstream.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Fetch = typeof globalThis.fetch;
interface CallOptions {
  readonly prompt: readonly { readonly content: unknown }[];
  readonly abortSignal: AbortSignal;
}
interface FakeModel {
  readonly specificationVersion?: 'v3' | 'v4';
  readonly supportedUrls?: object;
  doGenerate?(options: CallOptions, fetch: Fetch): Promise<unknown>;
  doStream?(options: CallOptions, fetch: Fetch): Promise<unknown>;
}

const FINISH = { finishReason: { unified: 'stop' }, usage: { inputTokens: { total: 9 }, outputTokens: { total: 3 } } };
const RESULT = { content: [{ type: 'text', text: 'ok' }], warnings: [], ...FINISH };

function providerOf(
  model: FakeModel,
  options: Partial<AiSdkProviderOptions> = {},
): { provider: Provider; made: string[]; fetch: () => Fetch } {
  const made: string[] = [];
  let given: Fetch | undefined;
  const aiSdk: AiSdkPackage = {
    name: 'made-up',
    fingerprint: 'made-up',
    create: (fetch) => {
      given = fetch;
      return {
        languageModel: (modelId) => {
          made.push(modelId);
          return {
            specificationVersion: 'v4',
            provider: 'made-up',
            modelId,
            supportedUrls: {},
            ...model,
            doGenerate: (asked: CallOptions) => model.doGenerate?.(asked, fetch),
            doStream: (asked: CallOptions) => model.doStream?.(asked, fetch),
          };
        },
      };
    },
  };
  const provider = createAiSdkProvider({ id: 'p', aiSdk, allowInsecure: false, maxAnswerBytes: 10_000, ...options });
  cleanups.push(() => provider.close());
  return {
    provider,
    made,
    fetch: () => {
      if (given === undefined) throw new Error('no fetch was handed in');
      return given;
    },
  };
}

async function upstreamOf(
  onRequest: (request: RawRequest, number: number) => void,
  tls?: Parameters<typeof startRawUpstream>[1],
) {
  const upstream = await startRawUpstream(onRequest, tls);
  cleanups.push(() => upstream.close());
  return upstream;
}

/** A model that posts to this address and answers with what it got. */
const posting = (url: string, init: RequestInit = {}): FakeModel => ({
  doGenerate: async ({ abortSignal }, fetch) => {
    const answer = await fetch(url, { method: 'POST', body: '{}', signal: abortSignal, ...init });
    const text = await answer.text();
    return { ...RESULT, content: [{ type: 'text', text: `${answer.status} ${text}` }] };
  },
});

describe('model objects', () => {
  it('are made once a name, whatever is asked of them', async () => {
    const { provider, made } = providerOf({ doGenerate: async () => RESULT });
    for (const model of ['a', 'b', 'a', 'a']) {
      provider.review(chatRequest(), model);
      expect(await runCall(provider, { model, streamed: false })).toMatchObject({ text: 'ok' });
    }
    expect(made).toEqual(['a', 'b']);
  });

  it('are bounded in number', async () => {
    const { provider, made } = providerOf({ doGenerate: async () => RESULT });
    for (let index = 0; index < 300; index++) provider.review(chatRequest(), `model-${index}`);
    provider.review(chatRequest(), 'model-299');
    expect(made).toHaveLength(300);
    provider.review(chatRequest(), 'model-0');
    expect(made).toHaveLength(301);
  });

  it('are asked once a call: nothing retries behind our back', async () => {
    const { requests, url } = await upstreamOf(({ socket }) => writeJson(socket, '{}', 503));
    const { provider } = providerOf(posting(url));
    expect((await runCall(provider, { streamed: false })).text).toBe('503 {}');
    expect(requests).toHaveLength(1);
  });
});

describe('review', () => {
  it('tells what the package has no word for, and refuses options that are not allowed', () => {
    const { provider } = providerOf({ specificationVersion: 'v3' }, { allowedOptions: ['user'] });
    const request = chatRequest({
      messages: [{ ...userMessage('x'), cacheBreakpoint: true }],
      reasoning: { effort: 'LOW', maxTokens: undefined },
      providerOptions: { 'ai-sdk': { user: 'u', logprobs: 1 } },
    });
    expect(provider.review(request, 'm')).toEqual({
      warnings: [
        expect.stringMatching(/^cacheBreakpoint was not sent/),
        expect.stringMatching(/^reasoning was not sent/),
      ],
      refusedOptions: [{ path: ['ai-sdk', 'logprobs'], message: expect.stringContaining('Allowed: user.') }],
    });
  });
});

describe('the fetch that packages get', () => {
  it('sends method, headers and any kind of body, and no credentials elsewhere: redirects are not followed', async () => {
    const { requests, url } = await upstreamOf(({ socket, path }) => {
      if (path === '/moved') writeJson(socket, '', 307, { location: 'http://127.0.0.1:1/elsewhere' });
      else writeJson(socket, '{}');
    });
    const { fetch } = providerOf({});
    const form = new URLSearchParams({ grant_type: 'x' });
    const bodies: NonNullable<RequestInit['body']>[] = [
      'text',
      Buffer.from('bytes'),
      new Uint8Array([120]).buffer,
      new Blob(['blob']),
      form,
    ];
    for (const body of bodies)
      await (await fetch()(`${url}/a?b=1`, { method: 'PUT', headers: { 'x-mine': '1' }, body })).text();
    await (
      await fetch()(
        new Request(`${url}/request`, { method: 'POST', body: 'of a request', headers: { authorization: 'k' } }),
      )
    ).text();
    await (await fetch()(new URL(`${url}/get`))).text();
    expect(requests.map(({ body }) => body)).toEqual([
      'text',
      'bytes',
      'x',
      'blob',
      'grant_type=x',
      'of a request',
      '',
    ]);
    expect(requests[0]).toMatchObject({
      path: '/a?b=1',
      head: expect.stringMatching(/^PUT /),
      headers: { 'x-mine': '1', 'accept-encoding': 'identity' },
    });
    expect(requests[4]?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    expect(requests[5]).toMatchObject({ path: '/request', headers: { authorization: 'k' } });
    expect((await fetch()(`${url}/moved`)).status).toBe(307);
  });

  it('works outside of calls too, and leaves nothing behind', async () => {
    const { url } = await upstreamOf(({ socket }) => writeJson(socket, '{"token":1}'));
    const { fetch } = providerOf({});
    expect(await (await fetch()(url, { method: 'POST', body: '{}' })).json()).toEqual({ token: 1 });
    await expect(fetch()(url, { signal: AbortSignal.abort() })).rejects.toThrow();
  });

  it.each([
    ['http://10.0.0.7/v1', false, /not https\. An operator has to correct its settings, or to set allowInsecure\.$/],
    ['http://localhost.evil.test/v1', false, /not https/],
    ['ftp://files.test/x', true, /not https/],
    ['no address', true, /cannot be read/],
  ])('refuses %s', async (url, allowInsecure, message) => {
    const { provider } = providerOf(posting(url), { allowInsecure });
    const { error } = await runCall(provider, { streamed: false });
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'NOT_SENT', retryable: false });
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toMatch(/10\.0|evil|files/);
  });

  it('sends unencrypted where the configuration allows it by name', async () => {
    const { provider } = providerOf(posting('http://no-such-host.invalid/'), { allowInsecure: true });
    expect((await runCall(provider, { streamed: false })).error?.message).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  it.each<[string, object, RegExp]>([
    ['a web page', { 'content-type': 'text/html; charset=utf-8' }, /"text\/html" instead of JSON/],
    ['a compressed answer', { 'content-encoding': 'gzip' }, /compressed its answer/],
  ])('gives %s to no package', async (_what, headers, message) => {
    const { url } = await upstreamOf(({ socket }) => writeJson(socket, '{}', 200, headers as Record<string, string>));
    const { provider } = providerOf(posting(url));
    const { error } = await runCall(provider, { streamed: false });
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', retryable: false });
    expect(error?.message).toMatch(message);
  });

  it('bounds bodies, and of an error takes the beginning only', async () => {
    const { url } = await upstreamOf(({ socket, path }) => {
      socket.write(answerHead('application/json', path === '/error' ? 500 : 200));
      const timer = setInterval(() => socket.write(bodyChunk('x'.repeat(20_000))), 1);
      socket.once('close', () => clearInterval(timer));
    });
    const plain = await runCall(providerOf(posting(`${url}/plain`)).provider, { streamed: false });
    expect(plain.error?.message).toBe('The provider sent more than 40000 bytes.');
    const { doGenerate } = posting(`${url}/error`);
    const failed = providerOf({
      doGenerate: async (asked, fetch) => {
        const result = (await doGenerate?.(asked, fetch)) as typeof RESULT;
        return { ...RESULT, content: [{ type: 'text', text: String(result.content[0]?.text.length) }] };
      },
    });
    expect(Number((await runCall(failed.provider, { streamed: false })).text)).toBeGreaterThanOrEqual(65_536);
  });

  it('goes through the proxy and trusts the authority of its provider', async () => {
    const authority = createCertificateAuthority();
    const upstream = await upstreamOf(({ socket }) => writeJson(socket, '{}'), authority.issue(['llm.example.test']));
    await using proxy = await startTestProxy({ hosts: { 'llm.example.test': Number(new URL(upstream.url).port) } });
    const https = { url: `http://127.0.0.1:${proxy.port}`, authorization: undefined };
    const { provider } = providerOf(posting('https://llm.example.test/v1'), {
      network: {
        certificateAuthorities: authority.cert,
        proxyFor: createProxyChoice({ https, http: undefined, except: [] }),
      },
    });
    expect((await runCall(provider, { streamed: false })).text).toBe('200 {}');
    expect(proxy.asked).toEqual(['CONNECT llm.example.test:443']);
  });

  it('tells a connection that was closed while idle from one that was cut', async () => {
    const { url } = await upstreamOf(({ socket }, number) => {
      if (number === 1) writeJson(socket, '{}');
      else socket.resetAndDestroy();
    });
    const { provider } = providerOf(posting(url));
    await runCall(provider, { streamed: false });
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect((await runCall(provider, { streamed: false })).error).toMatchObject({ phase: 'NOT_SENT', retryable: true });
    expect((await runCall(provider, { streamed: false })).error).toMatchObject({ phase: 'NO_ANSWER', retryable: true });
  });
});

describe('an answer that is cut', () => {
  it('is delivered as far as it came, however late and in however many streams a package reads it', async () => {
    const { url } = await upstreamOf(({ socket }) => {
      socket.write(answerHead('text/event-stream'));
      socket.write(bodyChunk('one two three four '), () => socket.destroy());
    });
    const words = (): TransformStream<Uint8Array, object> =>
      new TransformStream({
        transform: (bytes, parts) => {
          const decoded = new TextDecoder().decode(bytes);
          for (const word of decoded.split(/(?<= )/)) parts.enqueue({ type: 'text-delta', id: '0', delta: word });
        },
      });
    const { provider } = providerOf({
      doStream: async ({ abortSignal }, fetch) => {
        const answer = await fetch(url, { signal: abortSignal });
        // By then the whole of it is here, and the cut as well.
        await new Promise((resolve) => setTimeout(resolve, 50));
        return { stream: answer.body?.pipeThrough(words()).pipeThrough(new TransformStream()) };
      },
    });
    const { text, error } = await runCall(provider);
    expect(text).toBe('one two three four ');
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'PARTIAL', retryable: false });
  });
});

describe('a package that misbehaves', () => {
  it('and never answers is stopped by the total time, and knows by its signal', async () => {
    let signal: AbortSignal | undefined;
    const { provider } = providerOf({
      doGenerate: ({ abortSignal }) => {
        signal = abortSignal;
        return new Promise(() => undefined);
      },
    });
    const timeouts = { connectMs: 5_000, firstTokenMs: 5_000, idleMs: 5_000, totalMs: 60 };
    const { error } = await runCall(provider, { streamed: false, timeouts });
    expect(error).toMatchObject({ failure: 'DEADLINE_EXCEEDED', phase: 'NOT_SENT' });
    expect(signal?.aborted).toBe(true);
  });

  it('and goes on writing after an abort is not heard', async () => {
    const controller = new AbortController();
    let write: (part: object) => void = () => undefined;
    const stream = new ReadableStream({
      start: (parts) => {
        write = (part) => parts.enqueue(part);
      },
    });
    const { provider } = providerOf({ doStream: async () => ({ stream }) });
    const seen: unknown[] = [];
    const running = provider.chat(providerCall({ signal: controller.signal }), (delta) => {
      seen.push(delta);
      controller.abort();
      write({ type: 'text-delta', id: '0', delta: 'more' });
    });
    write({ type: 'text-delta', id: '0', delta: 'one' });
    await expect(running).rejects.toMatchObject({ failure: 'CANCELLED' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toHaveLength(1);
  });

  it('and throws at once, or gives something else than a stream, is an error and no crash', async () => {
    const thrown = providerOf({
      doGenerate: () => {
        throw new TypeError('XYZZY');
      },
    });
    const { error } = await runCall(thrown.provider, { streamed: false });
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'NOT_SENT', retryable: false });
    const odd = providerOf({ doStream: async () => ({}) });
    expect((await runCall(odd.provider)).error).toMatchObject({ failure: 'UPSTREAM_ERROR' });
  });

  it('ends with the finish part, whatever comes after it', async () => {
    const stream = new ReadableStream({
      start: (parts) => {
        parts.enqueue({ type: 'text-delta', id: '0', delta: 'whole' });
        parts.enqueue({ type: 'finish', ...FINISH });
        // And never closes.
      },
    });
    const { provider } = providerOf({ doStream: async () => ({ stream }) });
    expect(await runCall(provider)).toMatchObject({ text: 'whole', finishReason: 'STOP' });
  });

  it('is not called with a signal that was aborted before', async () => {
    const { provider } = providerOf({ doGenerate: async () => RESULT });
    const { error } = await runCall(provider, { streamed: false, signal: AbortSignal.abort() });
    expect(error).toMatchObject({ failure: 'CANCELLED', phase: 'NOT_SENT' });
  });
});

describe('pictures by their address', () => {
  const URLS = ['https://example.com/a.png', 'https://native.example.com/b.png'];
  const parts = URLS.map((url) => ({ type: 'image-url', url }) as const);
  const request = chatRequest({ messages: [{ ...userMessage(''), parts: [...parts, ...parts] }] });
  const ask = async (fetchImage: SafeFetch): Promise<{ content: unknown; asked: string[]; error: unknown }> => {
    const asked: string[] = [];
    let content: unknown;
    const { provider } = providerOf(
      {
        supportedUrls: { 'image/*': [/^https:\/\/native\./], 'video/*': [/./] },
        doGenerate: async ({ prompt }) => {
          content = prompt[0]?.content;
          return RESULT;
        },
      },
      {
        fetchImage: (options) => {
          asked.push(options.url);
          return fetchImage(options);
        },
      },
    );
    const { error } = await runCall(provider, { streamed: false, request });
    return { content, asked, error };
  };
  const answer =
    (body: string, status = 200): SafeFetch =>
    async () => ({ status, headers: {}, body: Buffer.from(body, 'latin1') });
  const PNG = '\u0089PNG\r\n\u001a\n';

  it('are fetched once and sent along where the model does not fetch them itself', async () => {
    const { content, asked } = await ask(answer(PNG));
    expect(asked).toEqual([URLS[0]]);
    const fetched = {
      type: 'file',
      mediaType: 'image/png',
      data: { type: 'data', data: Buffer.from(PNG, 'latin1').toString('base64') },
    };
    const native = { type: 'file', mediaType: 'image/*', data: { type: 'url', url: new URL(URLS[1] ?? '') } };
    expect(content).toEqual([fetched, native, fetched, native]);
  });

  it.each<[string, () => Promise<unknown>, string | undefined]>([
    ['is done', async () => RESULT, undefined],
    [
      'fails',
      async () => {
        throw new TypeError('a bug');
      },
      'UPSTREAM_ERROR',
    ],
    ['hears nothing of its end', () => new Promise(() => {}), 'CANCELLED'],
  ])('take room until a package %s', async (_how, answering, failure) => {
    const imageBudget = createImageBudget();
    const taken: number[] = [];
    const controller = new AbortController();
    const { provider } = providerOf(
      {
        doGenerate: () => {
          taken.push(imageBudget.bytes.taken);
          if (failure === 'CANCELLED') controller.abort();
          return answering();
        },
      },
      { fetchImage: answer(PNG), imageBudget },
    );
    const { error } = await runCall(provider, { streamed: false, request, signal: controller.signal });
    expect(error?.failure).toBe(failure);
    expect(taken).toEqual([2 * PNG.length]);
    expect(imageBudget.bytes.taken).toBe(0);
  });

  it.each<[string, SafeFetch, object, RegExp]>([
    [
      'a refused address',
      async () => {
        throw new SafeFetchError('ADDRESS_REFUSED', 'The address leads into a private network.');
      },
      { failure: 'UPSTREAM_REJECTED', retryable: false },
      /cannot be used: its address .* leads/,
    ],
    [
      'no connection',
      async () => {
        throw new SafeFetchError('UNREACHABLE', 'The address cannot be reached.');
      },
      { failure: 'UPSTREAM_REJECTED', retryable: false },
      /host cannot be reached/,
    ],
    ['a missing picture', answer(PNG, 404), { failure: 'UPSTREAM_REJECTED', retryable: false }, /status 404/],
    ['a web page', answer('<html>'), { failure: 'UPSTREAM_REJECTED', retryable: false }, /no picture/],
  ])('%s: the model is not asked', async (_what, fetchImage, expected, message) => {
    const { content, error } = await ask(fetchImage);
    expect(content).toBeUndefined();
    expect(error).toMatchObject({ phase: 'NOT_SENT', message: expect.stringMatching(message), ...expected });
    expect(String(error)).not.toContain('example.com');
  });
});
