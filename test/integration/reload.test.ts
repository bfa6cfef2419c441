// Reloading on SIGHUP, in a process under load: prices, models, keys and providers change, and no call notices but those
// that begin afterwards.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createParser } from 'eventsource-parser';
import { print } from 'graphql';
import { costNanoUsd, formatNanoUsd, parseMicroUsd } from '../../src/core/money.ts';
import {
  BatchGenerateDocument,
  GenerateDocument,
  GenerateStreamDocument,
  type GenerationFieldsFragment,
} from '../generated/graphql.ts';
import { startProcess } from '../support/start-process.ts';
import { startTestSimulator, type TestSimulator } from '../support/start-simulator.ts';
import { openSignedIn, type Wire } from '../support/wire.ts';

const ADMIN_KEY = 'k'.repeat(40);
const GUEST_KEY = 'guest-key-of-a-test-0123456789abcdef';

type Version = 'a' | 'b';
/** What differs between the two, and how an answer shows which one it was made by. */
const VERSIONS = {
  a: { target: 'sim-instant', input: '3.00', output: '15.00', extra: 'only-a', providerKey: 'provider-key-a' },
  b: { target: 'sim-fast', input: '0.70', output: '2.10', extra: 'only-b', providerKey: 'provider-key-b' },
} as const;
const other = (version: Version): Version => (version === 'a' ? 'b' : 'a');

let folder: string;
let simulator: TestSimulator;
let server: ReturnType<typeof startProcess>;
let url: string;
let isBroken = false;
/** Even while one configuration is in use, odd from before the file changes until the log says that it was reloaded. */
let epoch = 0;
let version: Version = 'a';

const yamlOf = (which: Version): string => {
  const { target, input, output, extra, providerKey } = VERSIONS[which];
  const model = (id: string): string =>
    `  - { id: ${id}, targets: [{ provider: sim, model: ${target} }], contextWindow: 16000, maxOutputTokens: 4000, prices: { input: "${input}", output: "${output}" } }\n`;
  const guest = `    - { name: guest, key: "${GUEST_KEY}" }\n`;
  return (
    `providers:\n  - { id: sim, kind: openai-compatible, baseUrl: "${simulator.url}/v1", apiKey: ${providerKey} }\n` +
    `models:\n${model('chat')}${model(extra)}auth:\n  apiKeys:\n    - { name: web, key: "${'w'.repeat(40)}" }\n${which === 'a' ? guest : ''}`
  );
};

async function writeConfig(text: string): Promise<void> {
  await writeFile(join(folder, 'new.yaml'), text);
  await rename(join(folder, 'new.yaml'), join(folder, 'sluice.yaml'));
}

/** Gives the line of the log that says what came of it. */
function signal(outcome = /configuration reloaded/): Promise<string> {
  const line = server.nextLine(outcome);
  server.child.kill('SIGHUP');
  return line;
}

async function reload(): Promise<string> {
  epoch++;
  await writeConfig(yamlOf(other(version)));
  const line = await signal();
  version = other(version);
  epoch++;
  return line;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-reload-'));
  simulator = await startTestSimulator();
  await writeConfig(yamlOf('a'));
  server = startProcess({ folder, env: { PORT: '0', LOG_FORMAT: 'json', SLUICE_ADMIN_KEY: ADMIN_KEY } });
  url = (await server.printed(/"url":"([^"]+)"/))[1] ?? '';
});
afterAll(async () => {
  server.child.kill('SIGKILL');
  await server.exited;
  await simulator.close();
  await rm(folder, { recursive: true });
});

function post(query: string, variables: unknown, accept = 'application/json', key = ADMIN_KEY): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
}

/** The data of an answer without errors. */
async function dataOf(answer: Response) {
  const { data, errors } = JSON.parse(await answer.text());
  expect(errors).toBeUndefined();
  return data;
}

let calls = 0;
const seen = new Set<Version>();

/** The version a generation was made by, target and price alike; the test fails when they do not fit, to the last digit. */
function versionOf({ attempts, usage, model }: GenerationFieldsFragment): Version {
  if (usage === null) throw new Error('a finished generation has its usage');
  const made = attempts[0]?.model === VERSIONS.a.target ? 'a' : 'b';
  const { input, output, target } = VERSIONS[made];
  expect(attempts[0]?.model).toBe(target);
  expect(model).toBe('chat');
  const inputMicroUsd = parseMicroUsd(input) ?? 0n;
  const prices = { inputMicroUsd, cachedInputMicroUsd: inputMicroUsd, cacheWriteMicroUsd: inputMicroUsd };
  const outputMicroUsd = parseMicroUsd(output) ?? 0n;
  const cost = costNanoUsd(usage, { ...prices, outputMicroUsd, version: '' });
  expect(usage.costUsd).toBe(formatNanoUsd(cost));
  calls++;
  seen.add(made);
  return made;
}

