import { afterEach, describe, expect, it } from '@jest/globals';
import { createAnthropicProvider } from '../../../../src/providers/anthropic/anthropic.ts';
import { createProvider } from '../../../../src/providers/create-provider.ts';
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

const fixtures = readFixtures('anthropic');
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
  options: { readonly path?: string; readonly apiKey?: string; readonly allowedOptions?: readonly string[] } = {},
): Promise<Setup> {
  const upstream = await startRawUpstream(onRequest);
  const { path = '/v1', apiKey, ...rest } = options;
  const provider = createAnthropicProvider({ id: 'raw', baseUrl: upstream.url + path, apiKey, ...rest });
  cleanups.push(
    () => upstream.close(),
    () => provider.close(),
  );
  return { upstream, provider };
}

const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const START = event({ type: 'message_start', message: { id: 'msg_1', usage: { input_tokens: 9, output_tokens: 1 } } });
const OPEN = event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
const HELLO = event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hello' } });
const THINK = event({ type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } });
const FINISH = event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } });
const STOP = event({ type: 'message_stop' });

const stream =
  (...pieces: string[]) =>
  ({ socket }: RawRequest): void =>
    void writePieces(socket, answerHead('text/event-stream', 200, { 'request-id': 'req_1' }), pieces);
const cutAfter =
  (...pieces: string[]) =>
  ({ socket }: RawRequest): void => {
    socket.write(answerHead('text/event-stream'));
    socket.end(Buffer.concat(pieces.map((piece) => bodyChunk(piece))));
  };

describeRecordedAnswers(fixtures, (baseUrl) => createAnthropicProvider({ id: 'raw', baseUrl, apiKey: undefined }));

describe('the request', () => {
  it('goes to /messages with the key and the version of the API, and keeps prefix and query of the base URL', async () => {
    const answer = fixtures.bytes('structured-body.json').toString();
    const { upstream, provider } = await setup(
      ({ socket }) => writeJson(socket, answer, 200, { 'request-id': 'req_018EeW' }),
      { path: '/anthropic/v1/?region=eu', apiKey: ' sk-ant-secret ' },
    );
    const outcome = await runCall(provider, { streamed: false, model: 'claude-haiku-4-5' });
    expect(outcome).toMatchObject({ finishReason: 'STOP', providerRequestId: 'req_018EeW' });
    const [request] = upstream.requests;
    expect(request?.path).toBe('/anthropic/v1/messages?region=eu');
    expect(request?.headers).toMatchObject({
      'x-api-key': 'sk-ant-secret',
      'anthropic-version': '2023-06-01',
      accept: 'application/json',
    });
    expect(request?.headers).not.toHaveProperty('authorization');
    const body = JSON.parse(request?.body ?? '');
    expect(body).toMatchObject({ model: 'claude-haiku-4-5', max_tokens: 256 });
    expect(body).not.toHaveProperty('stream');
  });

  it('asks for a stream, and sends no key to a server without one', async () => {
    const { upstream, provider } = await setup(stream(START, OPEN, HELLO, FINISH, STOP));
    expect(await runCall(provider)).toMatchObject({ text: 'hello', providerRequestId: 'req_1' });
    expect(JSON.parse(upstream.requests[0]?.body ?? '')).toMatchObject({ stream: true });
    expect(upstream.requests[0]?.headers).toMatchObject({ accept: 'text/event-stream' });
    expect(upstream.requests[0]?.headers).not.toHaveProperty('x-api-key');
  });

  it('never shows a key that cannot be a header', async () => {
    const { provider } = await setup(() => {}, { apiKey: 'top\nsecret' });
    const { error } = await runCall(provider);
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'NOT_SENT', retryable: false });
    expect(error?.message).not.toMatch(/secret/);
  });

  it('is reviewed by what is sent', async () => {
    const { upstream, provider } = await setup(stream(START, OPEN, HELLO, FINISH, STOP), { allowedOptions: ['betas'] });
    const request = chatRequest({
      seed: 1,
      temperature: 2,
      providerOptions: { anthropic: { betas: ['x'], service_tier: 'auto', top_k: 1 } },
    });
    const { warnings, refusedOptions } = provider.review(request, 'claude-opus-5');
    expect(warnings.map((warning) => warning.split(' ')[0])).toEqual(['temperature', 'top_k', 'seed']);
    expect(refusedOptions).toEqual([{ path: ['anthropic', 'service_tier'], message: expect.any(String) }]);
    await runCall(provider, { model: 'claude-opus-5', request });
    const body = JSON.parse(upstream.requests[0]?.body ?? '');
    expect(body).toMatchObject({ betas: ['x'] });
    for (const name of ['seed', 'temperature', 'top_k', 'service_tier']) expect(body).not.toHaveProperty(name);
  });

  it('takes JSON that was asked for in words out of its fence, and no other text', async () => {
    const fenced = ['```json', '\n{"a":', ' 1}\n', '``', '`\n'].map((piece) =>
      event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } }),
    );
    const { provider } = await setup(stream(START, OPEN, ...fenced, FINISH, STOP));
    const output = { format: 'JSON', schema: undefined, name: 'x' } as const;
    expect((await runCall(provider, { request: chatRequest({ output }) })).text).toBe('{"a": 1}');
    expect((await runCall(provider)).text).toBe('```json\n{"a": 1}\n```\n');
  });
});

