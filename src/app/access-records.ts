// What is kept about access, and how nodes tell each other that it changed: by what is configured.

import type { Clock } from '../core/clock.ts';
import type { AccessStore } from '../features/access/access-store.ts';
import { createSqlAccessStore } from '../features/access/sql-access-store.ts';
import type { AccessTables } from '../features/access/sql-tables.ts';
import type { SignInRecords } from '../features/auth/sign-in-records.ts';
import type { Announcements } from '../platform/announcements.ts';
import type { Config } from '../platform/config.ts';
import type { Logger } from '../platform/logger.ts';
import { createMemoryAnnouncements } from '../platform/memory-announcements.ts';
import { createRedisAnnouncements } from '../platform/redis-announcements.ts';
import { openDatabase } from '../platform/sql-database.ts';
import { isUnavailable, reasonOf } from '../platform/sql-unavailable.ts';
import { withinMs } from '../server/lane.ts';

export interface AccessRecords {
  /** Opens the database when it is first asked. */
  readonly store: AccessStore;
  /** Whether there may be any records. Asking what is not there makes it. */
  readonly isPresent: () => boolean;
  /** undefined: there is no database yet, and so nothing in it. */
  readonly signIn: () => SignInRecords | undefined;
  readonly announcements: Announcements;
  /**
   * Opens a database that is there. One that does not answer, or is at work for long, is waited for by those who ask it.
   * @throws MigrationError, DirectoryLockedError: it cannot be used.
   */
  open(): Promise<void>;
  /** What keeps this node from serving; empty: nothing. */
  missing(): readonly string[];
  close(): Promise<void>;
}

export interface AccessRecordsParts {
  readonly config: Pick<Config, 'database' | 'redisUrl'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long a database that is brought to this version, or does not answer, keeps the server from listening. */
const START_PATIENCE_MS = 6_000;

export function openAccessRecords({ config, clock, logger }: AccessRecordsParts): AccessRecords {
  const database = openDatabase<AccessTables>({ database: config.database, logger });
  const store = createSqlAccessStore({ database, clock });
  const announcements =
    config.redisUrl === undefined
      ? createMemoryAnnouncements()
      : createRedisAnnouncements({ url: config.redisUrl, logger });
  return {
    store,
    isPresent: () => database.isPresent,
    signIn: () => (database.isPresent ? store.signIn : undefined),
    announcements,
    async open() {
      if (!database.isPresent) return;
      const opening = database.use().then(
        () => undefined,
        (error: unknown) => {
          if (!isUnavailable(error)) throw error;
          logger.warn({ reason: reasonOf(error) }, 'the database does not answer: not ready until it does');
        },
      );
      await withinMs(START_PATIENCE_MS, opening, undefined);
    },
    missing: () => (database.isPresent && !database.isOpen ? ['the database could not be opened yet'] : []),
    async close() {
      announcements.close();
      await database.close();
    },
  };
}
