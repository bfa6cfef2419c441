// When a provider says a retry makes sense, and under which id it knows the request: readings of answer headers, and of
// spans of time.

/** Header names in lower case, as undici gives them. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

const MILLISECOND_HEADERS = ['retry-after-ms', 'x-ms-retry-after-ms'] as const;
/** Vendors' names for the same thing: OpenAI and most others, Anthropic, Azure, AWS. */
const REQUEST_ID_HEADERS = ['x-request-id', 'request-id', 'apim-request-id', 'x-amzn-requestid'] as const;
/** A day. What is longer, or nonsense, is no advice to follow. */
const MAX_RETRY_AFTER_MS = 86_400_000;

export function headerValue(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

const plausible = (milliseconds: number): number | undefined =>
  milliseconds >= 0 && milliseconds <= MAX_RETRY_AFTER_MS ? Math.ceil(milliseconds) : undefined;

const decimal = (text: string | undefined): number =>
  text !== undefined && /^\s*\d{1,12}(\.\d{1,9})?\s*$/.test(text) ? Number(text) : Number.NaN;

/** As Google writes a span of time in JSON: `34.4s`. */
export const durationMs = (value: unknown): number | undefined =>
  typeof value === 'string' && value.endsWith('s') ? plausible(decimal(value.slice(0, -1)) * 1000) : undefined;

/** Milliseconds from `nowMs`; the millisecond headers are finer and win over `Retry-After` (seconds or an HTTP date). */
export function retryAfterMs(headers: AnswerHeaders, nowMs: number): number | undefined {
  for (const name of MILLISECOND_HEADERS) {
    const milliseconds = plausible(decimal(headerValue(headers, name)));
    if (milliseconds !== undefined) return milliseconds;
  }
  const value = headerValue(headers, 'retry-after');
  if (value === undefined) return undefined;
  const seconds = decimal(value);
  if (!Number.isNaN(seconds)) return plausible(seconds * 1000);
  // Only something that looks like a date: Date.parse reads numbers and much else as one.
  const at = /^[A-Za-z]{3,9},? /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : plausible(Math.max(0, at - nowMs));
}

/** Bounded and plain, because it goes into records and logs. */
export function asRequestId(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w.:/+=-]{1,128}$/.test(value) ? value : undefined;
}

export function providerRequestId(headers: AnswerHeaders): string | undefined {
  for (const name of REQUEST_ID_HEADERS) {
    const id = asRequestId(headerValue(headers, name));
    if (id !== undefined) return id;
  }
  return undefined;
}
