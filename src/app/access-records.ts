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

export interface AccessRecords {
  /** Opens the database when it is first asked. */
  readonly store: AccessStore;
  /** Whether there may be any records. Asking what is not there makes it. */
  readonly isPresent: () => boolean;
  /** undefined: there is no database yet, and so nothing in it. */
  readonly signIn: () => SignInRecords | undefined;
  readonly announcements: Announcements;
  close(): Promise<void>;
}

export interface AccessRecordsParts {
  readonly config: Pick<Config, 'database' | 'redisUrl'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

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
    async close() {
      announcements.close();
      await database.close();
    },
  };
}
