// What the claims of a checked token mean here, as the configuration of its issuer maps them.

import { ACCESS_ROLES, ACCESS_SCOPES, type AccessRole, type AccessScope } from '../../core/caller.ts';
import { SluiceError } from '../../core/errors.ts';
import type { TokenMappingConfig } from '../../platform/config.ts';

export interface TokenGrant {
  /** Id or name. */
  readonly organization: string;
  /** Id or name; undefined: the only one of the organization. */
  readonly project: string | undefined;
  readonly userId: string;
  readonly roles: readonly AccessRole[];
  /** The ceiling that the token itself sets; undefined: it says nothing. */
  readonly scopes: readonly AccessScope[] | undefined;
  /** undefined: it does not end by itself. */
  readonly expiresAtMs: number | undefined;
}

export type Claims = Readonly<Record<string, unknown>>;
export type TokenMapping = Pick<TokenMappingConfig, 'claims' | 'defaults' | 'roleNames' | 'mayGrantOperator'>;

const MOST_CHARACTERS = 256;
/** The latest there is in JavaScript. */
const END_OF_TIME_MS = 8.64e15;

export const refuse = (message: string): SluiceError => new SluiceError('UNAUTHENTICATED', message);

/** @throws SluiceError UNAUTHENTICATED that names the claim and never its value. */
export function readTokenGrant(claims: Claims, { claims: names, ...mapping }: TokenMapping): TokenGrant {
  if (claims['cnf'] !== undefined) {
    throw refuse(
      'This token is bound to a key of its holder ("cnf"), which this server cannot check: send a bearer token.',
    );
  }
  const { defaults } = mapping;
  const organization = textAt(claims, names.organization) ?? defaults.organization;
  if (organization === undefined) {
    throw refuse(
      `This token names no organization: the claim "${names.organization}" is missing, and there is no default.`,
    );
  }
  const userId = textAt(claims, names.user);
  if (userId === undefined) throw refuse(`This token names no user: the claim "${names.user}" is missing.`);
  const { exp } = claims;
  return {
    organization,
    project: textAt(claims, names.project) ?? defaults.project,
    userId,
    roles: rolesIn(wordsOf(valueAt(claims, names.roles)) ?? [], mapping),
    scopes: scopesIn(claims, names.scope),
    expiresAtMs: typeof exp === 'number' ? Math.min(exp * 1_000, END_OF_TIME_MS) : undefined,
  };
}

/** Names of claims may have dots in them (`https://example.com/roles`): as it is first, then as a path. */
function valueAt(claims: Claims, name: string | undefined): unknown {
  if (name === undefined) return undefined;
  if (Object.hasOwn(claims, name)) return claims[name];
  return name.split('.').reduce<unknown>((value, part) => {
    const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, part);
    return isObject ? (value as Claims)[part] : undefined;
  }, claims);
}

/** @throws SluiceError for a claim that is there and cannot be meant. */
function textAt(claims: Claims, name: string | undefined): string | undefined {
  const value = valueAt(claims, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value !== '' && value.length <= MOST_CHARACTERS && !/\p{C}/u.test(value))
    return value;
  throw refuse(`The claim "${name}" of this token is no text of 1 to ${MOST_CHARACTERS} characters.`);
}

/** A list, or words with spaces between them. undefined: neither. */
function wordsOf(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '');
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : undefined;
}

/** Those known here; without any of them, the defaults. */
function rolesIn(
  words: readonly string[],
  { roleNames, mayGrantOperator, defaults }: Omit<TokenMapping, 'claims'>,
): readonly AccessRole[] {
  const found = words.flatMap((word): readonly AccessRole[] => {
    if (Object.hasOwn(roleNames, word)) return [roleNames[word] as AccessRole];
    return ACCESS_ROLES.filter((role) => role === word.toUpperCase());
  });
  const roles = (found.length > 0 ? found : defaults.roles).map((role) =>
    role === 'OPERATOR' && !mayGrantOperator ? 'ADMIN' : role,
  );
  return ACCESS_ROLES.filter((role) => roles.includes(role));
}

function scopesIn(claims: Claims, name: string | undefined): readonly AccessScope[] | undefined {
  const value = name === undefined ? (valueAt(claims, 'scope') ?? valueAt(claims, 'scp')) : valueAt(claims, name);
  if (value === undefined || value === null) return undefined;
  // What is there and cannot be read allows nothing.
  const words = wordsOf(value) ?? [];
  return ACCESS_SCOPES.filter((scope) => words.includes(scope));
}
