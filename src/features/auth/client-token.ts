// What a client token says: the claims that this server writes into a JWT of its own, and reads out of it again.

import { decodeJwt, errors, jwtVerify, SignJWT } from 'jose';
import { CLIENT_TOKEN_ISSUER } from '../../core/credential-form.ts';
import { SluiceError } from '../../core/errors.ts';
import type { ClientTokenKeys } from './client-token-keys.ts';
import type { KeyReference } from './key-identity.ts';

export interface ClientToken {
  readonly id: string;
  readonly user: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly organizationId: string;
  readonly projectId: string;
  /** The secret that made it, with which it ends. */
  readonly madeBy: KeyReference;
  /** undefined: those of its key. */
  readonly models: readonly string[] | undefined;
  readonly origins: readonly string[] | undefined;
}

const AUDIENCE = 'sluice';
const TYPE = 'sluice-client+jwt';
const ALGORITHM = 'EdDSA';

export function writeClientToken(token: ClientToken, keys: ClientTokenKeys): Promise<string> {
  const { id, privateKey } = keys.current();
  const { madeBy, models, origins } = token;
  const claims = {
    // A subject with a colon has to be a URI (RFC 7519, 4.1.2 and 2): this one always is.
    sub: `user:${encodeURIComponent(token.user)}`,
    scope: 'generate',
    org: token.organizationId,
    prj: token.projectId,
    key: madeBy.keyId,
    sec: madeBy.secretId,
    ...(madeBy.source === 'STORED' ? { pfx: madeBy.prefix } : {}),
    ...(models === undefined ? {} : { models }),
    ...(origins === undefined ? {} : { origins }),
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: id })
    .setIssuer(CLIENT_TOKEN_ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt(Math.floor(token.issuedAtMs / 1_000))
    .setExpirationTime(Math.floor(token.expiresAtMs / 1_000))
    .setJti(token.id)
    .sign(privateKey);
}

/** Whether it says that it is ours: nothing more. */
export function claimsToBeClientToken(presented: string): boolean {
  try {
    return decodeJwt(presented).iss === CLIENT_TOKEN_ISSUER;
  } catch {
    return false;
  }
}

/** @throws SluiceError UNAUTHENTICATED, `wasKnown` where it has expired. */
export async function readClientToken(presented: string, keys: ClientTokenKeys, nowMs: number): Promise<ClientToken> {
  try {
    const { payload } = await jwtVerify(
      presented,
      ({ kid }) => {
        const key = keys.find(kid);
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        return key.publicKey;
      },
      {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer: CLIENT_TOKEN_ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'iat', 'exp', 'jti', 'org', 'prj', 'key', 'sec'],
        currentDate: new Date(nowMs),
      },
    );
    return tokenOf(payload);
  } catch (error) {
    // Told only of a good signature: what it says is looked at after it.
    if (error instanceof errors.JWTExpired) throw expired();
    throw new SluiceError('UNAUTHENTICATED', 'This client token is not valid here. Have a new one made.');
  }
}

export const expired = (): SluiceError =>
  new SluiceError('UNAUTHENTICATED', 'This client token has expired. Have a new one made.', { wasKnown: true });

/** Signed by this server: of the shape it was given. */
function tokenOf(payload: Readonly<Record<string, unknown>>): ClientToken {
  const { sub, iat, exp, jti, org, prj, key, sec, pfx, models, origins } = payload;
  const madeBy = { keyId: String(key), secretId: String(sec) };
  return {
    id: String(jti),
    user: decodeURIComponent(String(sub).slice('user:'.length)),
    issuedAtMs: Number(iat) * 1_000,
    expiresAtMs: Number(exp) * 1_000,
    organizationId: String(org),
    projectId: String(prj),
    madeBy:
      pfx === undefined ? { source: 'CONFIGURED', ...madeBy } : { source: 'STORED', ...madeBy, prefix: String(pfx) },
    models: namesIn(models),
    origins: namesIn(origins),
  };
}

const namesIn = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) ? value.map(String) : undefined;
