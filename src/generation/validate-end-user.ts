// Whom a call is made for: only a key that was given the right speaks for end users; a token names its own.

import type { Caller } from '../core/caller.ts';
import type { CallInput } from './call-input.ts';
import { InputProblem } from './input-problem.ts';

const MAX_CHARACTERS = 256;
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/** @throws InputProblem */
export function validateEndUser({ endUserId }: CallInput, caller: Caller): string | undefined {
  if (endUserId === null || endUserId === undefined) return undefined;
  const refuse = (message: string): never => {
    throw new InputProblem(['endUserId'], message);
  };
  if (caller.principalKind === 'USER') {
    return refuse('Leave endUserId out: your token says who the user is, and no call can say otherwise.');
  }
  if (!caller.mayActForEndUsers) {
    return refuse(
      'This key may not speak for end users. Leave endUserId out, or use a key that was made to name them (mayActForEndUsers; in the configuration: endUsers).',
    );
  }
  if (endUserId.trim() === '' || endUserId.length > MAX_CHARACTERS || UNPRINTABLE.test(endUserId)) {
    return refuse(`endUserId has 1 to ${MAX_CHARACTERS} characters, without line breaks or control characters.`);
  }
  return endUserId;
}
