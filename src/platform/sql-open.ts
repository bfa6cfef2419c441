// Opens a SQL database and brings it to this version. Loaded when one is first used: the drivers are large.

import { Kysely, type LogEvent } from 'kysely';
import type { Logger } from './logger.ts';
import type { Secret } from './secret.ts';
import { type Migration, migrate } from './sql-migrator.ts';

export interface OpenOptions {
  readonly logger: Logger;
  readonly migrations: readonly Migration[];
  readonly onQuery: ((statement: string) => void) | undefined;
}

export interface OpenedDatabase<Tables> {
  readonly db: Kysely<Tables>;
  close(): Promise<void>;
}

/** @throws DatabaseUnavailableError, MigrationError. */
export async function openPostgres<Tables>(url: Secret, options: OpenOptions): Promise<OpenedDatabase<Tables>> {
  const { logger } = options;
  const { createPostgres } = await import('./sql-postgres.ts');
  // By a connection of its own: a migration may take longer than any other statement should.
  const migrating = createPostgres({ url, logger, size: 1, statementTimeoutMs: 0 });
  const unmigrated = new Kysely<unknown>({ dialect: migrating.dialect });
  try {
    await migrate(unmigrated, options.migrations, logger);
  } finally {
    await unmigrated.destroy();
    await migrating.close();
  }
  const { dialect, close } = createPostgres({ url, logger });
  const db = new Kysely<Tables>({ dialect, log: tell(options.onQuery) });
  return {
    db,
    async close() {
      await db.destroy();
      await close();
    },
  };
}

/** @throws DirectoryLockedError, DatabaseUnavailableError, MigrationError. */
export async function openEmbedded<Tables>(directory: string, options: OpenOptions): Promise<OpenedDatabase<Tables>> {
  const { openPglite } = await import('./sql-pglite.ts');
  const { dialect, close } = await openPglite(directory);
  try {
    // Not destroyed: that would close what the other one uses.
    await migrate(new Kysely<unknown>({ dialect }), options.migrations, options.logger);
  } catch (error) {
    await close();
    throw error;
  }
  return { db: new Kysely<Tables>({ dialect, log: tell(options.onQuery) }), close };
}

const OF_TRANSACTIONS = /^(begin|start transaction|commit|rollback)/;

const tell =
  (onQuery: OpenOptions['onQuery']) =>
  (event: LogEvent): void => {
    if (!OF_TRANSACTIONS.test(event.query.sql)) onQuery?.(event.query.sql);
  };
