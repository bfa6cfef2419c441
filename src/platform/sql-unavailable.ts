// Tells "the database does not answer", which passes and is worth a retry, from defects of ours.

import { errorCode } from './error-code.ts';

/** The database could not be asked. The message names no password. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
}

export function unavailable(cause: unknown): DatabaseUnavailableError {
  if (cause instanceof DatabaseUnavailableError) return cause;
  return new DatabaseUnavailableError(`The database does not answer: ${reasonOf(cause)}`, { cause });
}

/** In words. Not by `instanceof`: errors of the system may come from another realm; that of several addresses has none. */
export function reasonOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
  return message === '' ? (errorCode(error) ?? 'no answer') : message;
}

/**
 * What the server says when it cannot serve, by SQLSTATE: connections (08), who we are (28) or which database (3D000),
 * resources (53), a statement that took too long (57014) or waited too long for a lock (55P03), a server that stops,
 * starts or has lost its disk (57P, 58), or has become the read-only one of two (25006).
 */
const UNAVAILABLE_STATES = /^(08|28|3D000|53|57014|55P03|57P|58|25006)/;

/** Whether the error of a statement means that the database does not answer. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailableError) return true;
  const code = errorCode(error);
  return code?.length === 5 && UNAVAILABLE_STATES.test(code);
}
