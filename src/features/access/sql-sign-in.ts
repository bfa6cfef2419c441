// What signing in asks: keys by the public start of a secret, and where the user of a token belongs.

import { type Kysely, type SqlBool, sql } from 'kysely';
import type { KeyGrant, RoleGrantRecord, Tenancy, TenancyQuery } from '../../core/access.ts';
import type { SignInReader } from './access-store.ts';
import { foldName } from './record-name.ts';
import type { RepositoryParts } from './sql-change.ts';
import {
  API_KEY_COLUMNS,
  goodSecrets,
  ORGANIZATION_COLUMNS,
  PROJECT_COLUMNS,
  partOfRow,
  SECRET_COLUMNS,
  selectRoleGrants,
  toApiKey,
  toOrganization,
  toProject,
  toRoleGrant,
  toSecret,
} from './sql-rows.ts';
import {
  type AccessTables,
  type ApiKeySecretTable,
  type ApiKeyTable,
  isOneOf,
  type OrganizationTable,
  type ProjectTable,
  text,
  time,
} from './sql-tables.ts';

export function createSqlSignIn({ database, clock }: Omit<RepositoryParts, 'change'>): SignInReader {
  return {
    findGrants: (prefixes) =>
      prefixes.length === 0 ? Promise.resolve(new Map()) : database.read((db) => findGrants(db, prefixes, clock.now())),

    findTenancies: (queries) =>
      queries.length === 0 ? Promise.resolve([]) : database.read((db) => findTenancies(db, queries)),

    rehash: (secretId, from, to) =>
      database.write((db) =>
        db
          .updateTable('api_key_secrets')
          .set({ digest: to.digest, pepper_id: to.pepperId })
          .where('id', '=', secretId)
          .where('digest', '=', from)
          .execute(),
      ),

    async markUsed(lastUsedAtMs) {
      if (lastUsedAtMs.size === 0) return;
      const ids = [...lastUsedAtMs.keys()];
      const times = [...lastUsedAtMs.values()].map((ms) => new Date(ms));
      await database.write((db) =>
        // Locked in one order, whichever node does it.
        sql`with given as (
          select given.id, given.at from unnest(${ids}::text[], ${times}::timestamptz[]) as given (id, at)
        ), locked as (
          select secret.id, secret.key_id, given.at from api_key_secrets secret join given on given.id = secret.id
          where secret.last_used_at is null or secret.last_used_at < given.at
          order by secret.id for no key update of secret
        ), marked as (
          update api_key_secrets secret set last_used_at = locked.at from locked where secret.id = locked.id
          returning locked.key_id, locked.at
        ), newest as (
          select key_id, max(at) as at from marked group by key_id
        )
        update api_keys key set last_used_at = newest.at from newest
        where key.id = newest.key_id and (key.last_used_at is null or key.last_used_at < newest.at)`.execute(db),
      );
    },

    countByPepper: () =>
      database.read(async (db) => {
        const now = time(clock.now());
        const rows = await db
          .selectFrom('api_key_secrets as secret')
          .innerJoin('api_keys as key', 'key.id', 'secret.key_id')
          .where('key.revoked_at', 'is', null)
          // Disabled ones count: they may be enabled again.
          .where(sql<boolean>`coalesce(secret.expires_at > ${now}, true) and coalesce(key.expires_at > ${now}, true)`)
          .select(['secret.pepper_id', ({ fn }) => fn.countAll<bigint>().as('count')])
          .groupBy('secret.pepper_id')
          .execute();
        return new Map(rows.map((row) => [row.pepper_id, Number(row.count)]));
      }),
  };
}

const SECRET = partOfRow<ApiKeySecretTable>()('presented', SECRET_COLUMNS);
const KEY = partOfRow<ApiKeyTable>()('key', API_KEY_COLUMNS);
const PROJECT = partOfRow<ProjectTable>()('project', PROJECT_COLUMNS);
const ORGANIZATION = partOfRow<OrganizationTable>()('organization', ORGANIZATION_COLUMNS);

type GrantRow = typeof SECRET.row & typeof KEY.row & PlaceRow & Pick<Parameters<typeof toApiKey>[0], 'secrets'>;
type PlaceRow = typeof PROJECT.row & typeof ORGANIZATION.row;

