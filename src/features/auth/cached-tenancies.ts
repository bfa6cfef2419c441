// Where users of tokens belong, and the roles given to them: copies of what the database knows.

import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_ORGANIZATION_ID, DEFAULT_PROJECT_ID, type Tenancy, type TenancyQuery } from '../../core/access.ts';
import type { Clock } from '../../core/clock.ts';
import { createRecordCache } from './record-cache.ts';
import type { SignInRecords } from './sign-in-records.ts';
import type { Tenancies } from './tenancies.ts';

export interface CachedTenanciesOptions {
  /** undefined: there is no database yet. */
  readonly records: () => SignInRecords | undefined;
  readonly clock: Clock;
  readonly size: () => number;
  readonly lifetimeMs: () => number;
  readonly onAvailability: (isAvailable: boolean, error?: unknown) => void;
}

export interface CachedTenancies extends Tenancies {
  /** See RecordCache. */
  refresh(organizationIds: readonly string[] | undefined): Promise<void>;
  confirm(): void;
}

/** What is there before there is a database. */
const ONLY: Tenancy = {
  organization: {
    id: DEFAULT_ORGANIZATION_ID,
    name: DEFAULT_ORGANIZATION_ID,
    allowedModels: undefined,
    disabledAtMs: undefined,
    createdAtMs: 0,
  },
  project: {
    id: DEFAULT_PROJECT_ID,
    organizationId: DEFAULT_ORGANIZATION_ID,
    name: DEFAULT_PROJECT_ID,
    allowedModels: undefined,
    disabledAtMs: undefined,
    createdAtMs: 0,
  },
  grants: [],
};

export function createCachedTenancies(options: CachedTenanciesOptions): CachedTenancies {
  const { records, ...rest } = options;
  const cache = createRecordCache<TenancyQuery, Tenancy, Tenancy>({
    ...rest,
    keyOf: ({ organization, project, issuer, subject }) =>
      JSON.stringify([organization, project ?? null, issuer, subject]),
    read: async (queries) => (await records()?.findTenancies(queries)) ?? queries.map(() => undefined),
    copyOf: (tenancy, before) => (isDeepStrictEqual(tenancy, before) && before ? before : tenancy),
    organizationOf: ({ organization }) => organization.id,
  });
  return {
    find(query) {
      if (records() !== undefined) return cache.find(query);
      const isIt =
        query.organization === DEFAULT_ORGANIZATION_ID && (query.project ?? DEFAULT_PROJECT_ID) === DEFAULT_PROJECT_ID;
      return isIt ? ONLY : undefined;
    },
    refresh: cache.refresh,
    confirm: cache.confirm,
  };
}
