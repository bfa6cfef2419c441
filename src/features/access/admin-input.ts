// What may be written into records: each rule names the place of what breaks it, and what would be right; never the value.
// Names, and the words that name users, are the store's to judge.

import { ACCESS_SCOPES, type AccessScope } from '../../core/caller.ts';
import { SluiceError } from '../../core/errors.ts';
import { isWebOrigin } from '../../core/web-origin.ts';
import { isAddressRange } from '../../platform/address-ranges.ts';
import type { AdminRequest } from './admin-request.ts';

const MOST_OVERLAP_SECONDS = 7 * 24 * 3_600;
const MOST_MODELS = 100;
const MOST_PLACES = 50;
/** Letters, digits, signs and spaces of any script: nothing that controls, hides or breaks a line. */
const PLAIN_TEXT = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;
type Path = readonly string[];

export const badInput = (message: string, path: Path): SluiceError =>
  new SluiceError('BAD_USER_INPUT', message, { inputPath: path });

/** In words, for people; in the log of changes for good. */
export function requireReason(reason: string | undefined, path: Path): void {
  if (reason === undefined) return;
  if (reason.length > 500 || reason.trim() === '' || !PLAIN_TEXT.test(reason)) {
    throw badInput('A reason has 1 to 500 printable characters in one line, or is left out.', path);
  }
}

/**
 * Without repetitions. That the caller may use them is giving.ts' to say.
 * @throws SluiceError BAD_USER_INPUT, MODEL_NOT_FOUND
 */
export function soundModels(
  models: readonly string[] | undefined,
  { hasModel }: AdminRequest['offers'],
  path: Path,
): readonly string[] | undefined {
  const names = soundList(models, MOST_MODELS, 'all models', path);
  models?.forEach((name, index) => {
    if (hasModel(name)) return;
    throw new SluiceError('MODEL_NOT_FOUND', undefined, { inputPath: [...path, String(index)] });
  });
  return names;
}

export function soundOrigins(origins: readonly string[] | undefined, path: Path): readonly string[] | undefined {
  origins?.forEach((origin, index) => {
    if (isWebOrigin(origin)) return;
    throw badInput('An origin is like https://app.example.com: scheme, host and port, nothing after it.', [
      ...path,
      String(index),
    ]);
  });
  return soundList(origins, MOST_PLACES, 'any origin', path);
}

export function soundCidrs(cidrs: readonly string[] | undefined, path: Path): readonly string[] | undefined {
  cidrs?.forEach((cidr, index) => {
    if (isAddressRange(cidr)) return;
    throw badInput('An address, or a range of them, is like 10.0.0.7, 10.0.0.0/8 or fd00::/8.', [
      ...path,
      String(index),
    ]);
  });
  return soundList(cidrs, MOST_PLACES, 'any address', path);
}

/** Roles or scopes, without repetitions. */
export function soundSet<Value>(values: readonly Value[], what: string, path: Path): readonly Value[] {
  if (values.length === 0) throw badInput(`At least one ${what} is needed.`, path);
  return [...new Set(values)];
}

/** Scopes by their names in OAuth, which are no names of GraphQL. */
export function readScopes(names: readonly string[], path: Path): readonly AccessScope[] {
  return names.map((name, index) => {
    const scope = ACCESS_SCOPES.find((known) => known === name);
    if (scope !== undefined) return scope;
    throw badInput(`A scope is one of ${ACCESS_SCOPES.join(', ')}.`, [...path, String(index)]);
  });
}

export function requireFuture(atMs: number | undefined, nowMs: number, path: Path): void {
  if (atMs !== undefined && atMs <= nowMs) throw badInput('This time has passed: name one to come, or none.', path);
}

export function requireOverlap(seconds: number, path: Path): void {
  if (seconds >= 0 && seconds <= MOST_OVERLAP_SECONDS) return;
  throw badInput(`The overlap is a whole number of seconds from 0 to ${MOST_OVERLAP_SECONDS} (seven days).`, path);
}

function soundList(
  values: readonly string[] | undefined,
  most: number,
  otherwise: string,
  path: Path,
): readonly string[] | undefined {
  if (values === undefined) return undefined;
  if (values.length === 0) throw badInput(`Name at least one, or none at all (null) for ${otherwise}.`, path);
  if (values.length > most) throw badInput(`At most ${most} can be named here.`, path);
  return [...new Set(values)];
}
