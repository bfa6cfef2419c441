// From credentials as sent to the caller behind them: picks the one way of signing in that a credential belongs to by
// its form, then looks whether it may be used from there. What is wrong is told in words that help, without the credential.

import type { Caller } from '../../core/caller.ts';
import { isMadeKeyForm, isTokenForm } from '../../core/credential-form.ts';
import { SluiceError } from '../../core/errors.ts';
import { couldBeConfiguredKey } from './configured-keys.ts';
import { type Place, requirePlace } from './place.ts';
import type { Identity, SignIn } from './sign-in.ts';

export interface SentCredentials extends Place {
  /** `Authorization`, e.g. `Bearer <key>`. */
  readonly authorization?: string | undefined;
  /** `X-API-Key`. */
  readonly apiKey?: string | undefined;
}

/** All ways there are at the moment. undefined: not set up. */
export interface SignInWays {
  readonly configuredKeys: SignIn;
  readonly storedKeys: SignIn | undefined;
  readonly clientTokens: ClientTokenSignIn | undefined;
  readonly jwt: SignIn | undefined;
  readonly introspection: SignIn | undefined;
}

export interface ClientTokenSignIn extends SignIn {
  /** Whether a token of three parts says that this server made it. Believed only to choose who looks at it. */
  claims(presented: string): boolean;
}

export interface Authenticator {
  /**
   * At once where what is presented is at hand.
   * @throws SluiceError UNAUTHENTICATED, FORBIDDEN, AUTHENTICATION_UNAVAILABLE
   */
  authenticate(credentials: SentCredentials): Caller | Promise<Caller>;
  /**
   * The caller as things stand now: the same object while nothing has changed; undefined: the credentials are good no
   * longer, or no longer from that place. @throws SluiceError AUTHENTICATION_UNAVAILABLE
   */
  renew(caller: Caller, place?: Place): Caller | undefined | Promise<Caller | undefined>;
  /** Who signed in as this caller; undefined for one that was not made here. */
  identityOf(caller: Caller): Identity | undefined;
}

const BEARER = /^bearer +(\S+) *$/i;
/** Longer than any header a server lets through: nothing below looks at more. */
const LONGEST = 16 * 1024;

/** `ways`: those of the moment. */
export function createAuthenticator(ways: () => SignInWays): Authenticator {
  /** How a caller signed in: the caller itself must not tell. */
  const identities = new WeakMap<Caller, Identity>();

  function remember(identity: Identity): Caller {
    identities.set(identity.caller, identity);
    return identity.caller;
  }

  function admit(identity: Identity | undefined, presented: string, place: Place): Caller {
    if (identity === undefined) throw unknown(presented, ways());
    requirePlace(identity, place);
    return remember(identity);
  }

  function renewed(identity: Identity | undefined, place: Place | undefined): Caller | undefined {
    if (identity === undefined) return undefined;
    try {
      if (place !== undefined) requirePlace(identity, place);
    } catch {
      return undefined;
    }
    return remember(identity);
  }

  return {
    authenticate(credentials) {
      const presented = presentedCredential(credentials);
      const found = wayOf(presented, ways())?.identify(presented);
      if (!(found instanceof Promise)) return admit(found, presented, credentials);
      return found.then((identity) => admit(identity, presented, credentials));
    },
    renew(caller, place) {
      const now = identities.get(caller)?.renew();
      return now instanceof Promise ? now.then((identity) => renewed(identity, place)) : renewed(now, place);
    },
    identityOf: (caller) => identities.get(caller),
  };
}

/** A bad credential never falls through to a way that its form does not belong to. */
function wayOf(presented: string, ways: SignInWays): SignIn | undefined {
  const { configuredKeys, storedKeys, clientTokens, jwt, introspection } = ways;
  if (presented.length > LONGEST) return undefined;
  if (isTokenForm(presented)) {
    if (clientTokens?.claims(presented)) return clientTokens;
    return jwt ?? introspection;
  }
  if (isMadeKeyForm(presented)) return storedKeys;
  return introspection === undefined ? configuredKeys : firstOf(configuredKeys, introspection);
}

const firstOf = (first: SignIn, second: SignIn): SignIn => ({
  identify(presented) {
    const found = first.identify(presented);
    if (found instanceof Promise) return found.then((identity) => identity ?? second.identify(presented));
    return found ?? second.identify(presented);
  },
});

function presentedCredential({ authorization, apiKey }: SentCredentials): string {
  const header = authorization === undefined || authorization === '' ? undefined : authorization;
  const plain = apiKey === undefined || apiKey === '' ? undefined : apiKey;
  if (header === undefined) {
    if (plain === undefined) throw new SluiceError('UNAUTHENTICATED');
    return plain;
  }
  const bearer = header.length > LONGEST ? undefined : BEARER.exec(header)?.[1];
  if (bearer === undefined) {
    throw new SluiceError('UNAUTHENTICATED', 'The Authorization header is not of the form "Bearer <key>".');
  }
  if (plain !== undefined && plain !== bearer) {
    throw new SluiceError('UNAUTHENTICATED', 'Authorization and X-API-Key hold different keys: send one of them.');
  }
  return bearer;
}

function unknown(presented: string, { jwt, introspection }: SignInWays): SluiceError {
  if (presented.length <= LONGEST && isTokenForm(presented)) {
    const words =
      jwt === undefined && introspection === undefined
        ? 'This looks like a JSON Web Token: this server takes API keys only.'
        : 'This token is not good here.';
    return new SluiceError('UNAUTHENTICATED', words);
  }
  if (introspection !== undefined) {
    return new SluiceError('UNAUTHENTICATED', 'This API key or token is not known here.');
  }
  if (!couldBeConfiguredKey(presented)) {
    return new SluiceError('UNAUTHENTICATED', 'This is no API key: those are 32 to 256 printable ASCII characters.');
  }
  return new SluiceError('UNAUTHENTICATED', 'This API key is not known here.');
}
