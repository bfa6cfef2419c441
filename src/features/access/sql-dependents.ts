// What depends on an organization, a project or a key and is deleted with it. The database deletes it (its foreign keys do);
// here it is shown before, and told to the audit log one by one.

import { createHash } from 'node:crypto';
import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { AuditTarget, Dependents } from '../../core/access.ts';
import { ACCESS_ROLES, type AccessRole } from '../../core/caller.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Check } from './access-store.ts';
import type { Change } from './sql-change.ts';
import { selectBudgets, selectLimits, toBudget, toLimit } from './sql-limit-rows.ts';
import { selectApiKeys, selectProjects, selectRoleGrants, toApiKey, toProject, toRoleGrant } from './sql-rows.ts';
import type { AccessTables } from './sql-tables.ts';

/** What is to be deleted. */
export type Owner = { readonly organizationId: string } | { readonly projectId: string } | { readonly keyId: string };

type DependentTable = 'projects' | 'api_keys' | 'role_grants' | 'limits' | 'budgets';

interface Kind {
  readonly target: AuditTarget;
  readonly table: DependentTable;
  readonly name: RawBuilder<string>;
  /** Those whose roles count; undefined: it has none. */
  readonly withRoles?: RawBuilder<SqlBool>;
  readonly read: (
    db: Kysely<AccessTables>,
    where: RawBuilder<SqlBool>,
    nowMs: number,
  ) => Promise<readonly { readonly id: string; readonly organizationId: string }[]>;
}

const SHOWN_NAMES = 5;
const limitName = sql<string>`concat_ws(' ', scope, coalesce(project_id, key_id, user_id), model)`;

const KINDS: readonly Kind[] = [
  {
    target: 'PROJECT',
    table: 'projects',
    name: sql<string>`name`,
    read: async (db, where) => (await selectProjects(db, 'ALL').where(where).execute()).map(toProject),
  },
  {
    target: 'API_KEY',
    table: 'api_keys',
    name: sql<string>`name`,
    withRoles: sql<SqlBool>`revoked_at is null`,
    read: async (db, where, nowMs) => (await selectApiKeys(db, 'ALL', nowMs).where(where).execute()).map(toApiKey),
  },
  {
    target: 'ROLE_GRANT',
    table: 'role_grants',
    name: sql<string>`subject`,
    withRoles: sql<SqlBool>`true`,
    read: async (db, where) => (await selectRoleGrants(db, 'ALL').where(where).execute()).map(toRoleGrant),
  },
  {
    target: 'LIMIT',
    table: 'limits',
    name: limitName,
    read: async (db, where) => (await selectLimits(db, 'ALL').where(where).execute()).map(toLimit),
  },
  {
    target: 'BUDGET',
    table: 'budgets',
    name: limitName,
    read: async (db, where) => (await selectBudgets(db, 'ALL').where(where).execute()).map(toBudget),
  },
];

/** One statement, however much it is. */
export async function readDependents(db: Kysely<AccessTables>, owner: Owner): Promise<Dependents> {
  const counts = KINDS.map(({ target, table, name, withRoles }) => {
    const where = belongsTo(table, owner);
    const roles = withRoles
      ? sql`array(select distinct unnest(roles) from ${sql.table(table)} where ${where} and ${withRoles})`
      : sql`array[]`;
    return sql`select ${target}::text as target, count(*) as count, coalesce(max(version), 0) as version, array(
      select ${name} from ${sql.table(table)} where ${where} order by id limit ${sql.lit(SHOWN_NAMES)}
    )::text[] as names, ${roles}::text[] as roles from ${sql.table(table)} where ${where}`;
  });
  const { rows } = await sql<{
    target: AuditTarget;
    count: bigint;
    version: bigint;
    names: readonly string[];
    roles: readonly AccessRole[];
  }>`
    ${sql.join(counts, sql` union all `)}
  `.execute(db);
  const kinds = KINDS.flatMap(({ target }) => rows.filter((row) => row.target === target));
  return {
    kinds: kinds
      .filter(({ count }) => count > 0n)
      .map(({ target, count, names }) => ({ target, count: Number(count), names })),
    roles: ACCESS_ROLES.filter((role) => kinds.some(({ roles }) => roles.includes(role))),
    // Numbers of changes only grow: with as many rows and no later change they are the same rows, unchanged.
    fingerprint: createHash('sha256')
      .update(kinds.map(({ target, count, version }) => `${target} ${count} ${version}`).join('\n'))
      .digest('base64url')
      .slice(0, 22),
  };
}

/**
 * To be called before its owner is deleted, which deletes all of it.
 * @throws SluiceError CONFLICT when it is not what was shown.
 */
export async function noteDependents(
  change: Change,
  owner: Owner,
  fingerprint: string,
  check: Check<Dependents> | undefined,
): Promise<void> {
  const { trx, nowMs, note } = change;
  const dependents = await readDependents(trx, owner);
  check?.(dependents);
  if (dependents.fingerprint !== fingerprint) {
    throw new SluiceError(
      'CONFLICT',
      'What would be deleted with it is not, or no longer, what was shown: ask what depends on it, and confirm that.',
    );
  }
  for (const { target, table, read } of KINDS) {
    for (const record of await read(trx, belongsTo(table, owner), nowMs)) {
      note({
        action: 'DELETED',
        target,
        targetId: record.id,
        organizationId: record.organizationId,
        before: record,
      });
    }
  }
}

function belongsTo(table: DependentTable, owner: Owner): RawBuilder<SqlBool> {
  if ('organizationId' in owner) return sql<SqlBool>`organization_id = ${owner.organizationId}`;
  const isOfLimits = table === 'limits' || table === 'budgets';
  if ('keyId' in owner) return isOfLimits ? sql<SqlBool>`key_id = ${owner.keyId}` : sql<SqlBool>`false`;
  if (table === 'projects') return sql<SqlBool>`false`;
  const { projectId } = owner;
  return isOfLimits
    ? sql<SqlBool>`(project_id = ${projectId} or key_id in (select id from api_keys where project_id = ${projectId}))`
    : sql<SqlBool>`project_id = ${projectId}`;
}
