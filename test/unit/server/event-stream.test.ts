// Subscriptions over plain HTTP: which wire format is chosen, what it looks like, and how it ends.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { negotiate } from '../../../src/server/negotiate.ts';
import { goodKey, startTestServer, type TestServer } from '../../support/start-test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ http: { eventStreams: { ssePingMs: 20, multipartHeartbeatMs: 20 } } });
});
afterAll(() => server.stop());

const sse = { accept: 'text/event-stream' };
const multipart = { accept: 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json;q=0.9' };
const query =
  'subscription ($key: String!, $model: String = "chat") { generateStream(input: { request: { model: $model, prompt: "hi" }, idempotencyKey: $key }) { __typename ... on TextDelta { text } } }';

function answerHello(): void {
  server.provider.onCall = (call) => {
    call.emit('hello');
    call.finish();
  };
}

/** Opens a stream and reads until `enough` of it is there, then leaves. */
async function readUntil(
  key: string,
  headers: Record<string, string>,
  enough: (text: string) => boolean,
): Promise<string> {
  const leave = new AbortController();
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...goodKey, ...headers },
    body: JSON.stringify({ query, variables: { key } }),
    signal: leave.signal,
  });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (enough(text)) break;
  }
  leave.abort();
  return text;
}

describe('server-sent events', () => {
  it('bring each event, then say that they are complete', async () => {
    answerHello();
    const answer = await server.post({ query, variables: { key: 'sse-1' } }, sse);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const blocks = answer.text.split('\n\n').filter((block) => block !== '' && block !== ':');
    expect(blocks.at(-1)).toBe('event: complete\ndata: ');
    const events = blocks.slice(0, -1).map((block) => {
      expect(block).toMatch(/^event: next\ndata: /);
      return JSON.parse(block.slice('event: next\ndata: '.length)).data.generateStream;
    });
    expect(events).toEqual([
      { __typename: 'GenerationStarted' },
      { __typename: 'TextDelta', text: 'hello' },
      { __typename: 'GenerationCompleted' },
    ]);
  });

  it('keep an idle connection open with comments, and tell the provider when the client leaves', async () => {
    const aborted = new Promise<void>((resolve) => {
      server.provider.onCall = ({ call }) => call.signal.addEventListener('abort', () => resolve());
    });
    const text = await readUntil('sse-idle', sse, (read) => read.split(':\n\n').length > 3);
    expect(text).toContain('GenerationStarted');
    await aborted;
  });

  it('carry the one result of a query for who accepts nothing else', async () => {
    const answer = await server.post({ query: '{ node(id: "model:chat") { id } }' }, sse);
    expect(answer.text).toContain('event: next\ndata: {"data":{"node":{"id":"model:chat"}}}\n\nevent: complete\n');
  });
});

describe('multipart', () => {
  it('wraps each event as a payload and ends with the closing boundary', async () => {
    answerHello();
    const answer = await server.post({ query, variables: { key: 'mp-1' } }, multipart);
    expect(answer.headers.get('content-type')).toBe('multipart/mixed;boundary=graphql;subscriptionSpec=1.0');
    expect(answer.text.endsWith('\r\n--graphql--\r\n')).toBe(true);
    const parts = answer.text.split('\r\n--graphql').slice(1, -1);
    const payloads = parts
      .map((part) => JSON.parse(part.split('\r\n\r\n')[1] ?? ''))
      .filter((part) => 'payload' in part)
      .map((part) => part.payload.data.generateStream.__typename);
    expect(payloads).toEqual(['GenerationStarted', 'TextDelta', 'GenerationCompleted']);
  });

  it('keeps an idle connection open with empty parts', async () => {
    server.provider.onCall = undefined;
    const text = await readUntil('mp-idle', multipart, (read) => read.split('\r\n\r\n{}\r\n').length > 2);
    expect(text).toContain('{"payload":');
  });
});

describe('a subscription refused before it starts', () => {
  it.each([
    ['an unknown model', { query, variables: { key: 'k', model: 'no' } }, 400, 'MODEL_NOT_FOUND'],
    [
      'an unknown generation',
      { query: 'subscription { generationEvents(generationId: "no") { sequence } }' },
      404,
      'NOT_FOUND',
    ],
    ['a missing key', { query }, 400, 'BAD_USER_INPUT'],
    ['broken GraphQL', { query: 'subscription {' }, 400, 'GRAPHQL_PARSE_FAILED'],
  ])('is plain JSON with the status of its code: %s', async (_name, body, status, code) => {
    for (const accept of [sse, multipart]) {
      const answer = await server.post(body, { accept: accept.accept.replace(',application/json;q=0.9', '') });
      expect({ status: answer.status, code: answer.code }).toEqual({ status, code });
    }
  });
});

describe('negotiation', () => {
  it.each([
    [undefined, 'application/json', false, undefined],
    ['*/*', 'application/json', false, undefined],
    ['application/json', 'application/json', true, undefined],
    [
      'application/graphql-response+json, application/json;q=0.9',
      'application/graphql-response+json',
      false,
      undefined,
    ],
    ['application/json, application/graphql-response+json;q=0.5', 'application/json', true, undefined],
    ['text/event-stream', 'application/json', false, 'SSE'],
    [
      'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
      'application/graphql-response+json',
      false,
      'SSE',
    ],
    ['multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json', 'application/json', true, 'MULTIPART'],
    ['text/event-stream;q=0.5, multipart/mixed;subscriptionSpec="1.0"', 'application/json', false, 'MULTIPART'],
    ['multipart/mixed;deferSpec=20220824, application/json', 'application/json', true, undefined],
    ['text/event-stream;q=0, */*', 'application/json', false, undefined],
  ])('reads %s', (accept, mediaType, legacy, stream) => {
    expect(negotiate(accept)).toMatchObject({ json: { mediaType, legacy }, stream });
  });
});
