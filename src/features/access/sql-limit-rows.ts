// Rows of limits and budgets, and whom they hold for.

import { type Kysely, type Selectable, sql } from 'kysely';
import type { BudgetRecord, LimitRecord, LimitScope } from '../../core/access.ts';
import type { Reach } from './access-store.ts';
import {
  type AccessTables,
  absent,
  type BudgetTable,
  type LimitTable,
  type SubjectColumns,
  within,
} from './sql-tables.ts';

export const selectLimits = (db: Kysely<AccessTables>, reach: Reach) =>
  db.selectFrom('limits').selectAll().where(within(reach));

export const toLimit = (row: Selectable<LimitTable>): LimitRecord => {
  const count = (value: bigint | null): number | undefined => (value === null ? undefined : Number(value));
  return {
    ...toSubject(row),
    requestsPerMinute: count(row.requests_per_minute),
    requestsPerHour: count(row.requests_per_hour),
    requestsPerDay: count(row.requests_per_day),
    tokensPerMinute: count(row.tokens_per_minute),
    tokensPerHour: count(row.tokens_per_hour),
    tokensPerDay: count(row.tokens_per_day),
    costPerMinuteNanoUsd: absent(row.cost_per_minute_nano_usd),
    costPerHourNanoUsd: absent(row.cost_per_hour_nano_usd),
    costPerDayNanoUsd: absent(row.cost_per_day_nano_usd),
    concurrent: count(row.concurrent),
    algorithm: row.algorithm,
  };
};

export const selectBudgets = (db: Kysely<AccessTables>, reach: Reach) =>
  db.selectFrom('budgets').selectAll().where(within(reach));

export const toBudget = (row: Selectable<BudgetTable>): BudgetRecord => ({
  ...toSubject(row),
  amountNanoUsd: row.amount_nano_usd,
  period: row.period,
  timeZone: row.time_zone,
  hard: row.hard,
});

const toSubject = (row: Selectable<LimitTable> | Selectable<BudgetTable>) => ({
  id: row.id,
  organizationId: row.organization_id,
  scope: row.scope,
  subjectId: absent(row.project_id ?? row.key_id ?? row.user_id),
  model: absent(row.model),
  mode: row.mode,
  createdAtMs: row.created_at,
});

/** Where the columns say for whom. */
export function subjectColumns(subject: {
  readonly organizationId: string;
  readonly scope: LimitScope;
  readonly subjectId: string | undefined;
}): SubjectColumns {
  const idFor = (scope: LimitScope): string | null => (subject.scope === scope ? (subject.subjectId ?? null) : null);
  return {
    organization_id: subject.organizationId,
    scope: subject.scope,
    project_id: idFor('PROJECT'),
    key_id: idFor('KEY'),
    user_id: idFor('USER'),
  };
}

/** The one row of a subject and model. */
export const isAbout = (subject: SubjectColumns, model: string | undefined) =>
  sql<boolean>`organization_id = ${subject.organization_id} and scope = ${subject.scope}
    and coalesce(project_id, key_id, user_id, '') = ${subject.project_id ?? subject.key_id ?? subject.user_id ?? ''}
    and coalesce(model, '') = ${model ?? ''}`;
