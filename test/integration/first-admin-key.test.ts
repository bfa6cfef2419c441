// The first key of a database that nodes share: whichever starts first makes it, that one alone shows it, and it is
// kept as a hash.

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { openTestAccessRecords, testActor } from '../support/access-records.ts';
import { testSecret } from '../support/start-gateway.ts';
import { startProcess } from '../support/start-process.ts';
import { createTestPostgres, type TestPostgres } from '../support/test-database.ts';

type Process = ReturnType<typeof startProcess>;
let folder: string;
let database: TestPostgres;
const started: Process[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-first-key-'));
  database = await createTestPostgres({ empty: true });
  await writeFile(
    join(folder, 'sluice.yaml'),
    'providers: [{ id: p, kind: openai-compatible, baseUrl: "http://127.0.0.1:9/v1" }]\n' +
      'models: [{ id: m, targets: [{ provider: p, model: m }], prices: { input: "1", output: "1" } }]\n',
  );
});
afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.map(({ exited }) => exited));
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function start(): Promise<{ url: string; process: Process }> {
  const process = startProcess({
    folder,
    env: { PORT: '0', LOG_FORMAT: 'json', DATABASE_URL: database.url, SLUICE_SECRET: testSecret.reveal() },
  });
  started.push(process);
  const [, url = ''] = await process.printed(/Sluice serves GraphQL at (\S+)\n[\s\S]*Stop with Ctrl-C/);
  return { url, process };
}
async function stop({ child, exited }: Process): Promise<void> {
  child.kill('SIGKILL');
  await exited;
}

const KEY = /slk_[0-9a-z]{12}_[\w-]{43}/g;
const keysIn = (output: string): readonly string[] => [...new Set(output.match(KEY) ?? [])];

async function viewer(url: string, key: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query: '{ viewer { principal roles scopes project { name } } }' }),
  });
  const { data } = (await response.json()) as { data?: { viewer?: unknown } };
  return data?.viewer;
}

it('is made once by nodes that start together, shown by one of them, and good on all', async () => {
  const nodes = await Promise.all([start(), start(), start()]);
  const shown = nodes.flatMap(({ process }) => keysIn(process.output()));
  expect(shown).toHaveLength(1);
  const [key = ''] = shown;
  for (const { url } of nodes) {
    expect(await viewer(url, key)).toEqual({
      principal: 'key:key_first',
      roles: ['MEMBER', 'ADMIN', 'OPERATOR'],
      scopes: ['generate', 'usage:read', 'admin'],
      project: { name: 'default' },
    });
  }
  const others = nodes.filter(({ process }) => keysIn(process.output()).length === 0);
  expect(others).toHaveLength(2);
  for (const { process } of others)
    expect(process.output()).toContain('the one that was shown when the database was new');
  // Not by the logger, not in a file, and not as it is in the database.
  for (const { process } of nodes) {
    const log = process
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(log.join('\n')).not.toMatch(KEY);
  }
  expect(await readdir(folder)).toEqual(['sluice.yaml']);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query(
    'select api_key_secrets::text, api_keys::text, audit_log::text from api_key_secrets, api_keys, audit_log',
  );
  await client.end();
  expect(rows.length).toBeGreaterThan(0);
  expect(JSON.stringify(rows)).not.toContain(key.slice(-43));
  await Promise.all(nodes.map(({ process }) => stop(process)));

  // Revoked, it does not come back.
  await using records = openTestAccessRecords(database.config, testSecret);
  await records.store.apiKeys.revoke('key_first', 'ALL', testActor);
  const later = await start();
  expect(keysIn(later.process.output())).toEqual([]);
  expect(await viewer(later.url, key)).toBeUndefined();
});
