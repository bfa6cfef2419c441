// Databases for tests, each of its own, at this version, and gone at the end: `await using database = await
// createTestPostgres();`. What opens them is what opens them in production.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import type { DatabaseConfig } from '../../src/platform/config.ts';
import { createSecret } from '../../src/platform/secret.ts';
import { openDatabase } from '../../src/platform/sql-database.ts';

export interface TestDatabase {
  /** As the configuration has it. */
  readonly config: DatabaseConfig;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestPostgres extends TestDatabase {
  /** For DATABASE_URL. */
  readonly url: string;
  /** Ends all connections to it, as a server that restarts does. */
  cutConnections(): Promise<void>;
}

/** A database on the Postgres that runs for the tests. `empty`: with no tables at all. */
export async function createTestPostgres({ empty = false } = {}): Promise<TestPostgres> {
  const name = `sluice_test_${randomBytes(8).toString('hex')}`;
  if (!empty) migratedTemplate ??= makeTemplate();
  const template = empty ? 'template0' : await migratedTemplate;
  await administer(`create database ${name} template ${template}`);
  const url = urlOf(name);
  return {
    url,
    config: { kind: 'POSTGRES', url: createSecret(url) },
    cutConnections: () =>
      administer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`),
    [Symbol.asyncDispose]: () => administer(`drop database if exists ${name} with (force)`),
  };
}

/** An embedded database in a folder of its own; not migrated before it is opened. `missing`: not even made yet. */
export async function createTestPglite({
  missing = false,
} = {}): Promise<TestDatabase & { readonly directory: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-pglite-'));
  const directory = join(folder, 'database');
  if (!missing) {
    madePglite ??= makePglite();
    await cp(await madePglite, directory, { recursive: true });
  }
  return {
    directory,
    config: { kind: 'EMBEDDED', directory },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The URL of the Postgres that runs for the tests, as one who may do everything. */
export function testPostgresUrl(): string {
  const url = process.env['SLUICE_TEST_POSTGRES_URL'];
  if (url === undefined) throw new Error('SLUICE_TEST_POSTGRES_URL is not set: run the tests by "npm test".');
  return url;
}

/** The URL of the Redis that runs for the tests, shared by all of them: use channels and keys of your own. */
export function testRedisUrl(): string {
  const url = process.env['SLUICE_TEST_REDIS_URL'];
  if (url === undefined) throw new Error('SLUICE_TEST_REDIS_URL is not set: run the tests by "npm test".');
  return url;
}

function urlOf(database: string): string {
  const url = new URL(testPostgresUrl());
  url.pathname = `/${database}`;
  return url.href;
}

async function administer(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: testPostgresUrl() });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

let migratedTemplate: Promise<string> | undefined;

/** One for each test file: copying it is much quicker than migrating each database. */
async function makeTemplate(): Promise<string> {
  const name = `sluice_template_${randomBytes(8).toString('hex')}`;
  await administer(`create database ${name} template template0`);
  const database = openDatabase({
    database: { kind: 'POSTGRES', url: createSecret(urlOf(name)) },
    logger: pino({ level: 'silent' }),
  });
  await database.use();
  await database.close();
  return name;
}

let madePglite: Promise<string> | undefined;

/** Making one takes seconds, so that one is kept for all tests, beside what else this folder's commands keep. */
async function makePglite(): Promise<string> {
  const { version } = createRequire(import.meta.url)(resolve('node_modules/@electric-sql/pglite/package.json'));
  const kept = resolve('.sluice', `test-pglite-${version}`);
  if (existsSync(kept)) return kept;
  const draft = `${kept}.${randomBytes(4).toString('hex')}`;
  await mkdir(dirname(kept), { recursive: true });
  const database = openDatabase({
    database: { kind: 'EMBEDDED', directory: draft },
    logger: pino({ level: 'silent' }),
    migrations: [],
  });
  await database.use();
  await database.close();
  try {
    await rename(draft, kept);
  } catch {
    // Another test file was quicker.
    await rm(draft, { recursive: true, force: true });
  }
  return kept;
}
