// Every migration there is, in their order. One file each, named like the migration, which exports it under its last
// words: `2026-11-24-01-organizations.ts` exports `organizations`.

import type { Migration } from '../sql-migrator.ts';

export const allMigrations: readonly Migration[] = [];
