// What a frontend sees when Gemini's wire format stands behind the gateway: the bill, images that this server fetches for
// it, and images that it does not.

import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { BatchGenerateDocument, GenerateDocument, type GenerateInput } from '../generated/graphql.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { type RawUpstream, startRawUpstream, writeJson } from '../unit/providers/raw-upstream.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=',
  'base64',
);

/** Fetched by the gateway. */
const AT_ONCE = 2;
const held = new Set<Socket>();
let mostHeld = 0;

function servePixel(socket: Socket): void {
  held.delete(socket);
  socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${PNG.length}\r\n\r\n`);
  socket.end(PNG);
}

/** After the gateway had the time to ask for more, if it would. */
async function answerHeld(): Promise<void> {
  for (let trips = 0; trips < 5; trips++) await (await fetch(`${gateway.url}/healthz`)).text();
  for (const each of held) servePixel(each);
}

let pictures: RawUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  pictures = await startRawUpstream(({ socket, path }) => {
    if (path === '/pixel.png') {
      servePixel(socket);
    } else if (path.startsWith('/held/')) {
      held.add(socket);
      mostHeld = Math.max(mostHeld, held.size);
      if (mostHeld < AT_ONCE) return;
      void answerHeld();
    } else if (path === '/inward') {
      writeJson(socket, '', 302, { location: 'http://127.0.0.1:1/metadata' });
    } else {
      writeJson(socket, '{"SECRET":1}');
    }
  });
  const { host } = new URL(pictures.url);
  gateway = await startGateway({
    kind: 'gemini',
    yaml: `outbound: { allowedHosts: ["${host}"], maxFetchesAtOnce: ${AT_ONCE} }\n`,
  });
});
afterEach(() => gateway.simulator.reset());
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await pictures.close();
});

const generate = async (changes: Partial<GenerateInput> = {}) => {
  const input = { model: 'sim-instant', prompt: 'Tell me about rivers', ...changes };
  return (await gateway.run(GenerateDocument, { input })).generate;
};
const lookAt = (imageUrl: string) =>
  generate({
    prompt: null,
    messages: [{ role: 'USER', parts: [{ text: 'What is in the picture?' }, { imageUrl }] }],
  });

it('thinking, cached and written tokens are charged once, to the nano-dollar', async () => {
  gateway.simulator.script({
    usage: { promptTokens: 100, cachedTokens: 40, completionTokens: 50, reasoningTokens: 20 },
  });
  const result = await generate();
  const [entry] = gateway.simulator.bill().requests;
  expect(result).toMatchObject({
    __typename: 'GenerateSuccess',
    generation: {
      text: entry?.text,
      usage: {
        inputTokens: 100,
        cachedInputTokens: 40,
        outputTokens: 50,
        reasoningTokens: 20,
        // 60 × $3 + 40 × $0.30 + 50 × $15, per million
        costUsd: '0.000942',
        source: 'PROVIDER',
      },
      attempts: [{ provider: 'sim', providerRequestId: entry?.id, outcome: 'SUCCEEDED' }],
    },
  });
  expect(entry).toMatchObject({ format: 'gemini' });
});

it('an image at an allowed address is fetched here and sent along', async () => {
  expect(await lookAt(`${pictures.url}/pixel.png`)).toMatchObject({ __typename: 'GenerateSuccess' });
  expect(gateway.simulator.bill().requests).toHaveLength(1);
});

it('the images of all items of a batch together are fetched a few at once', async () => {
  const items = Array.from({ length: 12 }, (_, index) => ({
    model: 'sim-instant',
    messages: [
      { role: 'USER' as const, parts: [{ text: 'What is it?' }, { imageUrl: `${pictures.url}/held/${index}` }] },
    ],
  }));
  const { batchGenerate } = await gateway.run(BatchGenerateDocument, { input: { items, concurrency: 12 } });
  expect(batchGenerate).toMatchObject({ succeededCount: 12 });
  expect(mostHeld).toBe(AT_ONCE);
});

it.each(['/inward', '/page'])(
  'an image that cannot be used (%s) fails the call, for nothing, and is not told as a model that is unavailable',
  async (path) => {
    const result = await lookAt(pictures.url + path);
    expect(result).toMatchObject({
      __typename: 'GenerationFailedError',
      failureCode: 'UPSTREAM_REJECTED',
      retryable: false,
      generationSoFar: { status: 'FAILED', usage: { costUsd: '0', inputTokens: 0, outputTokens: 0 } },
    });
    expect(JSON.stringify(result)).not.toMatch(/SECRET|metadata|127\.0\.0\.1/);
    expect(gateway.simulator.bill().requests).toHaveLength(0);
  },
);

it('an image at an address that is not allowed is refused before anything runs', async () => {
  expect(await lookAt('https://127.0.0.1/pixel.png')).toMatchObject({
    __typename: 'InvalidInputError',
    path: ['input', 'messages', '0', 'parts', '1', 'imageUrl'],
  });
  expect(gateway.simulator.bill().requests).toHaveLength(0);
});

it('a prompt that the provider blocks is told by its categories, and what it read is charged', async () => {
  gateway.simulator.script({ contentFilter: ['hate'], usage: { promptTokens: 100 } });
  expect(await generate()).toMatchObject({
    __typename: 'ContentBlockedError',
    stage: 'PROVIDER',
    categories: ['hate_speech'],
    generationSoFar: { usage: { inputTokens: 100, outputTokens: 0, costUsd: '0.0003' } },
  });
});
