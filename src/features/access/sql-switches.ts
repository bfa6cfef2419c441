// Kill switches in SQL.

import type { Selectable } from 'kysely';
import type { AuditAction, SwitchRecord, SwitchState } from '../../core/access.ts';
import type { SwitchRepository } from './access-store.ts';
import type { RepositoryParts } from './sql-change.ts';
import { absent, type SwitchTable, text, time } from './sql-tables.ts';

const ACTIONS: Readonly<Record<SwitchState, AuditAction>> = {
  ENABLED: 'ENABLED',
  DRAINING: 'UPDATED',
  DISABLED: 'DISABLED',
};

export function createSqlSwitches({ database, change }: RepositoryParts): SwitchRepository {
  return {
    list: () =>
      database.read(async (db) => {
        const rows = await db.selectFrom('switches').selectAll().orderBy('kind').orderBy('name').execute();
        return rows.map(toSwitch);
      }),

    set: ({ kind, name, state, reason }, by) =>
      change(by, async ({ trx, version, nowMs, note }) => {
        const row = await trx
          .selectFrom('switches')
          .selectAll()
          .where('kind', '=', kind)
          .where('name', '=', text(name))
          .executeTakeFirst();
        const before = row && toSwitch(row);
        if (before !== undefined && before.state === state && before.reason === reason) return before;
        const after: SwitchRecord = { kind, name, state, reason, changedAtMs: nowMs, changedBy: by.principalId };
        const columns = {
          state,
          reason: reason ?? null,
          changed_at: time(nowMs),
          changed_by: text(by.principalId),
          version,
        };
        await trx
          .insertInto('switches')
          .values({ kind, name, ...columns })
          .onConflict((conflict) => conflict.columns(['kind', 'name']).doUpdateSet(columns))
          .execute();
        note({ action: ACTIONS[state], target: kind, targetId: name, organizationId: undefined, before, after });
        return after;
      }),
  };
}

const toSwitch = (row: Selectable<SwitchTable>): SwitchRecord => ({
  kind: row.kind,
  name: row.name,
  state: row.state,
  reason: absent(row.reason),
  changedAtMs: row.changed_at,
  changedBy: row.changed_by,
});
