// Quotas: how many requests and tokens a credential may ask of a model in a window of time. Windows are fixed: one begins
// with the first request after the last one has ended.

import { type RateLimit, type RateLimits, Refused } from './refusal.ts';
import type { Quota } from './types.ts';

const USUAL_WINDOW_MS = 60_000;

interface Window {
  readonly endMs: number;
  requests: number;
  tokens: number;
}

/** One quota of the script, and what was used of it. */
export interface QuotaBook {
  /** The window of a credential and a model. */
  window(credential: string, model: string, nowMs: number): Window;
  readonly quota: Quota;
}

export function createQuotaBook(quota: Quota): QuotaBook {
  const windows = new Map<string, Window>();
  const windowMs = quota.windowMs ?? USUAL_WINDOW_MS;
  return {
    quota,
    window: (credential, model, nowMs) => {
      const key = JSON.stringify([credential, model]);
      const known = windows.get(key);
      if (known !== undefined && nowMs < known.endMs) return known;
      const fresh = { endMs: nowMs + windowMs, requests: 0, tokens: 0 };
      windows.set(key, fresh);
      return fresh;
    },
  };
}

/** One call against all quotas that apply to it. */
export interface QuotaMeter {
  /** @throws Refused when one more request is too many; then nothing is booked. */
  takeRequest(): void;
  /** @throws Refused likewise */
  takePrompt(tokens: number): void;
  /** An answer may go beyond the quota: what comes after it waits. */
  addAnswer(tokens: number): void;
  /** The narrowest of each kind; undefined: there are no quotas. */
  limits(): RateLimits | undefined;
}

export function createQuotaMeter(
  books: readonly QuotaBook[],
  credential: string,
  model: string,
  now: () => number,
): QuotaMeter {
  const open = () => books.map(({ quota, window }) => ({ quota, window: window(credential, model, now()) }));
  const limitOf = (kind: 'requests' | 'tokens'): RateLimit | undefined => {
    const limits = open().flatMap(({ quota, window }): RateLimit[] => {
      const limit = quota[kind];
      if (limit === undefined) return [];
      return [{ limit, remaining: Math.max(0, limit - window[kind]), resetMs: window.endMs - now() }];
    });
    return limits.sort((left, right) => left.remaining - right.remaining)[0];
  };
  const limits = (): RateLimits => ({ requests: limitOf('requests'), tokens: limitOf('tokens') });

  const take = (kind: 'requests' | 'tokens', amount: number): void => {
    for (const { quota, window } of open()) {
      if (window[kind] + amount <= (quota[kind] ?? Number.POSITIVE_INFINITY)) continue;
      const retryAfterSeconds = (window.endMs - now()) / 1000;
      throw new Refused({
        type: 'QUOTA',
        model,
        exceeded: kind,
        limits: limits(),
        requested: amount,
        retryAfterSeconds,
      });
    }
    for (const { window } of open()) window[kind] += amount;
  };
  return {
    takeRequest: () => take('requests', 1),
    takePrompt: (tokens) => take('tokens', tokens),
    addAnswer: (tokens) => {
      for (const { window } of open()) window.tokens += tokens;
    },
    limits: () => (books.length === 0 ? undefined : limits()),
  };
}
