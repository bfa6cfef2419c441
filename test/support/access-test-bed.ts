// An access store on a database of its own, for tests. Tests that share one work in organizations of their own.

import { expect } from '@jest/globals';
import { pino } from 'pino';
import type { OrganizationRecord, ProjectRecord } from '../../src/core/access.ts';
import type { SluiceError } from '../../src/core/errors.ts';
import type { AccessStore, Reach } from '../../src/features/access/access-store.ts';
import { createSqlAccessStore } from '../../src/features/access/sql-access-store.ts';
import type { AccessTables } from '../../src/features/access/sql-tables.ts';
import { openDatabase, type SqlDatabase } from '../../src/platform/sql-database.ts';
import { sampleActor } from './access-samples.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import type { TestDatabase } from './test-database.ts';

export interface AccessTestBed {
  readonly store: AccessStore;
  /** As another node has it: by its own connections, where the database has several. */
  readonly otherStore: AccessStore;
  readonly database: SqlDatabase<AccessTables>;
  readonly clock: ManualClock;
  /** Of `store`, as they are sent. */
  readonly statements: string[];
  /** A new organization with a project in it. */
  home(): Promise<Home>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Home {
  readonly organization: OrganizationRecord;
  readonly project: ProjectRecord;
  readonly reach: Reach;
}

let names = 0;
export const uniqueName = (word = 'home'): string => `${word} ${++names}`;

/** What a SluiceError says, to compare. */
export const refused = (code: SluiceError['code'], details: Record<string, unknown> = {}) =>
  expect.objectContaining({ name: 'SluiceError', code, ...details });

export async function openAccessTestBed(create: () => Promise<TestDatabase>): Promise<AccessTestBed> {
  const created = await create();
  const clock = createManualClock();
  const statements: string[] = [];
  const opened: SqlDatabase<AccessTables>[] = [];
  const open = (onQuery?: (statement: string) => void): SqlDatabase<AccessTables> => {
    const logger = pino({ level: 'silent' });
    const database = openDatabase<AccessTables>({ database: created.config, logger, onQuery });
    opened.push(database);
    return database;
  };
  const database = open((statement) => statements.push(statement));
  await database.use();
  const store = createSqlAccessStore({ database, clock });
  return {
    store,
    otherStore: database.kind === 'EMBEDDED' ? store : createSqlAccessStore({ database: open(), clock }),
    database,
    clock,
    statements,
    async home() {
      const organization = await store.organizations.create(
        { name: uniqueName(), allowedModels: undefined },
        sampleActor,
      );
      const reach = { organizationId: organization.id };
      const project = await store.projects.create(
        { organizationId: organization.id, name: 'main', allowedModels: undefined },
        reach,
        sampleActor,
      );
      if (project === undefined) throw new Error('no project was made');
      return { organization, project, reach };
    },
    async [Symbol.asyncDispose]() {
      for (const database of opened) await database.close();
      await created[Symbol.asyncDispose]();
    },
  };
}
