// The port through which the transports learn who calls. What a credential is worth is decided elsewhere.

import type { Caller } from '../core/caller.ts';

/** As sent, unread: headers of a request, or the payload of a socket's `connection_init`. */
export interface Credentials extends SentFrom {
  /** `Authorization`, e.g. `Bearer <key or token>`. */
  readonly authorization: string | undefined;
  /** `X-API-Key`. */
  readonly apiKey: string | undefined;
}

export interface SentFrom {
  /** `Origin` of the request (of a socket: of its upgrade); undefined: none was sent. */
  readonly origin: string | undefined;
  /** Of the client, past trusted proxies. */
  readonly address: string;
}

/**
 * @throws SluiceError UNAUTHENTICATED for what is unknown, has expired or is revoked (`wasKnown`); FORBIDDEN for what may not
 *   be used from there; AUTHENTICATION_UNAVAILABLE when that cannot be told now.
 */
export type Authenticate = (credentials: Credentials) => Caller | Promise<Caller>;

/**
 * Who a caller is now, the same object while nothing has changed; undefined: its credentials are good no longer, or not
 * from there. At once where what that rests on is at hand.
 * @throws SluiceError AUTHENTICATION_UNAVAILABLE, ACCESS_UNAVAILABLE when it cannot be told now.
 */
export type RenewCaller = (caller: Caller, from: SentFrom) => Caller | undefined | Promise<Caller | undefined>;

/** When a caller must be renewed though nobody tells of a change, milliseconds since the epoch; undefined: never. */
export type AskAgainAt = (caller: Caller) => number | undefined;

export const hasCredentials = ({ authorization, apiKey }: Pick<Credentials, 'authorization' | 'apiKey'>): boolean =>
  authorization !== undefined || apiKey !== undefined;

/** Credentials among names written in any case, as clients put them into `connection_init`. */
export function readCredentials(values: Readonly<Record<string, unknown>> | undefined, from: SentFrom): Credentials {
  const find = (...names: readonly string[]): string | undefined => {
    for (const [key, value] of Object.entries(values ?? {})) {
      if (typeof value === 'string' && value !== '' && names.includes(key.toLowerCase())) return value;
    }
    return undefined;
  };
  const nested = values?.['headers'];
  const own = { ...from, authorization: find('authorization'), apiKey: find('apikey', 'x-api-key', 'api-key') };
  if (hasCredentials(own) || typeof nested !== 'object' || nested === null) return own;
  return readCredentials({ ...nested, headers: undefined }, from);
}
