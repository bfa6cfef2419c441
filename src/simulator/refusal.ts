// Why a call is refused, before it is put in the words of a wire format; and the refusal as it goes out.

import type { Json, JsonRecord } from './types.ts';

export interface RateLimit {
  readonly limit: number;
  readonly remaining: number;
  /** Until it is whole again. */
  readonly resetMs: number;
}

/** How much a credential may still ask of a model. */
export interface RateLimits {
  readonly requests: RateLimit | undefined;
  readonly tokens: RateLimit | undefined;
}

export type Refusal =
  /** As the script says. `status` < 400: an error object under a good status. */
  | {
      readonly type: 'SCRIPTED';
      readonly status: number;
      readonly error: JsonRecord | undefined;
      readonly retryAfterSeconds: number | undefined;
    }
  | {
      readonly type: 'QUOTA';
      readonly model: string;
      readonly exceeded: 'requests' | 'tokens';
      readonly limits: RateLimits;
      /** What this request would take of what is exceeded. */
      readonly requested: number;
      readonly retryAfterSeconds: number;
    }
  /** Not as the API wants it, in its own words. `field`: the place, where the API tells it apart from the message. */
  | { readonly type: 'INVALID'; readonly message: string; readonly field: string | undefined }
  | { readonly type: 'CONTENT_FILTER'; readonly categories: readonly string[] }
  | { readonly type: 'SCRIPT'; readonly message: string }
  | { readonly type: 'NOT_JSON' | 'NOT_AN_OBJECT' | 'TOO_LARGE' }
  | { readonly type: 'KEY'; readonly given: boolean }
  | { readonly type: 'MODEL'; readonly name: string }
  | { readonly type: 'METHOD' | 'PATH'; readonly method: string; readonly path: string }
  | { readonly type: 'OUTPUT_CAP'; readonly model: string; readonly wanted: number; readonly outputLimit: number }
  | {
      readonly type: 'CONTEXT';
      readonly promptTokens: number;
      readonly wanted: number | undefined;
      readonly contextWindow: number;
    }
  /** A fault of the simulator itself, told in full, since only tests and the demo talk to it. */
  | { readonly type: 'FAULT'; readonly message: string };

/** Thrown by what all formats share; the format of the call finds the words. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.type);
    this.refusal = refusal;
  }
}

/** A refusal in the words of its format: thrown while a request is read, sent as it is. */
export class WireError extends Error {
  readonly status: number;
  readonly body: Json;
  readonly headers: { readonly [name: string]: string };

  constructor(status: number, body: Json, headers: { readonly [name: string]: string } = {}) {
    super(`status ${status}`);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** What a scripted 429 tells where no quota counts anything. */
export const exhaustedLimits = (retryAfterSeconds: number): RateLimits => ({
  requests: { limit: 60, remaining: 0, resetMs: retryAfterSeconds * 1000 },
  tokens: { limit: 60_000, remaining: 59_000, resetMs: 6 },
});
