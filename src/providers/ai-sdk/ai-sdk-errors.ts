// Whatever a package of the AI SDK throws, or tells as an error in its stream → UpstreamError, by the tables all share.
// Errors are known by their name and their fields: a package brings classes of its own. Their texts quote prompts,
// answers and bodies, so none is passed on, not as a cause either.

import { UpstreamError, type UpstreamPhase } from '../../core/upstream-error.ts';
import { type ErrorFacts, isFields, NO_FACTS, parseErrorBody, readErrorBody } from '../error-body.ts';
import type { AnswerHeaders } from '../retry-after.ts';
import { cutError, errorFromBody, errorFromStatus, readingFailedError, unreadableError } from '../upstream-errors.ts';

export interface ErrorContext {
  readonly phase: UpstreamPhase;
  /** Of the answer, as the fetch saw it; undefined: it saw none. */
  readonly status: number | undefined;
  readonly headers: AnswerHeaders;
  /** A body that came in place of a stream. */
  readonly body: string | undefined;
}

const DEEPEST_CAUSE = 5;
const AWS_ERROR_TYPE = 'x-amzn-errortype';

type Fields = Readonly<Record<string, unknown>>;

const nameOf = (error: unknown): string => {
  const name = typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined;
  return typeof name === 'string' && /^[A-Za-z_]{1,64}$/.test(name) ? name : 'Error';
};

/** The error and what caused it. */
function chainOf(error: unknown): readonly Fields[] {
  const chain: Fields[] = [];
  for (let link = error; isFields(link) && chain.length < DEEPEST_CAUSE; link = link['cause']) chain.push(link);
  return chain;
}

const asHeaders = (value: unknown): AnswerHeaders => (isFields(value) ? (value as AnswerHeaders) : {});

/** What goes on in our code, or in the package's, without the words. */
function withoutText(error: unknown): Error {
  const bare = new Error(`a provider package failed with ${nameOf(error)}`);
  const stack = isFields(error) && typeof error['stack'] === 'string' ? error['stack'] : '';
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  if (frames.length > 0) bare.stack = [`${bare.name}: ${bare.message}`, ...frames].join('\n');
  return bare;
}

/** AWS names the error in a header, not in the body. */
function awsBody(headers: AnswerHeaders, body: string): string {
  const type = headers[AWS_ERROR_TYPE];
  if (typeof type !== 'string' || parseErrorBody(body) !== undefined) return body;
  return JSON.stringify({ error: { type: type.split(':')[0] } });
}

/** APICallError: an answer the package did not like. */
function fromAnswer(error: Fields, context: ErrorContext): UpstreamError | undefined {
  const { statusCode, responseBody } = error;
  if (typeof statusCode !== 'number') return undefined;
  const body = typeof responseBody === 'string' ? responseBody : undefined;
  if (statusCode >= 300) {
    // In the middle of a stream: packages give errors there a status that no answer had.
    if (context.status !== undefined && context.status < 300) return undefined;
    const headers = { ...asHeaders(error['responseHeaders']), ...context.headers };
    return errorFromStatus(statusCode, headers, awsBody(headers, body ?? ''), Date.now());
  }
  if (body === undefined) return undefined;
  if (body.trim() === '') return unreadableError('sent an empty answer', 'ANSWERED', true);
  const facts = parseErrorBody(body);
  return facts === undefined
    ? unreadableError('sent a body that is no answer', 'PARTIAL')
    : errorFromBody(facts, 'ANSWERED');
}

/** An error of the provider's own, in the middle of a stream: as it was, or dressed by the package. */
function providerFacts(error: unknown): ErrorFacts | undefined {
  if (!isFields(error)) return undefined;
  const bodies = [error, { error }, error['data'], { error: error['data'] }, error['value']];
  // An Error of the package's has a name and a message; that alone says nothing of the provider.
  const told = 'stack' in error ? bodies.slice(2) : bodies;
  const facts = told.map(readErrorBody).find((it) => it !== undefined && (it.code ?? it.status) !== undefined);
  const status =
    typeof error['statusCode'] === 'number' && error['statusCode'] >= 400 ? error['statusCode'] : undefined;
  if (facts === undefined && status === undefined) return undefined;
  return { ...NO_FACTS, ...facts, status: status ?? facts?.status };
}

/** A request that the package itself would not send. */
function fromPackage(error: Fields, name: string): UpstreamError | undefined {
  const refused = (message: string, cause?: unknown): UpstreamError =>
    new UpstreamError('UPSTREAM_REJECTED', message, { phase: 'NOT_SENT', retryable: false, cause });
  switch (name) {
    case 'AI_UnsupportedFunctionalityError': {
      const { functionality } = error;
      const told =
        typeof functionality === 'string' && /^[\w '"*,./-]{1,80}$/.test(functionality) ? `: ${functionality}` : '';
      return refused(`The package of this provider does not support a part of this request${told}.`);
    }
    case 'AI_InvalidPromptError':
    case 'AI_InvalidArgumentError':
      return refused('The package of this provider does not take this request.');
    case 'AI_NoSuchModelError':
      return refused('The package of this provider knows no such model. An operator has to check its name.');
    case 'AI_LoadAPIKeyError':
    case 'AI_LoadSettingError':
      // The text names the setting, and no value.
      return refused('The package of this provider lacks a setting. An operator has to look into the log.', error);
    default:
      return undefined;
  }
}

export function errorFromAiSdk(error: unknown, context: ErrorContext): UpstreamError {
  const { phase, body } = context;
  const chain = chainOf(error);
  for (const link of chain) {
    if (link instanceof UpstreamError) return link;
    const known = fromAnswer(link, context) ?? (phase === 'NOT_SENT' ? fromPackage(link, nameOf(link)) : undefined);
    if (known !== undefined) return known;
  }
  if (phase === 'NOT_SENT') {
    const message =
      'The package of this provider failed before anything was sent. An operator has to look into the log.';
    return new UpstreamError('UPSTREAM_ERROR', message, { phase, retryable: false, cause: withoutText(error) });
  }
  const began = phase === 'PARTIAL';
  if (body !== undefined && body.trim() !== '' && !began) {
    const told = parseErrorBody(body);
    if (told !== undefined) return errorFromBody(told, 'ANSWERED');
    return unreadableError('sent a body in place of a stream', 'PARTIAL');
  }
  for (const link of chain) {
    const facts = providerFacts(link);
    if (facts !== undefined) return errorFromBody(facts, began ? 'PARTIAL' : 'ANSWERED');
  }
  switch (nameOf(chain.at(-1) ?? error)) {
    case 'AI_JSONParseError':
    case 'SyntaxError':
      return unreadableError('sent an event that is not JSON', began ? 'PARTIAL' : 'NO_ANSWER', !began);
    case 'AI_TypeValidationError':
      return unreadableError('sent an event that is no part of an answer', phase);
    case 'AI_InvalidResponseDataError':
    case 'AI_NoContentGeneratedError':
    case 'AI_EmptyResponseBodyError':
      return began ? cutError('PARTIAL') : unreadableError('sent an empty answer', 'NO_ANSWER', true);
    case 'TypeError':
    case 'ReferenceError':
      return readingFailedError(withoutText(error));
    default:
      // A package that decodes bytes throws whatever it likes at bytes that are wrong.
      return unreadableError('sent what its package cannot read', phase);
  }
}
