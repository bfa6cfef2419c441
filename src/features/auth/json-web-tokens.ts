// Signing in with JSON Web Tokens of the issuers that the configuration names. What is checked once is remembered by the
// digest of the token, so that the next request with it costs no signature check. A bad token is nothing but bad.

import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type CryptoKey, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { JwtIssuerConfig } from '../../platform/config.ts';
import { type IdentityFetch, IdentityFetchError } from '../../platform/identity-fetch.ts';
import { createIssuerKeys, type IssuerKeys, thumbprintOf } from './issuer-keys.ts';
import { createLoadKeys } from './issuer-metadata.ts';
import type { Identity, SignIn } from './sign-in.ts';
import type { Tenancies } from './tenancies.ts';
import { readTokenGrant, refuse } from './token-claims.ts';
import { createTokenSession, type TokenSession } from './token-session.ts';

export interface JsonWebTokens extends SignIn {
  identify(presented: string): Promise<Identity> | Identity;
  /**
   * Makes other issuers ready; the function given back goes over to them. Those that stay the same keep their callers;
   * those of all others end. Keys that are fetched from the same place stay.
   */
  prepare(issuers: readonly JwtIssuerConfig[]): () => void;
}

export interface TokenLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface JsonWebTokensOptions {
  readonly fetch: IdentityFetch;
  readonly tenancies: Tenancies;
  readonly clock: Clock;
  readonly logger: TokenLogger;
}

interface Issuer {
  readonly config: JwtIssuerConfig;
  readonly keys: IssuerKeys;
}

const LONGEST_TOKEN = 16 * 1024;
/** Checked tokens that are remembered, those used last. */
const REMEMBERED = 10_000;
/** Of keys that fit a token which names none. */
const MOST_KEYS_TRIED = 10;

export function createJsonWebTokens({ fetch, tenancies, clock, logger }: JsonWebTokensOptions): JsonWebTokens {
  let issuers: ReadonlyMap<string, Issuer> = new Map();
  const sessions = new LRUCache<string, TokenSession>({ max: REMEMBERED });

  function createKeys(config: JwtIssuerConfig): IssuerKeys {
    const { issuer } = config;
    return createIssuerKeys({
      load: createLoadKeys({ ...config, fetch, clock }),
      maxAgeMs: config.keysMaxAgeSeconds * 1_000,
      maxStaleMs: config.keysMaxStaleSeconds * 1_000,
      clock,
      onAvailability(problem) {
        if (problem === undefined) logger.info({ issuer }, 'the keys of an issuer of tokens can be fetched again');
        else logger.warn({ issuer, reason: reasonOf(problem) }, 'the keys of an issuer of tokens cannot be fetched');
      },
    });
  }

  /** Keys that come from the same place are at hand still, also where that is down now. */
  function issuerWith(config: JwtIssuerConfig, before: Issuer | undefined): Issuer {
    if (before === undefined) return { config, keys: createKeys(config) };
    if (isDeepStrictEqual(before.config, config)) return before;
    const isSamePlace = isDeepStrictEqual(placeOf(before.config), placeOf(config));
    return { config, keys: isSamePlace ? before.keys : createKeys(config) };
  }

  function issuerOf(token: string): Issuer {
    const { iss } = decodeJwt(token);
    const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined;
    if (issuer === undefined) throw refuse('The issuer of this token ("iss") is none of those this server trusts.');
    return issuer;
  }

  async function open(token: string): Promise<TokenSession> {
    const issuer = issuerOf(token);
    const { config, keys } = issuer;
    const { payload, key } = await verify(token, issuer, clock.now());
    const grant = readTokenGrant(payload, config);
    const thumbprint = await thumbprintOf(key);
    const isGood = () => issuers.get(config.issuer) === issuer && keys.has(thumbprint);
    return createTokenSession({
      issuer: config.issuer,
      grant() {
        // Keys may be taken back.
        const waiting = keys.freshen();
        if (waiting !== undefined) return waiting.then(() => (isGood() ? grant : undefined));
        return isGood() ? grant : undefined;
      },
      askAgainAtMs: () => keys.oldAtMs,
      tenancies,
      clock,
      clockSkewMs: config.clockSkewSeconds * 1_000,
    });
  }

  async function identifyAnew(token: string, digest: string): Promise<Identity> {
    sessions.delete(digest);
    try {
      const session = await open(token);
      const identity = await session.identify();
      if (identity === undefined) throw expired();
      sessions.set(digest, session);
      return identity;
    } catch (error) {
      throw error instanceof SluiceError ? error : refusalOf(error);
    }
  }

  return {
    identify(presented) {
      if (presented.length > LONGEST_TOKEN) {
        throw refuse(`This token is longer than ${LONGEST_TOKEN} characters.`);
      }
      const digest = createHash('sha256').update(presented).digest('base64');
      const known = sessions.get(digest)?.identify();
      if (known instanceof Promise) return known.then((identity) => identity ?? identifyAnew(presented, digest));
      return known ?? identifyAnew(presented, digest);
    },
    prepare(configured) {
      const next = new Map(configured.map((config) => [config.issuer, issuerWith(config, issuers.get(config.issuer))]));
      return () => {
        issuers = next;
      };
    },
  };
}

