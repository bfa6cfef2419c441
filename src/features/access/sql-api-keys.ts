// API keys in SQL.

import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { ApiKeyRecord } from '../../core/access.ts';
import { SluiceError } from '../../core/errors.ts';
import { newAuditId } from '../../core/ids.ts';
import type { ApiKeyRepository, ApiKeyState, NewSecret, Reach } from './access-store.ts';
import { checkName, foldName } from './record-name.ts';
import { auditRow, type Change, type RepositoryParts } from './sql-change.ts';
import { noteDependents, readDependents } from './sql-dependents.ts';
import { actionOf, disabledAtMs } from './sql-named-record.ts';
import { readPage } from './sql-page.ts';
import { selectApiKeys, selectProjects, toApiKey } from './sql-rows.ts';
import { type AccessTables, contains, isOneOf, optionalTime, text, time } from './sql-tables.ts';

/** At once, the newest among them: more are a rotation that runs wild. */
const MAX_SECRETS = 20;
/** How long a secret whose time is over is still told from one that never was. */
const REMEMBER_SECRETS_MS = 90 * 86_400_000;

export function createSqlApiKeys({ database, change, clock }: RepositoryParts): ApiKeyRepository {
  let noteTimeMs = 0;
  const select = (db: Kysely<AccessTables>, reach: Reach, nowMs = clock.now()) => selectApiKeys(db, reach, nowMs);

  async function findOne(db: Kysely<AccessTables>, id: string, reach: Reach, nowMs: number) {
    const row = await select(db, reach, nowMs)
      .where(isOneOf('id', [id]))
      .executeTakeFirst();
    return row && toApiKey(row);
  }

  /** Of the key as it then is. */
  async function finish(made: Change, before: ApiKeyRecord, action: 'ROTATED' | 'REVOKED'): Promise<ApiKeyRecord> {
    const after = await findOne(made.trx, before.id, 'ALL', made.nowMs);
    if (after === undefined) throw new Error('the key is gone within its own transaction');
    const { id: targetId, organizationId } = before;
    made.note({ action, target: 'API_KEY', targetId, organizationId, before, after });
    return after;
  }

  return {
    find: (ids, reach) =>
      database.read(async (db) => {
        const rows = await select(db, reach).where(isOneOf('id', ids)).execute();
        return new Map(rows.map((row) => [row.id, toApiKey(row)]));
      }),

    list: ({ organizationId, projectId, nameContains, states, unusedSinceMs }, page, reach) =>
      database.read((db) => {
        const nowMs = clock.now();
        let rows = select(db, reach, nowMs);
        if (organizationId !== undefined) rows = rows.where('organization_id', '=', text(organizationId));
        if (projectId !== undefined) rows = rows.where('project_id', '=', text(projectId));
        if (nameContains !== undefined) rows = rows.where(contains('folded_name', foldName(nameContains)));
        if (states !== undefined) rows = rows.where(isInState(states, nowMs));
        if (unusedSinceMs !== undefined) {
          rows = rows.where(sql<SqlBool>`(last_used_at is null or last_used_at < ${time(unusedSinceMs)})`);
        }
        return readPage({ db, rows, page, toItem: toApiKey });
      }),

    async create({ id: wantedId, projectId, ...settings }, secret, reach, by) {
      const name = checkName(settings.name, { reserved: false });
      return change(by, async (made) => {
        const { trx, version, nowMs, newId, note } = made;
        const project = await selectProjects(trx, reach)
          .where(isOneOf('id', [projectId]))
          .executeTakeFirst();
        if (project === undefined) return undefined;
        if (wantedId !== undefined && (await findOne(trx, wantedId, 'ALL', nowMs)) !== undefined) return undefined;
        const id = wantedId ?? newId('API_KEY');
        const { organization_id: organizationId } = project;
        await trx
          .insertInto('api_keys')
          .values({
            id,
            organization_id: organizationId,
            project_id: projectId,
            ...columnsOf({ ...settings, name, disabledAtMs: undefined }),
            created_at: time(nowMs),
            created_by: text(by.principalId),
            version,
          })
          .execute();
        await insertSecret(made, id, secret);
        const record = await findOne(trx, id, 'ALL', nowMs);
        note({ action: 'CREATED', target: 'API_KEY', targetId: id, organizationId, after: record });
        return record;
      });
    },

    update: (id, { disabled, name, ...settings }, reach, by, check) =>
      change(by, async ({ trx, version, nowMs, note }) => {
        const before = await findOne(trx, id, reach, nowMs);
        if (before === undefined) return undefined;
        check?.(before);
        const after: ApiKeyRecord = {
          ...before,
          ...settings,
          ...(name === undefined ? {} : { name: checkName(name, { reserved: false }) }),
          disabledAtMs: disabledAtMs(before, disabled, nowMs),
        };
        const action = actionOf(before, after);
        if (action === undefined) return before;
        refuseRevoked(before);
        await trx
          .updateTable('api_keys')
          .set({ ...columnsOf(after), version })
          .where('id', '=', id)
          .execute();
        note({ action, target: 'API_KEY', targetId: id, organizationId: before.organizationId, before, after });
        return after;
      }),

    rotate: (id, secret, overlapMs, reach, by, check) =>
      change(by, async (made) => {
        const { trx, version, nowMs } = made;
        const before = await findOne(trx, id, reach, nowMs);
        if (before === undefined) return undefined;
        check?.(before);
        refuseRevoked(before);
        // Without an overlap they all end here: a key that has leaked is never kept from it.
        if (overlapMs > 0 && before.secrets.length >= MAX_SECRETS) {
          throw new SluiceError(
            'CONFLICT',
            `The key has ${before.secrets.length} secrets that are still good, and cannot have more: wait until one of them has ended, or rotate it with an overlap of 0, which ends them all.`,
          );
        }
        const end = time(nowMs + overlapMs);
        await trx
          .updateTable('api_key_secrets')
          .set({ expires_at: end })
          .where('key_id', '=', id)
          .where(sql<SqlBool>`(expires_at is null or expires_at > ${end})`)
          .execute();
        await trx
          .deleteFrom('api_key_secrets')
          .where('key_id', '=', id)
          .where('expires_at', '<', time(nowMs - REMEMBER_SECRETS_MS))
          .execute();
        await insertSecret(made, id, secret);
        await trx.updateTable('api_keys').set({ version }).where('id', '=', id).execute();
        return finish(made, before, 'ROTATED');
      }),

    revoke: (id, reach, by, check) =>
      change(by, async (made) => {
        const { trx, version, nowMs } = made;
        const before = await findOne(trx, id, reach, nowMs);
        if (before === undefined) return undefined;
        check?.(before);
        if (before.revokedAtMs !== undefined) return before;
        await trx
          .updateTable('api_keys')
          .set({ revoked_at: time(nowMs), version })
          .where('id', '=', id)
          .execute();
        return finish(made, before, 'REVOKED');
      }),

    // Not by a change: no record changes, and this may come often.
    note: (id, action, details, by) =>
      database.write(async (db) => {
        const found = await db
          .selectFrom('access_version')
          .select((eb) => [
            'id_time_ms',
            eb
              .selectFrom('api_keys')
              .select('organization_id')
              .where(isOneOf('id', [id]))
              .as('organization_id'),
          ])
          .executeTakeFirstOrThrow();
        const nowMs = clock.now();
        // Behind what this node wrote before, and behind the changes before it.
        noteTimeMs = Math.max(nowMs, noteTimeMs + 1, Number(found.id_time_ms) + 1);
        const note = {
          action,
          target: 'API_KEY',
          targetId: id,
          // Keys of the configuration are no records: what is done with one is done in the organization of who does it.
          organizationId: found.organization_id ?? by.organizationId,
          after: details,
        } as const;
        await db
          .insertInto('audit_log')
          .values({ id: newAuditId(noteTimeMs), ...auditRow(note, by, nowMs) })
          .execute();
      }),

    dependents: (id, reach) =>
      database.read(async (db) =>
        (await findOne(db, id, reach, clock.now())) === undefined ? undefined : readDependents(db, { keyId: id }),
      ),

    delete: (id, fingerprint, reach, by, check, checkDependents) =>
      change(by, async (made) => {
        const before = await findOne(made.trx, id, reach, made.nowMs);
        if (before === undefined) return undefined;
        check?.(before);
        await noteDependents(made, { keyId: id }, fingerprint, checkDependents);
        await made.trx.deleteFrom('api_keys').where('id', '=', id).execute();
        const { organizationId } = before;
        made.note({ action: 'DELETED', target: 'API_KEY', targetId: id, organizationId, before });
        return true;
      }),
  };
}

