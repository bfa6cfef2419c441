// The port through which the transports learn who calls. What a credential is worth is decided elsewhere.

import type { Caller } from '../core/caller.ts';

/** As sent, unread: headers of a request, or the payload of a socket's `connection_init`. */
export interface Credentials {
  /** `Authorization`, e.g. `Bearer <key or token>`. */
  readonly authorization: string | undefined;
  /** `X-API-Key`. */
  readonly apiKey: string | undefined;
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

/** Who a caller is now, by what is known of keys at the moment; undefined: its credentials are good no longer. Cheap. */
export type RenewCaller = (caller: Caller) => Caller | undefined;

export const hasCredentials = ({ authorization, apiKey }: Pick<Credentials, 'authorization' | 'apiKey'>): boolean =>
  authorization !== undefined || apiKey !== undefined;

/** Credentials among names written in any case, as clients put them into `connection_init`. */
export function readCredentials(
  values: Readonly<Record<string, unknown>> | undefined,
  from: Pick<Credentials, 'origin' | 'address'>,
): Credentials {
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
