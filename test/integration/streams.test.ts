// Streams over every transport: whole, resumable, cancellable, and closed on readers that do not read.

import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type EventFieldsFragment, GenerateDocument } from '../generated/graphql.ts';
import { propertyRun } from '../support/property.ts';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';
import { readStream, transports } from '../support/stream-transports.ts';

let gateway: TestGateway;
let keys = 0;

beforeAll(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway.simulator.reset());
afterAll(() => gateway[Symbol.asyncDispose]());

const variables = (key = `streams-${keys++}`) => ({
  input: { idempotencyKey: key, request: { model: 'sim-instant', prompt: 'Tell me' } },
});
const textOf = (events: readonly EventFieldsFragment[]): string =>
  events.map((event) => (event.__typename === 'TextDelta' ? event.text : '')).join('');
const sequences = (events: readonly EventFieldsFragment[]): number[] => events.map((event) => event.sequence);

describe('a stream', () => {
  it('tells on every transport exactly what the provider wrote, however it was cut (property)', async () => {
    const tricky = fc.constantFrom(
      '😀',
      '👩‍👩‍👧',
      'e\u0301',
      'שלום',
      'مرحبا',
      '\u202e',
      '\n\n',
      'data: x',
      '"\\',
      '\u2028',
      '水',
    );
    const token = fc.oneof(tricky, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(token, { minLength: 1, maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...transports),
        async (tokens, chunkBytes, transport) => {
          gateway.simulator.reset();
          gateway.simulator.script({ tokens, chunkBytes });
          const events = await readStream(gateway, transport, variables());
          const text = tokens.join('');
          expect(textOf(events)).toBe(text);
          expect(gateway.simulator.bill().requests[0]?.text).toBe(text);
          expect(sequences(events)).toEqual(events.map((_, index) => index + 1));
          for (const event of events) {
            if (event.__typename === 'TextDelta') expect(text.startsWith(event.text, event.offset)).toBe(true);
          }
          const last = events.at(-1);
          if (last?.__typename !== 'GenerationCompleted') throw new Error(`ended with ${last?.__typename}`);
          expect(last.generation.text).toBe(text);
        },
      ),
      propertyRun(45),
    );
  });

  it.each(transports)('goes on behind the last cursor seen when its connection is lost: %s', async (transport) => {
    const tokens = Array.from({ length: 60 }, (_, index) => `word${index} `);
    gateway.simulator.script({ tokens, tokensPerSecond: 150 });
    const lost = new AbortController();
    const first: EventFieldsFragment[] = [];
    const subscription = variables();
    await readStream(gateway, 'sse', subscription, {
      signal: lost.signal,
      onEvent: (event) => {
        first.push(event);
        if (first.length === 4) lost.abort();
      },
    }).catch((error: unknown) => expect(lost.signal.aborted || error).toBe(true));
    const seen = first.slice(0, 4);
    const rest = await readStream(gateway, transport, { ...subscription, after: seen.at(-1)?.cursor ?? null });
    expect(textOf([...seen, ...rest])).toBe(tokens.join(''));
    expect(sequences(rest)[0]).toBe(5);
    expect(gateway.simulator.bill().requests).toHaveLength(1);
  });

  it('is told again under its key for nothing, to generate as well', async () => {
    const subscription = variables('again');
    const first = await readStream(gateway, 'websocket', subscription);
    const again = await readStream(gateway, 'multipart', subscription);
    expect(textOf(again)).toBe(textOf(first));
    expect(again[0]).toMatchObject({ __typename: 'GenerationStarted', replayed: true });
    expect(again.at(-1)).toMatchObject({ __typename: 'GenerationCompleted', usage: { costUsd: '0' } });
    const { generate } = await gateway.run(GenerateDocument, {
      input: { ...subscription.input.request, idempotencyKey: 'again' },
    });
    expect(generate).toMatchObject({
      __typename: 'GenerateSuccess',
      replayed: true,
      generation: { text: textOf(first) },
    });
    expect(gateway.simulator.bill().requests).toHaveLength(1);
  });

  it('carries reasoning and tool calls', async () => {
    gateway.simulator.script({
      reasoning: 'Let me think.',
      toolCalls: [{ id: 'c1', name: 'look', arguments: { at: 'x' } }],
    });
    const events = await readStream(gateway, 'sse', {
      input: {
        idempotencyKey: `streams-${keys++}`,
        request: { model: 'sim-instant', prompt: 'x', tools: [{ name: 'look', parameters: { type: 'object' } }] },
      },
    });
    const pieces = events.map((event) => (event.__typename === 'ToolCallDelta' ? event.argumentsText : '')).join('');
    expect(JSON.parse(pieces)).toEqual({ at: 'x' });
    expect(events.map((event) => (event.__typename === 'ReasoningDelta' ? event.text : '')).join('')).toBe(
      'Let me think.',
    );
    expect(events.at(-1)).toMatchObject({
      generation: { toolCalls: [{ id: 'c1', name: 'look', arguments: { at: 'x' } }] },
    });
  });

  it.each([
    ['cut after the first token', { tokens: ['a', 'b', 'c'], cut: { afterTokens: 2 } }, 'GenerationFailed'],
    ['with an error inside', { tokens: ['a', 'b', 'c'], streamError: { afterTokens: 2 } }, 'GenerationFailed'],
    ['refused by a content filter', { contentFilter: true }, 'GenerationBlocked'],
    ['down', { status: 503 }, 'GenerationFailed'],
  ] as const)('ends with one terminal event when the upstream is %s', async (_what, behaviour, typename) => {
    gateway.simulator.script(behaviour);
    for (const transport of transports) {
      const events = await readStream(gateway, transport, variables());
      expect(events.at(-1)?.__typename).toBe(typename);
      expect(events.filter((event) => /Completed|Failed|Blocked|Cancelled/.test(event.__typename))).toHaveLength(1);
    }
  });
});

describe('a reader that does not read', () => {
  it('is closed, and the stream goes on behind its cursor for whoever comes back', async () => {
    const impatient = await startGateway({ yaml: 'streams: { stalledReaderMs: 1000 }\n' });
    try {
      // Each text eight times: more than socket buffers take, so that the writer has to wait for the reader.
      const texts = Array.from({ length: 8 }, (_, index) => `text${index}: text`).join(' ');
      const query =
        'subscription ($input: GenerateStreamInput!) { generateStream(input: $input) ' +
        `{ sequence ... on TextDelta { ${texts} } } }`;
      const tokens = Array.from({ length: 200 }, (_, index) => `${index}${'x'.repeat(16_000)} `);
      impatient.simulator.script({ tokens });
      const subscription = variables();
      const body = JSON.stringify({ query, variables: subscription });
      const socket = connect(Number(new URL(impatient.url).port), '127.0.0.1');
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.on('error', () => {});
      socket.write(
        `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${adminKey}\r\naccept: text/event-stream\r\n` +
          `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      await new Promise<void>((resolve) => {
        socket.once('data', () => {
          socket.pause();
          resolve();
        });
      });
      await impatient.simulator.waitFor((bill) => bill.requests[0]?.state === 'COMPLETED');
      await impatient.logged(/"complete":false/);
      const rest = await readStream(impatient, 'sse', subscription);
      expect(textOf(rest)).toBe(tokens.join(''));
      // A paused socket does not notice that it was closed: reading shows it.
      socket.resume();
      await closed;
    } finally {
      await impatient[Symbol.asyncDispose]();
    }
  });
});