async function findGrants(
  db: Kysely<AccessTables>,
  prefixes: readonly string[],
  nowMs: number,
): Promise<ReadonlyMap<string, KeyGrant>> {
  const { rows } = await sql<GrantRow>`
    select ${SECRET.select}, ${KEY.select}, ${PROJECT.select}, ${ORGANIZATION.select},
      ${goodSecrets(db, 'key.id', nowMs)} as secrets
    from api_key_secrets presented
    join api_keys key on key.id = presented.key_id
    join projects project on project.id = key.project_id
    join organizations organization on organization.id = key.organization_id
    where ${isOneOf('presented.prefix', prefixes)}
  `.execute(db);
  return new Map(
    rows.map((row) => [
      row.presented_prefix,
      {
        secret: toSecret(SECRET.from(row)),
        digest: row.presented_digest,
        key: toApiKey({ ...KEY.from(row), secrets: row.secrets }),
        project: toProject(PROJECT.from(row)),
        organization: toOrganization(ORGANIZATION.from(row)),
      },
    ]),
  );
}

/** Two statements, however many queries. */
async function findTenancies(
  db: Kysely<AccessTables>,
  queries: readonly TenancyQuery[],
): Promise<readonly (Tenancy | undefined)[]> {
  const places = await findPlaces(db, queries);
  const grants = await findRoleGrants(db, queries, places);
  return queries.map(({ issuer, subject }, index) => {
    const place = places[index];
    return (
      place && {
        ...place,
        grants: grants.filter(
          (grant) =>
            grant.organizationId === place.organization.id &&
            (grant.projectId ?? place.project.id) === place.project.id &&
            grant.issuer === issuer &&
            grant.subject === subject,
        ),
      }
    );
  });
}

type Place = Pick<Tenancy, 'organization' | 'project'>;

async function findPlaces(
  db: Kysely<AccessTables>,
  queries: readonly TenancyQuery[],
): Promise<readonly (Place | undefined)[]> {
  const organizations = queries.map(({ organization }) => text(organization));
  const projects = queries.map(({ project }) => (project === undefined ? null : text(project)));
  const { rows } = await sql<PlaceRow & { readonly position: bigint }>`
    select query.position, ${ORGANIZATION.select}, ${PROJECT.select}
    from unnest(
      ${organizations}::text[], ${organizations.map(foldName)}::text[],
      ${projects}::text[], ${projects.map((project) => project && foldName(project))}::text[]
    ) with ordinality as query (organization, organization_name, project, project_name, position)
    join lateral (
      select * from organizations
      where id = query.organization or folded_name = query.organization_name
      order by id = query.organization desc limit 1
    ) organization on true
    join lateral (
      select *, count(*) over () as candidates from projects
      where organization_id = organization.id and case
        when query.project is null then disabled_at is null
        else id = query.project or folded_name = query.project_name
      end
      order by id is not distinct from query.project desc limit 1
    ) project on query.project is not null or project.candidates = 1
  `.execute(db);
  const byPosition = new Map(rows.map((row) => [Number(row.position), row]));
  return queries.map((_, index) => {
    const row = byPosition.get(index + 1);
    return row && { organization: toOrganization(ORGANIZATION.from(row)), project: toProject(PROJECT.from(row)) };
  });
}

async function findRoleGrants(
  db: Kysely<AccessTables>,
  queries: readonly TenancyQuery[],
  places: readonly (Place | undefined)[],
): Promise<readonly RoleGrantRecord[]> {
  const wanted = queries.flatMap(({ issuer, subject }, index) => {
    const organizationId = places[index]?.organization.id;
    return organizationId === undefined ? [] : [{ issuer: text(issuer), subject: text(subject), organizationId }];
  });
  if (wanted.length === 0) return [];
  const rows = await selectRoleGrants(db, 'ALL')
    .where(
      sql<SqlBool>`(issuer, subject, organization_id) in (select * from unnest(
        ${wanted.map(({ issuer }) => issuer)}::text[],
        ${wanted.map(({ subject }) => subject)}::text[],
        ${wanted.map(({ organizationId }) => organizationId)}::text[]
      ))`,
    )
    .orderBy('id')
    .execute();
  return rows.map(toRoleGrant);
}
