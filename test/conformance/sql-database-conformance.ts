// What every SQL database must do, Postgres and PGlite alike.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Generated, sql } from 'kysely';
import { pino } from 'pino';
import { openDatabase, type SqlDatabase } from '../../src/platform/sql-database.ts';
import type { Migration } from '../../src/platform/sql-migrator.ts';
import type { TestDatabase } from '../support/test-database.ts';

interface Tables {
  things: { id: bigint; at: Generated<number>; details: unknown };
}

const things: Migration = {
  name: '2026-01-01-01-things',
  up: async (db) => {
    await sql`create table things (id bigint primary key, at timestamptz, details jsonb)`.execute(db);
  },
};

export function describeSqlDatabase(name: string, create: () => Promise<TestDatabase>): void {
  describe(`the SQL database on ${name}`, () => {
    // Opening one takes half a second on PGlite: most tests share one, and the last one closes it.
    let created: TestDatabase;
    let database: SqlDatabase<Tables>;
    const statements: string[] = [];
    beforeAll(async () => {
      created = await create();
      database = openDatabase({
        database: created.config,
        logger: pino({ level: 'silent' }),
        migrations: [things],
        onQuery: (statement) => statements.push(statement),
      });
    });
    afterAll(async () => {
      await database.close();
      await created[Symbol.asyncDispose]();
    });

    it('is opened and migrated once, however many use it first', async () => {
      const [db, other] = await Promise.all([database.use(), database.use()]);
      expect(db).toBe(other);
      expect(database.isPresent).toBe(true);
      expect(statements).toEqual([]);
      expect(await db.selectFrom('things').selectAll().execute()).toEqual([]);
    });

    it('reads 64-bit integers as bigints, counts too, and points in time as milliseconds', async () => {
      const db = await database.use();
      const atMs = Date.UTC(2026, 10, 24, 9, 30, 1, 234);
      await sql`insert into things values (${9_007_199_254_740_993n}, ${new Date(atMs)}, ${JSON.stringify({ a: [1, 'ü'] })})`.execute(
        db,
      );
      const row = await db.selectFrom('things').selectAll().executeTakeFirstOrThrow();
      expect(row).toEqual({ id: 9_007_199_254_740_993n, at: atMs, details: { a: [1, 'ü'] } });
      const { count } = await db
        .selectFrom('things')
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      expect(count).toBe(1n);
      await db.deleteFrom('things').execute();
    });

    it('undoes a transaction that fails, whole, and works on', async () => {
      const db = await database.use();
      const failing = db.transaction().execute(async (trx) => {
        await trx.insertInto('things').values({ id: 1n, details: null }).execute();
        await sql`select 1 / 0`.execute(trx);
      });
      await expect(failing).rejects.toMatchObject({ code: '22012' });
      expect(await db.selectFrom('things').selectAll().execute()).toEqual([]);
    });

    it('tells of each statement, and not of the marks of transactions', async () => {
      const db = await database.use();
      statements.length = 0;
      await db.transaction().execute((trx) => trx.selectFrom('things').select('id').execute());
      await sql`select broken`.execute(db).catch(() => undefined);
      expect(statements).toEqual(['select "id" from "things"', 'select broken']);
    });

    it('says which migration failed and why, changes nothing, and tries again at the next use', async () => {
      await using another = await create();
      let works = false;
      const late: Migration = {
        name: '2026-01-02-01-late',
        up: async (db) => {
          await sql`create table late (id int)`.execute(db);
          if (!works) await sql`insert into missing values (1)`.execute(db);
        },
      };
      const failing = openDatabase({
        database: another.config,
        logger: pino({ level: 'silent' }),
        migrations: [things, late],
      });
      await expect(failing.use()).rejects.toThrow(
        'The migration 2026-01-02-01-late of the database failed, and nothing was changed: relation "missing" does not exist.',
      );
      works = true;
      const { rows } = await sql`select name from sluice_migrations order by name`.execute(await failing.use());
      expect(rows).toEqual([{ name: things.name }, { name: late.name }]);
      await failing.close();
    });

    it('is used no more once it is closed, and closing it twice is fine', async () => {
      await database.use();
      await Promise.all([database.close(), database.close()]);
      await expect(database.use()).rejects.toThrow('The database is closed');
    });
  });
}