const paced = (behaviour: object): string => `Say something. [[sim: ${JSON.stringify(behaviour)}]]`;
const words = (count: number): string[] => Array.from({ length: count }, (_, index) => `word${index} `);
const quick = paced({ latencyMs: 5, firstTokenMs: 0, tokensPerSecond: 0, tokens: words(20) });

async function plain(prompt = quick): Promise<Version> {
  const data = await dataOf(await post(print(GenerateDocument), { input: { model: 'chat', prompt } }));
  expect(data.generate.__typename).toBe('GenerateSuccess');
  return versionOf(data.generate.generation);
}

/** All items of a batch are of the version that it began with. */
async function batch(prompt = quick): Promise<Version> {
  const items = Array.from({ length: 4 }, () => ({ model: 'chat', prompt }));
  const data = await dataOf(await post(print(BatchGenerateDocument), { input: { items, concurrency: 1 } }));
  const made = new Set<Version>(
    data.batchGenerate.items.map(({ result }: { result: { generation: GenerationFieldsFragment } }) =>
      versionOf(result.generation),
    ),
  );
  expect(made.size).toBe(1);
  return [...made][0] as Version;
}

let streams = 0;

async function stream(prompt = quick, onStart?: () => void): Promise<Version> {
  const input = { idempotencyKey: `stream-${streams++}`, request: { model: 'chat', prompt } };
  const answer = await post(print(GenerateStreamDocument), { input }, 'text/event-stream');
  let made: Version | undefined;
  let text = '';
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event !== 'next') return;
      const { data: payload, errors } = JSON.parse(data);
      expect(errors).toBeUndefined();
      const told = payload.generateStream;
      if (told.__typename === 'GenerationStarted') onStart?.();
      if (told.__typename === 'TextDelta') text += told.text;
      if (told.__typename === 'GenerationCompleted') made = versionOf(told.generation);
    },
  });
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) parser.feed(chunk);
  if (made === undefined) throw new Error(`a stream did not complete: ${text}`);
  expect(text).not.toBe('');
  return made;
}

/** Subscribes on an open socket and gives the version, once it has completed. */
async function overSocket(wire: Wire): Promise<Version> {
  const id = `socket-${streams++}`;
  const input = { idempotencyKey: id, request: { model: 'chat', prompt: quick } };
  wire.send({ type: 'subscribe', id, payload: { query: print(GenerateStreamDocument), variables: { input } } });
  let made: Version | undefined;
  for (;;) {
    const message = await wire.next();
    expect(message.type).not.toBe('error');
    const told = message.payload?.data?.generateStream;
    if (told?.__typename === 'GenerationCompleted') made = versionOf(told.generation);
    if (message.type === 'complete') break;
  }
  if (made === undefined) throw new Error('an operation did not complete');
  return made;
}

/** Calls one after the other until told to stop; those that no reload touched must be of the version in use. */
async function keepCalling(call: () => Promise<Version>, until: AbortSignal): Promise<void> {
  while (!until.aborted && !isBroken) {
    const began = epoch;
    const made = await call().catch((error: unknown) => {
      isBroken = true;
      throw error;
    });
    if (epoch === began && began % 2 === 0) expect(made).toBe(version);
  }
}

