// Records that fields of an operation point to, each read once, and all that are asked for in one step in one statement:
// how many statements an operation takes does not grow with the length of its lists.

import DataLoader from 'dataloader';
import type { ApiKeyRecord, AuditEntry, OrganizationRecord, ProjectRecord, RoleGrantRecord } from '../core/access.ts';
import type { GraphQLContext } from './context.ts';
import type { ResolverServices } from './resolver-services.ts';

type Loader<Item> = DataLoader<string, Item | undefined>;

/** All by the ids of records, within the reach of the operation's caller. */
export interface Loaders {
  readonly organization: Loader<OrganizationRecord>;
  readonly project: Loader<ProjectRecord>;
  readonly apiKey: Loader<ApiKeyRecord>;
  readonly roleGrant: Loader<RoleGrantRecord>;
  readonly auditEntry: Loader<AuditEntry>;
  readonly organizationCounts: Loader<{ readonly projects: number; readonly apiKeys: number }>;
  readonly projectCounts: Loader<{ readonly apiKeys: number }>;
}

export interface OperationLoaders {
  of(context: GraphQLContext): Loaders;
  /** After a change: what was read before it is not so any more. */
  forget(context: GraphQLContext): void;
}

export function createOperationLoaders(services: ResolverServices): OperationLoaders {
  const byOperation = new WeakMap<GraphQLContext, Loaders>();

  function create({ caller }: GraphQLContext): Loaders {
    const { reading } = services.access;
    return {
      organization: loaderOf((ids) => reading.findOrganizations(ids, caller)),
      project: loaderOf((ids) => reading.findProjects(ids, caller)),
      apiKey: loaderOf((ids) => reading.findApiKeys(ids, caller)),
      roleGrant: loaderOf((ids) => reading.findRoleGrants(ids, caller)),
      auditEntry: loaderOf((ids) => reading.findAuditEntries(ids, caller)),
      organizationCounts: loaderOf((ids) => reading.countInOrganizations(ids, caller)),
      projectCounts: loaderOf((ids) => reading.countInProjects(ids, caller)),
    };
  }

  return {
    of(context) {
      const known = byOperation.get(context);
      if (known !== undefined) return known;
      const created = create(context);
      byOperation.set(context, created);
      return created;
    },
    forget: (context) => void byOperation.delete(context),
  };
}

const loaderOf = <Item>(find: (ids: readonly string[]) => Promise<ReadonlyMap<string, Item>>): Loader<Item> =>
  new DataLoader(async (ids) => {
    const found = await find(ids);
    return ids.map((id) => found.get(id));
  });
