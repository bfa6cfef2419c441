// Refusals in the words and the shape of Anthropic's Messages API.

import { exhaustedLimits, type RateLimits, type Refusal, Refused, WireError } from '../refusal.ts';
import type { Json, JsonRecord } from '../types.ts';
import type { RefusalContext } from '../wire-format.ts';

const USUAL: { readonly [status: number]: { readonly type: string; readonly message: string } } = {
  400: { type: 'invalid_request_error', message: 'The request is not valid.' },
  401: { type: 'authentication_error', message: 'invalid x-api-key' },
  402: { type: 'billing_error', message: 'Your credit balance is too low to access the Anthropic API.' },
  403: { type: 'permission_error', message: 'Your API key does not have permission to use the specified resource.' },
  404: { type: 'not_found_error', message: 'Not Found' },
  409: { type: 'conflict_error', message: 'The request conflicts with the current state of the resource.' },
  413: { type: 'request_too_large', message: 'Request exceeds the maximum size' },
  429: {
    type: 'rate_limit_error',
    message: "This request would exceed your account's rate limit. Please try again later.",
  },
  500: { type: 'api_error', message: 'Internal server error' },
  504: { type: 'timeout_error', message: 'The request timed out.' },
  529: { type: 'overloaded_error', message: 'Overloaded' },
};

/** The whole body usual for a status, with the fields of `override` laid over the error in it. */
export function errorBody(status: number, override: JsonRecord | undefined, id: string | undefined): Json {
  const usual = USUAL[status] ?? {
    type: status >= 500 ? 'api_error' : 'invalid_request_error',
    message: status >= 500 ? 'Internal server error' : 'The request is not valid.',
  };
  return { type: 'error', error: { ...usual, ...override }, request_id: id ?? null };
}

export const invalidRequest = (message: string) => new Refused({ type: 'INVALID', message, field: undefined });

/** `messages.0.content: Field required` */
export const invalid = (at: string, problem: string) => invalidRequest(`${at}: ${problem}`);

export function limitHeaders({ requests, tokens }: RateLimits, nowMs: number): Record<string, string> {
  const headers: Record<string, string> = {};
  // One limit on tokens stands for those on input and on output.
  const kinds = [
    ['requests', requests],
    ['tokens', tokens],
    ['input-tokens', tokens],
    ['output-tokens', tokens],
  ] as const;
  for (const [kind, limit] of kinds) {
    if (limit === undefined) continue;
    headers[`anthropic-ratelimit-${kind}-limit`] = String(limit.limit);
    headers[`anthropic-ratelimit-${kind}-remaining`] = String(limit.remaining);
    headers[`anthropic-ratelimit-${kind}-reset`] = `${new Date(nowMs + limit.resetMs).toISOString().slice(0, 19)}Z`;
  }
  return headers;
}

/** Any refusal in the words of the API. */
export function refuse(why: Refusal, { id, nowMs }: RefusalContext): WireError {
  const refusal = (status: number, error?: JsonRecord, headers?: Record<string, string>) =>
    new WireError(status, errorBody(status, error, id), headers);
  const limited = (message: string | undefined, seconds: number, limits: RateLimits) =>
    refusal(429, message === undefined ? undefined : { message }, {
      'retry-after': String(seconds),
      ...limitHeaders(limits, nowMs),
    });
  switch (why.type) {
    case 'SCRIPTED': {
      const { status, error, retryAfterSeconds: seconds } = why;
      const body = errorBody(status < 400 ? 500 : status, error, id);
      if (status !== 429) return new WireError(status, body);
      const { headers } = limited(undefined, seconds ?? 1, exhaustedLimits(seconds ?? 1));
      return new WireError(429, body, headers);
    }
    case 'QUOTA': {
      const { limit = 0 } = why.limits[why.exceeded] ?? {};
      return limited(
        `This request would exceed the rate limit for your organization of ${limit} ${why.exceeded} per minute (model: ${why.model}).`,
        Math.ceil(why.retryAfterSeconds),
        why.limits,
      );
    }
    case 'INVALID':
      return refusal(400, { message: why.message });
    case 'CONTENT_FILTER':
      return refusal(400, { message: 'Output blocked by content filtering policy' });
    case 'SCRIPT':
      return refusal(400, { message: why.message });
    case 'NOT_JSON':
      return refusal(400, { message: 'The request body is not valid JSON.' });
    case 'NOT_AN_OBJECT':
      return refusal(400, { message: 'Input should be a valid dictionary or object to extract fields from' });
    case 'TOO_LARGE':
      return refusal(413);
    case 'KEY':
      return refusal(401, { message: why.given ? 'invalid x-api-key' : 'x-api-key header is required' });
    case 'MODEL':
      return refusal(404, { message: `model: ${why.name}` });
    case 'METHOD':
      return refusal(405, { message: 'Method Not Allowed' });
    case 'PATH':
      return refusal(404);
    case 'OUTPUT_CAP':
      return refusal(400, {
        message: `max_tokens: ${why.wanted} > ${why.outputLimit}, which is the maximum allowed number of output tokens for ${why.model}`,
      });
    case 'CONTEXT':
      return refusal(400, {
        message: `prompt is too long: ${why.promptTokens} tokens > ${why.contextWindow} maximum`,
      });
    case 'FAULT':
      return refusal(500, { message: why.message });
  }
}
