// Ids of records as clients see them. Organizations and projects may both be called `default`, so theirs say which they
// are; the others do by themselves.

import type { AuditEntry } from '../../core/access.ts';
import { SluiceError } from '../../core/errors.ts';
import { MODEL_ID_PREFIX } from '../models/model.mapper.ts';

const ORGANIZATION_ID_PREFIX = 'organization:';
const PROJECT_ID_PREFIX = 'project:';

export const organizationIdOf = (recordId: string): string => ORGANIZATION_ID_PREFIX + recordId;
export const projectIdOf = (recordId: string): string => PROJECT_ID_PREFIX + recordId;

/** The record's own id; undefined: it is the id of something else. */
const read = (id: string, prefix: string): string | undefined =>
  id.startsWith(prefix) && id.length > prefix.length && id.length <= 100 ? id.slice(prefix.length) : undefined;
export const readOrganizationId = (id: string): string | undefined => read(id, ORGANIZATION_ID_PREFIX);
export const readProjectId = (id: string): string | undefined => read(id, PROJECT_ID_PREFIX);

/** Nothing has an id of the wrong kind: the answer is as for any other that does not exist. */
function required(recordId: string | undefined, path: readonly string[]): string {
  if (recordId === undefined) throw new SluiceError('NOT_FOUND', undefined, { inputPath: path });
  return recordId;
}
export const requireOrganizationId = (id: string, path: readonly string[] = ['input', 'id']): string =>
  required(readOrganizationId(id), path);
export const requireProjectId = (id: string, path: readonly string[] = ['input', 'id']): string =>
  required(readProjectId(id), path);
/** Of keys, grants and entries: sent on to the database, which knows none that is longer. */
export const requireRecordId = (id: string, path: readonly string[] = ['input', 'id']): string =>
  required(id.length <= 100 && /^[a-z0-9_]+$/.test(id) ? id : undefined, path);

/** In a filter there is no such thing to be found; saying so helps more than an empty list. */
export function readFilterId(
  id: string | null | undefined,
  kind: 'organization' | 'project',
  path: readonly string[],
): string | undefined {
  if (id === null || id === undefined) return undefined;
  const recordId = kind === 'organization' ? readOrganizationId(id) : readProjectId(id);
  if (recordId !== undefined) return recordId;
  throw new SluiceError('BAD_USER_INPUT', `This is no id of ${kind === 'project' ? 'a' : 'an'} ${kind}.`, {
    inputPath: path,
  });
}

/** Of what an entry of the log is about, as `node(id)` takes it where it finds such things. */
export function targetIdOf({ target, targetId }: Pick<AuditEntry, 'target' | 'targetId'>): string {
  switch (target) {
    case 'ORGANIZATION':
      return organizationIdOf(targetId);
    case 'PROJECT':
      return projectIdOf(targetId);
    case 'MODEL':
      return MODEL_ID_PREFIX + targetId;
    default:
      return targetId;
  }
}

/** The reverse, as far as the id alone can tell. */
export const readTargetId = (id: string): string =>
  readOrganizationId(id) ??
  readProjectId(id) ??
  (id.startsWith(MODEL_ID_PREFIX) ? id.slice(MODEL_ID_PREFIX.length) : id);
