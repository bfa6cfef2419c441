// What changed since a change: read by nodes that hold copies.

import { sql } from 'kysely';
import type { ChangeReader } from './access-store.ts';
import { type RepositoryParts, SWITCHES } from './sql-change.ts';

export function createSqlChanges({ database }: Pick<RepositoryParts, 'database'>): ChangeReader {
  return {
    version: () =>
      database.read(async (db) => {
        const row = await db.selectFrom('access_version').select('version').executeTakeFirstOrThrow();
        return Number(row.version);
      }),

    since: (version) =>
      database.read(async (db) => {
        // One statement sees one moment: no change falls between the number and the marks.
        const row = await db
          .selectFrom('access_version')
          .select([
            'version',
            sql<readonly string[]>`array(
              select subject from access_changes where access_changes.version > ${version}::bigint order by subject
            )::text[]`.as('subjects'),
          ])
          .executeTakeFirstOrThrow();
        return {
          version: Number(row.version),
          organizationIds: row.subjects.filter((subject) => subject !== SWITCHES),
          switches: row.subjects.includes(SWITCHES),
        };
      }),
  };
}
