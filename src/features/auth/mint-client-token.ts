// Makes a client token for one user: for an API key, and for no more than the key itself is good for.

import { type Caller, hasRole, hasScope } from '../../core/caller.ts';
import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import { newTokenId } from '../../core/ids.ts';
import { isWebOrigin } from '../../core/web-origin.ts';
import { type ClientToken, writeClientToken } from './client-token.ts';
import type { ClientTokenKeys } from './client-token-keys.ts';
import type { KeyIdentity } from './key-identity.ts';
import { earliestOf } from './narrowing.ts';
import type { Identity } from './sign-in.ts';

export interface ClientTokenRequest {
  readonly user: string;
  readonly ttlSeconds: number;
  /** undefined: all that the key may use, whenever the token is used. */
  readonly models: readonly string[] | undefined;
  /** undefined: those of the key. */
  readonly origins: readonly string[] | undefined;
}

export interface MintedClientToken {
  /** Shown once, kept nowhere. */
  readonly text: string;
  readonly token: ClientToken;
}

/**
 * `mayUse`: whether the caller has a model of this name.
 * @throws SluiceError FORBIDDEN, INSUFFICIENT_SCOPE; BAD_USER_INPUT, MODEL_NOT_FOUND with the path in the input.
 */
export type MintClientToken = (
  caller: Caller,
  request: ClientTokenRequest,
  mayUse: (model: string) => boolean,
) => Promise<MintedClientToken>;

export interface MintClientTokenOptions {
  readonly keys: ClientTokenKeys;
  readonly identityOf: (caller: Caller) => Identity | undefined;
  readonly clock: Clock;
}

const LONGEST_TTL_SECONDS = 3_600;
const MOST_NAMES = 50;
/** Servers and proxies take headers of 8 KiB, all of them together. */
const LONGEST_TOKEN = 6_000;
/** Letters, digits, signs and spaces of any script: nothing that controls, hides or breaks a line. */
const USER = /^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u;

export function createClientTokenMint({ keys, identityOf, clock }: MintClientTokenOptions): MintClientToken {
  return async (caller, request, mayUse) => {
    const maker = requireMaker(caller, identityOf(caller));
    requireSound(request);
    requireModels(request.models, mayUse);
    requireOrigins(request.origins, maker.allowedOrigins);
    const nowMs = clock.now();
    const untilMs = earliestOf(nowMs + request.ttlSeconds * 1_000, caller.expiresAtMs) ?? nowMs;
    const token: ClientToken = {
      id: newTokenId(nowMs),
      user: request.user,
      issuedAtMs: wholeSeconds(nowMs),
      expiresAtMs: wholeSeconds(untilMs),
      organizationId: caller.organizationId,
      projectId: caller.projectId,
      madeBy: maker.reference,
      models: request.models && [...new Set(request.models)],
      origins: request.origins && [...new Set(request.origins)],
    };
    const text = await writeClientToken(token, keys);
    if (text.length > LONGEST_TOKEN) {
      throw badInput(
        `These models and origins make a token of ${text.length} characters, and at most ${LONGEST_TOKEN} fit into the headers of a request: name fewer.`,
      );
    }
    return { text, token };
  };
}

const wholeSeconds = (ms: number): number => Math.floor(ms / 1_000) * 1_000;

const badInput = (message: string, ...path: readonly string[]): SluiceError =>
  new SluiceError('BAD_USER_INPUT', message, { inputPath: ['input', ...path] });

function requireMaker(caller: Caller, identity: Identity | undefined): KeyIdentity {
  if (identity === undefined || !isKey(identity)) {
    throw new SluiceError('FORBIDDEN', 'Only API keys make client tokens, and you signed in with a token.');
  }
  if (!hasRole(caller, 'MEMBER')) {
    throw new SluiceError('FORBIDDEN', 'A key without the role MEMBER makes no client tokens: it may call no model.');
  }
  if (!hasScope(caller, 'generate')) {
    throw new SluiceError(
      'INSUFFICIENT_SCOPE',
      'A key without the scope generate makes no client tokens: it may call no model.',
      { neededScope: 'generate' },
    );
  }
  return identity;
}

const isKey = (identity: Identity): identity is KeyIdentity => 'reference' in identity;

function requireSound({ user, ttlSeconds }: ClientTokenRequest): void {
  if (!USER.test(user) || user.trim() !== user || !user.isWellFormed()) {
    throw badInput(
      '"user" is 1 to 256 printable characters, without spaces at its ends and without control characters.',
      'user',
    );
  }
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > LONGEST_TTL_SECONDS) {
    throw badInput(`"ttlSeconds" is a whole number from 1 to ${LONGEST_TTL_SECONDS}.`, 'ttlSeconds');
  }
}

function requireModels(models: readonly string[] | undefined, mayUse: (model: string) => boolean): void {
  if (models === undefined) return;
  requireNames('models', models);
  models.forEach((model, index) => {
    if (mayUse(model)) return;
    throw new SluiceError('MODEL_NOT_FOUND', 'Your key has no model of this name to give.', {
      inputPath: ['input', 'models', String(index)],
    });
  });
}

function requireOrigins(origins: readonly string[] | undefined, allowed: readonly string[] | undefined): void {
  if (origins === undefined) return;
  requireNames('origins', origins);
  origins.forEach((origin, index) => {
    if (!isWebOrigin(origin)) {
      throw badInput(
        'An origin is like https://app.example.com: scheme, host and port, nothing after it.',
        'origins',
        String(index),
      );
    }
    if (allowed !== undefined && !allowed.includes(origin)) {
      throw badInput('Your key may not be used from this origin, and so no token of it may.', 'origins', String(index));
    }
  });
}

function requireNames(field: string, names: readonly string[]): void {
  if (names.length === 0) throw badInput(`"${field}" names at least one, or is left out.`, field);
  if (names.length > MOST_NAMES) throw badInput(`"${field}" names at most ${MOST_NAMES}.`, field);
}
