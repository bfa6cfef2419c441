// What an error body says, in whichever of the usual shapes it comes. Providers echo prompts and parts of keys in
// their messages, so of all the text only short identifiers leave this file.
//   OpenAI, Azure, Groq, xAI   { error: { message, type, code, param, innererror } }
//   OpenRouter                 { error: { code: 429, message, metadata } }
//   Gemini                     { error: { code: 429, message, status, details: [{ "@type", reason | retryDelay | … }] } },
//                              also as the only entry of a list
//   llama.cpp                  { error: { code: 400, message, type } }
//   Ollama                     { error: "text" }
//   vLLM (older), Mistral      { object: "error", message, type, code }
//   Anthropic                  { type: "error", error: { type, message, details: { error_code } }, request_id }

import { durationMs } from './retry-after.ts';

export interface ErrorFacts {
  /** Lower case, `[a-z0-9_.-]`, at most 64 characters. */
  readonly code: string | undefined;
  /** The request's field that is at fault, e.g. `messages[0].content`. */
  readonly parameter: string | undefined;
  /** A status inside the body: proxies answer 200 and tell the real one here. */
  readonly status: number | undefined;
  /** Categories of a content filter that were hit. */
  readonly categories: readonly string[];
  readonly retryAfterMs: number | undefined;
}

/** Of an error of which nothing is known. */
export const NO_FACTS: ErrorFacts = {
  code: undefined,
  parameter: undefined,
  status: undefined,
  categories: [],
  retryAfterMs: undefined,
};

type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function identifier(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const lower = value.toLowerCase();
  // Keys look like identifiers too.
  return /^[a-z0-9_.-]{1,64}$/.test(lower) && !lower.startsWith('sk-') ? lower : undefined;
}

/** Anthropic's types of errors and their statuses, for errors that come without one: in the middle of a stream. */
const TYPE_STATUSES: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

/** Errors that Anthropic and Google tell apart by their text alone, and the codes others have for the same. */
const TOLD_BY_TEXT: readonly (readonly [RegExp, string])[] = [
  [/^prompt is too long\b/, 'context_length_exceeded'],
  [/^input length and `max_tokens` exceed context limit\b/, 'context_length_exceeded'],
  [/^Output blocked by content filtering policy\b/, 'content_filter'],
  [/^Your credit balance is too low\b/, 'insufficient_quota'],
  [/^You have reached your specified API usage limits\b/, 'billing_hard_limit_reached'],
  [/^The input token count\b.* exceeds the maximum number of tokens\b/, 'context_length_exceeded'],
  [/^Unable to process input image\b/, 'invalid_image_url'],
];

function codeByText(message: unknown): string | undefined {
  return typeof message === 'string' ? TOLD_BY_TEXT.find(([pattern]) => pattern.test(message))?.[1] : undefined;
}

function parameterName(value: unknown): string | undefined {
  return typeof value === 'string' && /^[a-z][a-z0-9_]{0,40}([.[][\w.[\]]{0,40})?$/.test(value) ? value : undefined;
}

function contentCategories(error: Fields): string[] {
  const inner = isFields(error['innererror']) ? error['innererror'] : error;
  const results = inner['content_filter_result'] ?? inner['content_filter_results'];
  const metadata = error['metadata'];
  const named = isFields(results)
    ? Object.keys(results).filter((name) => {
        const result = results[name];
        return isFields(result) && (result['filtered'] === true || result['detected'] === true);
      })
    : isFields(metadata) && Array.isArray(metadata['reasons'])
      ? metadata['reasons']
      : [];
  return named.filter((name) => typeof name === 'string' && /^[\w ./-]{1,64}$/.test(name)).slice(0, 16);
}

/** https://cloud.google.com/apis/design/errors#error_details: a list of objects, each of a type it names. */
function googleDetails(details: unknown): Pick<ErrorFacts, 'code' | 'parameter' | 'retryAfterMs'> {
  const listed: readonly unknown[] = Array.isArray(details) ? details : [];
  const ofType = (name: string): Fields =>
    listed.filter(isFields).find((detail) => String(detail['@type']).endsWith(`google.rpc.${name}`)) ?? {};
  const violations = ofType('BadRequest')['fieldViolations'];
  const [violation] = Array.isArray(violations) ? violations : [];
  return {
    code: identifier(ofType('ErrorInfo')['reason']),
    parameter: isFields(violation) ? parameterName(violation['field']) : undefined,
    retryAfterMs: durationMs(ofType('RetryInfo')['retryDelay']),
  };
}

/** undefined: this is not an error body. */
export function readErrorBody(answer: unknown): ErrorFacts | undefined {
  const body = Array.isArray(answer) && answer.length === 1 ? answer[0] : answer;
  if (!isFields(body)) return undefined;
  const found = body['error'] ?? (body['object'] === 'error' || body['type'] === 'error' ? body : undefined);
  if (found === undefined || found === null || found === false) return undefined;
  const error = isFields(found) ? found : {};
  const inner = isFields(error['innererror']) ? error['innererror'] : {};
  const details = isFields(error['details']) ? error['details'] : {};
  const google = googleDetails(error['details']);
  const type = identifier(error['type']);
  const number = [error['code'], error['status'], body['status_code']].map(Number).find((it) => it >= 400 && it < 600);
  return {
    code:
      (Number.isNaN(Number(error['code'])) ? identifier(error['code']) : undefined) ??
      identifier(details['error_code']) ??
      codeByText(error['message']) ??
      google.code ??
      type ??
      identifier(error['status']) ??
      identifier(inner['code']),
    parameter: parameterName(error['param']) ?? google.parameter,
    status: number ?? (type === undefined ? undefined : TYPE_STATUSES[type]),
    categories: contentCategories(error),
    retryAfterMs: google.retryAfterMs,
  };
}

export function parseErrorBody(text: string): ErrorFacts | undefined {
  try {
    return readErrorBody(JSON.parse(text));
  } catch {
    return undefined;
  }
}
