// API keys and the secrets they go by. Of a secret only its public start is kept, and a digest that only the server's
// secret can make.

import { sql } from 'kysely';
import type { Migration } from '../sql-migrator.ts';

export const apiKeys: Migration = {
  name: '2026-11-24-03-api-keys',
  async up(db) {
    await sql`create table api_keys (
      id text collate "C" primary key check (id like 'key\\_%'),
      organization_id text collate "C" not null,
      project_id text collate "C" not null,
      name text not null check (char_length(name) between 1 and 100),
      folded_name text collate "C" not null,
      roles text[] not null check (roles <@ array['MEMBER', 'ADMIN', 'OPERATOR'] and cardinality(roles) > 0),
      scopes text[] not null check (scopes <@ array['generate', 'usage:read', 'admin', 'content:read']),
      allowed_models text[] check (array_position(allowed_models, null) is null),
      allowed_origins text[] check (array_position(allowed_origins, null) is null),
      allowed_cidrs text[] check (array_position(allowed_cidrs, null) is null),
      document_mode text check (document_mode in ('off', 'log', 'allow-known', 'require')),
      may_act_for_end_users boolean not null,
      expires_at timestamptz,
      disabled_at timestamptz,
      revoked_at timestamptz,
      last_used_at timestamptz,
      created_at timestamptz not null,
      created_by text not null,
      version bigint not null,
      foreign key (organization_id, project_id) references projects (organization_id, id) on delete cascade,
      unique (organization_id, id)
    )`.execute(db);
    // A revoked key leaves its name to another.
    await sql`create unique index api_keys_name_taken on api_keys (project_id, folded_name) where revoked_at is null`.execute(
      db,
    );
    await sql`create index api_keys_project on api_keys (project_id, id)`.execute(db);
    await sql`create table api_key_secrets (
      id text collate "C" primary key check (id like 'sec\\_%'),
      key_id text collate "C" not null references api_keys on delete cascade,
      prefix text collate "C" not null constraint api_key_secrets_prefix_taken unique,
      digest text not null,
      pepper_id text not null,
      created_at timestamptz not null,
      expires_at timestamptz,
      last_used_at timestamptz
    )`.execute(db);
    await sql`create index api_key_secrets_key on api_key_secrets (key_id, id)`.execute(db);
  },
};
