// What the migrations must do, on Postgres and PGlite alike: lead here from nothing and from every version before, losing
// nothing, and leave the version before able to work (docs/migrations.md).

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Kysely, sql } from 'kysely';
import { pino } from 'pino';
import { allMigrations } from '../../src/platform/migrations/all-migrations.ts';
import { openDatabase, type SqlDatabase } from '../../src/platform/sql-database.ts';
import { type Migration, migrate } from '../../src/platform/sql-migrator.ts';
import { columnsOf, constraintsOf, contentsOf, empty, insertSamples } from '../support/migration-samples.ts';
import type { TestDatabase } from '../support/test-database.ts';

const logger = pino({ level: 'silent' });
class Undo extends Error {}
const noop = async (): Promise<void> => undefined;

export function describeMigrations(name: string, create: () => Promise<TestDatabase>): void {
  describe(`migrations on ${name}`, () => {
    let created: TestDatabase;
    let database: SqlDatabase<unknown>;
    let db: Kysely<unknown>;
    beforeAll(async () => {
      created = await create();
      database = openDatabase({ database: created.config, logger, migrations: [] });
      db = await database.use();
    });
    afterAll(async () => {
      await database.close();
      await created[Symbol.asyncDispose]();
    });

    it('lead from nothing to this version, and a second time do nothing', async () => {
      await empty(db);
      expect(await migrate(db, allMigrations, logger)).toEqual(allMigrations.map((migration) => migration.name));
      await insertSamples(db);
      const [columns, contents] = [await columnsOf(db), await contentsOf(db)];
      expect(await migrate(db, allMigrations, logger)).toEqual([]);
      expect([await columnsOf(db), await contentsOf(db)]).toEqual([columns, contents]);
    });

    it.each(allMigrations.slice(0, -1).map((migration, index) => [migration.name, index + 1] as const))(
      'lead from the version of %s to this one, and every row is as it was',
      async (_name, known) => {
        await empty(db);
        await migrate(db, allMigrations.slice(0, known), logger);
        await insertSamples(db);
        const before = await contentsOf(db);
        expect(await migrate(db, allMigrations, logger)).toHaveLength(allMigrations.length - known);
        const after = await contentsOf(db);
        for (const [table, rows] of before) {
          expect(after.get(table)).toEqual(rows.map((row) => expect.objectContaining(row)));
        }
      },
    );

    it('take nothing away and demand nothing new in the release that brings them', async () => {
      await empty(db);
      const complaints: string[] = [];
      for (const [index, migration] of allMigrations.entries()) {
        const before = { columns: await columnsOf(db), constraints: await constraintsOf(db) };
        await migrate(db, allMigrations.slice(0, index + 1), logger);
        const after = { columns: await columnsOf(db), constraints: await constraintsOf(db) };
        if (migration.takesAwayWhatServed === undefined) {
          complaints.push(...complaintsAbout(before, after).map((complaint) => `${migration.name} ${complaint}`));
        }
      }
      expect(complaints).toEqual([]);
    });

    it.each([
      ['drops a column', 'alter table projects drop column disabled_at', 'loses projects.disabled_at'],
      ['drops a table', 'drop table budgets', 'loses budgets.id'],
      ['renames', 'alter table projects rename column name to title', 'loses projects.name'],
      ['changes a type', 'alter table projects alter column version type text', 'makes projects.version another type'],
      [
        'demands a value',
        'alter table role_grants alter column project_id set not null',
        'demands role_grants.project_id',
      ],
      ['demands a new column', 'alter table switches add column why text not null', 'demands switches.why'],
      ['forbids rows', 'alter table switches add check (version > 0)', 'has a new rule for switches'],
    ])('that the check above would find: one that %s', async (_what, statement, complaint) => {
      await migrate(db, allMigrations, logger);
      const undone = db.transaction().execute(async (trx) => {
        const before = { columns: await columnsOf(trx), constraints: await constraintsOf(trx) };
        await sql.raw(statement).execute(trx);
        const after = { columns: await columnsOf(trx), constraints: await constraintsOf(trx) };
        expect(complaintsAbout(before, after)).toContainEqual(expect.stringContaining(complaint));
        throw new Undo();
      });
      await expect(undone).rejects.toThrow(Undo);
    });

    it('of a newer version leave the database usable as it is, and the log says so', async () => {
      await empty(db);
      const later: Migration = { name: '9999-01-01-01-later', up: noop };
      await migrate(db, [...allMigrations, later], logger);
      const lines: string[] = [];
      const telling = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
      expect(await migrate(db, allMigrations, telling)).toEqual([]);
      expect(lines).toEqual([expect.stringMatching(/"unknown":\["9999-01-01-01-later"\].*newer version/)]);
    });

    it('of another line of versions are refused, whether unknown or out of order', async () => {
      await empty(db);
      const [first, second, third] = ['2000-01-01-01-a', '2000-01-02-01-b', '2000-01-03-01-c'].map(
        (migration): Migration => ({ name: migration, up: noop }),
      );
      if (first === undefined || second === undefined || third === undefined) throw new Error('unreachable');
      await migrate(db, [first, third], logger);
      const refusal = 'it has the migration 2000-01-03-01-c, but lacks 2000-01-02-01-b';
      await expect(migrate(db, [first, second, third], logger)).rejects.toThrow(refusal);
      await expect(migrate(db, [first, second], logger)).rejects.toThrow(refusal);
    });
  });
}

interface Shape {
  readonly columns: Awaited<ReturnType<typeof columnsOf>>;
  readonly constraints: Awaited<ReturnType<typeof constraintsOf>>;
}

/** What would break the version before, which goes on reading and writing while this one starts. */
function complaintsAbout(before: Shape, after: Shape): readonly string[] {
  const find = ({ columns }: Shape, table: string, column: string) =>
    columns.find((candidate) => candidate.table === table && candidate.column === column);
  const lost = before.columns.flatMap(({ table, column, type, takesNull, hasDefault }) => {
    const now = find(after, table, column);
    if (now === undefined) return [`loses ${table}.${column}`];
    if (now.type !== type) return [`makes ${table}.${column} another type`];
    return (takesNull && !now.takesNull) || (hasDefault && !now.hasDefault) ? [`demands ${table}.${column}`] : [];
  });
  const old = new Set(before.columns.map(({ table }) => table));
  const demanded = after.columns
    .filter((now) => old.has(now.table) && find(before, now.table, now.column) === undefined)
    .filter((now) => !now.takesNull && !now.hasDefault)
    .map(({ table, column }) => `demands ${table}.${column}`);
  const ruled = [...old].flatMap((table) =>
    [...(after.constraints.get(table) ?? [])]
      .filter((rule) => before.constraints.get(table)?.has(rule) !== true)
      .map((rule) => `has a new rule for ${table}: ${rule}`),
  );
  return [...lost, ...demanded, ...ruled];
}
