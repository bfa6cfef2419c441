// Budgets in SQL.

import { isDeepStrictEqual } from 'node:util';
import type { BudgetRecord } from '../../core/access.ts';
import type { BudgetRepository } from './access-store.ts';
import { checkBudget } from './check-limit.ts';
import type { RepositoryParts } from './sql-change.ts';
import { isAbout, selectBudgets, subjectColumns, toBudget } from './sql-limit-rows.ts';
import { subjectExists } from './sql-limit-subjects.ts';
import { readPage } from './sql-page.ts';
import { isOneOf, text, time } from './sql-tables.ts';

export function createSqlBudgets({ database, change }: RepositoryParts): BudgetRepository {
  return {
    find: (ids, reach) =>
      database.read(async (db) => {
        const rows = await selectBudgets(db, reach).where(isOneOf('id', ids)).execute();
        return new Map(rows.map((row) => [row.id, toBudget(row)]));
      }),

    list: ({ organizationId }, page, reach) =>
      database.read((db) => {
        let rows = selectBudgets(db, reach);
        if (organizationId !== undefined) rows = rows.where('organization_id', '=', text(organizationId));
        return readPage({ db, rows, page, toItem: toBudget });
      }),

    async set(budget, reach, by) {
      checkBudget(budget);
      return change(by, async ({ trx, version, nowMs, newId, note }) => {
        if (!(await subjectExists(trx, budget, reach))) return undefined;
        const { organizationId, period } = budget;
        const subject = subjectColumns(budget);
        const row = await selectBudgets(trx, 'ALL')
          .where(isAbout(subject, budget.model))
          .where('period', '=', period)
          .executeTakeFirst();
        const before = row && toBudget(row);
        const after: BudgetRecord = {
          ...budget,
          id: before?.id ?? newId('BUDGET'),
          createdAtMs: before?.createdAtMs ?? nowMs,
        };
        if (isDeepStrictEqual(before, after)) return after;
        const columns = {
          ...subject,
          model: after.model ?? null,
          amount_nano_usd: after.amountNanoUsd,
          period,
          time_zone: after.timeZone,
          hard: after.hard,
          mode: after.mode,
          version,
        };
        if (before === undefined) {
          await trx
            .insertInto('budgets')
            .values({ id: after.id, created_at: time(nowMs), ...columns })
            .execute();
        } else {
          await trx.updateTable('budgets').set(columns).where('id', '=', before.id).execute();
        }
        const action = before === undefined ? 'CREATED' : 'UPDATED';
        note({ action, target: 'BUDGET', targetId: after.id, organizationId, before, after });
        return after;
      });
    },

    delete: (id, reach, by) =>
      change(by, async ({ trx, note }) => {
        const row = await selectBudgets(trx, reach)
          .where(isOneOf('id', [id]))
          .executeTakeFirst();
        if (row === undefined) return undefined;
        const before = toBudget(row);
        await trx.deleteFrom('budgets').where('id', '=', id).execute();
        note({ action: 'DELETED', target: 'BUDGET', targetId: id, organizationId: before.organizationId, before });
        return true;
      }),
  };
}
