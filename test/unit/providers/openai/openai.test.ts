import { afterEach, describe, expect, it } from '@jest/globals';
import { createProvider } from '../../../../src/providers/create-provider.ts';
import { createOpenAiProvider } from '../../../../src/providers/openai/openai.ts';
import type { Provider } from '../../../../src/providers/provider.ts';
import { chatRequest, runCall } from '../chat-samples.ts';
import { readFixtures } from '../fixtures.ts';
import {
  answerHead,
  bodyChunk,
  LAST_CHUNK,
  type RawRequest,
  type RawUpstream,
  startRawUpstream,
  writeJson,
  writePieces,
} from '../raw-upstream.ts';
import { describeRecordedAnswers } from '../recorded-answers.ts';

const fixtures = readFixtures('openai');

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
  options: { readonly path?: string; readonly maxAnswerBytes?: number; readonly apiKey?: string } = {},
): Promise<Setup> {
  const upstream = await startRawUpstream(onRequest);
  const { path = '/v1', apiKey, ...rest } = options;
  const provider = createOpenAiProvider({
    id: 'raw',
    kind: 'openai-compatible',
    baseUrl: upstream.url + path,
    apiKey,
    ...rest,
  });
  cleanups.push(
    () => upstream.close(),
    () => provider.close(),
  );
  return { upstream, provider };
}

const STREAM = 'data: {"choices":[{"index":0,"delta":{"content":"hello"},"finish_reason":null}]}\n\n';
const FINISH = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n';

describeRecordedAnswers(fixtures, (baseUrl) =>
  createOpenAiProvider({ id: 'raw', kind: 'openai-compatible', baseUrl, apiKey: undefined }),
);

