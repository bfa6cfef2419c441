// Projects in SQL.

import type { Kysely } from 'kysely';
import type { ProjectRecord } from '../../core/access.ts';
import type { ProjectRepository, Reach } from './access-store.ts';
import { checkName, foldName } from './record-name.ts';
import type { RepositoryParts } from './sql-change.ts';
import { noteDependents, readDependents } from './sql-dependents.ts';
import { actionOf, applyChanges, refuseForDefault } from './sql-named-record.ts';
import { readPage } from './sql-page.ts';
import { selectOrganizations, selectProjects, toProject } from './sql-rows.ts';
import { type AccessTables, contains, isOneOf, optionalTime, text, time } from './sql-tables.ts';

async function findProject(db: Kysely<AccessTables>, id: string, reach: Reach): Promise<ProjectRecord | undefined> {
  const row = await selectProjects(db, reach)
    .where(isOneOf('id', [id]))
    .executeTakeFirst();
  return row && toProject(row);
}

export function createSqlProjects({ database, change }: RepositoryParts): ProjectRepository {
  return {
    find: (ids, reach) =>
      database.read(async (db) => {
        const rows = await selectProjects(db, reach).where(isOneOf('id', ids)).execute();
        return new Map(rows.map((row) => [row.id, toProject(row)]));
      }),

    list: ({ organizationId, nameContains, disabled }, page, reach) =>
      database.read((db) => {
        let rows = selectProjects(db, reach);
        if (organizationId !== undefined) rows = rows.where('organization_id', '=', text(organizationId));
        if (nameContains !== undefined) rows = rows.where(contains('folded_name', foldName(nameContains)));
        if (disabled !== undefined) rows = rows.where('disabled_at', disabled ? 'is not' : 'is', null);
        return readPage({ db, rows, page, toItem: toProject });
      }),

    async create({ organizationId, allowedModels, ...project }, reach, by) {
      const name = checkName(project.name, { reserved: true });
      return change(by, async ({ trx, version, nowMs, newId, note }) => {
        const organization = selectOrganizations(trx, reach).where(isOneOf('id', [organizationId]));
        if ((await organization.executeTakeFirst()) === undefined) return undefined;
        const record: ProjectRecord = {
          id: newId('PROJECT'),
          organizationId,
          name,
          allowedModels,
          disabledAtMs: undefined,
          createdAtMs: nowMs,
        };
        await trx
          .insertInto('projects')
          .values({
            id: record.id,
            organization_id: organizationId,
            ...columnsOf(record),
            created_at: time(nowMs),
            version,
          })
          .execute();
        note({ action: 'CREATED', target: 'PROJECT', targetId: record.id, organizationId, after: record });
        return record;
      });
    },

    update: (id, changes, reach, by, checkDependents) =>
      change(by, async ({ trx, version, nowMs, note }) => {
        const before = await findProject(trx, id, reach);
        if (before === undefined) return undefined;
        checkDependents?.(await readDependents(trx, { projectId: id }));
        const after = applyChanges(before, changes, nowMs);
        const action = actionOf(before, after);
        if (action === undefined) return before;
        if (action === 'DISABLED') refuseForDefault('project', id, 'disabled');
        await trx
          .updateTable('projects')
          .set({ ...columnsOf(after), version })
          .where('id', '=', id)
          .execute();
        note({ action, target: 'PROJECT', targetId: id, organizationId: before.organizationId, before, after });
        return after;
      }),

    counts: (ids) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('projects')
          .where(isOneOf('projects.id', ids))
          .select((eb) => [
            'projects.id',
            eb
              .selectFrom('api_keys')
              .whereRef('api_keys.project_id', '=', 'projects.id')
              .select(({ fn }) => fn.countAll<bigint>().as('count'))
              .as('api_keys'),
          ])
          .execute();
        return new Map(rows.map((row) => [row.id, { apiKeys: Number(row.api_keys) }]));
      }),

    dependents: (id, reach) =>
      database.read(async (db) =>
        (await findProject(db, id, reach)) === undefined ? undefined : readDependents(db, { projectId: id }),
      ),

    delete: (id, fingerprint, reach, by, check, checkDependents) =>
      change(by, async (made) => {
        const before = await findProject(made.trx, id, reach);
        if (before === undefined) return undefined;
        check?.(before);
        refuseForDefault('project', id, 'deleted');
        await noteDependents(made, { projectId: id }, fingerprint, checkDependents);
        await made.trx.deleteFrom('projects').where('id', '=', id).execute();
        const { organizationId } = before;
        made.note({ action: 'DELETED', target: 'PROJECT', targetId: id, organizationId, before });
        return true;
      }),
  };
}

const columnsOf = (record: ProjectRecord) => ({
  name: record.name,
  folded_name: foldName(record.name),
  allowed_models: record.allowedModels ?? null,
  disabled_at: optionalTime(record.disabledAtMs),
});
