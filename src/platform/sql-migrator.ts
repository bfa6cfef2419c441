// Brings a database to this version: the migrations it lacks, in one transaction. Any number of nodes may do so at once,
// and nodes of the version before and of the version after may use the same database meanwhile (docs/migrations.md).

import { type Kysely, sql, type Transaction } from 'kysely';
import type { Logger } from './logger.ts';
import { isUnavailable } from './sql-unavailable.ts';

export interface Migration {
  /** `<year>-<month>-<day>-<number>-<what it brings>`; their order by name is the order they run in. Never changed. */
  readonly name: string;
  /** Where it takes something away: the last released version that still used it. Only a later one may do so. */
  readonly takesAwayWhatServed?: string;
  /** Within the transaction of all. */
  up(db: Kysely<unknown>): Promise<void>;
}

/** A database this version cannot use. Its message says what to do. */
class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/** The same for all that migrate one database; no other program's, with some luck. */
const LOCK_ID = 7_305_882_114_903_316_001n;
/** While another node migrates. */
const WAIT_FOR_OTHERS_MS = 600_000;
/** For a table that running nodes use: while a change of it waits, they wait behind it. */
const WAIT_FOR_TABLE_MS = 15_000;

/**
 * Runs what is missing. Needs no right to change tables where nothing is.
 * @returns names of the migrations that ran.
 * @throws MigrationError; nothing has changed then. DatabaseUnavailableError.
 */
export async function migrate(
  db: Kysely<unknown>,
  migrations: readonly Migration[],
  logger: Logger,
): Promise<readonly string[]> {
  const before = await compare(db, migrations);
  if (before.pending.length === 0) {
    if (before.unknown.length > 0) {
      logger.info({ unknown: before.unknown }, 'the database is of a newer version of Sluice; it is used as it is');
    }
    return [];
  }
  const ran = await db.transaction().execute(async (trx) => {
    await sql`select set_config('statement_timeout', '0', true), set_config('lock_timeout', ${String(WAIT_FOR_OTHERS_MS)}, true)`.execute(
      trx,
    );
    await sql`select pg_advisory_xact_lock(${sql.lit(LOCK_ID)})`.execute(trx);
    await sql`select set_config('lock_timeout', ${String(WAIT_FOR_TABLE_MS)}, true)`.execute(trx);
    await sql`create table if not exists sluice_migrations (
      name text primary key,
      ran_at timestamptz not null default now()
    )`.execute(trx);
    // Others may have run them while this one waited.
    const { pending } = await compare(trx, migrations);
    for (const migration of pending) await run(trx, migration);
    return pending.map(({ name }) => name);
  });
  if (ran.length > 0) logger.info({ migrations: ran }, 'the database was brought to this version');
  return ran;
}

async function run(trx: Transaction<unknown>, migration: Migration): Promise<void> {
  try {
    await migration.up(trx);
    await sql`insert into sluice_migrations (name) values (${migration.name})`.execute(trx);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const isBusy = isUnavailable(error) ? ' It can be tried again.' : '';
    throw new MigrationError(
      `The migration ${migration.name} of the database failed, and nothing was changed: ${reason}.${isBusy}`,
      { cause: error },
    );
  }
}

interface Comparison {
  readonly pending: readonly Migration[];
  /** Ran once, by a version that knows more. */
  readonly unknown: readonly string[];
}

async function compare(db: Kysely<unknown>, migrations: readonly Migration[]): Promise<Comparison> {
  const ran = await readNames(db);
  const pending = migrations.filter(({ name }) => !ran.has(name));
  const unknown = [...ran].filter((name) => !migrations.some((migration) => migration.name === name));
  const first = migrations.findIndex(({ name }) => !ran.has(name));
  const late = first === -1 ? undefined : migrations.slice(first).find(({ name }) => ran.has(name));
  const foreign = late?.name ?? unknown[0];
  if (pending.length > 0 && foreign !== undefined) {
    throw new MigrationError(
      `The database is of another line of versions: it has the migration ${foreign}, but lacks ${pending[0]?.name}. Use the version of Sluice that it was made with, or a later one.`,
    );
  }
  return { pending, unknown };
}

async function readNames(db: Kysely<unknown>): Promise<ReadonlySet<string>> {
  const { rows: tables } = await sql<{
    there: boolean;
  }>`select to_regclass('sluice_migrations') is not null as there`.execute(db);
  if (tables[0]?.there !== true) return new Set();
  const { rows } = await sql<{ name: string }>`select name from sluice_migrations order by name`.execute(db);
  return new Set(rows.map(({ name }) => name));
}
