// Who may do what, as it is kept: organizations, projects, keys, roles, limits, switches, and the log of their changes.
// Times are milliseconds since the epoch; undefined means absent.

import type { AccessRole, AccessScope, DocumentMode } from './caller.ts';

/** Home of the admin key and of the keys of the configuration file. Always there; neither disabled nor deleted. */
export const DEFAULT_ORGANIZATION_ID = 'default';
export const DEFAULT_PROJECT_ID = 'default';

export interface OrganizationRecord {
  readonly id: string;
  /** Unique on this server. */
  readonly name: string;
  /** undefined: all models. */
  readonly allowedModels: readonly string[] | undefined;
  /** Since when nobody of it gets in; undefined: it is enabled. */
  readonly disabledAtMs: number | undefined;
  readonly createdAtMs: number;
}

export interface ProjectRecord {
  readonly id: string;
  readonly organizationId: string;
  /** Unique in its organization. */
  readonly name: string;
  readonly allowedModels: readonly string[] | undefined;
  readonly disabledAtMs: number | undefined;
  readonly createdAtMs: number;
}

/** What a key may do and where from: all that can be set and changed. */
export interface ApiKeySettings {
  /** Unique in its project. */
  readonly name: string;
  readonly roles: readonly AccessRole[];
  readonly scopes: readonly AccessScope[];
  readonly allowedModels: readonly string[] | undefined;
  /** As browsers send them, e.g. `https://app.example.com`; undefined: any, and none. */
  readonly allowedOrigins: readonly string[] | undefined;
  /** Addresses and ranges of them, e.g. `10.0.0.0/8`; undefined: any. */
  readonly allowedCidrs: readonly string[] | undefined;
  readonly documentMode: DocumentMode | undefined;
  readonly mayActForEndUsers: boolean;
  readonly expiresAtMs: number | undefined;
}

/** One of the secrets a key goes by: the latest, and those before it while they overlap. */
export interface ApiKeySecret {
  readonly id: string;
  /** Public start of the key, by which it is found. */
  readonly prefix: string;
  readonly createdAtMs: number;
  /** Until when it is good, where another has taken its place. */
  readonly expiresAtMs: number | undefined;
  readonly lastUsedAtMs: number | undefined;
  /** Which of the server's secrets its digest is made with. */
  readonly pepperId: string;
}

export interface ApiKeyRecord extends ApiKeySettings {
  readonly id: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly createdAtMs: number;
  /** Principal who made it. */
  readonly createdBy: string;
  readonly disabledAtMs: number | undefined;
  /** For good. */
  readonly revokedAtMs: number | undefined;
  readonly lastUsedAtMs: number | undefined;
  /** The newest first. */
  readonly secrets: readonly ApiKeySecret[];
}

/** A secret as it is looked up when it is presented: what it must match, and all that decides what it is worth. */
export interface KeyGrant {
  readonly secret: ApiKeySecret;
  /** HMAC-SHA256, base64. */
  readonly digest: string;
  readonly key: ApiKeyRecord;
  readonly organization: OrganizationRecord;
  readonly project: ProjectRecord;
}

/** Roles of a user who signs in with a token, besides those the token brings. */
export interface RoleGrantRecord {
  readonly id: string;
  readonly organizationId: string;
  /** undefined: in every project of the organization. */
  readonly projectId: string | undefined;
  /** Who vouches for the user: `iss` of its tokens. */
  readonly issuer: string;
  /** `sub` of its tokens (or what the configuration maps to the user). */
  readonly subject: string;
  readonly roles: readonly AccessRole[];
  /** `content:read`, or nothing: other scopes come with the token. */
  readonly scopes: readonly AccessScope[];
  readonly createdAtMs: number;
  readonly createdBy: string;
}

/** Where a token says its user belongs. */
export interface TenancyQuery {
  /** Id or name. */
  readonly organization: string;
  /** Id or name, in that organization; undefined: the only one it has, or none. */
  readonly project: string | undefined;
  readonly issuer: string;
  readonly subject: string;
}

export interface Tenancy {
  readonly organization: OrganizationRecord;
  readonly project: ProjectRecord;
  /** Those that count in this project. */
  readonly grants: readonly RoleGrantRecord[];
}

export const LIMIT_SCOPES = ['ORGANIZATION', 'PROJECT', 'KEY', 'USER'] as const;
export type LimitScope = (typeof LIMIT_SCOPES)[number];

