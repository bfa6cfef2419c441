// @ai-sdk/amazon-bedrock on a bare server: what aimock does not do. Shapes as in
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html and API_runtime_Converse.html

import { afterEach, describe, expect, it } from '@jest/globals';
import type { Provider } from '../../../../src/providers/provider.ts';
import { aiSdkProvider, bedrockSettings } from '../../../support/ai-sdk-provider.ts';
import { AWS_EVENT_STREAM, awsEvent, awsException } from '../../../support/aws-event-stream.ts';
import { chatRequest, providerCall, runCall, userMessage } from '../chat-samples.ts';
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

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const SONNET = 'anthropic.claude-sonnet-4-5-20250929-v1:0';

async function setup(
  onRequest: (request: RawRequest, number: number) => void,
): Promise<{ upstream: RawUpstream; provider: Provider }> {
  const upstream = await startRawUpstream(onRequest);
  const provider = await aiSdkProvider('@ai-sdk/amazon-bedrock', bedrockSettings(upstream.url), {
    maxAnswerBytes: 10_000,
  });
  cleanups.push(
    () => upstream.close(),
    () => provider.close(),
  );
  return { upstream, provider };
}

const text = (words: string): Buffer => awsEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { text: words } });
const START = awsEvent('messageStart', { role: 'assistant' });
const STOP = awsEvent('messageStop', { stopReason: 'end_turn' });
const METADATA = awsEvent('metadata', {
  usage: { inputTokens: 30, outputTokens: 50, totalTokens: 150, cacheReadInputTokens: 60, cacheWriteInputTokens: 10 },
  metrics: { latencyMs: 1 },
});
const streamHead = answerHead(AWS_EVENT_STREAM, 200, { 'x-amzn-requestid': 'aws-request-1' });

describe('an answer', () => {
  it.each([1, 7, 64, 10_000])('in pieces of %i bytes arrives whole; cached tokens are counted once', async (size) => {
    const bytes = Buffer.concat([
      START,
      text('Grüße, '),
      text('世界 👩‍👩‍👧'),
      awsEvent('contentBlockStop', { contentBlockIndex: 0 }),
      STOP,
      METADATA,
    ]);
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    );
    const { provider, upstream } = await setup(({ socket }) => void writePieces(socket, streamHead, pieces));
    expect(await runCall(provider, { model: SONNET })).toMatchObject({
      text: 'Grüße, 世界 👩‍👩‍👧',
      finishReason: 'STOP',
      usage: { inputTokens: 100, cachedInputTokens: 60, cacheWriteTokens: 10, outputTokens: 50, reasoningTokens: 0 },
      providerRequestId: 'aws-request-1',
    });
    expect(upstream.requests[0]?.path).toBe(`/model/${encodeURIComponent(SONNET)}/converse-stream`);
    expect(upstream.requests[0]?.headers['authorization']).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/\d{8}\/us-east-1\/bedrock/,
    );
    expect(upstream.requests[0]?.head).not.toContain('hunter2');
  });

  it('of many small pieces may take more bytes on the wire than one event may', async () => {
    const pieces = [START, ...Array.from({ length: 600 }, () => text('word ')), STOP, METADATA];
    expect(Buffer.concat(pieces).length).toBeGreaterThan(2 * 40_000);
    const { provider } = await setup(({ socket }) => void writePieces(socket, streamHead, pieces));
    expect(await runCall(provider, { model: SONNET })).toMatchObject({
      text: 'word '.repeat(600),
      finishReason: 'STOP',
    });
  });

  it('is not idle while bytes come, though the package makes nothing of them yet', async () => {
    const slow = text('slow');
    const { provider } = await setup(({ socket }) => {
      socket.write(streamHead);
      socket.write(Buffer.concat([START, text('one ')].map(bodyChunk)));
      let sent = 0;
      const timer = setInterval(() => {
        socket.write(bodyChunk(slow.subarray(sent, sent + 5)));
        sent += 5;
        if (sent < slow.length) return;
        clearInterval(timer);
        socket.write(Buffer.concat([STOP, METADATA].map(bodyChunk)));
        socket.write(LAST_CHUNK);
      }, 20);
      socket.once('close', () => clearInterval(timer));
    });
    const timeouts = { connectMs: 10_000, firstTokenMs: 10_000, idleMs: 250, totalMs: 20_000 };
    expect(slow.length).toBeGreaterThan((250 / 20) * 5);
    expect(await runCall(provider, { model: SONNET, timeouts })).toMatchObject({ text: 'one slow' });
  });

  it('thinks within the cap, and keeps what it was told to', async () => {
    const { provider, upstream } = await setup(({ socket }) =>
      writeJson(
        socket,
        JSON.stringify({
          output: { message: { role: 'assistant', content: [{ text: 'ok' }] } },
          stopReason: 'end_turn',
          usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
        }),
      ),
    );
    const request = chatRequest({
      messages: [{ ...userMessage('long'), cacheBreakpoint: true }, userMessage('short')],
      maxOutputTokens: 8_000,
      reasoning: { effort: 'MEDIUM', maxTokens: undefined },
      seed: 7,
    });
    expect(provider.review(request, SONNET)).toEqual({ warnings: [], refusedOptions: [] });
    const outcome = await runCall(provider, { model: SONNET, request, streamed: false });
    const body = JSON.parse(upstream.requests[0]?.body ?? '');
    // The package adds the budget to the cap: together they are what was asked for.
    expect(body).toMatchObject({
      inferenceConfig: { maxTokens: 8_000 },
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 4_000 } },
      messages: [{ role: 'user', content: [{ text: 'long' }, { cachePoint: { type: 'default' } }, { text: 'short' }] }],
    });
    expect(outcome).toMatchObject({ text: 'ok', warnings: [expect.stringMatching(/^seed was not sent/)] });
  });

  it('with JSON by a schema comes as text', async () => {
    const { provider } = await setup(
      ({ socket }) =>
        void writePieces(socket, streamHead, [
          START,
          awsEvent('contentBlockStart', {
            contentBlockIndex: 0,
            start: { toolUse: { toolUseId: 't1', name: 'json' } },
          }),
          awsEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: '{"city":' } } }),
          awsEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: '"Bern"}' } } }),
          awsEvent('contentBlockStop', { contentBlockIndex: 0 }),
          awsEvent('messageStop', { stopReason: 'tool_use' }),
        ]),
    );
    const output = {
      format: 'JSON',
      schema: { type: 'object', properties: { city: { type: 'string' } } },
      name: 'x',
    } as const;
    const outcome = await runCall(provider, { model: 'amazon.nova-pro-v1:0', request: chatRequest({ output }) });
    expect(outcome).toMatchObject({ text: '{"city":"Bern"}', finishReason: 'STOP', toolCalls: [] });
  });
});