/** Where the keys of an issuer come from, and for how long. */
const placeOf = ({ issuer, jwksUri, allowInsecure, keysMaxAgeSeconds, keysMaxStaleSeconds }: JwtIssuerConfig) => ({
  issuer,
  jwksUri,
  allowInsecure,
  keysMaxAgeSeconds,
  keysMaxStaleSeconds,
});

/** @throws errors of jose, SluiceError */
async function verify(
  token: string,
  { config, keys }: Issuer,
  nowMs: number,
): Promise<{ readonly payload: JWTPayload; readonly key: CryptoKey }> {
  const { issuer, audience, algorithms, tokenType, clockSkewSeconds } = config;
  const verifyWith = (find: JWTVerifyGetKey<CryptoKey>) =>
    jwtVerify(token, find, {
      issuer,
      audience: [...audience],
      algorithms: [...algorithms],
      ...(tokenType === undefined ? {} : { typ: tokenType }),
      requiredClaims: ['iss', 'aud', 'exp'],
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(nowMs),
    });
  const verified = await verifyWith(keys.find).catch(async (error: unknown) => {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let tried = 0;
    for await (const key of error) {
      if (tried++ === MOST_KEYS_TRIED) break;
      try {
        return await verifyWith(() => key);
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  });
  const { iat } = verified.payload;
  if (iat !== undefined && iat * 1_000 > nowMs + clockSkewSeconds * 1_000) {
    throw refuse('This token was issued in the future ("iat"): is a clock wrong?');
  }
  return verified;
}

const expired = (): SluiceError =>
  new SluiceError('UNAUTHENTICATED', 'This token has expired. Sign in again.', { wasKnown: true });

/** In words that help and repeat nothing of the token. */
function refusalOf(error: unknown): SluiceError {
  // Told of a good signature only.
  if (error instanceof errors.JWTExpired) return expired();
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim } = error;
    if (error.reason === 'missing') return refuse(`This token lacks the claim "${claim}".`);
    if (claim === 'aud') return refuse('This token is for another audience ("aud") than this server.');
    if (claim === 'nbf') return refuse('This token is not valid yet ("nbf").');
    if (claim === 'typ') return refuse('This token is of another type ("typ") than its issuer’s access tokens.');
    return refuse(`The claim "${claim}" of this token is not valid.`);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return refuse('The algorithm of this token ("alg") is none of those its issuer may use here.');
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return refuse('This is no well-formed JSON Web Token.');
  }
  if (error instanceof errors.JOSENotSupported) {
    return refuse('This token wants something of its reader that this server does not know ("crit").');
  }
  // Whatever else is amiss with it or with the key it names: it is not shown to be good.
  return refuse('The signature of this token cannot be verified with a key of its issuer.');
}

const reasonOf = (problem: unknown): string =>
  problem instanceof IdentityFetchError ? problem.message : 'an answer that makes no sense';