describe('failures', () => {
  const errorBody = (type: string, message: string, details?: object): string =>
    JSON.stringify({ type: 'error', error: { type, message, details }, request_id: 'req_x' });

  it.each<[number, string, object, RegExp]>([
    [400, errorBody('invalid_request_error', 'SECRET'), { failure: 'UPSTREAM_REJECTED' }, /invalid_request_error/],
    [
      400,
      errorBody('invalid_request_error', 'prompt is too long: 9 > 5'),
      { failure: 'UPSTREAM_REJECTED' },
      /longer than/,
    ],
    [
      400,
      errorBody('invalid_request_error', 'input length and `max_tokens` exceed context limit: 1 + 2'),
      { failure: 'UPSTREAM_REJECTED' },
      /longer than/,
    ],
    [
      400,
      errorBody('invalid_request_error', 'Output blocked by content filtering policy'),
      { failure: 'UPSTREAM_BLOCKED' },
      /safety system/,
    ],
    [
      400,
      errorBody('invalid_request_error', 'Your credit balance is too low to access it.'),
      { failure: 'UPSTREAM_REJECTED' },
      /quota of our account/,
    ],
    [
      400,
      errorBody('invalid_request_error', 'SECRET', { error_code: 'image_dimensions_too_large' }),
      { failure: 'UPSTREAM_REJECTED' },
      /image of this request is larger/,
    ],
    [401, errorBody('authentication_error', 'SECRET'), { failure: 'UPSTREAM_REJECTED' }, /credential \(status 401\)/],
    [402, errorBody('billing_error', 'SECRET'), { failure: 'UPSTREAM_REJECTED' }, /no credit left/],
    [403, errorBody('permission_error', 'SECRET'), { failure: 'UPSTREAM_REJECTED' }, /credential \(status 403\)/],
    [404, errorBody('not_found_error', 'SECRET'), { failure: 'UPSTREAM_REJECTED' }, /no such model or address/],
    [413, errorBody('request_too_large', 'SECRET'), { failure: 'UPSTREAM_REJECTED' }, /larger than the provider takes/],
    [429, errorBody('rate_limit_error', 'SECRET'), { failure: 'UPSTREAM_ERROR', retryable: true }, /throttling/],
    [
      429,
      errorBody('rate_limit_error', 'SECRET', { error_code: 'enforced_spend_limit_reached' }),
      { failure: 'UPSTREAM_ERROR' },
      /spending limit/,
    ],
    [500, errorBody('api_error', 'SECRET'), { failure: 'UPSTREAM_ERROR', retryable: true }, /status 500/],
    [504, errorBody('timeout_error', 'SECRET'), { failure: 'UPSTREAM_ERROR', retryable: true }, /status 504/],
    [529, errorBody('overloaded_error', 'SECRET'), { failure: 'UPSTREAM_ERROR', retryable: true }, /529 \(overloaded/],
  ])('status %i with %s is told as it is', async (status, body, expected, message) => {
    const headers = { 'request-id': 'req_018', 'retry-after': '3' };
    const { provider } = await setup(({ socket }) => writeJson(socket, body, status, headers));
    const { error } = await runCall(provider, { request: chatRequest({ messages: [userMessage('SECRET')] }) });
    expect(error).toMatchObject({
      phase: 'ANSWERED',
      status,
      retryAfterMs: 3000,
      providerRequestId: 'req_018',
      ...expected,
    });
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain('SECRET');
  });

  const errorEvent = (type: string): string => event({ type: 'error', error: { type, message: 'SECRET' } });

  it.each<[string, string, object]>([
    ['overloaded_error', START, { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', retryable: true, status: 529 }],
    ['rate_limit_error', START, { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', retryable: true, status: 429 }],
    ['api_error', '', { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', retryable: true, status: 500 }],
    ['timeout_error', '', { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', retryable: true, status: 504 }],
    [
      'invalid_request_error',
      START,
      { failure: 'UPSTREAM_REJECTED', phase: 'ANSWERED', retryable: false, status: 400 },
    ],
    ['authentication_error', START, { failure: 'UPSTREAM_REJECTED', phase: 'ANSWERED', retryable: false }],
    ['something_new', START, { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', retryable: true, status: 200 }],
    ['overloaded_error', START + OPEN + HELLO, { failure: 'UPSTREAM_ERROR', phase: 'PARTIAL', retryable: false }],
    ['overloaded_error', START + THINK, { failure: 'UPSTREAM_ERROR', phase: 'PARTIAL', retryable: false }],
    [
      'invalid_request_error',
      START + OPEN + HELLO,
      { failure: 'UPSTREAM_REJECTED', phase: 'PARTIAL', retryable: false },
    ],
  ])('%s as an event of a stream', async (type, before, expected) => {
    const { provider } = await setup(stream(before, errorEvent(type)));
    const { error } = await runCall(provider);
    expect(error).toMatchObject({ providerRequestId: 'req_1', ...expected });
    expect(error?.message).not.toContain('SECRET');
  });

  it.each<[string, (request: RawRequest) => void, object]>([
    ['before an event', stream(''), { phase: 'NO_ANSWER', retryable: true, usage: undefined }],
    ['before the first token', cutAfter(START), { phase: 'NO_ANSWER', retryable: true }],
    ['after the first token', cutAfter(START, OPEN, HELLO), { phase: 'PARTIAL', retryable: false }],
    ['while it thinks unseen', cutAfter(START, THINK), { phase: 'PARTIAL', retryable: false }],
    ['without a reason to stop', stream(START, OPEN, HELLO), { phase: 'PARTIAL', retryable: false }],
  ])('a stream that breaks off %s', async (_when, answer, expected) => {
    const { provider } = await setup(answer);
    expect((await runCall(provider)).error).toMatchObject({ failure: 'UPSTREAM_ERROR', ...expected });
  });

  it('carry the usage told at the beginning, and say that it leaves the output out', async () => {
    const { provider } = await setup(cutAfter(START, OPEN, HELLO));
    expect((await runCall(provider)).error).toMatchObject({
      usage: { inputTokens: 9, outputTokens: 1 },
      usageBeforeOutput: true,
      providerRequestId: 'msg_1',
    });
    const later = await setup(stream(START, OPEN, HELLO, FINISH.replace('end_turn', ''), errorEvent('api_error')));
    expect((await runCall(later.provider)).error).toMatchObject({
      usage: { inputTokens: 9, outputTokens: 4 },
      usageBeforeOutput: false,
    });
  });

  it('end thinking of which nothing is shown by the idle time, not by that of the first token', async () => {
    const { provider } = await setup(({ socket }) => {
      socket.write(answerHead('text/event-stream'));
      socket.write(bodyChunk(START + THINK));
    });
    const timeouts = { connectMs: 9_000, firstTokenMs: 9_000, idleMs: 50, totalMs: 9_000 };
    const { error } = await runCall(provider, { timeouts });
    expect(error).toMatchObject({ failure: 'DEADLINE_EXCEEDED', message: expect.stringContaining('idleMs') });
  });
});

describe('answers of an unexpected form', () => {
  it.each([
    ['ends with message_stop and the connection open', [START, OPEN, HELLO, FINISH, STOP], 4],
    ['is cut after its reason to stop', [START, OPEN, HELLO, FINISH], 4],
  ])('a stream that %s is whole', async (_what, pieces, outputTokens) => {
    const { provider } = await setup(({ socket }) => {
      socket.write(answerHead('text/event-stream'));
      socket.write(bodyChunk(pieces.join('')));
      if (!pieces.includes(STOP)) socket.end();
    });
    expect(await runCall(provider)).toMatchObject({ text: 'hello', finishReason: 'STOP', usage: { outputTokens } });
  });

  it('tells no usage when a server told the output of none', async () => {
    const bare = event({ type: 'message_delta', delta: { stop_reason: 'max_tokens' } });
    const { provider } = await setup(stream(START, OPEN, HELLO, bare, STOP));
    expect(await runCall(provider)).toMatchObject({ finishReason: 'LENGTH', usage: undefined });
  });

  it('reads a whole body where a stream was asked for, and a stream where a body was', async () => {
    const body = await setup(({ socket }) => writeJson(socket, fixtures.bytes('window-body.json').toString()));
    expect(await runCall(body.provider, { streamed: true })).toMatchObject({ text: 'And so', finishReason: 'LENGTH' });
    const streamed = await setup(stream(START, OPEN, HELLO, FINISH, STOP));
    expect(await runCall(streamed.provider, { streamed: false })).toMatchObject({ text: 'hello' });
  });
});

describe('the registry', () => {
  it('knows the address of the provider', async () => {
    const provider = createProvider({ id: 'claude', kind: 'anthropic', baseUrl: undefined, apiKey: 'k' });
    expect(provider.id).toBe('claude');
    await provider.close();
  });
});
