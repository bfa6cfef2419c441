// The one way records change: a transaction that first locks the number of the last change, so that changes end in the
// order of their numbers, and brings the entry for the audit log and the mark for other nodes with it, or nothing at all.

import type { Transaction } from 'kysely';
import type { Actor, AuditAction, AuditTarget } from '../../core/access.ts';
import type { Clock } from '../../core/clock.ts';
import { newAuditId, newRecordId, newSecretId } from '../../core/ids.ts';
import { auditJson } from './audit-json.ts';
import type { AccessDatabase } from './sql-access-database.ts';
import { type AccessTables, text, time } from './sql-tables.ts';

/** `subject` of the mark that a switch was set. No id of an organization is like it. */
export const SWITCHES = '*switches';

export interface ChangeNote {
  readonly action: AuditAction;
  readonly target: AuditTarget;
  readonly targetId: string;
  /** undefined: the server as a whole. */
  readonly organizationId: string | undefined;
  readonly before?: object | undefined;
  readonly after?: object | undefined;
}

export interface Change {
  readonly trx: Transaction<AccessTables>;
  /** Its number, for the rows it touches. */
  readonly version: number;
  readonly nowMs: number;
  readonly by: Actor;
  /** Later ids sort behind earlier ones, whichever node made them. */
  newId(kind: Parameters<typeof newRecordId>[0] | 'SECRET'): string;
  /** What was changed. A change that notes nothing has changed nothing. */
  note(note: ChangeNote): void;
}

export type MakeChange = <Result>(by: Actor, make: (change: Change) => Promise<Result>) => Promise<Result>;

/** What every repository is made of. */
export interface RepositoryParts {
  readonly database: AccessDatabase;
  readonly change: MakeChange;
  readonly clock: Clock;
}

/** Rows of one statement. */
const INSERT_ROWS = 500;

export function createMakeChange({
  database,
  clock,
}: {
  readonly database: AccessDatabase;
  readonly clock: Clock;
}): MakeChange {
  return (by, make) =>
    database.change(async (trx) => {
      const last = await trx
        .selectFrom('access_version')
        .select(['version', 'id_time_ms'])
        .forUpdate()
        .executeTakeFirstOrThrow();
      const version = Number(last.version) + 1;
      const nowMs = clock.now();
      let idTimeMs = Math.max(Number(last.id_time_ms), nowMs - 1);
      const nextTime = (): number => ++idTimeMs;
      const notes: ChangeNote[] = [];
      const result = await make({
        trx,
        version,
        nowMs,
        by,
        newId: (kind) => (kind === 'SECRET' ? newSecretId(nextTime()) : newRecordId(kind, nextTime())),
        note: (note) => {
          notes.push(note);
        },
      });
      if (notes.length === 0) return result;
      for (let start = 0; start < notes.length; start += INSERT_ROWS) {
        const rows = notes
          .slice(start, start + INSERT_ROWS)
          .map((note) => ({ id: newAuditId(nextTime()), ...auditRow(note, by, nowMs) }));
        await trx.insertInto('audit_log').values(rows).execute();
      }
      const subjects = new Set(notes.map(({ organizationId }) => organizationId ?? SWITCHES));
      await trx
        .insertInto('access_changes')
        .values([...subjects].map((subject) => ({ subject, version })))
        .onConflict((conflict) => conflict.column('subject').doUpdateSet({ version }))
        .execute();
      await trx.updateTable('access_version').set({ version, id_time_ms: idTimeMs }).execute();
      return result;
    });
}

export function auditRow(note: ChangeNote, by: Actor, nowMs: number) {
  const { action, target, targetId, organizationId, before, after } = note;
  return {
    at: time(nowMs),
    organization_id: organizationId ?? null,
    actor_principal_id: text(by.principalId),
    actor_organization_id: by.organizationId,
    request_id: by.requestId ?? null,
    action,
    target,
    target_id: targetId,
    before: before === undefined ? null : JSON.stringify(auditJson(before)),
    after: after === undefined ? null : JSON.stringify(auditJson(after)),
  };
}
