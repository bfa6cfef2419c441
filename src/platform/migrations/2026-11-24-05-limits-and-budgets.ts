// Limits and budgets of an organization, a project, a key or a user. Whom they hold for is one column for each kind, so
// that they go with it. Money in nano-USD.

import { type Kysely, sql } from 'kysely';
import type { Migration } from '../sql-migrator.ts';

export const limitsAndBudgets: Migration = {
  name: '2026-11-24-05-limits-and-budgets',
  async up(db) {
    await sql`create table limits (
      id text collate "C" primary key check (id like 'lim\\_%'),
      ${subjectColumns},
      requests_per_minute bigint check (requests_per_minute > 0),
      requests_per_hour bigint check (requests_per_hour > 0),
      requests_per_day bigint check (requests_per_day > 0),
      tokens_per_minute bigint check (tokens_per_minute > 0),
      tokens_per_hour bigint check (tokens_per_hour > 0),
      tokens_per_day bigint check (tokens_per_day > 0),
      cost_per_minute_nano_usd bigint check (cost_per_minute_nano_usd between 1 and 9000000000000000),
      cost_per_hour_nano_usd bigint check (cost_per_hour_nano_usd between 1 and 9000000000000000),
      cost_per_day_nano_usd bigint check (cost_per_day_nano_usd between 1 and 9000000000000000),
      concurrent bigint check (concurrent > 0),
      algorithm text not null check (algorithm in ('TOKEN_BUCKET', 'FIXED_WINDOW')),
      check (num_nonnulls(
        requests_per_minute, requests_per_hour, requests_per_day,
        tokens_per_minute, tokens_per_hour, tokens_per_day,
        cost_per_minute_nano_usd, cost_per_hour_nano_usd, cost_per_day_nano_usd, concurrent
      ) > 0)
    )`.execute(db);
    await sql`create unique index limits_one_each on limits (${subjectKey})`.execute(db);
    await indexSubjects(db, 'limits');
    await sql`create table budgets (
      id text collate "C" primary key check (id like 'bud\\_%'),
      ${subjectColumns},
      amount_nano_usd bigint not null check (amount_nano_usd between 1 and 9000000000000000),
      period text not null check (period in ('day', 'week', 'month')),
      time_zone text not null check (time_zone <> ''),
      hard boolean not null
    )`.execute(db);
    await sql`create unique index budgets_one_each on budgets (${subjectKey}, period)`.execute(db);
    await indexSubjects(db, 'budgets');
  },
};

const subjectColumns = sql`
  organization_id text collate "C" not null references organizations on delete cascade,
  scope text not null check (scope in ('ORGANIZATION', 'PROJECT', 'KEY', 'USER')),
  project_id text collate "C" check (project_id is null or scope = 'PROJECT'),
  key_id text collate "C" check (key_id is null or scope = 'KEY'),
  user_id text collate "C" check (user_id is null or (scope = 'USER' and user_id <> '')),
  model text collate "C" check (model <> ''),
  mode text not null check (mode in ('enforce', 'measure', 'off')),
  created_at timestamptz not null,
  version bigint not null,
  foreign key (organization_id, project_id) references projects (organization_id, id) on delete cascade,
  foreign key (organization_id, key_id) references api_keys (organization_id, id) on delete cascade`;

const subjectKey = sql`organization_id, scope, coalesce(project_id, key_id, user_id, ''), coalesce(model, '')`;

async function indexSubjects(db: Kysely<unknown>, table: 'limits' | 'budgets'): Promise<void> {
  const name = (column: string) => sql.ref(`${table}_${column}`);
  await sql`create index ${name('organization')} on ${sql.table(table)} (organization_id, id)`.execute(db);
  await sql`create index ${name('project')} on ${sql.table(table)} (project_id) where project_id is not null`.execute(
    db,
  );
  await sql`create index ${name('key')} on ${sql.table(table)} (key_id) where key_id is not null`.execute(db);
}