describe('an error', () => {
  const failing: [number, string, object][] = [
    [
      400,
      'ValidationException',
      { failure: 'UPSTREAM_REJECTED', retryable: false, message: expect.stringContaining('(validationexception)') },
    ],
    [403, 'AccessDeniedException', { failure: 'UPSTREAM_REJECTED', retryable: false }],
    [404, 'ResourceNotFoundException', { failure: 'UPSTREAM_REJECTED', retryable: false }],
    [424, 'ModelErrorException', { failure: 'UPSTREAM_ERROR', retryable: true }],
    [
      429,
      'ThrottlingException',
      { failure: 'UPSTREAM_ERROR', retryable: true, message: expect.stringContaining('throttling') },
    ],
    [503, 'ServiceUnavailableException', { failure: 'UPSTREAM_ERROR', retryable: true }],
  ];
  it.each(failing.flatMap((row) => [[...row, true] as const, [...row, false] as const]))(
    'with status %i %s is told by its type, never by its words',
    async (status, type, expected, streamed) => {
      const headers = { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/`, 'x-amzn-requestid': 'aws-2' };
      const { provider } = await setup(({ socket }) =>
        writeJson(socket, '{"message":"XYZZY SECRET"}', status, headers),
      );
      const { error } = await runCall(provider, { model: SONNET, streamed });
      expect(error).toMatchObject({ phase: 'ANSWERED', status, providerRequestId: 'aws-2', ...expected });
      expect(`${error?.message}${error?.cause}`).not.toContain('XYZZY');
    },
  );

  it.each<[string, object]>([
    ['throttlingException', { failure: 'UPSTREAM_ERROR', retryable: true, status: 429 }],
    ['internalServerException', { failure: 'UPSTREAM_ERROR', retryable: true, status: 500 }],
    ['modelStreamErrorException', { failure: 'UPSTREAM_ERROR', retryable: true, status: 424 }],
    ['validationException', { failure: 'UPSTREAM_REJECTED', retryable: false, status: 400 }],
  ])('%s in the stream, before and after the first token', async (type, expected) => {
    const exception = awsException(type, { message: 'XYZZY SECRET' });
    let begun = false;
    const { provider } = await setup(
      ({ socket }) => void writePieces(socket, streamHead, [START, ...(begun ? [text('one ')] : []), exception]),
    );
    const first = await runCall(provider, { model: SONNET });
    expect(first.error).toMatchObject({ phase: 'ANSWERED', ...expected });
    begun = true;
    const later = await runCall(provider, { model: SONNET });
    expect(later).toMatchObject({ text: 'one ', error: { phase: 'PARTIAL', retryable: false } });
    expect(`${first.error?.message}${later.error?.message}`).not.toContain('XYZZY');
  });

  it.each<[string, Buffer[], object]>([
    ['before the first token', [START], { phase: 'NO_ANSWER', retryable: true }],
    ['after some', [START, text('one '), text('two ')], { phase: 'PARTIAL', retryable: false }],
    [
      'in the middle of a frame',
      [START, text('one '), text('two ').subarray(0, 20)],
      { phase: 'PARTIAL', retryable: false },
    ],
  ])('of the connection %s is a cut', async (_when, pieces, expected) => {
    const { provider } = await setup(({ socket }) => {
      socket.write(streamHead);
      socket.write(Buffer.concat(pieces.map(bodyChunk)), () => setImmediate(() => socket.destroy()));
    });
    const { error, text: came } = await runCall(provider, { model: SONNET });
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', providerRequestId: 'aws-request-1', ...expected });
    expect(came).toBe(['', '', '', 'one two ', 'one '][pieces.length === 1 ? 0 : pieces[2]?.length === 20 ? 4 : 3]);
  });

  it('of the frames themselves is no fault of ours', async () => {
    const broken = Buffer.from(text('x'));
    broken[20] = (broken[20] ?? 0) ^ 1;
    const { provider } = await setup(
      ({ socket }) => void writePieces(socket, streamHead, [START, text('one '), broken]),
    );
    const { error } = await runCall(provider, { model: SONNET });
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'PARTIAL', retryable: false });
    expect(error?.cause).toBeUndefined();
  });

  it('a frame that never ends is bounded', async () => {
    const { provider, upstream } = await setup(({ socket }) => {
      socket.write(streamHead);
      const endless = Buffer.alloc(20_000);
      endless.writeUInt32BE(1_000_000_000, 0);
      socket.write(bodyChunk(endless));
      const timer = setInterval(() => socket.write(bodyChunk(Buffer.alloc(20_000))), 1);
      socket.once('close', () => clearInterval(timer));
    });
    const { error } = await runCall(provider, { model: SONNET });
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase: 'NO_ANSWER', retryable: false });
    expect(error?.message).toBe('The provider sent more than 40000 bytes.');
    const [request] = upstream.requests;
    if (request !== undefined) await upstream.closed(request);
  });

  it('a picture by its address is refused with the reason, and nothing is sent', async () => {
    const { provider, upstream } = await setup(() => undefined);
    const parts = [{ type: 'image-url', url: 'https://example.com/a.png' }] as const;
    const request = chatRequest({ messages: [{ ...userMessage(''), parts }] });
    const { error } = await runCall(provider, { model: SONNET, request });
    expect(error).toMatchObject({ failure: 'UPSTREAM_REJECTED', phase: 'NOT_SENT', retryable: false });
    expect(error?.message).toBe('The package of this provider does not support a part of this request: File URL data.');
    expect(upstream.requests).toEqual([]);
  });
});

describe('an abort', () => {
  it('in the middle of an answer closes the connection, and nothing more is delivered', async () => {
    const controller = new AbortController();
    const { provider, upstream } = await setup(({ socket }) => {
      socket.write(streamHead);
      socket.write(
        Buffer.concat([bodyChunk(START), bodyChunk(Buffer.concat([text('one '), text('two '), text('three ')]))]),
      );
    });
    const seen: unknown[] = [];
    const running = provider.chat(providerCall({ model: SONNET, signal: controller.signal }), (delta) => {
      seen.push(delta);
      controller.abort();
    });
    await expect(running).rejects.toMatchObject({ failure: 'CANCELLED', phase: 'PARTIAL' });
    expect(seen).toHaveLength(1);
    const [request] = upstream.requests;
    if (request !== undefined) await upstream.closed(request);
  });

  it('after a whole answer keeps the connection for the next', async () => {
    const { provider, upstream } = await setup(({ socket }) => {
      socket.write(streamHead);
      socket.write(Buffer.concat([START, text('x'), STOP, METADATA].map(bodyChunk)));
      socket.write(LAST_CHUNK);
    });
    for (let call = 0; call < 3; call++) {
      expect((await runCall(provider, { model: SONNET })).error).toBeUndefined();
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(new Set(upstream.requests.map(({ connection }) => connection)).size).toBe(1);
  });
});
