import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../src/platform/config-loader.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sluice-stores-'));
});
afterAll(() => rm(cwd, { recursive: true }));

const load = (env: Record<string, string>) => loadConfig({ cwd, env, ollamaUrl: null });
const problemOf = (env: Record<string, string>): Promise<string> =>
  load(env).then(
    () => 'none',
    (error: Error) => error.message,
  );
const password = 'hush';
const secret = 's'.repeat(32);

describe('the stores of the environment', () => {
  it('are an embedded database in the data folder, and no Redis, unless it names others', async () => {
    const { database, redisUrl } = await load({ SLUICE_DATA_DIR: 'data' });
    expect(database).toEqual({ kind: 'EMBEDDED', directory: join(cwd, 'data', 'database') });
    expect(redisUrl).toBeUndefined();
  });

  it.each([
    `postgres://user:${password}@db.example.com:5432/sluice?sslmode=verify-full`,
    'postgresql://db/sluice',
    'postgresql:///sluice?host=/var/run/postgresql',
  ])('are a Postgres by %s', async (url) => {
    const { database } = await load({ DATABASE_URL: url, SLUICE_SECRET: secret });
    expect(database.kind === 'POSTGRES' && database.url.reveal()).toBe(url);
    expect(JSON.stringify(database)).not.toContain('db');
  });

  it.each([
    [`mysql://user:${password}@db/sluice`, 'expected postgres://user:password@host:5432/database'],
    [`postgres://user:${password}@db:port/sluice`, 'expected postgres://user:password@host:5432/database'],
    [`postgres:///sluice?password=${password}`, 'this one names no host'],
    [`postgres://user:${password}@db/sluice?sslmode=on`, 'expected an sslmode that is one of disable, prefer, require'],
  ])('are refused in words when DATABASE_URL is %s, which is not shown', async (url, words) => {
    const problem = await problemOf({ DATABASE_URL: url, SLUICE_SECRET: secret });
    expect(problem).toContain('environment DATABASE_URL: found');
    expect(problem).toContain(words);
    expect(problem).not.toContain('hush');
  });

  it('share a secret, which the folder of one node cannot know', async () => {
    expect(await problemOf({ DATABASE_URL: 'postgres://db/sluice' })).toMatch(
      /environment SLUICE_SECRET: found nothing, expected at least 32 bytes, the same for all nodes/,
    );
  });

  it('keep a previous secret beside a present one only', async () => {
    expect(await problemOf({ SLUICE_SECRET_PREVIOUS: secret })).toMatch(
      /environment SLUICE_SECRET: found nothing, expected the secret that takes the place of SLUICE_SECRET_PREVIOUS/,
    );
    expect(
      (await load({ SLUICE_SECRET_PREVIOUS: 'p'.repeat(32), SLUICE_SECRET: secret })).previousSecret,
    ).toBeDefined();
  });

  it('are a Redis by its URL, of which production still has to know what it is not used for', async () => {
    const { redisUrl, warnings } = await load({ REDIS_URL: 'redis+cluster://:hush@a,b' });
    expect(redisUrl?.reveal()).toBe('redis+cluster://:hush@a,b');
    expect(warnings).toEqual([expect.stringContaining('still kept in the memory of each process')]);
    const production = { NODE_ENV: 'production', HOST: '127.0.0.1', SLUICE_ALLOW_SIMULATOR: '1' };
    const stores = { DATABASE_URL: 'postgres://db/sluice', REDIS_URL: 'redis://r', SLUICE_SECRET: secret };
    expect(await problemOf({ ...production, ...stores })).toMatch(
      /SLUICE_ALLOW_EMBEDDED: found nothing, expected 1 .* keeps generations, streams and idempotency keys in memory, of one/,
    );
    expect(await problemOf(production)).toMatch(/embedded database \(without DATABASE_URL\)/);
    await load({ ...production, ...stores, SLUICE_ALLOW_EMBEDDED: '1' });
  });

  it('are refused in words when REDIS_URL is of no known form, which is not shown', async () => {
    const problem = await problemOf({ REDIS_URL: 'http://:hush@redis' });
    expect(problem).toMatch(/environment REDIS_URL: found .* expected redis:\/\/host:6379, .*redis\+sentinel/);
    expect(problem).not.toContain('hush');
  });
});
