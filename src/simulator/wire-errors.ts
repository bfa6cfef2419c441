// Errors in the words and the shape of the OpenAI API: what a client of the real service would have to cope with.

import type { Json, JsonRecord } from './types.ts';

/** A refusal: thrown while a request is read, sent as `{ error }`. */
export class WireError extends Error {
  readonly status: number;
  readonly body: JsonRecord;
  readonly headers: { readonly [name: string]: string };

  constructor(status: number, error: JsonRecord, headers: { readonly [name: string]: string } = {}) {
    super(String(error['message']));
    this.status = status;
    this.body = { error };
    this.headers = headers;
  }
}

export function invalidRequest(message: string, param: string | null = null, code: string | null = null): WireError {
  return new WireError(400, { message, type: 'invalid_request_error', param, code });
}

const USUAL: { readonly [status: number]: JsonRecord } = {
  400: { message: 'The request is not valid.', type: 'invalid_request_error', code: null },
  401: { message: 'Incorrect API key provided.', type: 'invalid_request_error', code: 'invalid_api_key' },
  403: { message: 'This key may not use this resource.', type: 'invalid_request_error', code: 'forbidden' },
  404: { message: 'The resource does not exist.', type: 'invalid_request_error', code: 'not_found' },
  408: { message: 'The request took too long.', type: 'timeout', code: null },
  413: { message: 'The request is too large.', type: 'invalid_request_error', code: 'request_too_large' },
  429: {
    message: 'Rate limit reached for requests per minute. Please try again in 1s.',
    type: 'requests',
    code: 'rate_limit_exceeded',
  },
  503: { message: 'The server is currently overloaded. Please try again later.', type: 'server_error', code: null },
};

/** The error object usual for a status, with the fields of `override` laid over it. */
export function usualError(status: number, override: JsonRecord = {}): JsonRecord {
  const usual = USUAL[status] ?? {
    message: 'The server had an error while processing your request.',
    type: status >= 500 ? 'server_error' : 'invalid_request_error',
    code: null,
  };
  return { message: '', type: '', param: null, ...usual, ...override };
}

export function rateLimitHeaders(retryAfterSeconds: number): { readonly [name: string]: string } {
  return {
    'retry-after': String(retryAfterSeconds),
    'retry-after-ms': String(Math.round(retryAfterSeconds * 1000)),
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-limit-tokens': '60000',
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-remaining-tokens': '59000',
    'x-ratelimit-reset-requests': `${retryAfterSeconds}s`,
    'x-ratelimit-reset-tokens': '6ms',
  };
}

/** As Azure OpenAI refuses a prompt. `hit`: the categories found. */
export function contentFilterError(hit: readonly string[]): JsonRecord {
  const result: Record<string, Json> = {};
  for (const category of new Set(['hate', 'self_harm', 'sexual', 'violence', ...hit])) {
    const filtered = hit.includes(category);
    // The jailbreak shield reports a detection, the four harms a severity.
    result[category] =
      category === 'jailbreak' ? { filtered, detected: filtered } : { filtered, severity: filtered ? 'high' : 'safe' };
  }
  return {
    message:
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
    type: null,
    param: 'prompt',
    code: 'content_filter',
    status: 400,
    innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: result },
  };
}
