// API keys as this server makes them: `slk_<12 characters to find it by>_<256 random bits>`.

import { randomBytes } from 'node:crypto';
import type { Pepper } from './peppers.ts';

export interface MintedKey {
  /** Shown once, kept nowhere. */
  readonly key: string;
  /** Public start of the key, by which it is found. */
  readonly prefix: string;
  /** Base64. */
  readonly digest: string;
  readonly pepperId: string;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const FORM = /^(slk_[0-9a-hjkmnp-tv-z]{12})_[A-Za-z0-9_-]{43}$/;

export function mintKey(pepper: Pepper): MintedKey {
  const prefix = `slk_${Array.from(randomBytes(12), (byte) => ALPHABET[byte & 31]).join('')}`;
  const key = `${prefix}_${randomBytes(32).toString('base64url')}`;
  return { key, prefix, digest: pepper.digestOf(key).toString('base64'), pepperId: pepper.id };
}

/** undefined: no key that this server made. */
export const prefixOf = (presented: string): string | undefined => FORM.exec(presented)?.[1];
