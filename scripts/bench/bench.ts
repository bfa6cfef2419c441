// `npm run bench`: what the gateway costs beside the barest proxy, both measured in one run, alternating, medians.
// Every answer is checked, every prompt is distinct. Figures are ratios first: the machine is small and noisy.
// Options: --rounds N (default 5), --requests N per round (2000), --streams N at once (64), --quick.

import { parseArgs } from 'node:util';
import { print as toText } from 'graphql';
import { createClient } from 'graphql-ws';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import {
  BenchGenerateDocument,
  BenchStreamDocument,
  type BenchStreamSubscription,
} from '../../test/generated/graphql.ts';
import { benchKey, type MeasuredProcess, startForked, startGateway } from './processes.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '2000' },
    streams: { type: 'string', default: '64' },
    quick: { type: 'boolean', default: false },
  },
});
const rounds = values.quick ? 1 : Number(values.rounds);
const requestsPerRound = values.quick ? 200 : Number(values.requests);
const streamsAtOnce = values.quick ? 8 : Number(values.streams);
const CALLERS = 16;
const TOKENS_PER_STREAM = 256;
const TOKENS_PER_SECOND = 200;
const streamTokens = Array.from({ length: TOKENS_PER_STREAM }, (_, index) => `token${index} `);
const streamText = streamTokens.join('');

