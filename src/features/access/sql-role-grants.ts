// Roles of users of tokens, in SQL.

import { isDeepStrictEqual } from 'node:util';
import { type SqlBool, sql } from 'kysely';
import type { RoleGrantRecord } from '../../core/access.ts';
import { SluiceError } from '../../core/errors.ts';
import type { RoleGrantRepository } from './access-store.ts';
import type { RepositoryParts } from './sql-change.ts';
import { readPage } from './sql-page.ts';
import { selectOrganizations, selectProjects, selectRoleGrants, toRoleGrant } from './sql-rows.ts';
import { isOneOf, text, time } from './sql-tables.ts';

const MAX_CHARACTERS = 1_000;
const CONTROL_CHARACTER = /\p{Cc}/u;

export function createSqlRoleGrants({ database, change }: RepositoryParts): RoleGrantRepository {
  return {
    find: (ids, reach) =>
      database.read(async (db) => {
        const rows = await selectRoleGrants(db, reach).where(isOneOf('id', ids)).execute();
        return new Map(rows.map((row) => [row.id, toRoleGrant(row)]));
      }),

    list: ({ organizationId, projectId, issuer, subject }, page, reach) =>
      database.read((db) => {
        let rows = selectRoleGrants(db, reach);
        if (organizationId !== undefined) rows = rows.where('organization_id', '=', text(organizationId));
        if (projectId !== undefined) rows = rows.where('project_id', '=', text(projectId));
        if (issuer !== undefined) rows = rows.where('issuer', '=', text(issuer));
        if (subject !== undefined) rows = rows.where('subject', '=', text(subject));
        return readPage({ db, rows, page, toItem: toRoleGrant });
      }),

    async grant(grant, reach, by, check) {
      const { organizationId, projectId, issuer, subject, roles, scopes } = grant;
      checkWords('issuer', issuer);
      checkWords('subject', subject);
      if (roles.length + scopes.length === 0) {
        throw new SluiceError(
          'BAD_USER_INPUT',
          'A grant gives at least one role or scope; to take all away, revoke it.',
          {
            inputPath: ['input', 'roles'],
          },
        );
      }
      return change(by, async ({ trx, version, nowMs, newId, note }) => {
        const home =
          projectId === undefined
            ? selectOrganizations(trx, reach)
                .where(isOneOf('id', [organizationId]))
                .executeTakeFirst()
            : selectProjects(trx, reach)
                .where(isOneOf('id', [projectId]))
                .where('organization_id', '=', text(organizationId))
                .executeTakeFirst();
        if ((await home) === undefined) return undefined;
        const row = await selectRoleGrants(trx, 'ALL')
          .where('organization_id', '=', organizationId)
          .where('issuer', '=', issuer)
          .where('subject', '=', subject)
          .where(sql<SqlBool>`project_id is not distinct from ${projectId ?? null}`)
          .executeTakeFirst();
        if (row !== undefined) {
          const before = toRoleGrant(row);
          check?.(before);
          const after: RoleGrantRecord = { ...before, roles, scopes };
          if (isDeepStrictEqual(before, after)) return before;
          await trx.updateTable('role_grants').set({ roles, scopes, version }).where('id', '=', before.id).execute();
          note({ action: 'UPDATED', target: 'ROLE_GRANT', targetId: before.id, organizationId, before, after });
          return after;
        }
        const record: RoleGrantRecord = {
          id: newId('ROLE_GRANT'),
          organizationId,
          projectId,
          issuer,
          subject,
          roles,
          scopes,
          createdAtMs: nowMs,
          createdBy: by.principalId,
        };
        await trx
          .insertInto('role_grants')
          .values({
            id: record.id,
            organization_id: organizationId,
            project_id: projectId ?? null,
            issuer,
            subject,
            roles,
            scopes,
            created_at: time(nowMs),
            created_by: text(by.principalId),
            version,
          })
          .execute();
        note({ action: 'CREATED', target: 'ROLE_GRANT', targetId: record.id, organizationId, after: record });
        return record;
      });
    },

    revoke: (id, reach, by, check) =>
      change(by, async ({ trx, note }) => {
        const row = await selectRoleGrants(trx, reach)
          .where(isOneOf('id', [id]))
          .executeTakeFirst();
        if (row === undefined) return undefined;
        const before = toRoleGrant(row);
        check?.(before);
        await trx.deleteFrom('role_grants').where('id', '=', id).execute();
        const { organizationId } = before;
        note({ action: 'REVOKED', target: 'ROLE_GRANT', targetId: id, organizationId, before });
        return true;
      }),
  };
}

function checkWords(field: 'issuer' | 'subject', value: string): void {
  const problem =
    value === ''
      ? `The ${field} is empty: give it as the tokens have it.`
      : value.length > MAX_CHARACTERS
        ? `The ${field} has ${value.length} characters: at most ${MAX_CHARACTERS} are possible.`
        : CONTROL_CHARACTER.test(value)
          ? `The ${field} has control characters: give it as the tokens have it.`
          : undefined;
  if (problem !== undefined) throw new SluiceError('BAD_USER_INPUT', problem, { inputPath: ['input', field] });
}
