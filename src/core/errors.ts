// The one error table: code → HTTP status, whether a retry can help, and what to say when the thrower says nothing.
// A test keeps this table and the README's equal. Thrown where known, mapped once at the edge (graphql/format-error).

interface ErrorRow {
  readonly status: number;
  readonly retryable: boolean;
  readonly message: string;
}

export const ERROR_TABLE = {
  UNAUTHENTICATED: {
    status: 401,
    retryable: false,
    message: 'Send an API key as "Authorization: Bearer <key>" or "X-API-Key: <key>".',
  },
  FORBIDDEN: { status: 403, retryable: false, message: 'Your key is not allowed to do this.' },
  INSUFFICIENT_SCOPE: { status: 403, retryable: false, message: 'Your key or token lacks the scope for this.' },
  AUTHENTICATION_UNAVAILABLE: {
    status: 503,
    retryable: true,
    message: 'Who you are cannot be checked right now: what knows it does not answer. Try again shortly.',
  },
  ACCESS_UNAVAILABLE: {
    status: 503,
    retryable: true,
    message: 'The database of keys and projects does not answer. Try again shortly.',
  },
  CONFLICT: { status: 409, retryable: false, message: 'This does not fit what is there already.' },
  BAD_USER_INPUT: { status: 400, retryable: false, message: 'The input is not valid.' },
  GRAPHQL_PARSE_FAILED: { status: 400, retryable: false, message: 'The document is not valid GraphQL.' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, retryable: false, message: 'The document does not fit the schema.' },
  OPERATION_RESOLUTION_FAILURE: {
    status: 400,
    retryable: false,
    message: 'Say which operation of the document to run with "operationName".',
  },
  MAX_COST_EXCEEDED: { status: 400, retryable: false, message: 'The operation is larger than one operation may be.' },
  PERSISTED_DOCUMENT_NOT_FOUND: {
    status: 400,
    retryable: false,
    message:
      'No trusted document has this id, or none is the text you sent. Have it added to the manifest of the server.',
  },
  CURSOR_INVALID: { status: 400, retryable: false, message: 'This cursor does not belong to this stream.' },
  CURSOR_EXPIRED: {
    status: 400,
    retryable: false,
    message: 'The events behind this cursor are no longer kept. Read the generation by its id.',
  },
  NOT_FOUND: { status: 404, retryable: false, message: 'Nothing with this id is known to you.' },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false, message: 'Use POST.' },
  SUBSCRIPTION_TRANSPORT_REQUIRED: {
    status: 406,
    retryable: false,
    message:
      'Subscriptions need a WebSocket (graphql-transport-ws) or an Accept header with text/event-stream or multipart/mixed;subscriptionSpec=1.0.',
  },
  PAYLOAD_TOO_LARGE: { status: 413, retryable: false, message: 'The request body is too large.' },
  REQUEST_TIMEOUT: { status: 408, retryable: true, message: 'The request did not arrive in time.' },
  HEADERS_TOO_LARGE: {
    status: 431,
    retryable: false,
    message: 'The request headers are too large: at most 16 KiB and 100 headers, the address included.',
  },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false, message: 'Send "Content-Type: application/json".' },
  KEY_PARAMETER_MISMATCH: {
    status: 422,
    retryable: false,
    message: 'This idempotency key was used with other input. Use a new key for a new question.',
  },
  RESULT_EXPIRED: {
    status: 410,
    retryable: false,
    message: 'This idempotency key is done and its result is no longer kept. Use a new key.',
  },
  IN_PROGRESS_ELSEWHERE: { status: 409, retryable: true, message: 'This idempotency key is running elsewhere.' },
  INVALID: { status: 400, retryable: false, message: 'The input is not valid.' },
  MODEL_NOT_FOUND: { status: 400, retryable: false, message: 'No such model. Ask the "models" query for their names.' },
  MODEL_UNPRICED: { status: 400, retryable: false, message: 'No price is known for this model.' },
  MAX_PRICE_EXCEEDED: { status: 400, retryable: false, message: 'The call may cost more than you allow.' },
  CONTEXT_TOO_LONG: { status: 400, retryable: false, message: 'The input is longer than the model can read.' },
  CAPABILITY_MISSING: { status: 400, retryable: false, message: 'The model cannot do this.' },
  RATE_LIMITED: { status: 429, retryable: true, message: 'Too many requests. Wait before the next.' },
  OVERLOADED: { status: 503, retryable: true, message: 'The server is busy. Try again shortly.' },
  SHUTTING_DOWN: { status: 503, retryable: true, message: 'This server is stopping. Try again.' },
  INTERNAL_SERVER_ERROR: {
    status: 500,
    retryable: true,
    message: 'Something went wrong on our side. Tell your operator the request id.',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERROR_TABLE;

export interface ErrorDetails {
  /** Milliseconds until a retry makes sense; sent as `Retry-After` too. */
  readonly retryAfterMs?: number;
  /** Where in the input, e.g. `['input', 'items', '3', 'prompt']`. */
  readonly inputPath?: readonly string[];
  /** Of UNAUTHENTICATED: the credential was good once and has expired or was revoked. Sockets then close with 4403. */
  readonly wasKnown?: boolean;
  /** Of INSUFFICIENT_SCOPE: what would be needed, for `WWW-Authenticate`. */
  readonly neededScope?: string;
  readonly cause?: unknown;
}

/** An error with a documented code. Its message is shown to callers: never put a prompt or a secret in it. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  /** Not called `path`: graphql-js takes an error with a path for one it has placed already. */
  readonly inputPath: readonly string[] | undefined;
  readonly wasKnown: boolean;
  readonly neededScope: string | undefined;

  constructor(code: ErrorCode, message: string = ERROR_TABLE[code].message, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
    this.inputPath = details.inputPath;
    this.wasKnown = details.wasKnown ?? false;
    this.neededScope = details.neededScope;
  }
}
