import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { pino } from 'pino';
import packageJson from '../../package.json' with { type: 'json' };
import { allMigrations } from '../../src/platform/migrations/all-migrations.ts';
import { createSecret } from '../../src/platform/secret.ts';
import { openDatabase } from '../../src/platform/sql-database.ts';
import { createTestPostgres } from '../support/test-database.ts';
import { describeMigrations } from './migrations-conformance.ts';

const logger = pino({ level: 'silent' });

describeMigrations('Postgres', () => createTestPostgres({ empty: true }));

describe('migrations on Postgres', () => {
  it('run once when many nodes start at once, and all nodes work', async () => {
    await using created = await createTestPostgres({ empty: true });
    const lines: string[] = [];
    const telling = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    const nodes = Array.from({ length: 8 }, () => openDatabase({ database: created.config, logger: telling }));
    try {
      const databases = await Promise.all(nodes.map((node) => node.use()));
      for (const db of databases) {
        const { rows } = await sql<{ name: string }>`select name from sluice_migrations order by name`.execute(db);
        expect(rows.map(({ name }) => name)).toEqual(allMigrations.map(({ name }) => name));
      }
      expect(lines.filter((line) => line.includes('was brought to this version'))).toHaveLength(1);
    } finally {
      await Promise.all(nodes.map((node) => node.close()));
    }
  });

  it('run once when two processes migrate at once, and both end well', async () => {
    await using created = await createTestPostgres({ empty: true });
    const runs = await Promise.all([0, 1].map(() => runMigrate({ DATABASE_URL: created.url })));
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const output = runs.map((run) => run.output).join('');
    expect(output.match(/was brought to this version/g)).toHaveLength(1);
    expect(output.match(/the database is at this version/g)).toHaveLength(2);
  });

  it('ask nothing of a user who may change no tables, where nothing is to be done', async () => {
    await using created = await createTestPostgres();
    const owner = openDatabase({ database: created.config, logger });
    const role = new URL(created.url).pathname.slice(1);
    await using _role = {
      [Symbol.asyncDispose]: async () => {
        const db = await owner.use();
        await sql`drop owned by ${sql.id(role)}`.execute(db);
        await sql`drop role ${sql.id(role)}`.execute(db);
        await owner.close();
      },
    };
    const db = await owner.use();
    await sql`create role ${sql.id(role)} login password 'of-a-test'`.execute(db);
    await sql`grant select, insert, update, delete on all tables in schema public to ${sql.id(role)}`.execute(db);
    const url = Object.assign(new URL(created.url), { username: role, password: 'of-a-test' });
    const limited = openDatabase({ database: { kind: 'POSTGRES', url: createSecret(url.href) }, logger });
    const { rows } = await sql`select id from organizations`.execute(await limited.use());
    expect(rows).toEqual([{ id: 'default' }]);
    await limited.close();
  });

  it('that take something away name an earlier release that still used it, and all are in the order of their names', () => {
    const names = allMigrations.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)].sort());
    for (const name of names) expect(name).toMatch(/^\d{4}-\d{2}-\d{2}-\d{2}-[a-z-]+$/);
    for (const { takesAwayWhatServed: release } of allMigrations) {
      if (release !== undefined) expect(isEarlier(release, packageJson.version)).toBe(true);
    }
    expect(isEarlier('0.9.0', '0.10.0')).toBe(true);
    expect(isEarlier('0.1.0', '0.1.0')).toBe(false);
  });
});

function isEarlier(release: string, than: string): boolean {
  return release !== than && release.localeCompare(than, 'en', { numeric: true }) < 0;
}

async function runMigrate(env: Record<string, string>): Promise<{ exitCode: number | null; output: string }> {
  const child = spawn(process.execPath, [resolve('dist/main.js'), 'migrate'], {
    env: { PATH: process.env.PATH, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  const [exitCode] = await once(child, 'close');
  return { exitCode, output };
}
