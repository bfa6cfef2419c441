// Tells whether two inputs ask the same: a digest over the coerced input, object keys in order, absent = null, without
// what does not change the question (idempotencyKey, timeoutMs, labels).

import { createHash } from 'node:crypto';
import type { CallInput } from './call-input.ts';

const NOT_THE_QUESTION = new Set(['idempotencyKey', 'timeoutMs', 'labels']);
/** Fields that hold a caller's own JSON, where null is data and not the same as absent. */
const JSON_FIELDS = new Set(['parameters', 'schema', 'arguments', 'providerOptions']);

export function fingerprintOf(input: CallInput): string {
  const question = Object.fromEntries(Object.entries(input).filter(([name]) => !NOT_THE_QUESTION.has(name)));
  return digest(canonical(question, false));
}

/** Of many in their order, from the fingerprints of each. */
export function fingerprintOfAll(fingerprints: readonly string[]): string {
  return digest(fingerprints);
}

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('base64url');

function canonical(value: unknown, insideJson: boolean): unknown {
  if (Array.isArray(value)) return value.map((element) => canonical(element, insideJson));
  if (typeof value !== 'object' || value === null) return value;
  // An object becomes { o: [[name, value], …] }, which no array can look like, whatever its keys are called.
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined && (insideJson || member !== null))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => [name, canonical(member, insideJson || JSON_FIELDS.has(name))]);
  return { o: members };
}