describe('the request', () => {
  it('keeps the path prefix and the query of the base URL and sends the key as a bearer', async () => {
    const { upstream, provider } = await setup(
      ({ socket }) => writeJson(socket, fixtures.bytes('openai-body.json').toString()),
      {
        path: '/openai/deployments/x/?api-version=2024-10-21',
        apiKey: 'top-secret',
      },
    );
    const outcome = await runCall(provider, { streamed: false, model: 'some/model' });
    expect(outcome.finishReason).toBe('LENGTH');
    expect(upstream.requests[0]?.path).toBe('/openai/deployments/x/chat/completions?api-version=2024-10-21');
    expect(upstream.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer top-secret',
      accept: 'application/json',
    });
    expect(JSON.parse(upstream.requests[0]?.body ?? '')).toMatchObject({ model: 'some/model', max_tokens: 256 });
  });

  it('sends no credential to a server without one', async () => {
    const { upstream, provider } = await setup(({ socket }) =>
      writeJson(socket, fixtures.bytes('openai-body.json').toString()),
    );
    await runCall(provider, { streamed: false });
    expect(upstream.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it('never shows a key that cannot be a header', async () => {
    const { provider } = await setup(() => {}, { apiKey: 'top\nsecret' });
    const { error } = await runCall(provider);
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'NOT_SENT', retryable: false });
    expect(error?.message).toMatch(/apiKey/);
    expect(error?.message).not.toMatch(/secret/);
  });

  it.each([400, 422])(
    'repeats once without stream_options when they are refused with %i, and remembers',
    async (status) => {
      const { upstream, provider } = await setup(({ socket, body }) => {
        if (body.includes('stream_options')) {
          writeJson(socket, '{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"]}]}', status);
        } else {
          void writePieces(socket, answerHead('text/event-stream'), [fixtures.bytes('llama-cpp-stream.sse')]);
        }
      });
      expect((await runCall(provider)).text).toBe('Hi!');
      expect(upstream.requests).toHaveLength(2);
      expect((await runCall(provider)).text).toBe('Hi!');
      expect(upstream.requests).toHaveLength(3);
    },
  );

  it('does not remember a refusal that only quoted the name', async () => {
    const { upstream, provider } = await setup(({ socket }, number) => {
      if (number <= 2) writeJson(socket, '{"error":{"message":"Too long: my prompt about stream_options"}}', 400);
      else void writePieces(socket, answerHead('text/event-stream'), [STREAM, FINISH]);
    });
    expect((await runCall(provider)).error).toMatchObject({ failure: 'UPSTREAM_REJECTED' });
    expect((await runCall(provider)).text).toBe('hello');
    expect(upstream.requests.map(({ body }) => body.includes('stream_options'))).toEqual([true, false, true]);
  });

  it('does not repeat a request refused for another reason', async () => {
    const { upstream, provider } = await setup(({ socket }) => writeJson(socket, '{"error":{"code":"x"}}', 400));
    expect((await runCall(provider)).error).toMatchObject({ failure: 'UPSTREAM_REJECTED' });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('answers of an unexpected form', () => {
  type Answer = (socket: RawRequest['socket']) => void;
  const stream =
    (...pieces: string[]): Answer =>
    (socket) =>
      void writePieces(socket, answerHead('text/event-stream'), pieces);
  const cutAfter =
    (...pieces: string[]): Answer =>
    (socket) => {
      socket.write(answerHead('text/event-stream'));
      socket.end(Buffer.concat(pieces.map((piece) => bodyChunk(piece))));
    };

  it.each<[string, boolean, Answer, object]>([
    ['a stream that ends before its end', true, stream(STREAM), { phase: 'PARTIAL', retryable: false }],
    ['a stream without an event', true, stream(''), { phase: 'NO_ANSWER', retryable: true }],
    ['a stream of comments', true, stream(': wait\n\n'), { phase: 'NO_ANSWER', retryable: true }],
    ['a stream cut before the first token', true, cutAfter(': wait\n\n'), { phase: 'NO_ANSWER', retryable: true }],
    ['a stream cut after the first token', true, cutAfter(STREAM), { phase: 'PARTIAL', retryable: false }],
    ['an empty body', false, (socket) => writeJson(socket, ''), { phase: 'ANSWERED', retryable: true, status: 200 }],
    [
      'a body that is no JSON',
      false,
      (socket) => writeJson(socket, '{"choices":'),
      { phase: 'PARTIAL', retryable: false },
    ],
    [
      'JSON without an answer',
      false,
      (socket) => writeJson(socket, '{"hello":1}'),
      { phase: 'ANSWERED', retryable: false },
    ],
    [
      'a body cut in the middle',
      false,
      (socket) => socket.end(answerHead('application/json') + bodyChunk('{"choices').toString()),
      { phase: 'PARTIAL', retryable: false },
    ],
    [
      'a web page',
      false,
      (socket) => socket.write(`${answerHead('text/html')}${bodyChunk('<html>')}${LAST_CHUNK}`),
      { phase: 'ANSWERED', retryable: false, message: expect.stringContaining('"text/html" instead of JSON') },
    ],
    [
      'a compressed body',
      false,
      (socket) => socket.write(answerHead('application/json', 200, { 'content-encoding': 'gzip' })),
      { phase: 'ANSWERED', retryable: false },
    ],
    ['bytes that are no HTTP', true, (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'), { phase: 'NO_ANSWER' }],
    ['a connection closed at once', true, (socket) => socket.destroy(), { phase: 'NO_ANSWER', retryable: true }],
    [
      'a redirect',
      false,
      (socket) => writeJson(socket, '', 307, { location: 'https://example.com/' }),
      { phase: 'ANSWERED', status: 307, retryable: false },
    ],
    [
      'an error whose body never ends',
      true,
      (socket) => socket.write(`${answerHead('application/json', 503, { 'retry-after': '2' })}${bodyChunk('{')}`),
      { phase: 'ANSWERED', status: 503, retryAfterMs: 2000 },
    ],
  ])('%s is a clear error', async (_what, streamed, answer, expected) => {
    const { provider } = await setup(({ socket }) => answer(socket));
    const { error } = await runCall(provider, { streamed });
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', ...expected });
    expect(error?.message).toMatch(/^The provider/);
  });

  it('takes a stream as complete that said why it finished, with or without [DONE], or cut after it', async () => {
    const answers = [stream(STREAM, FINISH), cutAfter(STREAM, FINISH), stream(STREAM, FINISH, 'data: [DONE]\n\n')];
    for (const answer of answers) {
      const { provider } = await setup(({ socket }) => answer(socket));
      expect(await runCall(provider)).toMatchObject({ text: 'hello', finishReason: 'STOP', usage: undefined });
    }
  });

  it('takes [DONE] without a finish reason for an end', async () => {
    const { provider } = await setup(({ socket }) => stream(STREAM, 'data: [DONE]\n\n')(socket));
    expect(await runCall(provider)).toMatchObject({ text: 'hello', finishReason: 'STOP' });
  });

  it('ends at [DONE] when the server leaves the connection open, and closes it soon', async () => {
    const { upstream, provider } = await setup(({ socket }) => {
      socket.write(answerHead('text/event-stream'));
      socket.write(bodyChunk(`${STREAM}${FINISH}data: [DONE]\n\n`));
    });
    expect(await runCall(provider)).toMatchObject({ text: 'hello', finishReason: 'STOP' });
    const [request] = upstream.requests;
    if (request !== undefined) await upstream.closed(request);
    expect(upstream.openSockets()).toBe(0);
  });

  it('reads a whole body where a stream was asked for, and a stream where a body was', async () => {
    const whole = await setup(({ socket }) => writeJson(socket, fixtures.bytes('xai-body.json').toString()));
    expect(await runCall(whole.provider, { streamed: true })).toMatchObject({ text: '303', finishReason: 'STOP' });
    const streamed = await setup(({ socket }) => stream(STREAM, FINISH)(socket));
    expect(await runCall(streamed.provider, { streamed: false })).toMatchObject({ text: 'hello' });
  });

  it('stops an answer that never ends, streamed or not, and one event that never ends', async () => {
    const endless = (type: string, first: string, piece: string): Answer => {
      return (socket) => {
        socket.write(answerHead(type) + bodyChunk(first).toString());
        const more = (): void => {
          if (!socket.destroyed) socket.write(bodyChunk(piece), () => setImmediate(more));
        };
        more();
      };
    };
    const answers: [boolean, Answer][] = [
      [true, endless('text/event-stream', STREAM, STREAM)],
      [true, endless('text/event-stream', 'data: ', 'x'.repeat(1000))],
      [false, endless('application/json', '{"choices":"', 'x'.repeat(1000))],
    ];
    for (const [streamed, answer] of answers) {
      const { upstream, provider } = await setup(({ socket }) => answer(socket), { maxAnswerBytes: 5000 });
      const { error } = await runCall(provider, { streamed });
      expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', retryable: false });
      expect(error?.message).toMatch(/more than 5000 bytes|more than 20000 bytes|larger than an answer may be/);
      const [request] = upstream.requests;
      if (request !== undefined) await upstream.closed(request);
    }
  });

  it('tells the usage seen and the request id with a failure in the middle', async () => {
    const withUsage = STREAM.replace('"choices"', '"usage":{"prompt_tokens":7,"completion_tokens":1},"choices"');
    const { provider } = await setup(({ socket }) => {
      void writePieces(socket, answerHead('text/event-stream', 200, { 'x-request-id': 'req_9' }), [withUsage]);
    });
    const { error, text } = await runCall(provider);
    expect(text).toBe('hello');
    expect(error).toMatchObject({
      phase: 'PARTIAL',
      status: 200,
      providerRequestId: 'req_9',
      usage: { inputTokens: 7, outputTokens: 1 },
    });
  });

  it('turns an error thrown while reading into one of its own and closes the connection', async () => {
    const { upstream, provider } = await setup(({ socket }) => {
      socket.write(answerHead('text/event-stream') + bodyChunk(STREAM).toString());
    });
    const call = { model: 'm', request: chatRequest(), streamed: true, signal: new AbortController().signal };
    const timeouts = { connectMs: 9000, firstTokenMs: 9000, idleMs: 9000, totalMs: 9000 };
    const bug = new Error('a bug of the reader');
    const failing = provider.chat({ ...call, timeouts }, () => {
      throw bug;
    });
    await expect(failing).rejects.toMatchObject({ name: 'UpstreamError', failure: 'UPSTREAM_ERROR', cause: bug });
    const [request] = upstream.requests;
    if (request !== undefined) await upstream.closed(request);
  });
});

describe('the registry', () => {
  it('asks for a base URL where a kind has none of its own', async () => {
    const settings = { id: 'x', baseUrl: undefined, apiKey: 'k' };
    expect(() => createProvider({ ...settings, kind: 'openai-compatible' })).toThrow(/baseUrl/);
    const provider = createProvider({ ...settings, kind: 'openai' });
    expect(provider.id).toBe('x');
    await provider.close();
  });
});
