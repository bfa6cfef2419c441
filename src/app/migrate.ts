// `migrate`: brings the database to this version and ends. Each start does the same; deployments may do it apart, by a
// user who may change tables, so that the server's own may not.

import { loadDatabaseConfig } from '../platform/config-database.ts';
import { createLogger } from '../platform/logger.ts';
import { openDatabase } from '../platform/sql-database.ts';

/** @throws ConfigError, DatabaseUnavailableError, DirectoryLockedError, MigrationError */
export async function migrateDatabase(): Promise<void> {
  const { database: config, log } = loadDatabaseConfig();
  const logger = createLogger(log);
  const database = openDatabase({ database: config, logger });
  try {
    await database.use();
    logger.info({ database: config.kind }, 'the database is at this version');
  } finally {
    await database.close();
  }
}
