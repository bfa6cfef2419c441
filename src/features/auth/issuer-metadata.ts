// Where an issuer keeps its keys, and what they are: as the configuration says, else as its metadata do (OpenID Connect
// Discovery 1.0, else RFC 8414).

import type { JSONWebKeySet, JWK } from 'jose';
import type { Clock } from '../../core/clock.ts';
import type { JwtIssuerConfig } from '../../platform/config.ts';
import { type IdentityFetch, IdentityFetchError, parseIdentityUrl } from '../../platform/identity-fetch.ts';

export interface IssuerMetadataOptions extends Pick<JwtIssuerConfig, 'issuer' | 'jwksUri' | 'allowInsecure'> {
  readonly fetch: IdentityFetch;
  readonly clock: Clock;
}

/** Nobody signs with so many: looking among more is not free. */
const MOST_KEYS = 100;
/** After how long an issuer is asked again where its keys are. */
const METADATA_MS = 3_600_000;

/** @throws IdentityFetchError */
export type LoadKeys = () => Promise<JSONWebKeySet>;

export function createLoadKeys(options: IssuerMetadataOptions): LoadKeys {
  const { issuer, allowInsecure, fetch, clock } = options;
  let found: { readonly jwksUri: string; readonly untilMs: number } | undefined;

  async function readMetadata(url: string): Promise<string | undefined> {
    const { status, body } = await fetch({ url, allowInsecure });
    // Some answer whatever they do not know with a page.
    if (status !== 200 || body === undefined) return undefined;
    if (body['issuer'] !== issuer) {
      throw new IdentityFetchError(`the metadata at ${url} is of another issuer: its "issuer" has to be the same text`);
    }
    const jwksUri = body['jwks_uri'];
    if (typeof jwksUri !== 'string') throw new IdentityFetchError(`the metadata at ${url} has no "jwks_uri"`);
    return parseIdentityUrl(jwksUri, allowInsecure).href;
  }

  async function discover(): Promise<string> {
    if (options.jwksUri !== undefined) return options.jwksUri;
    if (found !== undefined && clock.elapsed() < found.untilMs) return found.jwksUri;
    const [openId, oauth] = metadataAddresses(issuer);
    const jwksUri = (await readMetadata(openId)) ?? (await readMetadata(oauth));
    if (jwksUri === undefined) throw new IdentityFetchError(`there is no metadata at ${openId} nor at ${oauth}`);
    found = { jwksUri, untilMs: clock.elapsed() + METADATA_MS };
    return jwksUri;
  }

  return async () => {
    const url = await discover();
    try {
      const { status, body } = await fetch({ url, allowInsecure });
      if (status !== 200) throw new IdentityFetchError(`the keys at ${url} were answered with status ${status}`);
      return { keys: publicKeysIn(body?.['keys'], url) };
    } catch (error) {
      // Perhaps they have moved.
      found = undefined;
      throw error;
    }
  };
}

/** The issuer's path comes before the well-known one (OpenID Connect), or after it (RFC 8414). */
function metadataAddresses(issuer: string): readonly [openId: string, oauth: string] {
  const base = issuer.replace(/\/+$/, '');
  const { origin, pathname } = new URL(base);
  const path = pathname === '/' ? '' : pathname;
  return [`${base}/.well-known/openid-configuration`, `${origin}/.well-known/oauth-authorization-server${path}`];
}

/** Of what an issuer publishes, that with which signatures may be checked. @throws IdentityFetchError */
function publicKeysIn(keys: unknown, url: string): JWK[] {
  if (!Array.isArray(keys)) throw new IdentityFetchError(`what is at ${url} is no JSON Web Key Set`);
  if (keys.length > MOST_KEYS) throw new IdentityFetchError(`there are more than ${MOST_KEYS} keys at ${url}`);
  const usable = keys.filter(isPublicKey);
  if (usable.length === 0) throw new IdentityFetchError(`there is no public key for signatures at ${url}`);
  return usable;
}

const isPublicKey = (key: unknown): key is JWK =>
  typeof key === 'object' &&
  key !== null &&
  'kty' in key &&
  ['RSA', 'EC', 'OKP', 'AKP'].includes(String(key.kty)) &&
  !('d' in key || 'priv' in key) &&
  !('use' in key && key.use !== 'sig');
