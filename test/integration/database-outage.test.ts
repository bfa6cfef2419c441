// A database that goes away while it is used, and comes back.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { pino } from 'pino';
import { createSecret } from '../../src/platform/secret.ts';
import { openDatabase } from '../../src/platform/sql-database.ts';
import { createPostgres } from '../../src/platform/sql-postgres.ts';
import { isUnavailable } from '../../src/platform/sql-unavailable.ts';
import { createTestPglite, createTestPostgres, testPostgresUrl } from '../support/test-database.ts';

const logger = pino({ level: 'silent' });
const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** What stands between a server and its Postgres: it can be cut, and made to swallow what is sent. */
async function startWire(target: URL) {
  const sockets = new Set<Socket>();
  let swallows = false;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (!swallows) to.write(bytes);
      });
      from.on('error', () => undefined).on('close', () => to.destroy());
    }
  });
  let port = 0;
  const listen = async (): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  };
  const cut = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await closed;
  };
  await listen();
  return {
    url: createSecret(Object.assign(new URL(target), { host: `127.0.0.1:${port}` }).href),
    cut,
    mend: listen,
    swallow: (on: boolean) => {
      swallows = on;
    },
    [Symbol.asyncDispose]: () => (server.listening ? cut() : Promise.resolve()),
  };
}

describe('a Postgres that goes away', () => {
  it('is told from defects, and is used again when it is back, by whoever could not open it too', async () => {
    await using created = await createTestPostgres();
    await using wire = await startWire(new URL(created.url));
    await wire.cut();
    const database = openDatabase({ database: { kind: 'POSTGRES', url: wire.url }, logger });
    const refused = await thrownBy(database.use());
    expect(isUnavailable(refused)).toBe(true);
    expect(String(refused)).toMatch(/The database does not answer: connect ECONNREFUSED/);
    await wire.mend();
    const db = await database.use();
    const read = () => sql<{ id: string }>`select id from organizations`.execute(db);
    expect((await read()).rows).toEqual([{ id: 'default' }]);

    await wire.cut();
    expect(isUnavailable(await thrownBy(read()))).toBe(true);
    await wire.mend();
    expect((await read()).rows).toEqual([{ id: 'default' }]);
    await database.close();
  });

  it('in the middle of a transaction or of a statement ends that, not the process', async () => {
    await using created = await createTestPostgres();
    const database = openDatabase({ database: created.config, logger });
    const db = await database.use();
    const cutTransaction = db.transaction().execute(async (trx) => {
      await sql`update organizations set version = 99`.execute(trx);
      await created.cutConnections();
      await sql`select 1`.execute(trx);
    });
    expect(isUnavailable(await thrownBy(cutTransaction))).toBe(true);
    const statement = thrownBy(sql`select pg_sleep(600)`.execute(db));
    const isAsleep = sql`select 1 from pg_stat_activity where query like 'select pg_sleep%' and state = 'active' and datname = current_database()`;
    while ((await isAsleep.execute(db)).rows.length === 0) await new Promise((wake) => setTimeout(wake, 10));
    await created.cutConnections();
    expect(isUnavailable(await statement)).toBe(true);
    // Connections that lay idle were cut as well: for each of them a statement may fail once.
    const read = () => sql<{ version: bigint }>`select version from organizations`.execute(db);
    let answer = await thrownBy(read());
    for (let cut = 0; isUnavailable(answer) && cut < 3; cut++) answer = await thrownBy(read());
    expect(answer).toBeUndefined();
    const { rows } = await read();
    expect(rows).toEqual([{ version: 0n }]);
    await database.close();
  });

  it('without a word is given up, by a statement that takes too long too, and its connection with it', async () => {
    await using created = await createTestPostgres();
    await using wire = await startWire(new URL(created.url));
    const { dialect, close } = createPostgres({
      url: wire.url,
      logger,
      size: 1,
      statementTimeoutMs: 50,
      answerMarginMs: 200,
    });
    const { Kysely } = await import('kysely');
    const db = new Kysely<unknown>({ dialect });
    const slow = await thrownBy(sql`select pg_sleep(600)`.execute(db));
    expect(slow).toMatchObject({ code: '57014' });
    expect(isUnavailable(slow)).toBe(true);
    wire.swallow(true);
    const silent = await thrownBy(sql`select 1`.execute(db));
    expect(isUnavailable(silent)).toBe(true);
    expect(String(silent)).toContain('Query read timeout');
    wire.swallow(false);
    expect((await sql`select 2 as two`.execute(db)).rows).toEqual([{ two: 2 }]);
    await db.destroy();
    await close();
  });

  it.each([
    ['a password that is wrong', { password: 'wrong' }],
    ['a database that is not there', { pathname: '/not_there' }],
  ])('includes %s, whose URL is not shown', async (_what, change) => {
    const url = Object.assign(new URL(testPostgresUrl()), change);
    const database = openDatabase({ database: { kind: 'POSTGRES', url: createSecret(url.href) }, logger });
    const refused = await thrownBy(database.use());
    expect(isUnavailable(refused)).toBe(true);
    expect(String(refused)).not.toContain(url.password);
    await database.close();
  });
});

describe('the embedded database', () => {
  it('keeps what was written when its process is killed, and names the one that has it', async () => {
    await using created = await createTestPglite();
    const source = pathToFileURL(resolve('dist/platform/sql-database.js')).href;
    const script = `
      const { openDatabase } = await import(${JSON.stringify(source)});
      const logger = { info() {} };
      const database = openDatabase({ database: { kind: 'EMBEDDED', directory: process.argv[1] }, logger });
      const db = await database.use();
      await db.updateTable('organizations').set({ name: 'kept' }).execute();
      console.log('WRITTEN');
      setInterval(() => {}, 1_000);`;
    const other = spawn(process.execPath, ['--input-type=module', '--eval', script, created.directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(other.stdout, 'data');
    const mine = openDatabase({ database: created.config, logger });
    await expect(mine.use()).rejects.toThrow(`${created.directory} is in use by process ${other.pid}`);
    other.kill('SIGKILL');
    await once(other, 'exit');
    const { rows } = await sql`select name from organizations`.execute(await mine.use());
    expect(rows).toEqual([{ name: 'kept' }]);
    await mine.close();
  });

  it('is there once it was made, and is not made by being asked about', async () => {
    await using created = await createTestPglite();
    expect(openDatabase({ database: created.config, logger }).isPresent).toBe(true);
    await using missing = await createTestPglite({ missing: true });
    expect(openDatabase({ database: missing.config, logger }).isPresent).toBe(false);
    await expect(access(missing.directory)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
