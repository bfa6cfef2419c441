// What an introspection endpoint says of a token (RFC 7662, 2.2), read without trust in its shape.

import { SluiceError } from '../../core/errors.ts';
import type { IntrospectionConfig } from '../../platform/config.ts';
import { type IdentityAnswer, IdentityFetchError } from '../../platform/identity-fetch.ts';
import { type Claims, readTokenGrant, refuse, type TokenGrant } from './token-claims.ts';

export type IntrospectionAnswer =
  | { readonly type: 'ACTIVE'; readonly grant: TokenGrant }
  /** Not good, or not for this server: why, for who presents it. `oddity`: for the log. */
  | { readonly type: 'INACTIVE'; readonly error: SluiceError; readonly oddity?: string };

/** Others are for other uses (refresh tokens), or want a proof with each request (DPoP). */
const BEARER: ReadonlySet<string> = new Set([
  'bearer',
  'access_token',
  'urn:ietf:params:oauth:token-type:access_token',
]);

/** Of RFC 6749, 5.2: what a status 400 says of this server and not of the token. */
const CLIENT_ERRORS: ReadonlySet<unknown> = new Set(['invalid_client', 'unauthorized_client']);

/** @throws IdentityFetchError for an answer that tells nothing of the token. */
export function readIntrospection(
  { status, body }: IdentityAnswer,
  config: IntrospectionConfig,
  nowMs: number,
): IntrospectionAnswer {
  const { origin } = new URL(config.endpoint);
  const unknown = refuse('This API key or token is not known here.');
  if (status === 401 || status === 403 || (status === 400 && CLIENT_ERRORS.has(body?.['error']))) {
    throw new IdentityFetchError(`${origin} refuses clientId and clientSecret (status ${status})`);
  }
  // Some answer so to what is no token of theirs. For a failure of the endpoint it must not be taken: whoever presents
  // such a text once a second would keep everybody else out.
  if (status === 400) return { type: 'INACTIVE', error: unknown, oddity: `${origin} answered with status 400` };
  if (status !== 200) throw new IdentityFetchError(`${origin} answered with status ${status}`);
  if (typeof body?.['active'] !== 'boolean') {
    throw new IdentityFetchError(`${origin} answered something other than { "active": true or false }`);
  }
  if (!body['active']) return { type: 'INACTIVE', error: unknown };
  try {
    requireMeantForUs(body, config, nowMs);
    return { type: 'ACTIVE', grant: readTokenGrant(body, config) };
  } catch (error) {
    if (error instanceof SluiceError) return { type: 'INACTIVE', error };
    throw error;
  }
}

/** @throws SluiceError UNAUTHENTICATED */
function requireMeantForUs(answer: Claims, config: IntrospectionConfig, nowMs: number): void {
  const { aud, iss, exp, nbf, token_type: tokenType } = answer;
  const { audience, issuer } = config;
  const skewMs = config.clockSkewSeconds * 1_000;
  if (tokenType !== undefined && !BEARER.has(String(tokenType).toLowerCase())) {
    throw refuse('This is no access token that is good by itself ("token_type").');
  }
  if (issuer !== undefined && iss !== undefined && iss !== issuer) {
    throw refuse('This token is of another issuer ("iss") than the one this server trusts.');
  }
  if (audience !== undefined && !(Array.isArray(aud) ? aud : [aud]).some((one) => audience.includes(one))) {
    throw refuse('This token is for another audience ("aud") than this server.');
  }
  if (isNoTime(exp) || isNoTime(nbf)) throw refuse('The times of this token ("exp", "nbf") are no numbers.');
  if (typeof exp === 'number' && exp * 1_000 <= nowMs) {
    throw new SluiceError('UNAUTHENTICATED', 'This token has expired. Sign in again.', { wasKnown: true });
  }
  if (typeof nbf === 'number' && nbf * 1_000 > nowMs + skewMs) throw refuse('This token is not valid yet ("nbf").');
}

const isNoTime = (value: unknown): boolean =>
  value !== undefined && value !== null && !(typeof value === 'number' && Number.isFinite(value));
