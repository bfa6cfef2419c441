// Organizations in SQL.

import type { Kysely } from 'kysely';
import type { OrganizationRecord } from '../../core/access.ts';
import type { OrganizationRepository, Reach } from './access-store.ts';
import { checkName, foldName } from './record-name.ts';
import type { RepositoryParts } from './sql-change.ts';
import { noteDependents, readDependents } from './sql-dependents.ts';
import { actionOf, applyChanges, refuseForDefault } from './sql-named-record.ts';
import { readPage } from './sql-page.ts';
import { selectOrganizations, toOrganization } from './sql-rows.ts';
import { type AccessTables, contains, isOneOf, optionalTime, time } from './sql-tables.ts';

async function findOne(db: Kysely<AccessTables>, id: string, reach: Reach): Promise<OrganizationRecord | undefined> {
  const row = await selectOrganizations(db, reach)
    .where(isOneOf('id', [id]))
    .executeTakeFirst();
  return row && toOrganization(row);
}

export function createSqlOrganizations({ database, change }: RepositoryParts): OrganizationRepository {
  return {
    find: (ids, reach) =>
      database.read(async (db) => {
        const rows = await selectOrganizations(db, reach).where(isOneOf('id', ids)).execute();
        return new Map(rows.map((row) => [row.id, toOrganization(row)]));
      }),

    list: ({ nameContains, disabled }, page, reach) =>
      database.read((db) => {
        let rows = selectOrganizations(db, reach);
        if (nameContains !== undefined) rows = rows.where(contains('folded_name', foldName(nameContains)));
        if (disabled !== undefined) rows = rows.where('disabled_at', disabled ? 'is not' : 'is', null);
        return readPage({ db, rows, page, toItem: toOrganization });
      }),

    async create(organization, by) {
      const name = checkName(organization.name, { reserved: true });
      return change(by, async ({ trx, version, nowMs, newId, note }) => {
        const record: OrganizationRecord = {
          id: newId('ORGANIZATION'),
          name,
          allowedModels: organization.allowedModels,
          disabledAtMs: undefined,
          createdAtMs: nowMs,
        };
        await trx
          .insertInto('organizations')
          .values({ id: record.id, ...columnsOf(record), created_at: time(nowMs), version })
          .execute();
        note({
          action: 'CREATED',
          target: 'ORGANIZATION',
          targetId: record.id,
          organizationId: record.id,
          after: record,
        });
        return record;
      });
    },

    update: (id, changes, reach, by) =>
      change(by, async ({ trx, version, nowMs, note }) => {
        const before = await findOne(trx, id, reach);
        if (before === undefined) return undefined;
        const after = applyChanges(before, changes, nowMs);
        const action = actionOf(before, after);
        if (action === undefined) return before;
        if (action === 'DISABLED') refuseForDefault('organization', id, 'disabled');
        await trx
          .updateTable('organizations')
          .set({ ...columnsOf(after), version })
          .where('id', '=', id)
          .execute();
        note({ action, target: 'ORGANIZATION', targetId: id, organizationId: id, before, after });
        return after;
      }),

    counts: (ids) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('organizations')
          .where(isOneOf('organizations.id', ids))
          .select((eb) => [
            'organizations.id',
            eb
              .selectFrom('projects')
              .whereRef('projects.organization_id', '=', 'organizations.id')
              .select(({ fn }) => fn.countAll<bigint>().as('count'))
              .as('projects'),
            eb
              .selectFrom('api_keys')
              .whereRef('api_keys.organization_id', '=', 'organizations.id')
              .select(({ fn }) => fn.countAll<bigint>().as('count'))
              .as('api_keys'),
          ])
          .execute();
        return new Map(rows.map((row) => [row.id, { projects: Number(row.projects), apiKeys: Number(row.api_keys) }]));
      }),

    dependents: (id, reach) =>
      database.read(async (db) =>
        (await findOne(db, id, reach)) === undefined ? undefined : readDependents(db, { organizationId: id }),
      ),

    delete: (id, fingerprint, reach, by, check, checkDependents) =>
      change(by, async (made) => {
        const before = await findOne(made.trx, id, reach);
        if (before === undefined) return undefined;
        check?.(before);
        refuseForDefault('organization', id, 'deleted');
        await noteDependents(made, { organizationId: id }, fingerprint, checkDependents);
        await made.trx.deleteFrom('organizations').where('id', '=', id).execute();
        made.note({ action: 'DELETED', target: 'ORGANIZATION', targetId: id, organizationId: id, before });
        return true;
      }),
  };
}

const columnsOf = (record: OrganizationRecord) => ({
  name: record.name,
  folded_name: foldName(record.name),
  allowed_models: record.allowedModels ?? null,
  disabled_at: optionalTime(record.disabledAtMs),
});
