// A way of signing in: configured keys, stored keys, client tokens, JWTs, introspected tokens. Each knows what is
// presented or does not; authenticate.ts picks the one way a credential belongs to, by its form.

import type { Caller } from '../../core/caller.ts';

/** Somebody who signed in. */
export interface Identity {
  /** As things stood when this was made. The same object as long as nothing changes. */
  readonly caller: Caller;
  /** Origins it may be used from, e.g. `https://app.example.com`; a request that names none is refused then. undefined: any. */
  readonly allowedOrigins: readonly string[] | undefined;
  /** Addresses it may be used from, and ranges of them; undefined: any. */
  readonly allowedCidrs: readonly string[] | undefined;
  /**
   * The identity as things stand now: itself while nothing has changed. undefined: it has ended (expired, revoked,
   * disabled, gone). At once where what it rests on is at hand. @throws SluiceError AUTHENTICATION_UNAVAILABLE
   */
  renew(): Identity | undefined | Promise<Identity | undefined>;
  /** When that has to be done though nobody tells of a change (milliseconds since the epoch); undefined: never. */
  readonly askAgainAtMs?: number | undefined;
}

export interface SignIn {
  /**
   * undefined: not known here.
   * @throws SluiceError UNAUTHENTICATED that helps, without the credential (`wasKnown` where it has ended);
   *   AUTHENTICATION_UNAVAILABLE where that cannot be told now.
   */
  identify(presented: string): Identity | undefined | Promise<Identity | undefined>;
}
