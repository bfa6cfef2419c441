// The admin API's use cases, put together. Each asks first who asks and how far they reach, then what was given; only then
// it changes anything. Nothing here knows GraphQL.

import { type AccessReading, createAccessReading } from './access-reading.ts';
import type { AccessStore } from './access-store.ts';
import { type ApiKeysAdmin, type ApiKeysAdminOptions, createApiKeysAdmin } from './api-keys-admin.ts';
import { createDeletionAdmin, type DeletionAdmin } from './deletion-admin.ts';
import { createOrganizationsAdmin, type OrganizationsAdmin } from './organizations-admin.ts';
import { createProjectsAdmin, type ProjectsAdmin } from './projects-admin.ts';
import { createRoleGrantsAdmin, type RoleGrantsAdmin } from './role-grants-admin.ts';
import { createSwitchesAdmin, type SwitchesAdmin } from './switches-admin.ts';

export interface AccessAdmin {
  readonly reading: AccessReading;
  readonly organizations: OrganizationsAdmin;
  readonly projects: ProjectsAdmin;
  readonly apiKeys: ApiKeysAdmin;
  readonly roleGrants: RoleGrantsAdmin;
  readonly switches: SwitchesAdmin;
  readonly deletion: DeletionAdmin;
  /** Milliseconds since the epoch: by which keys have expired. */
  now(): number;
}

export interface AccessAdminOptions extends Omit<ApiKeysAdminOptions, 'store'> {
  /** Tells the nodes of each change, and answers when this one goes by it. */
  readonly store: AccessStore;
  /** Whether there may be any records: nobody's looking at themselves makes a database. */
  readonly isPresent: () => boolean;
}

export function createAccessAdmin({ store, isPresent, mintKey, clock }: AccessAdminOptions): AccessAdmin {
  return {
    reading: createAccessReading(store, isPresent),
    organizations: createOrganizationsAdmin(store),
    projects: createProjectsAdmin(store),
    apiKeys: createApiKeysAdmin({ store, mintKey, clock }),
    roleGrants: createRoleGrantsAdmin(store),
    switches: createSwitchesAdmin(store),
    deletion: createDeletionAdmin(store),
    now: clock.now,
  };
}