interface Sample {
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

type Path = 'proxy' | 'gateway';

let nextPrompt = 0;

const generateDocument = toText(BenchGenerateDocument);
const streamDocument = toText(BenchStreamDocument);

const simulator = await startForked('dist/simulator/main.js', ['--keep-content', 'false']);
await script(simulator.url, [
  { model: 'bench-stream', tokens: streamTokens, tokensPerSecond: TOKENS_PER_SECOND },
  { model: 'bench-burst', tokens: streamTokens, tokensPerSecond: 0, tokensPerWrite: 1 },
]);
const proxy = await startForked('scripts/bench/bare-proxy.ts', [simulator.url]);
const gateway = await startGateway(simulator.url);
const pools = {
  proxy: new Pool(proxy.url, { connections: CALLERS }),
  gateway: new Pool(gateway.url, { connections: CALLERS }),
};

try {
  await plainCalls('proxy', 300, CALLERS);
  await plainCalls('gateway', 300, CALLERS);

  console.log(`\nPlain calls: ${rounds} rounds of ${requestsPerRound} each, ${CALLERS} callers, medians`);
  const plain = await alternate((path) => plainCalls(path, requestsPerRound, CALLERS));
  print(plain, 'CPU µs per request', 'requests/s');
  console.log(`  generate, CPU ÷ bare proxy: ${ratio(plain)}   (milestone ≤ 2.5, goal ≤ 1.8)`);

  console.log(`\nPlain calls, one caller`);
  const single = await alternate((path) => plainCalls(path, Math.max(50, requestsPerRound / 10), 1));
  print(single, 'CPU µs per request', 'requests/s');
  const added = median(single.gateway, 'p50Ms') - median(single.proxy, 'p50Ms');
  console.log(`  latency added at one caller, p50: ${added.toFixed(2)} ms   (milestone ≤ 1, goal ≤ 0.5)`);

  for (const model of ['bench-stream', 'bench-burst']) {
    const pace = model === 'bench-stream' ? `${TOKENS_PER_SECOND} tokens/s each` : 'as fast as they come';
    console.log(`\nStreams, ${pace}: ${rounds} rounds of ${streamsAtOnce} at once, ${TOKENS_PER_STREAM} tokens each`);
    console.log('  proxy = raw SSE pass-through, gateway = WebSocket (graphql-transport-ws), log on');
    const streams = await alternate((path) => (path === 'proxy' ? proxyStreams(model) : gatewayStreams(model)));
    print(streams, 'CPU µs per token', 'tokens/s');
    console.log(`  stream, CPU per token ÷ raw SSE: ${ratio(streams)}   (milestone ≤ 1.75, goal ≤ 1.2)`);
  }
  console.log(`\nGateway memory at the end: ${(gateway.memoryBytes() / 1024 / 1024).toFixed(0)} MiB`);
} finally {
  await Promise.all([pools.proxy.destroy(), pools.gateway.destroy()]);
  await Promise.all([gateway.stop(), proxy.stop(), simulator.stop()]);
}

async function alternate(run: (path: Path) => Promise<Sample>): Promise<Record<Path, Sample[]>> {
  const samples: Record<Path, Sample[]> = { proxy: [], gateway: [] };
  for (let round = 0; round < rounds; round++) {
    for (const path of ['proxy', 'gateway'] as const) samples[path].push(await run(path));
  }
  return samples;
}

async function plainCalls(path: Path, count: number, callers: number): Promise<Sample> {
  let left = count;
  const call = path === 'proxy' ? proxyCall : gatewayCall;
  return measure(path === 'proxy' ? proxy : gateway, count, async (took) => {
    const caller = async (): Promise<void> => {
      while (left-- > 0) {
        const prompt = `Question number ${nextPrompt++} about rivers`;
        const startedAt = performance.now();
        const text = await call(prompt);
        took(performance.now() - startedAt);
        if (!text.includes('rivers')) throw new Error(`wrong answer through the ${path}: ${text.slice(0, 200)}`);
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
  });
}

async function proxyCall(prompt: string): Promise<string> {
  const answer = await pools.proxy.request({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sim-instant', messages: [{ role: 'user', content: prompt }] }),
  });
  const body = (await answer.body.json()) as { choices: { message: { content: string } }[] };
  return body.choices[0]?.message.content ?? '';
}

async function gatewayCall(prompt: string): Promise<string> {
  const answer = await pools.gateway.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${benchKey}` },
    body: JSON.stringify({ query: generateDocument, variables: { input: { model: 'sim-instant', prompt } } }),
  });
  const body = (await answer.body.json()) as { data?: { generate?: { generation?: { text: string } } } };
  return body.data?.generate?.generation?.text ?? JSON.stringify(body);
}

function proxyStreams(model: string): Promise<Sample> {
  const pool = new Pool(proxy.url, { connections: streamsAtOnce });
  return measure(proxy, streamsAtOnce * TOKENS_PER_STREAM, async (took) => {
    const stream = async (): Promise<void> => {
      const startedAt = performance.now();
      const answer = await pool.request({
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: `Stream ${nextPrompt++}` }] }),
      });
      let text = '';
      for (const line of (await answer.body.text()).split('\n')) {
        if (!line.startsWith('data: {')) continue;
        const chunk = JSON.parse(line.slice(6)) as { choices: { delta?: { content?: string } }[] };
        text += chunk.choices[0]?.delta?.content ?? '';
      }
      took(performance.now() - startedAt);
      if (text !== streamText) throw new Error('wrong stream through the proxy');
    };
    await Promise.all(Array.from({ length: streamsAtOnce }, stream));
    await pool.destroy();
  });
}

async function gatewayStreams(model: string): Promise<Sample> {
  const client = createClient({
    url: `${gateway.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    lazy: false,
    connectionParams: { authorization: `Bearer ${benchKey}` },
  });
  try {
    return await measure(gateway, streamsAtOnce * TOKENS_PER_STREAM, async (took) => {
      const stream = async (): Promise<void> => {
        const startedAt = performance.now();
        const prompt = `Stream ${nextPrompt++}`;
        const input = { idempotencyKey: `bench-${process.pid}-${nextPrompt++}`, request: { model, prompt } };
        let text = '';
        let last: unknown;
        for await (const result of client.iterate<BenchStreamSubscription>({
          query: streamDocument,
          variables: { input },
        })) {
          const event = result.data?.generateStream;
          if (event?.__typename === 'TextDelta') text += event.text;
          last = event ?? result.errors;
        }
        took(performance.now() - startedAt);
        if (text !== streamText) throw new Error(`wrong stream through the gateway: ${JSON.stringify(last)}`);
      };
      await Promise.all(Array.from({ length: streamsAtOnce }, stream));
    });
  } finally {
    await client.dispose();
  }
}

async function measure(
  server: MeasuredProcess,
  units: number,
  work: (took: (ms: number) => void) => Promise<void>,
): Promise<Sample> {
  const times: number[] = [];
  const cpuBefore = server.cpuUs();
  const startedAt = performance.now();
  await work((ms) => times.push(ms));
  const seconds = (performance.now() - startedAt) / 1000;
  times.sort((left, right) => left - right);
  return {
    cpuUs: (server.cpuUs() - cpuBefore) / units,
    perSecond: units / seconds,
    p50Ms: times[Math.floor(times.length * 0.5)] ?? 0,
    p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
  };
}

function print(samples: Record<Path, Sample[]>, cpuLabel: string, rateLabel: string): void {
  for (const path of ['proxy', 'gateway'] as const) {
    const of = (field: keyof Sample): number => median(samples[path], field);
    console.log(
      `  ${path.padEnd(8)} ${of('cpuUs').toFixed(1).padStart(8)} ${cpuLabel} ${of('perSecond').toFixed(0).padStart(8)} ${rateLabel}` +
        `   p50 ${of('p50Ms').toFixed(2)} ms   p99 ${of('p99Ms').toFixed(2)} ms`,
    );
  }
}

function median(samples: readonly Sample[], field: keyof Sample): number {
  const sorted = samples.map((sample) => sample[field]).sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function ratio(samples: Record<Path, Sample[]>): string {
  return `${(median(samples.gateway, 'cpuUs') / median(samples.proxy, 'cpuUs')).toFixed(2)}×`;
}

async function script(url: string, rules: readonly object[]): Promise<void> {
  for (const rule of rules) {
    const answer = await fetch(`${url}/script`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(rule),
    });
    if (!answer.ok) throw new Error(`the simulator refused a script: ${await answer.text()}`);
  }
}
