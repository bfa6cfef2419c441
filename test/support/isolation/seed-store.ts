// The access store by itself, beside a gateway that goes by the same database: for records that tests begin with.

import { systemClock } from '../../../src/core/clock.ts';
import type { AccessStore } from '../../../src/features/access/access-store.ts';
import { createSqlAccessStore } from '../../../src/features/access/sql-access-store.ts';
import type { AccessTables } from '../../../src/features/access/sql-tables.ts';
import { createPeppers, type Pepper } from '../../../src/features/auth/peppers.ts';
import type { DatabaseConfig } from '../../../src/platform/config.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { openDatabase } from '../../../src/platform/sql-database.ts';
import { testSecret } from '../start-gateway.ts';

export interface SeedStore extends AsyncDisposable {
  readonly store: AccessStore;
  /** That keys of test gateways are known by. */
  readonly pepper: Pepper;
}

export function openSeedStore(config: DatabaseConfig): SeedStore {
  const logger = createLogger({ level: 'silent', format: 'json' });
  const database = openDatabase<AccessTables>({ database: config, logger });
  const secrets = { secret: testSecret, previous: undefined };
  const [pepper] = createPeppers({ ...secrets, rolloutMs: () => 0, clock: systemClock }).all;
  if (pepper === undefined) throw new Error('there is no pepper');
  return {
    store: createSqlAccessStore({ database, clock: systemClock }),
    pepper,
    [Symbol.asyncDispose]: () => database.close(),
  };
}
