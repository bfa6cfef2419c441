// Records of access made and changed beside a server, in the database it goes by: as another node would, or somebody
// with SQL.

import type { ApiKeySettings } from '../../src/core/access.ts';
import { DEFAULT_SCOPES } from '../../src/core/caller.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { AccessStore } from '../../src/features/access/access-store.ts';
import { createSqlAccessStore } from '../../src/features/access/sql-access-store.ts';
import type { AccessTables } from '../../src/features/access/sql-tables.ts';
import { mintKey } from '../../src/features/auth/mint-key.ts';
import { createPeppers } from '../../src/features/auth/peppers.ts';
import type { DatabaseConfig } from '../../src/platform/config.ts';
import { createLogger } from '../../src/platform/logger.ts';
import type { Secret } from '../../src/platform/secret.ts';
import { openDatabase } from '../../src/platform/sql-database.ts';

export const testActor = { principalId: 'key:test', organizationId: 'default', requestId: undefined };

export interface StoredTestKey {
  readonly id: string;
  /** As presented. */
  readonly key: string;
  readonly organizationId: string;
  readonly projectId: string;
}

export interface TestAccessRecords extends AsyncDisposable {
  readonly store: AccessStore;
  /** A key in an organization and a project of its own, all of this name. */
  createKey(name: string, settings?: Partial<ApiKeySettings>): Promise<StoredTestKey>;
  /** Another secret for a key, as presented; those before it are good for `overlapMs` more. */
  rotate(keyId: string, overlapMs: number): Promise<string>;
}

export function openTestAccessRecords(config: DatabaseConfig, secret: Secret): TestAccessRecords {
  const database = openDatabase<AccessTables>({
    database: config,
    logger: createLogger({ level: 'silent', format: 'json' }),
  });
  const store = createSqlAccessStore({ database, clock: systemClock });
  const peppers = createPeppers({ secret, previous: undefined, rolloutMs: () => 0, clock: systemClock });

  return {
    store,
    async createKey(name, settings = {}) {
      const organization = await store.organizations.create({ name, allowedModels: undefined }, testActor);
      const organizationId = organization.id;
      const project = await store.projects.create({ organizationId, name, allowedModels: undefined }, 'ALL', testActor);
      const { key, ...minted } = mintKey(peppers.current());
      const record = await store.apiKeys.create(
        {
          name,
          projectId: project?.id ?? '',
          roles: ['MEMBER'],
          scopes: DEFAULT_SCOPES,
          allowedModels: undefined,
          allowedOrigins: undefined,
          allowedCidrs: undefined,
          documentMode: undefined,
          mayActForEndUsers: false,
          expiresAtMs: undefined,
          ...settings,
        },
        minted,
        'ALL',
        testActor,
      );
      if (project === undefined || record === undefined) throw new Error(`the key ${name} was not made`);
      return { id: record.id, key, organizationId, projectId: project.id };
    },
    async rotate(keyId, overlapMs) {
      const { key, ...minted } = mintKey(peppers.current());
      await store.apiKeys.rotate(keyId, minted, overlapMs, 'ALL', testActor);
      return key;
    },
    [Symbol.asyncDispose]: () => database.close(),
  };
}
