// The access store on SQL: the same statements on Postgres and on the embedded PGlite.

import type { Clock } from '../../core/clock.ts';
import type { SqlDatabase } from '../../platform/sql-database.ts';
import type { AccessStore } from './access-store.ts';
import { createAccessDatabase } from './sql-access-database.ts';
import { createSqlApiKeys } from './sql-api-keys.ts';
import { createSqlAuditLog } from './sql-audit-log.ts';
import { createSqlBudgets } from './sql-budgets.ts';
import { createMakeChange, type RepositoryParts } from './sql-change.ts';
import { createSqlChanges } from './sql-changes.ts';
import { createSqlLimits } from './sql-limits.ts';
import { createSqlOrganizations } from './sql-organizations.ts';
import { createSqlProjects } from './sql-projects.ts';
import { createSqlRoleGrants } from './sql-role-grants.ts';
import { createSqlSignIn } from './sql-sign-in.ts';
import { createSqlSwitches } from './sql-switches.ts';
import type { AccessTables } from './sql-tables.ts';

export interface SqlAccessStoreParts {
  readonly database: SqlDatabase<AccessTables>;
  readonly clock: Clock;
}

/** Opens the database when it is first asked. */
export function createSqlAccessStore({ database: opened, clock }: SqlAccessStoreParts): AccessStore {
  const database = createAccessDatabase(opened);
  const parts: RepositoryParts = { database, clock, change: createMakeChange({ database, clock }) };
  return {
    organizations: createSqlOrganizations(parts),
    projects: createSqlProjects(parts),
    apiKeys: createSqlApiKeys(parts),
    roleGrants: createSqlRoleGrants(parts),
    limits: createSqlLimits(parts),
    budgets: createSqlBudgets(parts),
    switches: createSqlSwitches(parts),
    auditLog: createSqlAuditLog(parts),
    signIn: createSqlSignIn(parts),
    changes: createSqlChanges(parts),
  };
}
