// The one mapping from anything thrown to what a caller sees, on every transport: a documented code and a message that
// quotes nothing of the input. What nobody documented is masked and logged under the request's id.

import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ERROR_TABLE, type ErrorCode, SluiceError } from '../core/errors.ts';
import { safeParseMessage, safeValidationMessage } from './safe-message.ts';

export interface ErrorLogger {
  error(fields: object, message: string): void;
}

/** Maps one error; logs it if it is ours to fix. */
export type FormatError = (error: unknown, requestId: string) => GraphQLFormattedError;

interface Described {
  readonly code: ErrorCode;
  readonly message: string;
  /** Where in the input. */
  readonly inputPath: readonly string[] | undefined;
  readonly retryAfterMs: number | undefined;
  readonly neededScope?: string | undefined;
}

/** Codes given by graphql-js' callers (Apollo Server, our document store) whose messages need a rewrite or are fixed. */
const foreignCodes: Readonly<Record<string, ErrorCode>> = {
  BAD_REQUEST: 'BAD_USER_INPUT',
  BAD_USER_INPUT: 'BAD_USER_INPUT',
  GRAPHQL_PARSE_FAILED: 'GRAPHQL_PARSE_FAILED',
  GRAPHQL_VALIDATION_FAILED: 'GRAPHQL_VALIDATION_FAILED',
  OPERATION_RESOLUTION_FAILURE: 'OPERATION_RESOLUTION_FAILURE',
  PERSISTED_QUERY_NOT_FOUND: 'PERSISTED_DOCUMENT_NOT_FOUND',
  PERSISTED_QUERY_NOT_SUPPORTED: 'PERSISTED_DOCUMENT_NOT_FOUND',
};

const badArgument = /^Argument "([_0-9A-Za-z]+)" /;
const tooManyTokens = /^Syntax Error: Document contains more that (\d+) tokens/;

/** What the caller is told; undefined when it must not be told. */
function describe(error: unknown): Described | undefined {
  const sluiceError = findInChain(error, (link): link is SluiceError => link instanceof SluiceError);
  if (sluiceError !== undefined) {
    return sluiceError.code === 'INTERNAL_SERVER_ERROR'
      ? undefined
      : {
          code: sluiceError.code,
          message: sluiceError.message,
          inputPath: sluiceError.inputPath,
          retryAfterMs: sluiceError.retryAfterMs,
          neededScope: sluiceError.neededScope,
        };
  }
  if (!(error instanceof GraphQLError)) return undefined;
  const place = error.locations?.[0];
  const tell = (code: ErrorCode, message: string = ERROR_TABLE[code].message): Described => ({
    code,
    message,
    inputPath: undefined,
    retryAfterMs: undefined,
  });
  // Apollo Server wraps the errors of rules and gives them its own code: the rule's own counts.
  const limit = findInChain(error, isOverLimit);
  if (limit !== undefined) return tell('MAX_COST_EXCEEDED', limit.message);
  const code = foreignCodes[String(error.extensions['code'])];
  switch (code) {
    case 'GRAPHQL_PARSE_FAILED': {
      const tokens = tooManyTokens.exec(error.message)?.[1];
      if (tokens !== undefined) {
        return tell('MAX_COST_EXCEEDED', `The document has more than ${tokens} tokens. Send values as variables.`);
      }
      return tell(code, safeParseMessage(error.message, place));
    }
    case 'GRAPHQL_VALIDATION_FAILED':
      return tell(code, safeValidationMessage(error.message, place));
    case 'BAD_USER_INPUT':
      // Apollo's own complaints about the envelope are fixed sentences; those about values are not.
      return error.extensions['code'] === 'BAD_REQUEST' ? tell(code, error.message) : tell(code);
    case undefined:
      break;
    default:
      return tell(code);
  }
  // An argument that fits its type only without its variables is found by graphql-js while it executes.
  // It may have wrapped its own error once more, to say where.
  const origin = findInChain(error, (link): link is GraphQLError => isOfGraphQLItself(link));
  const argument = origin && badArgument.exec(origin.message)?.[1];
  if (argument !== undefined) return tell('BAD_USER_INPUT', `The argument "${argument}" does not fit its type.`);
  return undefined;
}

function isOfGraphQLItself(error: unknown): boolean {
  return error instanceof GraphQLError && error.originalError === undefined;
}

function isOverLimit(error: unknown): error is GraphQLError {
  return error instanceof GraphQLError && error.extensions['code'] === 'MAX_COST_EXCEEDED';
}

function findInChain<T>(error: unknown, matches: (link: unknown) => link is T): T | undefined {
  let link = error;
  for (let step = 0; step < 5 && link !== undefined && link !== null; step++) {
    if (matches(link)) return link;
    link = link instanceof GraphQLError ? link.originalError : undefined;
  }
  return undefined;
}

export function createFormatError({ logger }: { readonly logger: ErrorLogger }): FormatError {
  return (error, requestId) => {
    const described = describe(error);
    if (described === undefined) {
      const cause = (error instanceof GraphQLError ? error.originalError : undefined) ?? error;
      logger.error({ err: cause, requestId, path: pathOf(error) }, 'unexpected error in an operation');
    }
    return present(error, described, requestId);
  };
}

/** The same without a log line, for where the request is not known. */
export function presentError(error: unknown, requestId: string | undefined): GraphQLFormattedError {
  return present(error, describe(error), requestId);
}

function pathOf(error: unknown): GraphQLError['path'] {
  return error instanceof GraphQLError ? error.path : undefined;
}

function present(
  error: unknown,
  described: Described | undefined,
  requestId: string | undefined,
): GraphQLFormattedError {
  const { code, message, inputPath, retryAfterMs, neededScope } = described ?? {
    code: 'INTERNAL_SERVER_ERROR',
    message: ERROR_TABLE.INTERNAL_SERVER_ERROR.message,
    inputPath: undefined,
    retryAfterMs: undefined,
    neededScope: undefined,
  };
  const locations = error instanceof GraphQLError ? error.locations : undefined;
  const path = pathOf(error);
  return {
    message,
    ...(locations === undefined ? {} : { locations }),
    ...(path === undefined ? {} : { path }),
    extensions: {
      code,
      ...(requestId === undefined ? {} : { requestId }),
      ...(inputPath === undefined ? {} : { path: inputPath }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(neededScope === undefined ? {} : { neededScope }),
    },
  };
}

/** The code of a formatted error. */
export function codeOf(error: GraphQLFormattedError | undefined): ErrorCode {
  const code = error?.extensions?.['code'];
  return typeof code === 'string' && code in ERROR_TABLE ? (code as ErrorCode) : 'INTERNAL_SERVER_ERROR';
}

const legacyOk: ReadonlySet<ErrorCode> = new Set([
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
]);

/** `legacyJson`: the caller asked for `application/json` by name; GraphQL over HTTP then wants 200 for a well-formed request. */
export function statusOf(errors: readonly GraphQLFormattedError[], legacyJson: boolean): number {
  const code = codeOf(errors[0]);
  return legacyJson && legacyOk.has(code) ? 200 : ERROR_TABLE[code].status;
}

/** Seconds for `Retry-After`; undefined where waiting does not help. */
export function retryAfterSeconds(errors: readonly GraphQLFormattedError[]): number | undefined {
  const code = codeOf(errors[0]);
  if (!ERROR_TABLE[code].retryable || code === 'INTERNAL_SERVER_ERROR') return undefined;
  const waits = errors.map((error) => error.extensions?.['retryAfterMs']).filter((wait) => typeof wait === 'number');
  return Math.max(1, Math.ceil(Math.max(0, ...waits) / 1_000));
}