async function insertSecret({ trx, nowMs, newId }: Change, keyId: string, secret: NewSecret): Promise<void> {
  await trx
    .insertInto('api_key_secrets')
    .values({
      id: newId('SECRET'),
      key_id: keyId,
      prefix: secret.prefix,
      digest: secret.digest,
      pepper_id: secret.pepperId,
      created_at: time(nowMs),
    })
    .execute();
}

function refuseRevoked({ revokedAtMs }: ApiKeyRecord): void {
  if (revokedAtMs === undefined) return;
  throw new SluiceError('CONFLICT', 'The key is revoked, and that is for good: make a new one.');
}

const columnsOf = (
  key: Pick<
    ApiKeyRecord,
    | 'name'
    | 'roles'
    | 'scopes'
    | 'allowedModels'
    | 'allowedOrigins'
    | 'allowedCidrs'
    | 'documentMode'
    | 'mayActForEndUsers'
    | 'expiresAtMs'
    | 'disabledAtMs'
  >,
) => ({
  name: key.name,
  folded_name: foldName(key.name),
  roles: key.roles,
  scopes: key.scopes,
  allowed_models: key.allowedModels ?? null,
  allowed_origins: key.allowedOrigins ?? null,
  allowed_cidrs: key.allowedCidrs ?? null,
  document_mode: key.documentMode ?? null,
  may_act_for_end_users: key.mayActForEndUsers,
  expires_at: optionalTime(key.expiresAtMs),
  disabled_at: optionalTime(key.disabledAtMs),
});

/** As api-key-state.ts tells them apart. */
function isInState(states: readonly ApiKeyState[], nowMs: number): RawBuilder<SqlBool> {
  return sql<SqlBool>`case
    when revoked_at is not null then 'REVOKED'
    when expires_at <= ${time(nowMs)} then 'EXPIRED'
    when disabled_at is not null then 'DISABLED'
    else 'ACTIVE'
  end = any(${[...states]}::text[])`;
}
