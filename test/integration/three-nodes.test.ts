// Three processes that share a Postgres, with a Redis and without: what is taken away through one of them is gone on all,
// and what goes on with it ends everywhere.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openTestAccessRecords, type TestAccessRecords } from '../support/access-records.ts';
import { openLiveStreams, revokedEnds } from '../support/live-streams.ts';
import { adminKey, testSecret } from '../support/start-gateway.ts';
import { startProcess } from '../support/start-process.ts';
import { startTestRedis, type TestRedis } from '../support/start-redis.ts';
import { startTestSimulator, type TestSimulator } from '../support/start-simulator.ts';
import { createTestPostgres, type TestPostgres } from '../support/test-database.ts';

const NODES = [0, 1, 2] as const;

interface Node {
  readonly graphqlUrl: string;
  readonly process: ReturnType<typeof startProcess>;
}

let folder: string;
let simulator: TestSimulator;
let database: TestPostgres;
let records: TestAccessRecords;
let redis: TestRedis;
const started: ReturnType<typeof startProcess>[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-nodes-'));
  [simulator, database, redis] = await Promise.all([startTestSimulator(), createTestPostgres(), startTestRedis()]);
  records = openTestAccessRecords(database.config, testSecret);
  await writeFile(
    join(folder, 'sluice.yaml'),
    `providers: [{ id: sim, kind: openai-compatible, baseUrl: "${simulator.url}/v1" }]\n` +
      'models: [{ id: sim-instant, targets: [{ provider: sim, model: sim-instant }], prices: { input: "1", output: "1" } }]\n',
  );
});
afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.map(({ exited }) => exited));
  await records[Symbol.asyncDispose]();
  await Promise.all([database[Symbol.asyncDispose](), redis.stop(), simulator.close()]);
  await rm(folder, { recursive: true });
});

async function startNode(env: Readonly<Record<string, string>>): Promise<Node> {
  const process = startProcess({
    folder,
    env: {
      PORT: '0',
      LOG_FORMAT: 'json',
      SLUICE_ADMIN_KEY: adminKey,
      SLUICE_SECRET: testSecret.reveal(),
      DATABASE_URL: database.url,
      ...env,
    },
  });
  started.push(process);
  const [, graphqlUrl = ''] = await process.printed(/"url":"([^"]+)"/);
  return { graphqlUrl, process };
}

const startNodes = (env: Readonly<Record<string, string>>): Promise<Node[]> =>
  Promise.all(NODES.map(() => startNode(env)));

const ask = async (node: Node, query: string, key: string, variables: object = {}) => {
  const response = await fetch(node.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  const { data, errors }: any = await response.json();
  return { status: response.status, data, errors };
};

/** Revokes a new key through the first node while it streams on all; gives how long the others went on. */
async function revokeThroughFirst(nodes: readonly Node[], name: string): Promise<number> {
  const { key, id } = await records.createKey(name);
  const streams = await Promise.all(
    nodes.map(({ graphqlUrl }, index) => openLiveStreams(graphqlUrl, key, `${name}-${index}`)),
  );
  const startedAtMs = performance.now();
  await revoke(nodes[0] as Node, id);
  const ends = await Promise.all(streams.map(({ ended }) => ended));
  const tookMs = performance.now() - startedAtMs;
  expect(ends).toEqual(NODES.map(() => revokedEnds));
  const answers = await Promise.all(nodes.map((node) => ask(node, '{ __typename }', key)));
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
  return tookMs;
}

async function revoke(node: Node, id: string): Promise<void> {
  const mutation = 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }';
  const { data, errors } = await ask(node, mutation, adminKey, { id });
  if (data?.revokeApiKey?.apiKey === undefined) throw new Error(`not revoked: ${JSON.stringify(errors)}`);
}

it('with a Redis at once, and by their own looks when it is killed', async () => {
  const nodes = await startNodes({ REDIS_URL: redis.url });
  const withRedisMs = await revokeThroughFirst(nodes, 'with Redis');
  await redis.stop();
  await Promise.all(nodes.map(({ process }) => process.printed(/Redis does not answer/)));
  const killedMs = await revokeThroughFirst(nodes, 'Redis is gone');
  process.stdout.write(`a key was gone from three nodes after ms: ${JSON.stringify({ withRedisMs, killedMs })}\n`);
});

it('without a Redis, by their own looks alone', async () => {
  const nodes = await startNodes({});
  const withoutMs = await revokeThroughFirst(nodes, 'without Redis');
  process.stdout.write(`a key was gone from three nodes after ms: ${JSON.stringify({ withoutMs })}\n`);
});
