// Kill switches of models and providers, by their ids in the configuration.

import { sql } from 'kysely';
import type { Migration } from '../sql-migrator.ts';

export const switches: Migration = {
  name: '2026-11-24-06-switches',
  async up(db) {
    await sql`create table switches (
      kind text not null check (kind in ('MODEL', 'PROVIDER')),
      name text collate "C" not null check (name <> ''),
      state text not null check (state in ('ENABLED', 'DRAINING', 'DISABLED')),
      reason text,
      changed_at timestamptz not null,
      changed_by text not null,
      version bigint not null,
      primary key (kind, name)
    )`.execute(db);
  },
};
