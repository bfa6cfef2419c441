// Every migration there is, in their order. One file each, named like the migration, which exports it under its last
// words: `2026-11-24-01-organizations.ts` exports `organizations`.

import type { Migration } from '../sql-migrator.ts';
import { organizations } from './2026-11-24-01-organizations.ts';
import { changes } from './2026-11-24-02-changes.ts';
import { apiKeys } from './2026-11-24-03-api-keys.ts';
import { roleGrants } from './2026-11-24-04-role-grants.ts';
import { limitsAndBudgets } from './2026-11-24-05-limits-and-budgets.ts';
import { switches } from './2026-11-24-06-switches.ts';

export const allMigrations: readonly Migration[] = [
  organizations,
  changes,
  apiKeys,
  roleGrants,
  limitsAndBudgets,
  switches,
];
