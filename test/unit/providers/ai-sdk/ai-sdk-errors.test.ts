import { describe, expect, it } from '@jest/globals';
import { UpstreamError } from '../../../../src/core/upstream-error.ts';
import { type ErrorContext, errorFromAiSdk } from '../../../../src/providers/ai-sdk/ai-sdk-errors.ts';

const SECRET = 'XYZZY SECRET prompt';

/** An error as a package makes them: of a class of its own, known by name and fields. */
const sdkError = (name: string, fields: object = {}, cause?: unknown): Error =>
  Object.assign(new Error(SECRET, cause === undefined ? undefined : { cause }), { name, ...fields });

const BEFORE: ErrorContext = { phase: 'NOT_SENT', status: undefined, headers: {}, body: undefined };
const REFUSED: ErrorContext = {
  phase: 'ANSWERED',
  status: 429,
  headers: { 'retry-after': '3', 'x-request-id': 'req_1' },
  body: undefined,
};
const WAITING: ErrorContext = { phase: 'NO_ANSWER', status: 200, headers: {}, body: undefined };
const WRITING: ErrorContext = { phase: 'PARTIAL', status: 200, headers: {}, body: undefined };
const call = (statusCode: number | undefined, responseBody?: string, cause?: unknown): Error =>
  sdkError(
    'AI_APICallError',
    { statusCode, responseBody, url: 'https://secret.test', requestBodyValues: { prompt: SECRET } },
    cause,
  );
const body = (error: object): string => JSON.stringify({ error: { message: SECRET, ...error } });

