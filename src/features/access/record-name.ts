// Names of organizations, projects and keys: what they may be, and when two of them are the same.

import { SluiceError } from '../../core/errors.ts';

const MAX_CHARACTERS = 100;
/** Letters, marks, digits, punctuation, symbols, spaces; joiners, which some scripts cannot be written without. */
const PRINTABLE = /^(?:[\p{L}\p{M}\p{N}\p{P}\p{S} ]|\u200c|\u200d)+$/u;
const LOOKS_LIKE_AN_ID = /^[a-z]{3}_[0-9a-z]{26}$/;

/**
 * The name as it is kept. `reserved`: only the record that always exists may be called `default`.
 * @throws SluiceError BAD_USER_INPUT
 */
export function checkName(name: string, { reserved }: { readonly reserved: boolean }): string {
  const kept = name.normalize('NFC').trim();
  const folded = foldName(kept);
  const problem = problemOf(kept, folded, reserved);
  if (problem !== undefined) throw new SluiceError('BAD_USER_INPUT', problem, { inputPath: ['input', 'name'] });
  return kept;
}

/** Two names are the same when this is. */
export function foldName(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/\u200c|\u200d/g, '')
    .toLowerCase();
}

function problemOf(name: string, folded: string, reserved: boolean): string | undefined {
  if (folded.trim() === '') return 'The name is empty: give it at least one character.';
  const length = [...name].length;
  if (length > MAX_CHARACTERS) return `The name has ${length} characters: at most ${MAX_CHARACTERS} are possible.`;
  if (!PRINTABLE.test(name)) {
    return 'The name has characters that cannot be seen (line breaks, tabs, control characters or the like): leave them out.';
  }
  if (LOOKS_LIKE_AN_ID.test(folded)) return 'The name looks like an id of this server: choose one that does not.';
  if (reserved && folded === 'default') {
    return 'The name "default" is kept for the organization and the project that always exist: choose another.';
  }
  return undefined;
}
