// Signing in with tokens that only their issuer can read (OAuth 2.0 Token Introspection, RFC 7662). Answers are kept for a
// minute at most, by the digest of the token; what goes on for longer is asked about again.

import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { IntrospectionConfig } from '../../platform/config.ts';
import { type IdentityFetch, IdentityFetchError } from '../../platform/identity-fetch.ts';
import { createSecret } from '../../platform/secret.ts';
import { type IntrospectionAnswer, readIntrospection } from './introspection-answer.ts';
import type { TokenLogger } from './json-web-tokens.ts';
import type { Identity, SignIn } from './sign-in.ts';
import type { Tenancies } from './tenancies.ts';
import type { TokenGrant } from './token-claims.ts';
import { createTokenSession, type TokenSession } from './token-session.ts';

export interface Introspection extends SignIn {
  /** Makes another endpoint ready; the function given back goes over to it, and ends the callers of the one before. */
  prepare(config: IntrospectionConfig | undefined): () => void;
}

export interface IntrospectionOptions {
  readonly fetch: IdentityFetch;
  readonly tenancies: Tenancies;
  readonly clock: Clock;
  readonly logger: TokenLogger;
}

/** One token that was active when it was last asked about. */
interface Known {
  readonly session: TokenSession;
  readonly goodUntilMs: () => number;
}

const LONGEST_TOKEN = 16 * 1024;
/** RFC 6750, 2.1. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const ACTIVE_MS = 60_000;
const INACTIVE_MS = 5_000;
/** Of each kind of answer. */
const REMEMBERED = 10_000;
/** An endpoint that failed is not asked again before. */
const RETRY_MS = 1_000;
/** So often at most the log tells that the endpoint takes a token for a bad request. */
const ODDITY_MS = 600_000;
/** What runs goes on for so long while nobody can tell whether its token is good. */
const UNANSWERED_MS = 600_000;

