// The port to what is kept about keys and tenancies, as far as signing in needs it. Implemented by the access store.

import type { KeyGrant, Tenancy, TenancyQuery } from '../../core/access.ts';

/** All @throws when the database does not answer. */
export interface SignInRecords {
  findGrants(prefixes: readonly string[]): Promise<ReadonlyMap<string, KeyGrant>>;
  /** In the order of the queries. */
  findTenancies(queries: readonly TenancyQuery[]): Promise<readonly (Tenancy | undefined)[]>;
  /** No change where the digest is not `from` any more. */
  rehash(secretId: string, from: string, to: { readonly digest: string; readonly pepperId: string }): Promise<void>;
  /** Milliseconds since the epoch, by the ids of secrets. */
  markUsed(lastUsedAtMs: ReadonlyMap<string, number>): Promise<void>;
  countByPepper(): Promise<ReadonlyMap<string, number>>;
}
