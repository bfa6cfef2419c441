// The tables of access as Kysely sees them (made in platform/migrations), and small pieces of SQL that all of them use.

import { type ColumnType, type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import type {
  AuditAction,
  AuditTarget,
  BudgetRecord,
  LimitRecord,
  LimitScope,
  SwitchRecord,
} from '../../core/access.ts';
import type { AccessRole, AccessScope, DocumentMode } from '../../core/caller.ts';
import type { Reach } from './access-store.ts';

/** Read as milliseconds since the epoch; written by `time`. */
type Time = ColumnType<number, RawBuilder<number>, RawBuilder<number>>;
type OptionalTime = ColumnType<number | null, RawBuilder<number> | null, RawBuilder<number> | null>;
/** Read as bigint. */
type Version = ColumnType<bigint, number, number>;
type OptionalInteger = ColumnType<bigint | null, number | bigint | null, number | bigint | null>;
/** Written as text of JSON. */
type OptionalJson = ColumnType<Readonly<Record<string, unknown>> | null, string | null, never>;

interface NamedTable {
  id: string;
  name: string;
  folded_name: string;
  allowed_models: readonly string[] | null;
  disabled_at: OptionalTime;
  created_at: Time;
  version: Version;
}

export type OrganizationTable = NamedTable;

export interface ProjectTable extends NamedTable {
  organization_id: string;
}

export interface ApiKeyTable extends NamedTable {
  organization_id: string;
  project_id: string;
  roles: readonly AccessRole[];
  scopes: readonly AccessScope[];
  allowed_origins: readonly string[] | null;
  allowed_cidrs: readonly string[] | null;
  document_mode: DocumentMode | null;
  may_act_for_end_users: boolean;
  expires_at: OptionalTime;
  revoked_at: OptionalTime;
  last_used_at: OptionalTime;
  created_by: string;
}

export interface ApiKeySecretTable {
  id: string;
  key_id: string;
  prefix: string;
  digest: string;
  pepper_id: string;
  created_at: Time;
  expires_at: OptionalTime;
  last_used_at: OptionalTime;
}

export interface RoleGrantTable {
  id: string;
  organization_id: string;
  project_id: string | null;
  issuer: string;
  subject: string;
  roles: readonly AccessRole[];
  scopes: readonly AccessScope[];
  created_at: Time;
  created_by: string;
  version: Version;
}

/** Whom a limit or a budget holds for. */
export interface SubjectColumns {
  organization_id: string;
  scope: LimitScope;
  project_id: string | null;
  key_id: string | null;
  user_id: string | null;
}

interface SubjectTable extends SubjectColumns {
  id: string;
  model: string | null;
  mode: LimitRecord['mode'];
  created_at: Time;
  version: Version;
}

export interface LimitTable extends SubjectTable {
  requests_per_minute: OptionalInteger;
  requests_per_hour: OptionalInteger;
  requests_per_day: OptionalInteger;
  tokens_per_minute: OptionalInteger;
  tokens_per_hour: OptionalInteger;
  tokens_per_day: OptionalInteger;
  cost_per_minute_nano_usd: OptionalInteger;
  cost_per_hour_nano_usd: OptionalInteger;
  cost_per_day_nano_usd: OptionalInteger;
  concurrent: OptionalInteger;
  algorithm: LimitRecord['algorithm'];
}

export interface BudgetTable extends SubjectTable {
  amount_nano_usd: bigint;
  period: BudgetRecord['period'];
  time_zone: string;
  hard: boolean;
}

export interface SwitchTable {
  kind: SwitchRecord['kind'];
  name: string;
  state: SwitchRecord['state'];
  reason: string | null;
  changed_at: Time;
  changed_by: string;
  version: Version;
}

export interface AuditLogTable {
  id: string;
  at: Time;
  organization_id: string | null;
  actor_principal_id: string;
  actor_organization_id: string;
  request_id: string | null;
  action: AuditAction;
  target: AuditTarget;
  target_id: string;
  before: OptionalJson;
  after: OptionalJson;
}

export interface AccessVersionTable {
  version: Version;
  /** Of the last id that a change made. */
  id_time_ms: ColumnType<bigint, number, number>;
}

export interface AccessChangeTable {
  subject: string;
  version: Version;
}

export interface AccessTables {
  organizations: OrganizationTable;
  projects: ProjectTable;
  api_keys: ApiKeyTable;
  api_key_secrets: ApiKeySecretTable;
  role_grants: RoleGrantTable;
  limits: LimitTable;
  budgets: BudgetTable;
  switches: SwitchTable;
  audit_log: AuditLogTable;
  access_version: AccessVersionTable;
  access_changes: AccessChangeTable;
}

/** A point in time, as SQL takes it. */
export const time = (ms: number): RawBuilder<number> => sql<number>`${new Date(ms)}::timestamptz`;

export const optionalTime = (ms: number | undefined): RawBuilder<number> | null => (ms === undefined ? null : time(ms));

/** Text that SQL can take at all; what it cannot take (NUL) is in no record, and stays so. */
export const text = (value: string): string => value.replaceAll('\0', '\uFFFD');

/** One of the values: one parameter, however many. */
export const isOneOf = (column: string, values: readonly string[]): RawBuilder<SqlBool> =>
  sql<SqlBool>`${sql.ref(column)} = any(${values.map(text)}::text[])`;

/** The condition that keeps a statement within reach. */
export const within = (reach: Reach, organizationColumn = 'organization_id'): Expression<SqlBool> =>
  reach === 'ALL' ? sql<SqlBool>`true` : sql<SqlBool>`${sql.ref(organizationColumn)} = ${text(reach.organizationId)}`;

/** Contains the words somewhere, with no regard to case; `folded`: by folded-name.ts, as the column is. */
export const contains = (column: string, folded: string): RawBuilder<SqlBool> =>
  sql<SqlBool>`${sql.ref(column)} like ${`%${text(folded).replace(/[\\%_]/g, '\\$&')}%`}`;

/** NULL is absent. */
export const absent = <Value>(value: Value | null): Value | undefined => (value === null ? undefined : value);
