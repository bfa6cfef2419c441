// The port to what is kept about access: records of organizations, projects, keys, roles, limits and switches. Every
// change is one transaction with its entry in the audit log and its mark for the nodes that hold copies.
// Implemented on SQL (sql-access-store.ts), for Postgres and for the embedded PGlite alike.

import type {
  Actor,
  ApiKeyRecord,
  ApiKeySettings,
  AuditAction,
  AuditEntry,
  AuditTarget,
  BudgetRecord,
  Dependents,
  KeyGrant,
  LimitRecord,
  OrganizationRecord,
  Page,
  PageRequest,
  ProjectRecord,
  RoleGrantRecord,
  SwitchRecord,
  Tenancy,
  TenancyQuery,
} from '../../core/access.ts';

/** Whose records an operation may touch. Others are as if they did not exist: in the query itself, not after it. */
export type Reach = { readonly organizationId: string } | 'ALL';

/**
 * All methods @throws SluiceError ACCESS_UNAVAILABLE when the database does not answer; changes also CONFLICT (with
 * `inputPath` where a field is to blame) for a name that is taken.
 * Changes of what is not there, or beyond the reach, give undefined and change nothing.
 */
export interface AccessStore {
  readonly organizations: OrganizationRepository;
  readonly projects: ProjectRepository;
  readonly apiKeys: ApiKeyRepository;
  readonly roleGrants: RoleGrantRepository;
  readonly limits: LimitRepository;
  readonly budgets: BudgetRepository;
  readonly switches: SwitchRepository;
  readonly auditLog: AuditLogReader;
  readonly signIn: SignInReader;
  readonly changes: ChangeReader;
}

/**
 * Looks at a record as it stands, within the transaction that is about to change it. What it throws is the answer, and
 * nothing has changed then: so nobody can slip something in between a check and the change it is for.
 */
export type Check<Item> = (before: Item) => void;

interface Finder<Item> {
  /** Those of the ids that exist within reach, by their ids; one statement however many. */
  find(ids: readonly string[], reach: Reach): Promise<ReadonlyMap<string, Item>>;
}

interface Lister<Item, Filter> {
  /** In the order they were made (the audit log: newest first); one statement, or two. */
  list(filter: Filter, page: PageRequest, reach: Reach): Promise<Page<Item>>;
}

interface Deleter<Item> {
  /** What would go with it. undefined: it is not there. */
  dependents(id: string, reach: Reach): Promise<Dependents | undefined>;
  /**
   * Deletes it and all that depends on it. `fingerprint`: of the dependents as they were shown.
   * `checkDependents` sees those that go with it.
   * @throws SluiceError CONFLICT when they have changed since.
   */
  delete(
    id: string,
    fingerprint: string,
    reach: Reach,
    by: Actor,
    check?: Check<Item>,
    checkDependents?: Check<Dependents>,
  ): Promise<true | undefined>;
}

export interface OrganizationFilter {
  /** Part of the name, any case. */
  readonly nameContains?: string | undefined;
  readonly disabled?: boolean | undefined;
}

export type OrganizationChanges = Partial<Pick<OrganizationRecord, 'name' | 'allowedModels'>> & {
  readonly disabled?: boolean;
};

export interface OrganizationRepository
  extends Finder<OrganizationRecord>,
    Lister<OrganizationRecord, OrganizationFilter>,
    Deleter<OrganizationRecord> {
  create(organization: Pick<OrganizationRecord, 'name' | 'allowedModels'>, by: Actor): Promise<OrganizationRecord>;
  /** A property that is there, even as undefined, is set. */
  update(id: string, changes: OrganizationChanges, reach: Reach, by: Actor): Promise<OrganizationRecord | undefined>;
  /** Of each: how many projects and keys it has. One statement. */
  counts(ids: readonly string[]): Promise<ReadonlyMap<string, { readonly projects: number; readonly apiKeys: number }>>;
}

export interface ProjectFilter extends OrganizationFilter {
  readonly organizationId?: string | undefined;
}

export interface ProjectRepository
  extends Finder<ProjectRecord>,
    Lister<ProjectRecord, ProjectFilter>,
    Deleter<ProjectRecord> {
  /** undefined: no such organization within reach. */
  create(
    project: Pick<ProjectRecord, 'organizationId' | 'name' | 'allowedModels'>,
    reach: Reach,
    by: Actor,
  ): Promise<ProjectRecord | undefined>;
  update(
    id: string,
    changes: OrganizationChanges,
    reach: Reach,
    by: Actor,
    /** Sees what is in it. */
    checkDependents?: Check<Dependents>,
  ): Promise<ProjectRecord | undefined>;
  counts(ids: readonly string[]): Promise<ReadonlyMap<string, { readonly apiKeys: number }>>;
}

/** ACTIVE: signs in. EXPIRED: its time is over. */
export type ApiKeyState = 'ACTIVE' | 'DISABLED' | 'EXPIRED' | 'REVOKED';

export interface ApiKeyFilter {
  readonly organizationId?: string | undefined;
  readonly projectId?: string | undefined;
  readonly nameContains?: string | undefined;
  readonly states?: readonly ApiKeyState[] | undefined;
  /** Not used since, or never. */
  readonly unusedSinceMs?: number | undefined;
}

