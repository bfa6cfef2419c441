// An effort as a number of tokens to think with, where a model takes a budget and no effort.

import type { Reasoning } from '../core/chat.ts';

/** Hundredths of the output cap. */
const SHARES = { LOW: 20, MEDIUM: 50, HIGH: 80 } as const;

export const effortShare = (effort: NonNullable<Reasoning['effort']>, maxOutputTokens: number): number =>
  Math.floor((maxOutputTokens * SHARES[effort]) / 100);
