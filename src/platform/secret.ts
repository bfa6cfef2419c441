// A value that must never be printed: it hides itself from strings, JSON, inspection and logs, and is seen by reveal() alone.

import { inspect } from 'node:util';

const MASK = '***';

export interface Secret {
  /** The value itself. Hand it on at once, keep it nowhere. */
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

export function createSecret(value: string): Secret {
  // The value lives in a closure, not in a property, so that nothing that walks over properties can meet it.
  const secret = {
    reveal: () => value,
    toString: () => MASK,
    toJSON: () => MASK,
    [Symbol.toPrimitive]: () => MASK,
    [inspect.custom]: () => MASK,
  };
  return Object.freeze(secret);
}
