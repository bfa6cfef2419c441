// The log of all changes, in SQL. It is written by the changes themselves (sql-change.ts) and outlives what it tells of.

import type { Kysely, Selectable } from 'kysely';
import type { AuditEntry } from '../../core/access.ts';
import type { AuditLogReader, Reach } from './access-store.ts';
import type { RepositoryParts } from './sql-change.ts';
import { readPage } from './sql-page.ts';
import { type AccessTables, type AuditLogTable, absent, isOneOf, text, time, within } from './sql-tables.ts';

const select = (db: Kysely<AccessTables>, reach: Reach) => db.selectFrom('audit_log').selectAll().where(within(reach));

export function createSqlAuditLog({ database }: Pick<RepositoryParts, 'database'>): AuditLogReader {
  return {
    find: (ids, reach) =>
      database.read(async (db) => {
        const rows = await select(db, reach).where(isOneOf('id', ids)).execute();
        return new Map(rows.map((row) => [row.id, toEntry(row)]));
      }),

    list: ({ organizationId, principalId, actions, targets, targetId, fromMs, toMs }, page, reach) =>
      database.read((db) => {
        let rows = select(db, reach);
        if (organizationId !== undefined) rows = rows.where('organization_id', '=', text(organizationId));
        if (principalId !== undefined) rows = rows.where('actor_principal_id', '=', text(principalId));
        if (actions !== undefined) rows = rows.where(isOneOf('action', actions));
        if (targets !== undefined) rows = rows.where(isOneOf('target', targets));
        if (targetId !== undefined) rows = rows.where('target_id', '=', text(targetId));
        if (fromMs !== undefined) rows = rows.where('at', '>=', time(fromMs));
        if (toMs !== undefined) rows = rows.where('at', '<', time(toMs));
        return readPage({ db, rows, page, newestFirst: true, toItem: toEntry });
      }),
  };
}

const toEntry = (row: Selectable<AuditLogTable>): AuditEntry => ({
  id: row.id,
  atMs: row.at,
  organizationId: absent(row.organization_id),
  actor: {
    principalId: row.actor_principal_id,
    organizationId: row.actor_organization_id,
    requestId: absent(row.request_id),
  },
  action: row.action,
  target: row.target,
  targetId: row.target_id,
  before: absent(row.before),
  after: absent(row.after),
});
