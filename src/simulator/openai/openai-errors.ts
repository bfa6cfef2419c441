// Refusals in the words and the shape of the OpenAI API: what a client of the real service would have to cope with.

import { exhaustedLimits, type RateLimits, type Refusal, WireError } from '../refusal.ts';
import type { Json, JsonRecord } from '../types.ts';

const refusal = (status: number, error: JsonRecord, headers?: Record<string, string>) =>
  new WireError(status, { error }, headers);

export function invalidRequest(message: string, param: string | null = null, code: string | null = null): WireError {
  return refusal(400, { message, type: 'invalid_request_error', param, code });
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

/** The wait of a refusal, which the API also tells in milliseconds. */
function retryHeaders(retryAfterSeconds: number): Record<string, string> {
  return {
    'retry-after': String(retryAfterSeconds),
    'retry-after-ms': String(Math.round(retryAfterSeconds * 1000)),
  };
}

export function limitHeaders({ requests, tokens }: RateLimits): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, limit] of [
    ['requests', requests],
    ['tokens', tokens],
  ] as const) {
    if (limit === undefined) continue;
    headers[`x-ratelimit-limit-${name}`] = String(limit.limit);
    headers[`x-ratelimit-remaining-${name}`] = String(limit.remaining);
    headers[`x-ratelimit-reset-${name}`] = duration(limit.resetMs);
  }
  return headers;
}

/** `6ms`, `1.5s`, `1m30s` */
function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.ceil(milliseconds)}ms`;
  const minutes = Math.floor(milliseconds / 60_000);
  const seconds = Number(((milliseconds % 60_000) / 1000).toFixed(3));
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`;
}

/** As Azure OpenAI refuses a prompt. `hit`: the categories found. */
function contentFilterError(hit: readonly string[]): JsonRecord {
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

/** Any refusal in the words of the API. */
export function refuse(why: Refusal): WireError {
  switch (why.type) {
    case 'SCRIPTED': {
      const error = usualError(why.status < 400 ? 500 : why.status, why.error);
      if (why.status !== 429) return refusal(why.status, error);
      const seconds = why.retryAfterSeconds ?? 1;
      return refusal(429, error, { ...retryHeaders(seconds), ...limitHeaders(exhaustedLimits(seconds)) });
    }
    case 'QUOTA':
      return refusal(429, quotaError(why), {
        ...retryHeaders(why.retryAfterSeconds),
        'retry-after': String(Math.ceil(why.retryAfterSeconds)),
        ...limitHeaders(why.limits),
      });
    case 'INVALID':
      return invalidRequest(why.message, why.field ?? null);
    case 'CONTENT_FILTER':
      return refusal(400, contentFilterError(why.categories));
    case 'SCRIPT':
      return invalidRequest(why.message, null, 'invalid_simulation');
    case 'NOT_JSON':
      return invalidRequest('We could not parse the JSON body of your request.');
    case 'NOT_AN_OBJECT':
      return invalidRequest('The body of the request must be a JSON object.');
    case 'TOO_LARGE':
      return refusal(413, usualError(413));
    case 'KEY':
      return refusal(
        401,
        usualError(401, {
          message: why.given
            ? 'Incorrect API key provided.'
            : "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        }),
      );
    case 'MODEL':
      return refusal(404, {
        message: `The model '${why.name}' does not exist or you do not have access to it.`,
        type: 'invalid_request_error',
        param: null,
        code: 'model_not_found',
      });
    case 'METHOD':
      return refusal(405, {
        message: `Not allowed to ${why.method} on ${why.path}. (HINT: Perhaps you meant to use a different HTTP method?)`,
        type: 'invalid_request_error',
        param: null,
        code: 'method_not_supported',
      });
    case 'PATH':
      return refusal(404, usualError(404, { message: `Invalid URL (${why.method} ${why.path})`, code: null }));
    case 'OUTPUT_CAP':
      return invalidRequest(
        `max_tokens is too large: ${why.wanted}. This model supports at most ${why.outputLimit} completion tokens, whereas you provided ${why.wanted}.`,
        'max_tokens',
        'invalid_value',
      );
    case 'CONTEXT':
      return contextError(why.promptTokens, why.wanted, why.contextWindow);
    case 'FAULT':
      return refusal(500, usualError(500, { message: why.message, code: 'simulator' }));
  }
}

function contextError(promptTokens: number, wanted: number | undefined, contextWindow: number): WireError {
  const requested =
    wanted === undefined
      ? `your messages resulted in ${promptTokens} tokens. Please reduce the length of the messages.`
      : `you requested ${promptTokens + wanted} tokens (${promptTokens} in the messages, ${wanted} in the completion). Please reduce the length of the messages or completion.`;
  return invalidRequest(
    `This model's maximum context length is ${contextWindow} tokens. However, ${requested}`,
    'messages',
    'context_length_exceeded',
  );
}

function quotaError(why: Extract<Refusal, { type: 'QUOTA' }>): JsonRecord {
  const { exceeded, model, requested, retryAfterSeconds } = why;
  const { limit = 0, remaining = 0 } = why.limits[exceeded] ?? {};
  const [short, unit] = exceeded === 'requests' ? ['RPM', 'requests'] : ['TPM', 'tokens'];
  const used = limit - remaining;
  return usualError(429, {
    message: `Rate limit reached for ${model} on ${unit} per min (${short}): Limit ${limit}, Used ${used}, Requested ${requested}. Please try again in ${duration(retryAfterSeconds * 1000)}.`,
    type: unit,
  });
}
