// Identifiers. Generation and batch ids sort by time (48 bits of milliseconds) and cannot be guessed (80 random bits).

import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const POOL_BYTES = 16 * 256;
let pool = randomBytes(POOL_BYTES);
let used = 0;

/** 26 characters of Crockford base 32: 10 of time, 16 of randomness (the layout of a ULID). */
function sortableId(nowMs: number): string {
  if (used + 16 > POOL_BYTES) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  let time = '';
  let rest = nowMs;
  for (let index = 0; index < 10; index++) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  let random = '';
  for (let index = 0; index < 16; index++) random += ALPHABET[(pool[used++] ?? 0) & 31];
  return time + random;
}

export const newGenerationId = (nowMs: number): string => `gen_${sortableId(nowMs)}`;
export const newBatchId = (nowMs: number): string => `bat_${sortableId(nowMs)}`;
export const newRequestId = (nowMs: number): string => `req_${sortableId(nowMs)}`;

/** Ids of what is kept about access. A name never looks like one. */
const RECORD_PREFIXES = {
  ORGANIZATION: 'org',
  PROJECT: 'prj',
  API_KEY: 'key',
  ROLE_GRANT: 'grt',
  LIMIT: 'lim',
  BUDGET: 'bud',
} as const;
export const newRecordId = (kind: keyof typeof RECORD_PREFIXES, nowMs: number): string =>
  `${RECORD_PREFIXES[kind]}_${sortableId(nowMs)}`;
export const newSecretId = (nowMs: number): string => `sec_${sortableId(nowMs)}`;
export const newAuditId = (nowMs: number): string => `aud_${sortableId(nowMs)}`;
export const newTokenId = (nowMs: number): string => `tok_${sortableId(nowMs)}`;
