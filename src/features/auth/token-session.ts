// One token that was found good: who its user is now, by what the token grants and what is kept of its organization,
// project and roles.

import { isDeepStrictEqual } from 'node:util';
import type { Tenancy } from '../../core/access.ts';
import { ACCESS_ROLES, ACCESS_SCOPES, type Caller, DEFAULT_SCOPES } from '../../core/caller.ts';
import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Identity } from './sign-in.ts';
import type { Tenancies } from './tenancies.ts';
import { refuse, type TokenGrant } from './token-claims.ts';

export interface TokenSession {
  /**
   * Somebody presents the token again. undefined: it is to be looked at anew.
   * @throws SluiceError UNAUTHENTICATED, FORBIDDEN, AUTHENTICATION_UNAVAILABLE
   */
  identify(): Identity | undefined | Promise<Identity | undefined>;
}

export interface TokenSessionOptions {
  /** Who vouches for the user. */
  readonly issuer: string;
  /**
   * What the token grants now: the same object while that stays the same. undefined: it is good no longer. At once where
   * what that rests on is at hand. @throws SluiceError AUTHENTICATION_UNAVAILABLE
   */
  readonly grant: () => TokenGrant | undefined | Promise<TokenGrant | undefined>;
  /** When that has to be asked for again (milliseconds since the epoch); undefined: never. */
  readonly askAgainAtMs: () => number | undefined;
  readonly tenancies: Tenancies;
  readonly clock: Clock;
  /** By how much the clocks of others may differ. */
  readonly clockSkewMs: number;
}

/** What an identity was made of. */
interface Made {
  readonly identity: Identity;
  readonly grant: TokenGrant;
  readonly tenancy: Tenancy;
  readonly expiresAtMs: number | undefined;
}

export function createTokenSession(options: TokenSessionOptions): TokenSession {
  const { issuer, tenancies, clock, clockSkewMs } = options;
  let last: Made | undefined;

  function make(grant: TokenGrant, tenancy: Tenancy, expiresAtMs: number | undefined, before: Made | undefined): Made {
    if (before?.grant === grant && before.tenancy === tenancy && before.expiresAtMs === expiresAtMs) return before;
    const caller = callerOf(issuer, grant, tenancy, expiresAtMs);
    if (before !== undefined && isDeepStrictEqual(before.identity.caller, caller)) {
      return { ...before, grant, tenancy, expiresAtMs };
    }
    const identity: Identity = {
      caller,
      allowedOrigins: undefined,
      allowedCidrs: undefined,
      renew: () => renew(made),
      get askAgainAtMs() {
        return options.askAgainAtMs();
      },
    };
    const made: Made = { identity, grant, tenancy, expiresAtMs };
    return made;
  }

  function look(before: Made | undefined, isPresented: boolean): Made | undefined | Promise<Made | undefined> {
    const grant = options.grant();
    return grant instanceof Promise
      ? grant.then((granted) => settle(granted, before, isPresented))
      : settle(grant, before, isPresented);
  }

  function settle(
    grant: TokenGrant | undefined,
    before: Made | undefined,
    isPresented: boolean,
  ): Made | undefined | Promise<Made | undefined> {
    if (grant === undefined) return undefined;
    const expiresAtMs = isPresented || before === undefined ? endOf(grant) : before.expiresAtMs;
    if (expiresAtMs !== undefined && expiresAtMs <= clock.now()) return undefined;
    const { organization, project, userId: subject } = grant;
    const tenancy = tenancies.find({ organization, project, issuer, subject });
    return tenancy instanceof Promise
      ? tenancy.then((found) => make(grant, requireOpen(found), expiresAtMs, before))
      : make(grant, requireOpen(tenancy), expiresAtMs, before);
  }

  /** Clocks differ: who presents a token that has just expired may believe that it has not. What runs ends when it does. */
  function endOf({ expiresAtMs }: TokenGrant): number | undefined {
    const isOver = expiresAtMs !== undefined && expiresAtMs <= clock.now();
    return isOver ? expiresAtMs + clockSkewMs : expiresAtMs;
  }

  function renew(made: Made): Identity | undefined | Promise<Identity | undefined> {
    try {
      const now = look(made, false);
      return now instanceof Promise ? now.then((found) => found?.identity).catch(endedUnlessUnknown) : now?.identity;
    } catch (error) {
      return endedUnlessUnknown(error);
    }
  }

  const keep = (made: Made | undefined): Identity | undefined => {
    last = made;
    return made?.identity;
  };

  return {
    identify() {
      const now = look(last, true);
      return now instanceof Promise ? now.then(keep) : keep(now);
    },
  };
}

function endedUnlessUnknown(error: unknown): undefined {
  if (error instanceof SluiceError && (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN'))
    return undefined;
  throw error;
}

/** @throws SluiceError UNAUTHENTICATED. The issuer vouched for the token: what is amiss may be told. */
function requireOpen(tenancy: Tenancy | undefined): Tenancy {
  if (tenancy === undefined) {
    throw refuse(
      'The organization of this token is not known here, or it has no such project (or several, and the token names none).',
    );
  }
  const closed =
    tenancy.organization.disabledAtMs !== undefined
      ? 'organization'
      : tenancy.project.disabledAtMs !== undefined
        ? 'project'
        : undefined;
  if (closed === undefined) return tenancy;
  throw new SluiceError('UNAUTHENTICATED', `The ${closed} of this token is disabled.`, { wasKnown: true });
}

/** @throws SluiceError FORBIDDEN where there is nothing the user may do. */
function callerOf(
  issuer: string,
  { userId, roles, scopes }: TokenGrant,
  { organization, project, grants }: Tenancy,
  expiresAtMs: number | undefined,
): Caller {
  const all = [...roles, ...grants.flatMap((grant) => grant.roles)];
  if (all.length === 0) {
    throw new SluiceError('FORBIDDEN', 'Neither your token nor anybody here gives you a role: ask for one.');
  }
  const granted = [...DEFAULT_SCOPES, ...grants.flatMap((grant) => grant.scopes)];
  return {
    organizationId: organization.id,
    projectId: project.id,
    // Where the issuer ends and the user begins is never in doubt.
    principalId: `user:${project.id}/${issuer}/${userId.replaceAll(/[%/]/g, encodeURIComponent)}`,
    principalKind: 'USER',
    userId,
    roles: ACCESS_ROLES.filter((role) => all.includes(role)),
    // What the token was made for is the ceiling, and no more: what others said is read where it was granted here.
    scopes: ACCESS_SCOPES.filter((scope) => granted.includes(scope) && (scopes?.includes(scope) ?? true)),
    allowedModels: modelsOfBoth(organization.allowedModels, project.allowedModels),
    documentMode: undefined,
    mayActForEndUsers: false,
    expiresAtMs,
  };
}

function modelsOfBoth(
  first: readonly string[] | undefined,
  second: readonly string[] | undefined,
): ReadonlySet<string> | undefined {
  if (first === undefined || second === undefined) {
    const only = first ?? second;
    return only && new Set(only);
  }
  return new Set(first.filter((model) => second.includes(model)));
}
