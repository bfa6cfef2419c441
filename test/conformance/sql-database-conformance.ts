// What every SQL database must do, Postgres and PGlite alike.

import { describe, expect, it } from '@jest/globals';
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
    const withDatabase = async (
      test: (database: SqlDatabase<Tables>, statements: string[]) => Promise<void>,
      migrations: readonly Migration[] = [things],
    ): Promise<void> => {
      await using created = await create();
      const statements: string[] = [];
      const database = openDatabase<Tables>({
        database: created.config,
        logger: pino({ level: 'silent' }),
        migrations,
        onQuery: (statement) => statements.push(statement),
      });
      try {
        await test(database, statements);
      } finally {
        await database.close();
      }
    };

    it('is opened and migrated once, however many use it first', () =>
      withDatabase(async (database) => {
        const [one, other] = await Promise.all([database.use(), database.use()]);
        expect(one).toBe(other);
        expect(database.isPresent).toBe(true);
        expect(await one.selectFrom('things').selectAll().execute()).toEqual([]);
      }));

    it('reads 64-bit integers as bigints, counts too, and points in time as milliseconds', () =>
      withDatabase(async (database) => {
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
      }));

    it('undoes a transaction that fails, whole, and works on', () =>
      withDatabase(async (database) => {
        const db = await database.use();
        const failing = db.transaction().execute(async (trx) => {
          await trx.insertInto('things').values({ id: 1n, details: null }).execute();
          await sql`select 1 / 0`.execute(trx);
        });
        await expect(failing).rejects.toMatchObject({ code: '22012' });
        expect(await db.selectFrom('things').selectAll().execute()).toEqual([]);
      }));

    it('tells of each statement, and not of migrations and of the marks of transactions', () =>
      withDatabase(async (database, statements) => {
        const db = await database.use();
        expect(statements).toEqual([]);
        await db.transaction().execute((trx) => trx.selectFrom('things').select('id').execute());
        await sql`select broken`.execute(db).catch(() => undefined);
        expect(statements).toEqual(['select "id" from "things"', 'select broken']);
      }));

    it('says which migration failed and why, changes nothing, and tries again at the next use', async () => {
      let works = false;
      const late: Migration = {
        name: '2026-01-02-01-late',
        up: async (db) => {
          await sql`create table late (id int)`.execute(db);
          if (!works) await sql`insert into missing values (1)`.execute(db);
        },
      };
      await withDatabase(
        async (database) => {
          const failed = database.use();
          await expect(failed).rejects.toThrow(
            'The migration 2026-01-02-01-late of the database failed, and nothing was changed: relation "missing" does not exist.',
          );
          works = true;
          const db = await database.use();
          const { rows } = await sql`select name from sluice_migrations order by name`.execute(db);
          expect(rows).toEqual([{ name: things.name }, { name: late.name }]);
        },
        [things, late],
      );
    });

    it('is used no more once it is closed, and closing it twice is fine', () =>
      withDatabase(async (database) => {
        await database.use();
        await Promise.all([database.close(), database.close()]);
        await expect(database.use()).rejects.toThrow('The database is closed');
      }));
  });
}