export function createIntrospection({ fetch, tenancies, clock, logger }: IntrospectionOptions): Introspection {
  let endpoint: IntrospectionConfig | undefined;
  const active = new LRUCache<string, Known>({ max: REMEMBERED });
  /** Digest → until when (`elapsed`). */
  const inactive = new LRUCache<string, { readonly untilMs: number; readonly error: SluiceError }>({ max: REMEMBERED });
  const asking = new Map<string, Promise<IntrospectionAnswer>>();
  let isDown = false;
  let retryAtMs = 0;
  let nextOddityAtMs = 0;

  function unavailable(cause?: unknown): SluiceError {
    const words = 'Whether this token is good cannot be asked right now. Try again shortly.';
    return new SluiceError('AUTHENTICATION_UNAVAILABLE', words, { retryAfterMs: RETRY_MS, cause });
  }

  function tellDown(problem: string): void {
    retryAtMs = clock.elapsed() + RETRY_MS;
    if (!isDown) logger.warn({ reason: problem }, 'the introspection endpoint does not answer as it should');
    isDown = true;
  }

  /** Anybody can bring it about, and where it is so with all tokens an operator has to know. */
  function tellOddity(reason: string): void {
    if (clock.elapsed() < nextOddityAtMs) return;
    nextOddityAtMs = clock.elapsed() + ODDITY_MS;
    logger.warn({ reason }, 'the introspection endpoint takes a token for a bad request: the token is refused');
  }

  async function askOnce(token: string, config: IntrospectionConfig): Promise<IntrospectionAnswer> {
    if (isDown) {
      if (clock.elapsed() < retryAtMs) throw unavailable();
      // One at a time finds out whether it is back.
      retryAtMs = clock.elapsed() + RETRY_MS;
    }
    try {
      const answer = await fetch({
        url: config.endpoint,
        allowInsecure: config.allowInsecure,
        form: { token, token_type_hint: 'access_token' },
        headers: { authorization: basic(config) },
      });
      const read = readIntrospection(answer, config, clock.now());
      if (isDown) logger.info({}, 'the introspection endpoint answers again');
      isDown = false;
      if (read.type === 'INACTIVE' && read.oddity !== undefined) tellOddity(read.oddity);
      return read;
    } catch (error) {
      tellDown(error instanceof IdentityFetchError ? error.message : 'an answer that makes no sense');
      throw unavailable(error);
    }
  }

  function ask(token: string, digest: string, config: IntrospectionConfig): Promise<IntrospectionAnswer> {
    const known = asking.get(digest);
    if (known !== undefined) return known;
    const answering = askOnce(token, config).finally(() => {
      if (asking.get(digest) === answering) asking.delete(digest);
    });
    asking.set(digest, answering);
    return answering;
  }

  function rememberInactive(digest: string, error: SluiceError): void {
    active.delete(digest);
    inactive.set(digest, { untilMs: clock.elapsed() + INACTIVE_MS, error });
  }

  /** @throws SluiceError for a token that was refused just now. */
  function requireNotInactive(digest: string): void {
    const refused = inactive.get(digest);
    if (refused !== undefined && clock.elapsed() < refused.untilMs) throw refused.error;
  }

  const goodUntil = ({ expiresAtMs }: TokenGrant): number =>
    Math.min(clock.now() + ACTIVE_MS, expiresAtMs ?? Number.POSITIVE_INFINITY);

  function open(token: string, digest: string, config: IntrospectionConfig, first: TokenGrant): Known {
    // Needed to ask again; kept from being printed.
    const secret = createSecret(token);
    let grant: TokenGrant | undefined = first;
    let goodUntilMs = goodUntil(first);
    let answeredAtMs = clock.elapsed();

    async function askAgain(): Promise<TokenGrant | undefined> {
      const answer = await ask(secret.reveal(), digest, config).catch((error: unknown) => {
        if (clock.elapsed() - answeredAtMs < UNANSWERED_MS) throw error;
        return undefined;
      });
      answeredAtMs = clock.elapsed();
      if (answer?.type !== 'ACTIVE') {
        grant = undefined;
        rememberInactive(digest, gone());
        return undefined;
      }
      grant = isDeepStrictEqual(grant, answer.grant) ? grant : answer.grant;
      goodUntilMs = goodUntil(answer.grant);
      return grant;
    }

    const session = createTokenSession({
      issuer: issuerOf(config),
      grant() {
        if (grant === undefined || endpoint !== config) return undefined;
        return clock.now() < goodUntilMs ? grant : askAgain();
      },
      askAgainAtMs: () => goodUntilMs,
      tenancies,
      clock,
      clockSkewMs: 0,
    });
    return { session, goodUntilMs: () => goodUntilMs };
  }

  async function identifyAnew(token: string, digest: string, config: IntrospectionConfig): Promise<Identity> {
    requireNotInactive(digest);
    active.delete(digest);
    const answer = await ask(token, digest, config);
    if (answer.type === 'INACTIVE') {
      rememberInactive(digest, answer.error);
      throw answer.error;
    }
    // Of many that asked at once, the first.
    const known = active.get(digest) ?? open(token, digest, config, answer.grant);
    active.set(digest, known);
    const identity = await known.session.identify();
    if (identity === undefined) throw gone();
    return identity;
  }

  return {
    identify(presented) {
      const config = endpoint;
      if (config === undefined || presented.length > LONGEST_TOKEN || !TOKEN.test(presented)) return undefined;
      const digest = createHash('sha256').update(presented).digest('base64');
      requireNotInactive(digest);
      const known = active.get(digest)?.session.identify();
      if (known instanceof Promise) {
        return known.then((identity) => identity ?? identifyAnew(presented, digest, config));
      }
      return known ?? identifyAnew(presented, digest, config);
    },
    prepare(config) {
      const next = isDeepStrictEqual(comparable(config), comparable(endpoint)) ? endpoint : config;
      return () => {
        if (next === endpoint) return;
        endpoint = next;
        active.clear();
        inactive.clear();
        asking.clear();
        isDown = false;
      };
    },
  };
}

/** A secret compares as what it hides. */
const comparable = (config: IntrospectionConfig | undefined) =>
  config && { ...config, clientSecret: config.clientSecret.reveal() };

/** Who vouches for the users of its tokens. */
export const issuerOf = ({ issuer, endpoint }: IntrospectionConfig): string => issuer ?? new URL(endpoint).origin;

/** RFC 6749, 2.3.1: both parts are encoded as in a form. */
function basic({ clientId, clientSecret }: IntrospectionConfig): string {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  const pair = `${encode(clientId)}:${encode(clientSecret.reveal())}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

const gone = (): SluiceError =>
  new SluiceError('UNAUTHENTICATED', 'This token has expired or was revoked. Sign in again.', { wasKnown: true });
