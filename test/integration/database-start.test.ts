// A server whose database does not answer, cannot be used or is another's as it starts.

import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { freePort } from '../../scripts/services/program.mjs';
import { lockDirectory } from '../../src/platform/directory-lock.ts';
import { startProcess } from '../support/start-process.ts';
import { createTestPglite, createTestPostgres } from '../support/test-database.ts';

// Whole servers are started, which takes a busy machine a while.
jest.setTimeout(120_000);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-database-start-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const env = { PORT: '0', SLUICE_SECRET: 's'.repeat(32), SLUICE_ADMIN_KEY: 'k'.repeat(40), LOG_FORMAT: 'json' };

describe('a server whose database', () => {
  it('does not answer listens, is not ready and says why, and is ready once it answers', async () => {
    await using database = await createTestPostgres();
    const target = new URL(database.url);
    const port = await freePort();
    const url = Object.assign(new URL(database.url), { port: `${port}` });
    const server = startProcess({ folder, env: { ...env, DATABASE_URL: url.href } });
    let wire: Server | undefined;
    try {
      const [, origin] = await server.printed(/"url":"(http[^"]+)\/graphql"/);
      const before = await fetch(`${origin}/readyz`);
      expect(before.status).toBe(503);
      expect(await before.json()).toEqual({ status: 'not ready', missing: ['the database could not be opened yet'] });
      expect((await fetch(`${origin}/healthz`)).status).toBe(200);
      expect(server.output()).toContain('the database does not answer: not ready until it does');
      expect(server.output()).not.toContain(target.password);

      wire = createServer((near) => {
        const far = connect(Number(target.port), target.hostname);
        near.pipe(far).pipe(near);
        for (const socket of [near, far]) socket.on('error', () => undefined);
      }).listen(port, '127.0.0.1');
      while ((await fetch(`${origin}/readyz`)).status !== 200) await new Promise((wake) => setTimeout(wake, 50));
    } finally {
      server.child.kill('SIGKILL');
      await server.exited;
      wire?.close();
    }
  });

  it('is in use by another process does not start, and names it', async () => {
    await using database = await createTestPglite();
    const lock = await lockDirectory(database.directory);
    const server = startProcess({ folder, env: { ...env, SLUICE_DATA_DIR: join(database.directory, '..') } });
    expect(await server.exited).toBe(1);
    expect(server.output()).toContain(`${database.directory} is in use by process ${process.pid}`);
    await lock.release();
  });

  it('is of another line of versions does not start, and says so', async () => {
    await using database = await createTestPostgres({ empty: true });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('create table sluice_migrations (name text primary key, ran_at timestamptz)');
    await client.query("insert into sluice_migrations values ('1999-01-01-01-foreign', now())");
    await client.end();
    const server = startProcess({ folder, env: { ...env, DATABASE_URL: database.url } });
    expect(await server.exited).toBe(1);
    expect(server.output()).toContain(
      'The database is of another line of versions: it has the migration 1999-01-01-01-foreign',
    );
  });
});