describe('what a package throws', () => {
  it.each<[string, unknown, ErrorContext, object]>([
    [
      'a status',
      call(429),
      REFUSED,
      {
        failure: 'UPSTREAM_ERROR',
        phase: 'ANSWERED',
        retryable: true,
        status: 429,
        retryAfterMs: 3_000,
        providerRequestId: 'req_1',
      },
    ],
    [
      'a status with a body',
      call(400, body({ code: 'context_length_exceeded' })),
      { ...REFUSED, status: 400 },
      { failure: 'UPSTREAM_REJECTED', message: 'The input is longer than the model can read.' },
    ],
    [
      'a status inside another error',
      sdkError('SomeError', {}, call(503)),
      { ...REFUSED, status: 503 },
      { failure: 'UPSTREAM_ERROR', status: 503 },
    ],
    [
      'a status of a request that went around our fetch',
      call(401),
      BEFORE,
      { failure: 'UPSTREAM_REJECTED', phase: 'ANSWERED', status: 401 },
    ],
    [
      'an error of ours inside',
      sdkError('X', {}, new UpstreamError('UPSTREAM_BLOCKED', 'ours.', { phase: 'ANSWERED', retryable: false })),
      WAITING,
      { failure: 'UPSTREAM_BLOCKED', message: 'ours.' },
    ],
    [
      'a body that is none',
      call(200, '<html>', sdkError('AI_JSONParseError')),
      { ...WRITING },
      { failure: 'UPSTREAM_ERROR', phase: 'PARTIAL', retryable: false },
    ],
    [
      'an error body under a 200',
      call(200, body({ code: 'server_error' })),
      WRITING,
      { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED' },
    ],
    ['an empty body', call(200, ''), WRITING, { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', retryable: true }],
    [
      'an error body in place of a stream',
      sdkError('AI_InvalidResponseDataError'),
      { ...WAITING, body: body({ code: 'rate_limit_exceeded' }) },
      { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED' },
    ],
    [
      'a body in place of a stream',
      sdkError('AI_InvalidResponseDataError'),
      { ...WAITING, body: '{"x":1}' },
      { failure: 'UPSTREAM_ERROR', phase: 'PARTIAL', retryable: false },
    ],
    [
      'an event that is no JSON, before the first token',
      sdkError('AI_JSONParseError', {}, new SyntaxError(SECRET)),
      WAITING,
      { phase: 'NO_ANSWER', retryable: true },
    ],
    [
      'an event that is no JSON, after it',
      sdkError('AI_JSONParseError', { text: SECRET }),
      WRITING,
      { phase: 'PARTIAL', retryable: false },
    ],
    [
      'an event of another shape',
      sdkError('AI_TypeValidationError', { value: { text: SECRET } }),
      WRITING,
      { failure: 'UPSTREAM_ERROR', phase: 'PARTIAL', retryable: false },
    ],
    [
      'an event that tells an error in a shape the package does not know',
      sdkError('AI_TypeValidationError', { value: { error: { code: 529, message: SECRET } } }),
      WAITING,
      { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', status: 529, retryable: true },
    ],
    [
      'an end without a reason, before the first token',
      sdkError('AI_InvalidResponseDataError'),
      WAITING,
      { phase: 'NO_ANSWER', retryable: true },
    ],
    [
      'an end without a reason, after it',
      sdkError('AI_InvalidResponseDataError'),
      WRITING,
      { phase: 'PARTIAL', retryable: false },
    ],
    [
      'an error of the provider as it came',
      { message: SECRET, type: 'overloaded_error' },
      WAITING,
      { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', message: expect.stringContaining('overloaded_error') },
    ],
    [
      'the same after the first token',
      { message: SECRET, type: 'overloaded_error' },
      WRITING,
      { phase: 'PARTIAL', retryable: false },
    ],
    [
      'an error dressed by the package',
      { message: SECRET, type: 'throttlingException', statusCode: 429, data: {} },
      WAITING,
      { failure: 'UPSTREAM_ERROR', phase: 'ANSWERED', status: 429, retryable: true },
    ],
    ['a text', SECRET, WRITING, { failure: 'UPSTREAM_ERROR', phase: 'PARTIAL' }],
    ['nothing', undefined, WAITING, { failure: 'UPSTREAM_ERROR', phase: 'NO_ANSWER' }],
    [
      'an unsupported wish',
      sdkError('AI_UnsupportedFunctionalityError', { functionality: 'file parts' }),
      BEFORE,
      { failure: 'UPSTREAM_REJECTED', phase: 'NOT_SENT', message: expect.stringContaining(': file parts.') },
    ],
    [
      'an unsupported wish that quotes',
      sdkError('AI_UnsupportedFunctionalityError', { functionality: `"${SECRET}"\n` }),
      BEFORE,
      { failure: 'UPSTREAM_REJECTED', phase: 'NOT_SENT' },
    ],
    [
      'a prompt it does not take',
      sdkError('AI_InvalidPromptError', { prompt: SECRET }),
      BEFORE,
      { failure: 'UPSTREAM_REJECTED', phase: 'NOT_SENT' },
    ],
    ['an unknown model', sdkError('AI_NoSuchModelError'), BEFORE, { failure: 'UPSTREAM_REJECTED', phase: 'NOT_SENT' }],
    [
      'a fault of its own before anything was sent',
      new TypeError(SECRET),
      BEFORE,
      { failure: 'UPSTREAM_ERROR', phase: 'NOT_SENT', retryable: false },
    ],
    [
      'a fault of its own later',
      new TypeError(SECRET),
      WRITING,
      { failure: 'UPSTREAM_ERROR', phase: 'PARTIAL', retryable: false },
    ],
  ])('%s is told in our words', (_what, error, context, expected) => {
    const upstream = errorFromAiSdk(error, context);
    expect(upstream).toMatchObject(expected);
    expect(upstream.message).toMatch(/^[Ao-zA-Z].*\.$/);
    const cause = upstream.cause as Error | undefined;
    expect(`${upstream.message}${cause?.message}${cause?.stack}`).not.toMatch(/XYZZY|secret\.test/);
  });

  it('of faults in code keeps where they happened, for the log', () => {
    for (const context of [BEFORE, WRITING]) {
      const { cause } = errorFromAiSdk(new TypeError(SECRET), context);
      expect((cause as Error).stack).toMatch(
        /^Error: a provider package failed with TypeError\n\s+at .*ai-sdk-errors\.test/,
      );
    }
  });

  it('of a missing setting keeps its words, which name no value, for the log', () => {
    const missing = Object.assign(new Error('AWS region setting is missing.'), { name: 'AI_LoadSettingError' });
    expect(errorFromAiSdk(missing, BEFORE)).toMatchObject({
      failure: 'UPSTREAM_REJECTED',
      phase: 'NOT_SENT',
      cause: missing,
    });
  });

  it('in a circle of causes comes to an end', () => {
    const circle = sdkError('A');
    circle.cause = circle;
    expect(errorFromAiSdk(circle, WRITING).phase).toBe('PARTIAL');
  });
});
