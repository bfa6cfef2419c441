// Limits in SQL.

import { isDeepStrictEqual } from 'node:util';
import type { LimitRecord } from '../../core/access.ts';
import type { LimitRepository } from './access-store.ts';
import { checkLimit } from './check-limit.ts';
import type { RepositoryParts } from './sql-change.ts';
import { isAbout, selectLimits, subjectColumns, toLimit } from './sql-limit-rows.ts';
import { subjectExists } from './sql-limit-subjects.ts';
import { readPage } from './sql-page.ts';
import { isOneOf, text, time } from './sql-tables.ts';

export function createSqlLimits({ database, change }: RepositoryParts): LimitRepository {
  return {
    find: (ids, reach) =>
      database.read(async (db) => {
        const rows = await selectLimits(db, reach).where(isOneOf('id', ids)).execute();
        return new Map(rows.map((row) => [row.id, toLimit(row)]));
      }),

    list: ({ organizationId }, page, reach) =>
      database.read((db) => {
        let rows = selectLimits(db, reach);
        if (organizationId !== undefined) rows = rows.where('organization_id', '=', text(organizationId));
        return readPage({ db, rows, page, toItem: toLimit });
      }),

    async set(limit, reach, by) {
      checkLimit(limit);
      return change(by, async ({ trx, version, nowMs, newId, note }) => {
        if (!(await subjectExists(trx, limit, reach))) return undefined;
        const { organizationId } = limit;
        const subject = subjectColumns(limit);
        const row = await selectLimits(trx, 'ALL').where(isAbout(subject, limit.model)).executeTakeFirst();
        const before = row && toLimit(row);
        const after: LimitRecord = {
          ...limit,
          id: before?.id ?? newId('LIMIT'),
          createdAtMs: before?.createdAtMs ?? nowMs,
        };
        if (isDeepStrictEqual(before, after)) return after;
        const columns = { ...subject, ...columnsOf(after), version };
        if (before === undefined) {
          await trx
            .insertInto('limits')
            .values({ id: after.id, created_at: time(nowMs), ...columns })
            .execute();
        } else {
          await trx.updateTable('limits').set(columns).where('id', '=', before.id).execute();
        }
        const action = before === undefined ? 'CREATED' : 'UPDATED';
        note({ action, target: 'LIMIT', targetId: after.id, organizationId, before, after });
        return after;
      });
    },

    delete: (id, reach, by) =>
      change(by, async ({ trx, note }) => {
        const row = await selectLimits(trx, reach)
          .where(isOneOf('id', [id]))
          .executeTakeFirst();
        if (row === undefined) return undefined;
        const before = toLimit(row);
        await trx.deleteFrom('limits').where('id', '=', id).execute();
        note({ action: 'DELETED', target: 'LIMIT', targetId: id, organizationId: before.organizationId, before });
        return true;
      }),
  };
}

const columnsOf = (limit: LimitRecord) => ({
  model: limit.model ?? null,
  requests_per_minute: limit.requestsPerMinute ?? null,
  requests_per_hour: limit.requestsPerHour ?? null,
  requests_per_day: limit.requestsPerDay ?? null,
  tokens_per_minute: limit.tokensPerMinute ?? null,
  tokens_per_hour: limit.tokensPerHour ?? null,
  tokens_per_day: limit.tokensPerDay ?? null,
  cost_per_minute_nano_usd: limit.costPerMinuteNanoUsd ?? null,
  cost_per_hour_nano_usd: limit.costPerHourNanoUsd ?? null,
  cost_per_day_nano_usd: limit.costPerDayNanoUsd ?? null,
  concurrent: limit.concurrent ?? null,
  algorithm: limit.algorithm,
  mode: limit.mode,
});