/** A limit on one scope, as the configuration's `limits` has it. At least one of its numbers is set. */
export interface LimitRecord {
  readonly id: string;
  readonly organizationId: string;
  readonly scope: LimitScope;
  /** Project, key or user it holds for; undefined: each of that scope in the organization. */
  readonly subjectId: string | undefined;
  /** undefined: all models together. */
  readonly model: string | undefined;
  readonly requestsPerMinute: number | undefined;
  readonly requestsPerHour: number | undefined;
  readonly requestsPerDay: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly tokensPerHour: number | undefined;
  readonly tokensPerDay: number | undefined;
  readonly costPerMinuteNanoUsd: bigint | undefined;
  readonly costPerHourNanoUsd: bigint | undefined;
  readonly costPerDayNanoUsd: bigint | undefined;
  readonly concurrent: number | undefined;
  readonly algorithm: 'TOKEN_BUCKET' | 'FIXED_WINDOW';
  readonly mode: 'enforce' | 'measure' | 'off';
  readonly createdAtMs: number;
}

export interface BudgetRecord {
  readonly id: string;
  readonly organizationId: string;
  readonly scope: LimitScope;
  readonly subjectId: string | undefined;
  readonly model: string | undefined;
  /** At most 9,000,000 USD: counters stay below 2⁵³. */
  readonly amountNanoUsd: bigint;
  readonly period: 'day' | 'week' | 'month';
  /** IANA name, e.g. `Europe/Berlin`. */
  readonly timeZone: string;
  readonly hard: boolean;
  readonly mode: 'enforce' | 'measure' | 'off';
  readonly createdAtMs: number;
}

/** ENABLED. DRAINING: takes nothing new, what runs goes on. DISABLED: takes nothing new, what runs is ended. */
export const SWITCH_STATES = ['ENABLED', 'DRAINING', 'DISABLED'] as const;
export type SwitchState = (typeof SWITCH_STATES)[number];

/** The kill switch of a model or a provider of the configuration. */
export interface SwitchRecord {
  readonly kind: 'MODEL' | 'PROVIDER';
  /** Id in the configuration. */
  readonly name: string;
  readonly state: SwitchState;
  /** In words, for people. */
  readonly reason: string | undefined;
  readonly changedAtMs: number;
  /** Principal. */
  readonly changedBy: string;
}

export const AUDIT_TARGETS = [
  'ORGANIZATION',
  'PROJECT',
  'API_KEY',
  'ROLE_GRANT',
  'LIMIT',
  'BUDGET',
  'MODEL',
  'PROVIDER',
] as const;
export type AuditTarget = (typeof AUDIT_TARGETS)[number];
export const AUDIT_ACTIONS = [
  'CREATED',
  'UPDATED',
  'ROTATED',
  'REVOKED',
  'DISABLED',
  'ENABLED',
  'DELETED',
  'CLIENT_TOKEN_CREATED',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** One change: who, when, what, before and after. Holds no secret and no digest. */
export interface AuditEntry {
  readonly id: string;
  readonly atMs: number;
  /** Whose organization was changed; undefined: the server as a whole. */
  readonly organizationId: string | undefined;
  readonly actor: Actor;
  readonly action: AuditAction;
  readonly target: AuditTarget;
  readonly targetId: string;
  /** The record as it was, as JSON; undefined: it was not. */
  readonly before: Readonly<Record<string, unknown>> | undefined;
  readonly after: Readonly<Record<string, unknown>> | undefined;
}

/** Who makes a change. */
export interface Actor {
  readonly principalId: string;
  readonly organizationId: string;
  /** Of the request it came by; undefined: the server itself. */
  readonly requestId: string | undefined;
}

export interface PageRequest {
  /** Exactly one of first and last, 1 to 100. */
  readonly first?: number | undefined;
  readonly last?: number | undefined;
  /** Ids: what stands behind, or before. */
  readonly after?: string | undefined;
  readonly before?: string | undefined;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** Of all pages together. */
  readonly totalCount: number;
}

/** What goes when something is deleted. */
export interface Dependents {
  readonly kinds: readonly {
    readonly target: AuditTarget;
    readonly count: number;
    /** Of the first few. */
    readonly names: readonly string[];
  }[];
  /** Of the keys (but revoked ones) and grants among it. */
  readonly roles: readonly AccessRole[];
  /** Changes when any of it does. */
  readonly fingerprint: string;
}
