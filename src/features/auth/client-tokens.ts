// Client tokens: what an API key makes for one user's browser, for an hour at most. Each is worth at any moment what
// itself and its key allow together, and nothing once the very secret that made it is good no longer.

import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Caller, hasRole, hasScope } from '../../core/caller.ts';
import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { ClientTokenSignIn } from './authenticate.ts';
import { type ClientToken, claimsToBeClientToken, expired, readClientToken } from './client-token.ts';
import type { ClientTokenKeys } from './client-token-keys.ts';
import type { KeyIdentity, KeyLookup } from './key-identity.ts';
import { earliestOf, intersectionOf } from './narrowing.ts';
import type { Identity } from './sign-in.ts';

export interface ClientTokensOptions {
  readonly keys: ClientTokenKeys;
  /** The API keys that make them. */
  readonly makers: KeyLookup;
  readonly clock: Clock;
}

interface Known {
  readonly token: ClientToken;
  identity: Identity | undefined;
  /** What the identity was made with. */
  maker: KeyIdentity | undefined;
}

/** Verified tokens that are remembered, by their digests. */
const MOST_KNOWN = 10_000;

export function createClientTokens({ keys, makers, clock }: ClientTokensOptions): ClientTokenSignIn {
  const known = new Map<string, Known>();

  function standing(found: Known, maker: KeyIdentity | undefined): Identity | undefined {
    const { token } = found;
    if (maker === undefined || token.expiresAtMs <= clock.now()) return undefined;
    if (maker.caller.projectId !== token.projectId || maker.caller.organizationId !== token.organizationId) {
      return undefined;
    }
    if (found.maker === maker) return found.identity;
    const caller = callerOf(token, maker.caller);
    const origins = intersectionOf([maker.allowedOrigins, token.origins]);
    const allowedOrigins = origins && [...origins];
    const before = found.identity;
    found.maker = maker;
    if (before === undefined || !isDeepStrictEqual([before.caller, before.allowedOrigins], [caller, allowedOrigins])) {
      found.identity = {
        caller,
        allowedOrigins,
        // Those of the key bind the key: its tokens are made to be used elsewhere.
        allowedCidrs: undefined,
        renew: () => find(found),
      };
    }
    return found.identity;
  }

  function find(found: Known): Identity | undefined | Promise<Identity | undefined> {
    const maker = makers.find(found.token.madeBy);
    return maker instanceof Promise ? maker.then((now) => standing(found, now)) : standing(found, maker);
  }

  function admit(found: Known): Identity | Promise<Identity> {
    if (found.token.expiresAtMs <= clock.now()) throw expired();
    const identity = find(found);
    return identity instanceof Promise ? identity.then(requireStanding) : requireStanding(identity);
  }

  async function verify(presented: string, digest: string): Promise<Identity> {
    const token = await readClientToken(presented, keys, clock.now());
    const found = known.get(digest) ?? { token, identity: undefined, maker: undefined };
    known.set(digest, found);
    if (known.size > MOST_KNOWN) {
      const oldest = known.keys().next();
      if (!oldest.done) known.delete(oldest.value);
    }
    return admit(found);
  }

  return {
    claims: claimsToBeClientToken,
    identify(presented) {
      const digest = hash('sha256', presented, 'base64');
      const found = known.get(digest);
      if (found === undefined) return verify(presented, digest);
      known.delete(digest);
      if (found.token.expiresAtMs > clock.now()) known.set(digest, found);
      return admit(found);
    },
  };
}

function requireStanding(identity: Identity | undefined): Identity {
  if (identity !== undefined) return identity;
  throw new SluiceError('UNAUTHENTICATED', 'The API key that made this client token is good no longer.', {
    wasKnown: true,
  });
}

function callerOf(token: ClientToken, maker: Caller): Caller {
  const { organizationId, projectId, documentMode } = maker;
  return {
    organizationId,
    projectId,
    principalId: `user:${projectId}/client/${token.user}`,
    principalKind: 'USER',
    userId: token.user,
    roles: hasRole(maker, 'MEMBER') ? ['MEMBER'] : [],
    scopes: hasScope(maker, 'generate') ? ['generate'] : [],
    allowedModels: intersectionOf([maker.allowedModels, token.models]),
    documentMode,
    mayActForEndUsers: false,
    expiresAtMs: earliestOf(token.expiresAtMs, maker.expiresAtMs),
  };
}
