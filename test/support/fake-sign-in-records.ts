// What signing in asks of the database, in memory: counts its statements, and goes away when told.

import type { KeyGrant, Tenancy } from '../../src/core/access.ts';
import type { SignInRecords } from '../../src/features/auth/sign-in-records.ts';

export interface FakeSignInRecords extends SignInRecords {
  readonly grants: Map<string, KeyGrant>;
  /** By the organization of the query. */
  readonly tenancies: Map<string, Tenancy>;
  /** The prefixes (organizations) of each statement. */
  readonly statements: (readonly string[])[];
  readonly used: Map<string, number>;
  isAway: boolean;
  /** Holds statements back until called; undefined: they answer at once. */
  hold(): () => void;
}

export function createFakeSignInRecords(): FakeSignInRecords {
  const grants = new Map<string, KeyGrant>();
  const tenancies = new Map<string, Tenancy>();
  const statements: (readonly string[])[] = [];
  const used = new Map<string, number>();
  let held: Promise<void> | undefined;

  /** Reads at once, answers when it may: like a statement whose answer is still under way. */
  async function answer<Value>(read: () => Value): Promise<Value> {
    if (records.isAway) throw new Error('the database is away');
    const value = read();
    await held;
    return value;
  }

  const records: FakeSignInRecords = {
    grants,
    tenancies,
    statements,
    used,
    isAway: false,
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return () => {
        held = undefined;
        resolve();
      };
    },
    findGrants(prefixes) {
      statements.push(prefixes);
      return answer(() => new Map([...grants].filter(([prefix]) => prefixes.includes(prefix))));
    },
    findTenancies(queries) {
      statements.push(queries.map(({ organization }) => organization));
      return answer(() => queries.map(({ organization }) => tenancies.get(organization)));
    },
    rehash: (secretId, from, to) =>
      answer(() => {
        for (const [prefix, grant] of grants) {
          if (grant.secret.id !== secretId || grant.digest !== from) continue;
          const secret = { ...grant.secret, pepperId: to.pepperId };
          grants.set(prefix, { ...grant, secret, digest: to.digest });
        }
      }),
    markUsed: (times) =>
      answer(() => {
        for (const [id, atMs] of times) used.set(id, atMs);
      }),
    countByPepper: () =>
      answer(() => {
        const counts = new Map<string, number>();
        for (const { secret } of grants.values()) counts.set(secret.pepperId, (counts.get(secret.pepperId) ?? 0) + 1);
        return counts;
      }),
  };
  return records;
}

let made = 0;

/** A grant as it is when a key was just made. */
export function grantOf(
  secret: { readonly prefix: string; readonly digest: string; readonly pepperId: string },
  changes: {
    readonly key?: Partial<KeyGrant['key']>;
    readonly organization?: Partial<KeyGrant['organization']>;
    readonly project?: Partial<KeyGrant['project']>;
    readonly secret?: Partial<KeyGrant['secret']>;
  } = {},
): KeyGrant {
  made++;
  const organization = {
    id: 'org_1',
    name: 'one',
    allowedModels: undefined,
    disabledAtMs: undefined,
    createdAtMs: 0,
    ...changes.organization,
  };
  const { prefix, digest, pepperId } = secret;
  const ofSecret = {
    id: `sec_${made}`,
    prefix,
    pepperId,
    createdAtMs: 0,
    expiresAtMs: undefined,
    lastUsedAtMs: undefined,
    ...changes.secret,
  };
  return {
    secret: ofSecret,
    digest,
    organization,
    project: {
      id: 'prj_1',
      organizationId: organization.id,
      name: 'one',
      allowedModels: undefined,
      disabledAtMs: undefined,
      createdAtMs: 0,
      ...changes.project,
    },
    key: {
      id: `key_${made}`,
      organizationId: organization.id,
      projectId: 'prj_1',
      name: `key ${made}`,
      roles: ['MEMBER'],
      scopes: ['generate'],
      allowedModels: undefined,
      allowedOrigins: undefined,
      allowedCidrs: undefined,
      documentMode: undefined,
      mayActForEndUsers: false,
      expiresAtMs: undefined,
      createdAtMs: 0,
      createdBy: 'key:admin',
      disabledAtMs: undefined,
      revokedAtMs: undefined,
      lastUsedAtMs: undefined,
      secrets: [ofSecret],
      ...changes.key,
    },
  };
}