describe('a reload under load', () => {
  it('changes prices, models, keys and providers without one failed call, each at the price it began with', async () => {
    await using wire = await openSignedIn(url.replace('http', 'ws'), ADMIN_KEY);
    const stop = new AbortController();
    const load = Promise.all([
      ...[1, 2, 3, 4].map(() => keepCalling(plain, stop.signal)),
      ...[1, 2].map(() => keepCalling(stream, stop.signal)),
      ...[1, 2].map(() => keepCalling(batch, stop.signal)),
      keepCalling(() => overSocket(wire), stop.signal),
    ]);
    let rounds = 0;
    for (; (rounds < 6 || calls < 300) && !isBroken; rounds++) {
      const old = version;
      // Begun before for sure, and ended after: answered late, written slowly, items that start late.
      const slow = { latencyMs: 300, firstTokenMs: 0, tokensPerSecond: 0, tokens: words(20) };
      const before = simulator.bill().totals.requests + simulator.bill().inFlight;
      const late = [plain(paced(slow)), batch(paced({ ...slow, latencyMs: 100 }))];
      let started: (() => void) | undefined;
      const hasStarted = new Promise<void>((resolve) => {
        started = resolve;
      });
      late.push(stream(paced({ ...slow, tokensPerSecond: 60 }), started));
      await hasStarted;
      await simulator.waitFor((bill) => bill.totals.requests + bill.inFlight >= before + 3);
      await reload();
      expect(await Promise.all([plain(), stream(), batch()])).toEqual(Array(3).fill(other(old)));
      expect(await Promise.all(late)).toEqual(Array(3).fill(old));
    }
    stop.abort();
    await load;
    expect(seen).toEqual(new Set(['a', 'b']));
    process.stdout.write(`reload under load: ${calls} calls over ${rounds} reloads, none failed\n`);
  }, 60_000);

  it('says by name what changed, and no secret', async () => {
    const line = await reload();
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      changes: [
        'provider sim: apiKey changed',
        'model only-a removed',
        'model chat: target, prices changed',
        'model only-b added',
        'key guest removed',
      ],
      msg: 'configuration reloaded: 5 changed',
    });
    expect(line).not.toContain('provider-key');
    await reload();
  });

  it('ends the sockets and streams of a key that is gone, refuses it at once, and leaves the others alone', async () => {
    expect(version).toBe('a');
    const socketUrl = url.replace('http', 'ws');
    await using guest = await openSignedIn(socketUrl, GUEST_KEY);
    await using busy = await openSignedIn(socketUrl, GUEST_KEY);
    await using admin = await openSignedIn(socketUrl, ADMIN_KEY);
    const endless = { tokens: words(4), hang: { afterTokens: 4 } };
    const variables = (idempotencyKey: string) => ({
      input: { idempotencyKey, request: { model: 'chat', prompt: paced(endless) } },
    });
    const query = print(GenerateStreamDocument);
    const first = await busy.subscribe('1', { query, variables: variables('guest-socket') });
    expect(first.payload.data.generateStream.__typename).toBe('GenerationStarted');
    const streamed = await post(query, variables('guest-sse'), 'text/event-stream', GUEST_KEY);
    const reader = streamed.body?.getReader();
    await reader?.read();
    const line = await reload();
    expect(await guest.closed).toEqual({ code: 4403, reason: 'Forbidden' });
    expect((await busy.closed).code).toBe(4403);
    const decoder = new TextDecoder();
    let rest = '';
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read())
      rest += decoder.decode(read.value);
    expect(rest).toMatch(/"code":"UNAUTHENTICATED".*\n\nevent: complete\n/s);
    expect((await post('{ __typename }', {}, undefined, GUEST_KEY)).status).toBe(401);
    expect(await overSocket(admin)).toBe('b');
    expect(JSON.parse(line).ended).toBe(3);
    // Back again, it is let in again.
    await reload();
    expect((await post('{ __typename }', {}, undefined, GUEST_KEY)).status).toBe(200);
  });

  it('offers the models of the file that is in use', async () => {
    const namesNow = async (): Promise<string[]> => {
      const data = await dataOf(await post('{ models { name } }', {}));
      return data.models.map(({ name }: { name: string }) => name);
    };
    expect(await namesNow()).toEqual(['chat', 'only-a']);
    await reload();
    expect(await namesNow()).toEqual(['chat', 'only-b']);
    await reload();
  });

  it('with a broken file changes nothing and says why, with every problem', async () => {
    const secret = 'sk-do-not-tell-0123456789abcdef0123456789';
    await writeConfig(
      yamlOf('b').replace('kind: openai-compatible', 'kind: nonsense').replace('"2.10"', '2.10') +
        `    - { name: guest, key: "${secret} " }\n`,
    );
    const line = await signal(/configuration not reloaded/);
    expect(JSON.parse(line)).toMatchObject({
      level: 'error',
      problems: [
        expect.stringMatching(/^sluice\.yaml:2 providers\[0\]\.kind: found "nonsense", expected one of/),
        expect.stringMatching(/^sluice\.yaml:4 models\[0\]\.prices\.output: found 2\.1, expected USD per 1M tokens/),
        expect.stringMatching(/^sluice\.yaml:9 auth\.apiKeys\[1\]\.key: found a text of 42 characters, expected a key/),
      ],
      msg: 'configuration not reloaded: the one before stays in use',
    });
    expect(server.output()).not.toContain(secret);
    expect(await Promise.all([plain(), stream(), batch()])).toEqual(['a', 'a', 'a']);
    await writeFile(join(folder, 'sluice.yaml'), '');
    expect(await signal(/configuration not reloaded/)).toMatch(
      /providers: found nothing, expected at least one: the simulator's models/,
    );
    expect(await plain()).toBe('a');
  });

  it('says what has to wait for a restart, and takes the rest', async () => {
    await writeConfig(`${yamlOf('b')}server: { host: 127.0.0.9, allowedOrigins: ["https://app.example.com"] }\n`);
    const line = await signal();
    version = 'b';
    expect(JSON.parse(line)).toMatchObject({
      changes: expect.arrayContaining(['server.allowedOrigins changed']),
      waitForRestart: ['server.host changed'],
    });
    expect(await plain()).toBe('b');
  });

  it('asked for many times at once, goes by the file as it is last', async () => {
    for (let count = 0; count < 20; count++) {
      await writeConfig(yamlOf(count % 2 === 0 ? 'a' : 'b'));
      server.child.kill('SIGHUP');
    }
    await writeConfig(yamlOf('a'));
    await signal();
    // The signal may have asked for one more than the line that was waited for.
    let made = await plain();
    while (made !== 'a') made = await plain();
    expect(made).toBe('a');
  });
});
