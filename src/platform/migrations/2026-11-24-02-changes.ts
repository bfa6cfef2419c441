// The number of the last change, which each change locks first, so that changes end in the order of their numbers; whose
// records changed when (`subject`: an organization, or the switches); and the log of all changes, which outlives what it
// tells of.

import { sql } from 'kysely';
import type { Migration } from '../sql-migrator.ts';

export const changes: Migration = {
  name: '2026-11-24-02-changes',
  async up(db) {
    await sql`create table access_version (
      only_row boolean primary key default true check (only_row),
      version bigint not null,
      id_time_ms bigint not null
    )`.execute(db);
    await sql`insert into access_version (version, id_time_ms) values (0, 0)`.execute(db);
    await sql`create table access_changes (
      subject text collate "C" primary key,
      version bigint not null
    )`.execute(db);
    await sql`create index access_changes_version on access_changes (version)`.execute(db);
    await sql`create table audit_log (
      id text collate "C" primary key check (id like 'aud\\_%'),
      at timestamptz not null,
      organization_id text collate "C",
      actor_principal_id text not null,
      actor_organization_id text not null,
      request_id text,
      action text not null,
      target text not null,
      target_id text collate "C" not null,
      before jsonb,
      after jsonb
    )`.execute(db);
    await sql`create index audit_log_organization on audit_log (organization_id, id)`.execute(db);
    await sql`create index audit_log_target on audit_log (target_id, id)`.execute(db);
    await sql`create index audit_log_actor on audit_log (actor_principal_id, id)`.execute(db);
    await sql`create index audit_log_at on audit_log (at)`.execute(db);
  },
};
