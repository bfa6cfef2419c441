// Organizations and their projects, with those that the keys of the configuration file belong to.
// `folded_name`: the name as names are compared, without regard to case. `version`: the change that touched the row last.

import { sql } from 'kysely';
import type { Migration } from '../sql-migrator.ts';

export const organizations: Migration = {
  name: '2026-11-24-01-organizations',
  async up(db) {
    await sql`create table organizations (
      id text collate "C" primary key check (id = 'default' or id like 'org\\_%'),
      name text not null check (char_length(name) between 1 and 100),
      folded_name text collate "C" not null constraint organizations_name_taken unique,
      allowed_models text[] check (array_position(allowed_models, null) is null),
      disabled_at timestamptz,
      created_at timestamptz not null,
      version bigint not null,
      constraint organizations_default_enabled check (id <> 'default' or disabled_at is null)
    )`.execute(db);
    await sql`create table projects (
      id text collate "C" primary key check (id = 'default' or id like 'prj\\_%'),
      organization_id text collate "C" not null references organizations on delete cascade,
      name text not null check (char_length(name) between 1 and 100),
      folded_name text collate "C" not null,
      allowed_models text[] check (array_position(allowed_models, null) is null),
      disabled_at timestamptz,
      created_at timestamptz not null,
      version bigint not null,
      constraint projects_name_taken unique (organization_id, folded_name),
      constraint projects_default_enabled check (id <> 'default' or disabled_at is null),
      constraint projects_default_home check (id <> 'default' or organization_id = 'default'),
      unique (organization_id, id)
    )`.execute(db);
    await sql`insert into organizations (id, name, folded_name, created_at, version)
      values ('default', 'default', 'default', date_trunc('milliseconds', now()), 0)`.execute(db);
    await sql`insert into projects (id, organization_id, name, folded_name, created_at, version)
      values ('default', 'default', 'default', 'default', date_trunc('milliseconds', now()), 0)`.execute(db);
  },
};
