// Rows of organizations, projects, keys and role grants, as they are read: within reach, and as our records.

import { type Kysely, type SelectType, type SqlBool, sql } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/postgres';
import type {
  ApiKeyRecord,
  ApiKeySecret,
  OrganizationRecord,
  ProjectRecord,
  RoleGrantRecord,
} from '../../core/access.ts';
import type { Reach } from './access-store.ts';
import {
  type AccessTables,
  type ApiKeySecretTable,
  type ApiKeyTable,
  absent,
  type OrganizationTable,
  type ProjectTable,
  type RoleGrantTable,
  time,
  within,
} from './sql-tables.ts';

type Row<Table, Column extends keyof Table> = { readonly [Name in Column]: SelectType<Table[Name]> };

export const ORGANIZATION_COLUMNS = ['id', 'name', 'allowed_models', 'disabled_at', 'created_at'] as const;

export const selectOrganizations = (db: Kysely<AccessTables>, reach: Reach) =>
  db.selectFrom('organizations').select(ORGANIZATION_COLUMNS).where(within(reach, 'id'));

export const toOrganization = (
  row: Row<OrganizationTable, (typeof ORGANIZATION_COLUMNS)[number]>,
): OrganizationRecord => ({
  id: row.id,
  name: row.name,
  allowedModels: absent(row.allowed_models),
  disabledAtMs: absent(row.disabled_at),
  createdAtMs: row.created_at,
});

export const PROJECT_COLUMNS = [...ORGANIZATION_COLUMNS, 'organization_id'] as const;

export const selectProjects = (db: Kysely<AccessTables>, reach: Reach) =>
  db.selectFrom('projects').select(PROJECT_COLUMNS).where(within(reach));

export const toProject = (row: Row<ProjectTable, (typeof PROJECT_COLUMNS)[number]>): ProjectRecord => ({
  id: row.id,
  organizationId: row.organization_id,
  name: row.name,
  allowedModels: absent(row.allowed_models),
  disabledAtMs: absent(row.disabled_at),
  createdAtMs: row.created_at,
});

export const API_KEY_COLUMNS = [
  'id',
  'organization_id',
  'project_id',
  'name',
  'roles',
  'scopes',
  'allowed_models',
  'allowed_origins',
  'allowed_cidrs',
  'document_mode',
  'may_act_for_end_users',
  'expires_at',
  'disabled_at',
  'revoked_at',
  'last_used_at',
  'created_at',
  'created_by',
] as const;

/** As it stands in JSON. */
interface SecretJson {
  readonly id: string;
  readonly prefix: string;
  readonly pepper_id: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
}

/** Of the key in that column, those that are good at the time. */
export const goodSecrets = (db: Kysely<AccessTables>, keyId: string, nowMs: number) =>
  jsonArrayFrom(
    db
      .selectFrom('api_key_secrets as secret')
      .where(sql<SqlBool>`secret.key_id = ${sql.ref(keyId)}`)
      .where(sql<SqlBool>`(secret.expires_at is null or secret.expires_at > ${time(nowMs)})`)
      .select(['secret.id', 'secret.prefix', 'secret.pepper_id'])
      .select([
        sql<string>`secret.created_at`.as('created_at'),
        sql<string | null>`secret.expires_at`.as('expires_at'),
        sql<string | null>`secret.last_used_at`.as('last_used_at'),
      ])
      .orderBy('secret.id', 'desc'),
  );

export const selectApiKeys = (db: Kysely<AccessTables>, reach: Reach, nowMs: number) =>
  db
    .selectFrom('api_keys')
    .select(API_KEY_COLUMNS)
    .select(goodSecrets(db, 'api_keys.id', nowMs).as('secrets'))
    .where(within(reach));

export const toApiKey = (
  row: Row<ApiKeyTable, (typeof API_KEY_COLUMNS)[number]> & { readonly secrets: readonly SecretJson[] },
): ApiKeyRecord => ({
  id: row.id,
  organizationId: row.organization_id,
  projectId: row.project_id,
  name: row.name,
  roles: row.roles,
  scopes: row.scopes,
  allowedModels: absent(row.allowed_models),
  allowedOrigins: absent(row.allowed_origins),
  allowedCidrs: absent(row.allowed_cidrs),
  documentMode: absent(row.document_mode),
  mayActForEndUsers: row.may_act_for_end_users,
  expiresAtMs: absent(row.expires_at),
  disabledAtMs: absent(row.disabled_at),
  revokedAtMs: absent(row.revoked_at),
  lastUsedAtMs: absent(row.last_used_at),
  createdAtMs: row.created_at,
  createdBy: row.created_by,
  secrets: row.secrets.map((secret) => ({
    id: secret.id,
    prefix: secret.prefix,
    pepperId: secret.pepper_id,
    createdAtMs: Date.parse(secret.created_at),
    expiresAtMs: secret.expires_at === null ? undefined : Date.parse(secret.expires_at),
    lastUsedAtMs: secret.last_used_at === null ? undefined : Date.parse(secret.last_used_at),
  })),
});

export const SECRET_COLUMNS = [
  'id',
  'prefix',
  'digest',
  'pepper_id',
  'created_at',
  'expires_at',
  'last_used_at',
] as const;

export const toSecret = (row: Row<ApiKeySecretTable, (typeof SECRET_COLUMNS)[number]>): ApiKeySecret => ({
  id: row.id,
  prefix: row.prefix,
  pepperId: row.pepper_id,
  createdAtMs: row.created_at,
  expiresAtMs: absent(row.expires_at),
  lastUsedAtMs: absent(row.last_used_at),
});

export const ROLE_GRANT_COLUMNS = [
  'id',
  'organization_id',
  'project_id',
  'issuer',
  'subject',
  'roles',
  'scopes',
  'created_at',
  'created_by',
] as const;

export const selectRoleGrants = (db: Kysely<AccessTables>, reach: Reach) =>
  db.selectFrom('role_grants').select(ROLE_GRANT_COLUMNS).where(within(reach));

export const toRoleGrant = (row: Row<RoleGrantTable, (typeof ROLE_GRANT_COLUMNS)[number]>): RoleGrantRecord => ({
  id: row.id,
  organizationId: row.organization_id,
  projectId: absent(row.project_id),
  issuer: row.issuer,
  subject: row.subject,
  roles: row.roles,
  scopes: row.scopes,
  createdAtMs: row.created_at,
  createdBy: row.created_by,
});

type Prefixed<Alias extends string, Table, Column extends keyof Table & string> = {
  [Name in Column as `${Alias}_${Name}`]: SelectType<Table[Name]>;
};

/** One of several tables of a statement: its columns, told apart by its alias, and the way back. */
export function partOfRow<Table>() {
  return <Alias extends string, Column extends keyof Table & string>(alias: Alias, columns: readonly Column[]) => ({
    select: sql.join(
      columns.map((column) => sql`${sql.ref(`${alias}.${column}`)} as ${sql.ref(`${alias}_${column}`)}`),
    ),
    from: (row: Prefixed<Alias, Table, Column>): Row<Table, Column> => {
      const values = new Map<string, unknown>(Object.entries(row));
      return Object.fromEntries(columns.map((column) => [column, values.get(`${alias}_${column}`)])) as Row<
        Table,
        Column
      >;
    },
    /** For its type alone. */
    row: undefined as unknown as Prefixed<Alias, Table, Column>,
  });
}
