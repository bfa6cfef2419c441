// A row of each table, as a version that is in use leaves them, and what a database consists of.

import { type Kysely, sql } from 'kysely';

/** In the order in which they can be inserted. A new table needs one. */
const samples: readonly (readonly [table: string, statement: string])[] = [
  [
    'organizations',
    `insert into organizations (id, name, folded_name, allowed_models, created_at, version)
     values ('org_1', 'Ünique', 'ünique', '{small,"a,b"}', '2026-01-02T03:04:05.678Z', 7)`,
  ],
  [
    'projects',
    `insert into projects (id, organization_id, name, folded_name, disabled_at, created_at, version)
     values ('prj_1', 'org_1', 'p', 'p', '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z', 8)`,
  ],
  ['access_version', `update access_version set version = 12, id_time_ms = 99`],
  ['access_changes', `insert into access_changes (subject, version) values ('org_1', 12)`],
  [
    'audit_log',
    `insert into audit_log (id, at, organization_id, actor_principal_id, actor_organization_id, action, target, target_id, after)
     values ('aud_1', '2026-01-02T03:04:05.678Z', 'org_1', 'key:admin', 'default', 'CREATED', 'PROJECT', 'prj_1', '{"name": "p"}')`,
  ],
  [
    'api_keys',
    `insert into api_keys (id, organization_id, project_id, name, folded_name, roles, scopes, may_act_for_end_users, created_at, created_by, version)
     values ('key_1', 'org_1', 'prj_1', 'k', 'k', '{MEMBER}', '{generate}', false, '2026-01-02T03:04:05.678Z', 'key:admin', 9)`,
  ],
  [
    'api_key_secrets',
    `insert into api_key_secrets (id, key_id, prefix, digest, pepper_id, created_at)
     values ('sec_1', 'key_1', 'slk_abcdefghijkl', 'digest', 'pepper', '2026-01-02T03:04:05.678Z')`,
  ],
  [
    'role_grants',
    `insert into role_grants (id, organization_id, issuer, subject, roles, scopes, created_at, created_by, version)
     values ('grt_1', 'org_1', 'https://id.example.com/', 'u', '{ADMIN}', '{}', '2026-01-02T03:04:05.678Z', 'key:admin', 10)`,
  ],
  [
    'limits',
    `insert into limits (id, organization_id, scope, mode, created_at, version, requests_per_day, algorithm)
     values ('lim_1', 'org_1', 'ORGANIZATION', 'enforce', '2026-01-02T03:04:05.678Z', 11, 5, 'TOKEN_BUCKET')`,
  ],
  [
    'budgets',
    `insert into budgets (id, organization_id, scope, mode, created_at, version, amount_nano_usd, period, time_zone, hard)
     values ('bud_1', 'org_1', 'ORGANIZATION', 'enforce', '2026-01-02T03:04:05.678Z', 12, 9000000000000000, 'day', 'UTC', true)`,
  ],
  [
    'switches',
    `insert into switches (kind, name, state, changed_at, changed_by, version)
     values ('MODEL', 'small', 'DRAINING', '2026-01-02T03:04:05.678Z', 'key:admin', 12)`,
  ],
];

export async function insertSamples(db: Kysely<unknown>): Promise<void> {
  const tables = new Set((await columnsOf(db)).map(({ table }) => table));
  for (const [table, statement] of samples) if (tables.delete(table)) await sql.raw(statement).execute(db);
  tables.delete('sluice_migrations');
  if (tables.size > 0) throw new Error(`Give a sample row of ${[...tables].join(', ')} in migration-samples.ts.`);
}

export interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly takesNull: boolean;
  readonly hasDefault: boolean;
}

export async function columnsOf(db: Kysely<unknown>): Promise<readonly Column[]> {
  const { rows } = await sql<Column>`
    select table_name as "table", column_name as "column", udt_name as type, is_nullable = 'YES' as "takesNull",
      column_default is not null or is_identity = 'YES' or is_generated = 'ALWAYS' as "hasDefault"
    from information_schema.columns where table_schema = current_schema() order by table_name, ordinal_position`.execute(
    db,
  );
  return rows;
}

/** What rows have to meet, by table: in words of the database. */
export async function constraintsOf(db: Kysely<unknown>): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { rows } = await sql<{ table: string; rule: string }>`
    select conrelid::regclass::text as "table", pg_get_constraintdef(oid) as rule from pg_constraint
    where connamespace = current_schema()::regnamespace and contype in ('c', 'f', 'p', 'u', 'x')
    union select indrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index
    join pg_class on pg_class.oid = indrelid
    where indisunique and relnamespace = current_schema()::regnamespace`.execute(db);
  const rules = new Map<string, Set<string>>();
  for (const { table, rule } of rows) rules.set(table, (rules.get(table) ?? new Set<string>()).add(rule));
  return rules;
}

/** All rows of all tables as text, migrations excepted. */
export async function contentsOf(
  db: Kysely<unknown>,
): Promise<ReadonlyMap<string, readonly Record<string, unknown>[]>> {
  const tables = new Set(
    (await columnsOf(db)).map(({ table }) => table).filter((name) => name !== 'sluice_migrations'),
  );
  const contents = new Map<string, readonly Record<string, unknown>[]>();
  for (const table of tables) {
    const { rows } = await sql<{ row: Record<string, unknown> }>`
      select to_jsonb(content) as row from ${sql.table(table)} as content order by to_jsonb(content)::text`.execute(db);
    contents.set(
      table,
      rows.map(({ row }) => row),
    );
  }
  return contents;
}

/** Back to a database with nothing in it. */
export async function empty(db: Kysely<unknown>): Promise<void> {
  await sql`drop schema public cascade`.execute(db);
  await sql`create schema public`.execute(db);
}
