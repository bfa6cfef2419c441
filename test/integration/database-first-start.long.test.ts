// The embedded database as it is made: from nothing, and after a process that was killed over it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { pino } from 'pino';
import { openDatabase } from '../../src/platform/sql-database.ts';

describe('the embedded database', () => {
  it('is made at its first use, whole, also after a process that was killed while it made one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-first-'));
    const directory = join(folder, 'data', 'database');
    const killed = spawn(process.execPath, [resolve('dist/main.js'), 'migrate'], {
      env: { PATH: process.env.PATH, SLUICE_DATA_DIR: join(folder, 'data') },
      stdio: 'ignore',
    });
    const draft = `${directory}.new`;
    while (
      !(await access(join(draft, 'PG_VERSION')).then(
        () => true,
        () => false,
      ))
    ) {
      await new Promise((wake) => setTimeout(wake, 5));
    }
    killed.kill('SIGKILL');
    await once(killed, 'exit');

    const database = openDatabase({ database: { kind: 'EMBEDDED', directory }, logger: pino({ level: 'silent' }) });
    expect(database.isPresent).toBe(false);
    const { rows } = await sql`select id from organizations`.execute(await database.use());
    expect(rows).toEqual([{ id: 'default' }]);
    expect(database.isPresent).toBe(true);
    await database.close();
    expect(await readdir(join(folder, 'data'))).toEqual(['database']);
    await rm(folder, { recursive: true });
  });
});