/** What is kept of a secret: never the secret. */
export interface NewSecret {
  readonly prefix: string;
  /** HMAC-SHA256, base64. */
  readonly digest: string;
  readonly pepperId: string;
}

export type ApiKeyChanges = Partial<ApiKeySettings> & { readonly disabled?: boolean };

export interface ApiKeyRepository
  extends Finder<ApiKeyRecord>,
    Lister<ApiKeyRecord, ApiKeyFilter>,
    Deleter<ApiKeyRecord> {
  /** `id`: for a key that several nodes may make at once (the first admin key); undefined: a new one. undefined is also the answer when it is there already. */
  create(
    key: ApiKeySettings & { readonly projectId: string; readonly id?: string | undefined },
    secret: NewSecret,
    reach: Reach,
    by: Actor,
  ): Promise<ApiKeyRecord | undefined>;
  update(
    id: string,
    changes: ApiKeyChanges,
    reach: Reach,
    by: Actor,
    check?: Check<ApiKeyRecord>,
  ): Promise<ApiKeyRecord | undefined>;
  /** A new secret; those before it are good for `overlapMs` more (or less, if they end sooner already). */
  rotate(
    id: string,
    secret: NewSecret,
    overlapMs: number,
    reach: Reach,
    by: Actor,
    check?: Check<ApiKeyRecord>,
  ): Promise<ApiKeyRecord | undefined>;
  /** For good. Revoking again changes nothing. */
  revoke(id: string, reach: Reach, by: Actor, check?: Check<ApiKeyRecord>): Promise<ApiKeyRecord | undefined>;
  /**
   * Writes that something was done with the key which leaves no other trace (a client token was made). `id`: also the name
   * of a key of the configuration; it is written for the organization of `by` then.
   */
  note(id: string, action: AuditAction, details: Readonly<Record<string, unknown>>, by: Actor): Promise<void>;
}

export interface RoleGrantFilter {
  readonly organizationId?: string | undefined;
  readonly projectId?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
}

export interface RoleGrantRepository extends Finder<RoleGrantRecord>, Lister<RoleGrantRecord, RoleGrantFilter> {
  /** One for each user and project (or organization): granting again replaces roles and scopes. */
  grant(
    grant: Pick<RoleGrantRecord, 'organizationId' | 'projectId' | 'issuer' | 'subject' | 'roles' | 'scopes'>,
    reach: Reach,
    by: Actor,
    /** Sees what would be replaced; not called where there is nothing. */
    check?: Check<RoleGrantRecord>,
  ): Promise<RoleGrantRecord | undefined>;
  revoke(id: string, reach: Reach, by: Actor, check?: Check<RoleGrantRecord>): Promise<true | undefined>;
}

export interface LimitRepository
  extends Finder<LimitRecord>,
    Lister<LimitRecord, { readonly organizationId?: string }> {
  /** One for each scope, subject and model: setting again replaces it. */
  set(limit: Omit<LimitRecord, 'id' | 'createdAtMs'>, reach: Reach, by: Actor): Promise<LimitRecord | undefined>;
  delete(id: string, reach: Reach, by: Actor): Promise<true | undefined>;
}

export interface BudgetRepository
  extends Finder<BudgetRecord>,
    Lister<BudgetRecord, { readonly organizationId?: string }> {
  /** One for each scope, subject, model and period. */
  set(budget: Omit<BudgetRecord, 'id' | 'createdAtMs'>, reach: Reach, by: Actor): Promise<BudgetRecord | undefined>;
  delete(id: string, reach: Reach, by: Actor): Promise<true | undefined>;
}

export interface SwitchRepository {
  /** All that were ever set. */
  list(): Promise<readonly SwitchRecord[]>;
  set(change: Pick<SwitchRecord, 'kind' | 'name' | 'state' | 'reason'>, by: Actor): Promise<SwitchRecord>;
}

export interface AuditFilter {
  readonly organizationId?: string | undefined;
  /** Principal who made the change. */
  readonly principalId?: string | undefined;
  readonly actions?: readonly AuditAction[] | undefined;
  readonly targets?: readonly AuditTarget[] | undefined;
  readonly targetId?: string | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

export interface AuditLogReader extends Finder<AuditEntry>, Lister<AuditEntry, AuditFilter> {}

/** What signing in asks, on every node. Not bound to a reach: it decides what the reach is. */
export interface SignInReader {
  findGrants(prefixes: readonly string[]): Promise<ReadonlyMap<string, KeyGrant>>;
  findTenancies(queries: readonly TenancyQuery[]): Promise<readonly (Tenancy | undefined)[]>;
  /** Under the server's new secret, where it was under its previous one. No change for the audit log. */
  rehash(secretId: string, from: string, to: Pick<NewSecret, 'digest' | 'pepperId'>): Promise<void>;
  /** When secrets were last used: by id, milliseconds. Older times than those known are dropped. */
  markUsed(lastUsedAtMs: ReadonlyMap<string, number>): Promise<void>;
  /** How many secrets that still sign in stand under each pepper. */
  countByPepper(): Promise<ReadonlyMap<string, number>>;
}

export interface ChangeReader {
  /** The number of the last change. */
  version(): Promise<number>;
  /** Whose records changed after that version. */
  since(version: number): Promise<Changes>;
}

export interface Changes {
  readonly version: number;
  readonly organizationIds: readonly string[];
  /** Whether a switch was set. */
  readonly switches: boolean;
}
