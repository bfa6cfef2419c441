// The SQL database: a Postgres by its URL, or the embedded PGlite in a folder. It is opened, and brought to this version,
// when it is first asked for. What opens it is loaded only then.

import type { Kysely } from 'kysely';
import type { DatabaseConfig } from './config.ts';
import type { Logger } from './logger.ts';
import { allMigrations } from './migrations/all-migrations.ts';
import { isDatabase } from './sql-folder.ts';
import type { Migration } from './sql-migrator.ts';
import type { OpenedDatabase } from './sql-open.ts';
import { DatabaseUnavailableError } from './sql-unavailable.ts';

export interface SqlDatabase<Tables> {
  readonly kind: DatabaseConfig['kind'];
  /** Whether it may hold anything: a Postgres always, the embedded one once it was made. */
  readonly isPresent: boolean;
  /** Whether it was opened: what keeps it from being used from then on passes. */
  readonly isOpen: boolean;
  /**
   * Opens it and brings it to this version at the first use, once however many ask. After a failure the next use tries
   * again. On the embedded one there is a single connection: within a transaction ask `trx` alone, or it waits for itself.
   * @throws DatabaseUnavailableError (sql-unavailable.ts), DirectoryLockedError, MigrationError.
   */
  use(): Promise<Kysely<Tables>>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly database: DatabaseConfig;
  readonly logger: Logger;
  /** Default: all there are. */
  readonly migrations?: readonly Migration[];
  /** Told of each statement, those that begin and end transactions and those of migrations excepted. */
  readonly onQuery?: ((statement: string) => void) | undefined;
}

export function openDatabase<Tables>(options: DatabaseOptions): SqlDatabase<Tables> {
  const { database, logger, migrations = allMigrations, onQuery } = options;
  let opening: Promise<OpenedDatabase<Tables>> | undefined;
  let isMade = database.kind === 'POSTGRES';
  let isOpen = false;
  let closing: Promise<void> | undefined;

  async function open(): Promise<OpenedDatabase<Tables>> {
    const { openEmbedded, openPostgres } = await import('./sql-open.ts');
    const settings = { logger, migrations, onQuery };
    const opened = await (database.kind === 'POSTGRES'
      ? openPostgres<Tables>(database.url, settings)
      : openEmbedded<Tables>(database.directory, settings));
    isMade = true;
    isOpen = true;
    return opened;
  }

  async function close(): Promise<void> {
    const opened = await opening?.catch(() => undefined);
    await opened?.close();
  }

  return {
    kind: database.kind,
    get isPresent() {
      isMade ||= database.kind === 'EMBEDDED' && isDatabase(database.directory);
      return isMade;
    },
    get isOpen() {
      return isOpen;
    },
    async use() {
      if (closing !== undefined)
        throw new DatabaseUnavailableError('The database is closed: this process is stopping.');
      opening ??= open().catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return (await opening).db;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
