// The store of access as the node's own changes go through it: each that is made is told to all nodes, and this one goes
// by it when the change answers.

import type { AccessStore } from './access-store.ts';

/** `changed`: ChangeFeed's. */
export function announcingStore(store: AccessStore, changed: () => Promise<void>): AccessStore {
  /** What gives undefined has changed nothing. */
  const told =
    <Arguments extends readonly unknown[], Result>(change: (...values: Arguments) => Promise<Result>) =>
    async (...values: Arguments): Promise<Result> => {
      const result = await change(...values);
      if (result !== undefined) await changed();
      return result;
    };
  const { organizations, projects, apiKeys, roleGrants, limits, budgets, switches } = store;
  return {
    ...store,
    organizations: {
      ...organizations,
      create: told(organizations.create),
      update: told(organizations.update),
      delete: told(organizations.delete),
    },
    projects: {
      ...projects,
      create: told(projects.create),
      update: told(projects.update),
      delete: told(projects.delete),
    },
    apiKeys: {
      ...apiKeys,
      create: told(apiKeys.create),
      update: told(apiKeys.update),
      rotate: told(apiKeys.rotate),
      revoke: told(apiKeys.revoke),
      delete: told(apiKeys.delete),
    },
    roleGrants: { ...roleGrants, grant: told(roleGrants.grant), revoke: told(roleGrants.revoke) },
    limits: { ...limits, set: told(limits.set), delete: told(limits.delete) },
    budgets: { ...budgets, set: told(budgets.set), delete: told(budgets.delete) },
    switches: { ...switches, set: told(switches.set) },
  };
}
