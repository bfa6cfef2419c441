// Who asks. Made once per request (or socket) by auth, handed down by value; nothing below reads a header.

import { createHash } from 'node:crypto';

/** From the least to the most: each may do what those before it may. */
export const ACCESS_ROLES = ['MEMBER', 'ADMIN', 'OPERATOR'] as const;
export type AccessRole = (typeof ACCESS_ROLES)[number];

/**
 * What a credential may be used for: the ceiling of any role. generate: call models. usage:read: usage and cost of
 * others within the reach of one's role. admin: the admin API. content:read: prompts and answers of others within the
 * reach of one's role; part of no role, given by name only.
 */
export const ACCESS_SCOPES = ['generate', 'usage:read', 'admin', 'content:read'] as const;
export type AccessScope = (typeof ACCESS_SCOPES)[number];

/** What a credential that says nothing of scopes is good for. */
export const DEFAULT_SCOPES: readonly AccessScope[] = ['generate', 'usage:read', 'admin'];

/**
 * Which documents run for a caller. off: those sent as text, ids are not known. log: both; texts that are in no manifest
 * are logged. allow-known: both, texts only if the manifest has them. require: ids only.
 */
export const DOCUMENT_MODES = ['off', 'log', 'allow-known', 'require'] as const;
export type DocumentMode = (typeof DOCUMENT_MODES)[number];

export interface Caller {
  readonly organizationId: string;
  readonly projectId: string;
  /** The key's lineage (survives rotation) or the user: the scope of idempotency keys and of ownership. */
  readonly principalId: string;
  /** KEY: a server-side caller with an API key. USER: a person behind a token. Sockets are bounded by it. */
  readonly principalKind: 'KEY' | 'USER';
  /** Subject of the token; undefined for API keys. Personal: never logged. */
  readonly userId: string | undefined;
  readonly roles: readonly AccessRole[];
  /** What the credential is good for, whatever the roles. */
  readonly scopes: readonly AccessScope[];
  /** Names of the models this caller may use (organization, project, key and token together); undefined = all. */
  readonly allowedModels: ReadonlySet<string> | undefined;
  /** undefined: as the server is set. */
  readonly documentMode: DocumentMode | undefined;
  /** Whether calls may name the end user they are made for (`endUserId`). */
  readonly mayActForEndUsers: boolean;
  /** When the credential ends by itself; milliseconds since the epoch; undefined: never. */
  readonly expiresAtMs: number | undefined;
}

export const hasRole = ({ roles }: Pick<Caller, 'roles'>, least: AccessRole): boolean =>
  roles.some((role) => ACCESS_ROLES.indexOf(role) >= ACCESS_ROLES.indexOf(least));

export const hasScope = ({ scopes }: Pick<Caller, 'scopes'>, scope: AccessScope): boolean => scopes.includes(scope);

/** The principal as it stands in logs: in that of a user is who it is, and there it is always the same other name. */
export const loggedPrincipal = ({ principalId }: Pick<Caller, 'principalId'>): string =>
  principalId.startsWith('key:')
    ? principalId
    : `user:${createHash('sha256').update(principalId).digest('base64url').slice(0, 16)}`;

/** What makes it the same caller. */
const SAME = ['organizationId', 'projectId', 'principalId', 'principalKind', 'userId'] as const;

/** Whether something that could be done before can be done no longer, or is done as somebody else now. */
export function narrows(before: Caller, after: Caller): boolean {
  return (
    SAME.some((part) => before[part] !== after[part]) ||
    ACCESS_ROLES.some((role) => hasRole(before, role) && !hasRole(after, role)) ||
    before.scopes.some((scope) => !hasScope(after, scope)) ||
    (before.mayActForEndUsers && !after.mayActForEndUsers) ||
    losesModels(before.allowedModels, after.allowedModels)
  );
}

function losesModels(before: Caller['allowedModels'], after: Caller['allowedModels']): boolean {
  if (after === undefined) return false;
  // Those on offer are not known here: all but some may well be fewer than all.
  if (before === undefined) return true;
  for (const model of before) if (!after.has(model)) return true;
  return false;
}
