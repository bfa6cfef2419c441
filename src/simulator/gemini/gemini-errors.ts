// Refusals in the words and the shape of the Gemini API: Google's status object, with details of named types.

import { type Refusal, Refused, WireError } from '../refusal.ts';
import type { Json, JsonRecord } from '../types.ts';
import type { RefusalContext } from '../wire-format.ts';

const NAMES: { readonly [status: number]: string } = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};
const MESSAGES: { readonly [status: number]: string } = {
  400: 'Request contains an invalid argument.',
  401: 'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
  403: 'The caller does not have permission',
  404: 'Requested entity was not found.',
  429: 'You exceeded your current quota, please check your plan and billing details.',
  500: 'An internal error has occurred. Please retry.',
  503: 'The model is overloaded. Please try again later.',
  504: 'Deadline expired before operation could complete.',
};
const TYPE = 'type.googleapis.com/google.rpc.';

/** The error object usual for a status, with the fields of `override` laid over it. */
export function usualError(status: number, override: JsonRecord = {}, details: readonly Json[] = []): JsonRecord {
  return {
    code: status,
    message: MESSAGES[status] ?? MESSAGES[status >= 500 ? 500 : 400] ?? '',
    status: NAMES[status] ?? (status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT'),
    ...(details.length === 0 ? {} : { details }),
    ...override,
  };
}

/** Not as the API wants it. `field`: the place, where the parser tells it. */
export const invalid = (message: string, field?: string) => new Refused({ type: 'INVALID', message, field });

/** `* GenerateContentRequest.contents: contents is not specified` */
export const invalidField = (at: string, problem: string) => invalid(`* GenerateContentRequest.${at}: ${problem}\n`);

const retryInfo = (seconds: number): Json => ({ '@type': `${TYPE}RetryInfo`, retryDelay: `${seconds}s` });

/** Any refusal in the words of the API. A stream that is no stream of events gets it in an array. */
export function refuse(why: Refusal, { head }: RefusalContext): WireError {
  const inArray = head.path.endsWith(':streamGenerateContent') && !isEventStream(head.search);
  const { status, error } = errorOf(why);
  return new WireError(status, inArray ? [{ error }] : { error });
}

export const isEventStream = (search: string) => new URLSearchParams(search).get('alt') === 'sse';

function errorOf(why: Refusal): { readonly status: number; readonly error: JsonRecord } {
  const error = (status: number, message: string | undefined, details: readonly Json[] = []) => ({
    status,
    error: usualError(status, message === undefined ? {} : { message }, details),
  });
  switch (why.type) {
    case 'SCRIPTED': {
      const { status, retryAfterSeconds = status === 429 ? 1 : undefined } = why;
      const details = retryAfterSeconds === undefined ? [] : [retryInfo(retryAfterSeconds)];
      return { status, error: usualError(status < 400 ? 500 : status, why.error, details) };
    }
    case 'QUOTA':
      return quotaError(why);
    case 'INVALID': {
      const { message, field } = why;
      if (field === undefined) return error(400, message);
      const fieldViolations = [{ ...(field === '' ? {} : { field }), description: message }];
      return error(400, message, [{ '@type': `${TYPE}BadRequest`, fieldViolations }]);
    }
    case 'CONTENT_FILTER':
      return error(400, 'The prompt was blocked.');
    case 'SCRIPT':
      return error(400, why.message);
    case 'NOT_JSON':
      return error(400, 'Invalid JSON payload received. Parsing terminated before end of input.');
    case 'NOT_AN_OBJECT':
      return error(400, 'Invalid JSON payload received. Unknown name "": Root element must be a message.');
    case 'TOO_LARGE':
      return error(400, 'Request payload size exceeds the limit.');
    case 'KEY':
      return keyError(why.given);
    case 'MODEL':
      return error(
        404,
        `models/${why.name} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
      );
    case 'METHOD':
    case 'PATH':
      return error(404, undefined);
    case 'OUTPUT_CAP':
      return error(
        400,
        `Unable to submit request because it has a maxOutputTokens value of ${why.wanted} but the supported range is from 1 (inclusive) to ${why.outputLimit + 1} (exclusive). Update the value and try again.`,
      );
    case 'CONTEXT':
      return error(
        400,
        `The input token count (${why.promptTokens}) exceeds the maximum number of tokens allowed (${why.contextWindow}).`,
      );
    case 'FAULT':
      return error(500, why.message);
  }
}

/** A wrong key is an invalid argument; none at all is a missing permission. */
function keyError(given: boolean) {
  if (!given) {
    const message =
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.";
    return { status: 403, error: usualError(403, { message }) };
  }
  const message = 'API key not valid. Please pass a valid API key.';
  const info = {
    '@type': `${TYPE}ErrorInfo`,
    reason: 'API_KEY_INVALID',
    domain: 'googleapis.com',
    metadata: { service: 'generativelanguage.googleapis.com' },
  };
  return { status: 400, error: usualError(400, { message }, [info]) };
}

function quotaError(why: Extract<Refusal, { type: 'QUOTA' }>) {
  const { exceeded, model, retryAfterSeconds } = why;
  const quotaValue = String(why.limits[exceeded]?.limit ?? 0);
  const [metric, quotaId] =
    exceeded === 'requests'
      ? ['generate_content_paid_tier_requests', 'GenerateRequestsPerMinutePerProjectPerModel']
      : ['generate_content_paid_tier_input_token_count', 'GenerateContentPaidTierInputTokensPerModelPerMinute'];
  const quotaMetric = `generativelanguage.googleapis.com/${metric}`;
  const violation = { quotaMetric, quotaId, quotaDimensions: { model, location: 'global' }, quotaValue };
  const message = `${MESSAGES[429]}\n* Quota exceeded for metric: ${quotaMetric}, limit: ${quotaValue}, model: ${model}\nPlease retry in ${retryAfterSeconds}s.`;
  const details = [{ '@type': `${TYPE}QuotaFailure`, violations: [violation] }, retryInfo(retryAfterSeconds)];
  return { status: 429, error: usualError(429, { message }, details) };
}
