// Reading records: pages of them, and single ones by their ids. What lies beyond the caller's reach is as if it did not
// exist.

import type {
  ApiKeyRecord,
  AuditEntry,
  OrganizationRecord,
  Page,
  PageRequest,
  ProjectRecord,
  RoleGrantRecord,
} from '../../core/access.ts';
import { type Caller, hasRole } from '../../core/caller.ts';
import type {
  AccessStore,
  ApiKeyFilter,
  AuditFilter,
  OrganizationFilter,
  ProjectFilter,
  Reach,
  RoleGrantFilter,
} from './access-store.ts';
import { badInput } from './admin-input.ts';
import { type AdminRequest, admit, isAdmin, reachOf } from './admin-request.ts';

type Asking = Pick<AdminRequest, 'caller' | 'requestId'>;
type Records<Item> = Promise<ReadonlyMap<string, Item>>;
type Lister<Item, Filter> = (filter: Filter, page: PageRequest, asking: Asking) => Promise<Page<Item>>;

export interface AccessReading {
  /** @throws SluiceError FORBIDDEN, INSUFFICIENT_SCOPE, as all lists. */
  readonly listOrganizations: Lister<OrganizationRecord, OrganizationFilter>;
  readonly listProjects: Lister<ProjectRecord, ProjectFilter>;
  readonly listApiKeys: Lister<ApiKeyRecord, ApiKeyFilter>;
  readonly listRoleGrants: Lister<RoleGrantRecord, RoleGrantFilter>;
  readonly listAuditLog: Lister<AuditEntry, AuditFilter>;
  /** Everybody finds their own, those who administer all within their reach. */
  findOrganizations(ids: readonly string[], caller: Caller): Records<OrganizationRecord>;
  findProjects(ids: readonly string[], caller: Caller): Records<ProjectRecord>;
  /** Nothing for those who do not administer; so the others below. */
  findApiKeys(ids: readonly string[], caller: Caller): Records<ApiKeyRecord>;
  findRoleGrants(ids: readonly string[], caller: Caller): Records<RoleGrantRecord>;
  findAuditEntries(ids: readonly string[], caller: Caller): Records<AuditEntry>;
  /** Of organizations and projects that were found. */
  countInOrganizations(ids: readonly string[], caller: Caller): ReturnType<AccessStore['organizations']['counts']>;
  countInProjects(ids: readonly string[], caller: Caller): ReturnType<AccessStore['projects']['counts']>;
}

const MOST_CHARACTERS = 256;

/** `isPresent`: whether there may be any records. Lists ask the store in any case; looking at oneself makes no database. */
export function createAccessReading(store: AccessStore, isPresent: () => boolean): AccessReading {
  const lister =
    <Item, Filter extends object>(list: (filter: Filter, page: PageRequest, reach: Reach) => Promise<Page<Item>>) =>
    async (filter: Filter, page: PageRequest, asking: Asking): Promise<Page<Item>> => {
      const { reach } = admit(asking);
      for (const [name, value] of Object.entries(filter)) requireSoundFilter(name, value);
      return list(filter, page, reach);
    };
  const finder =
    <Item>(find: (ids: readonly string[], reach: Reach) => Records<Item>) =>
    async (ids: readonly string[], caller: Caller): Records<Item> =>
      isAdmin(caller) && isPresent() ? find(ids, reachOf(caller)) : new Map();
  const { organizations, projects, apiKeys, roleGrants, auditLog } = store;

  return {
    listOrganizations: lister(organizations.list),
    listProjects: lister(projects.list),
    listApiKeys: lister(apiKeys.list),
    listRoleGrants: lister(roleGrants.list),
    listAuditLog: lister(auditLog.list),
    async findOrganizations(ids, caller) {
      const own = isAdmin(caller) ? ids : ids.filter((id) => id === caller.organizationId);
      return own.length > 0 && isPresent() ? organizations.find(own, reachIn(caller)) : new Map();
    },
    async findProjects(ids, caller) {
      const own = isAdmin(caller) ? ids : ids.filter((id) => id === caller.projectId);
      return own.length > 0 && isPresent() ? projects.find(own, reachIn(caller)) : new Map();
    },
    findApiKeys: finder(apiKeys.find),
    findRoleGrants: finder(roleGrants.find),
    findAuditEntries: finder(auditLog.find),
    async countInOrganizations(ids, caller) {
      // The log names those of OPERATORs as well: how much there is in them is nobody else's to know.
      const own = hasRole(caller, 'OPERATOR') ? ids : ids.filter((id) => id === caller.organizationId);
      return own.length > 0 && isAdmin(caller) && isPresent() ? organizations.counts(own) : new Map();
    },
    countInProjects: async (ids, caller) => (isAdmin(caller) && isPresent() ? projects.counts(ids) : new Map()),
  };
}

/** An OPERATOR whose credential is not for administration sees their own as everybody does. */
const reachIn = (caller: Caller): Reach =>
  isAdmin(caller) && hasRole(caller, 'OPERATOR') ? 'ALL' : { organizationId: caller.organizationId };

function requireSoundFilter(name: string, value: unknown): void {
  if (typeof value !== 'string') return;
  if (value !== '' && value.length <= MOST_CHARACTERS && value.isWellFormed() && !value.includes('\0')) return;
  throw badInput(`What is looked for has 1 to ${MOST_CHARACTERS} characters.`, ['filter', name]);
}
