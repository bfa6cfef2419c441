// Roles given to users of tokens, in an organization or one of its projects.

import { sql } from 'kysely';
import type { Migration } from '../sql-migrator.ts';

export const roleGrants: Migration = {
  name: '2026-11-24-04-role-grants',
  async up(db) {
    await sql`create table role_grants (
      id text collate "C" primary key check (id like 'grt\\_%'),
      organization_id text collate "C" not null references organizations on delete cascade,
      project_id text collate "C",
      issuer text collate "C" not null check (issuer <> ''),
      subject text collate "C" not null check (subject <> ''),
      roles text[] not null check (roles <@ array['MEMBER', 'ADMIN', 'OPERATOR']),
      scopes text[] not null check (scopes <@ array['content:read']),
      created_at timestamptz not null,
      created_by text not null,
      version bigint not null,
      foreign key (organization_id, project_id) references projects (organization_id, id) on delete cascade,
      check (cardinality(roles) + cardinality(scopes) > 0)
    )`.execute(db);
    await sql`create unique index role_grants_one_each
      on role_grants (issuer, subject, organization_id, coalesce(project_id, ''))`.execute(db);
    await sql`create index role_grants_organization on role_grants (organization_id, id)`.execute(db);
    await sql`create index role_grants_project on role_grants (project_id, id)`.execute(db);
  },
};
