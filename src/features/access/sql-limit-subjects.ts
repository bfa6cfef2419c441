// Whether whom a limit or budget is for exists, within reach and in its organization.

import type { Kysely } from 'kysely';
import type { LimitRecord } from '../../core/access.ts';
import type { Reach } from './access-store.ts';
import { selectOrganizations, selectProjects } from './sql-rows.ts';
import { type AccessTables, isOneOf, text, within } from './sql-tables.ts';

export async function subjectExists(
  db: Kysely<AccessTables>,
  { organizationId, scope, subjectId }: Pick<LimitRecord, 'organizationId' | 'scope' | 'subjectId'>,
  reach: Reach,
): Promise<boolean> {
  const organization = selectOrganizations(db, reach).where(isOneOf('id', [organizationId]));
  if ((await organization.executeTakeFirst()) === undefined) return false;
  if (subjectId === undefined || scope === 'ORGANIZATION' || scope === 'USER') return true;
  const subjects =
    scope === 'PROJECT'
      ? selectProjects(db, { organizationId }).where(isOneOf('id', [subjectId]))
      : db.selectFrom('api_keys').select('id').where(within({ organizationId })).where('id', '=', text(subjectId));
  return (await subjects.executeTakeFirst()) !== undefined;
}
