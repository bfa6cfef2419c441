// What is wrong with one call's input and where; and the few rules that several checks share.

import type { InvalidInput, InvalidInputCode } from '../core/generation.ts';

export const NAME = /^[A-Za-z0-9_-]{1,64}$/;
export const TOOL_NAME_RULE = 'A tool name has 1 to 64 letters, digits, "_" or "-".';

/** Thrown inside this folder's validation only; prepare.ts turns it into a value. */
export class InputProblem extends Error {
  readonly code: InvalidInputCode;
  readonly path: readonly string[];

  constructor(path: readonly (string | number)[], message: string, code: InvalidInputCode = 'INVALID') {
    super(message);
    this.code = code;
    this.path = path.map(shorten);
  }

  toInvalidInput(prefix: readonly string[]): InvalidInput {
    return { type: 'INVALID_INPUT', code: this.code, message: this.message, path: [...prefix, ...this.path] };
  }
}

/** Names in it may be the caller's own. */
const longestStep = 64;
const shorten = (step: string | number): string => {
  const name = String(step);
  return name.length > longestStep ? `${name.slice(0, longestStep - 1).toWellFormed()}…` : name;
};

/** Scalars named JSONObject let nothing else through today; this keeps the promise where the value is used. */
export function requireObject(value: unknown, path: (string | number)[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputProblem(path, 'A JSON object is needed here.');
  }
}
