import { describe, expect, it } from '@jest/globals';
import type { UpstreamFailure } from '../../../src/core/upstream-error.ts';
import { readErrorBody } from '../../../src/providers/error-body.ts';
import { providerRequestId, retryAfterMs } from '../../../src/providers/retry-after.ts';
import {
  errorFromBody,
  errorFromNetwork,
  errorFromStatus,
  timeoutError,
} from '../../../src/providers/upstream-errors.ts';

const SECRET = 'sk-SECRET-KEY and the SECRET-PROMPT';
const openAiBody = (code: string | null, type = 'invalid_request_error', param: string | null = null): string =>
  JSON.stringify({ error: { message: `Echo of ${SECRET}`, type, param, code } });

type Row = [status: number, body: string, failure: UpstreamFailure, retryable: boolean, message: RegExp];

const rows: Row[] = [
  [400, openAiBody('context_length_exceeded'), 'UPSTREAM_REJECTED', false, /longer than the model can read/],
  [400, openAiBody('unsupported_parameter', 'x', 'temperature'), 'UPSTREAM_REJECTED', false, /parameter "temperature"/],
  [400, openAiBody('Some-New_code.1'), 'UPSTREAM_REJECTED', false, /some-new_code\.1/],
  [400, openAiBody(`no identifier: ${SECRET}`), 'UPSTREAM_REJECTED', false, /invalid_request_error/],
  [400, openAiBody('sk-abcdef'), 'UPSTREAM_REJECTED', false, /invalid_request_error/],
  [400, `{"error":"${SECRET}"}`, 'UPSTREAM_REJECTED', false, /status 400/],
  [400, `{"error":{"code":400,"type":"exceed_context_size_error"}}`, 'UPSTREAM_REJECTED', false, /longer than/],
  [400, `<html>${SECRET}</html>`, 'UPSTREAM_REJECTED', false, /status 400/],
  [400, openAiBody('content_policy_violation'), 'UPSTREAM_BLOCKED', false, /safety system/],
  [401, openAiBody('invalid_api_key'), 'UPSTREAM_REJECTED', false, /refused our credential/],
  [401, openAiBody('some_code'), 'UPSTREAM_REJECTED', false, /refused our credential \(status 401\)/],
  [402, '{"error":{"code":402,"message":"Insufficient credits"}}', 'UPSTREAM_REJECTED', false, /no credit/],
  [403, '', 'UPSTREAM_REJECTED', false, /refused our credential \(status 403\)/],
  [404, openAiBody('model_not_found'), 'UPSTREAM_REJECTED', false, /does not know this model/],
  [404, '', 'UPSTREAM_REJECTED', false, /baseUrl/],
  [408, '', 'UPSTREAM_ERROR', true, /status 408/],
  [413, openAiBody('rate_limit_exceeded', 'tokens'), 'UPSTREAM_REJECTED', false, /rate_limit_exceeded/],
  [422, '{"object":"error","message":"x","type":"invalid_request"}', 'UPSTREAM_REJECTED', false, /invalid_request/],
  [429, openAiBody('rate_limit_exceeded', 'tokens'), 'UPSTREAM_ERROR', true, /throttling/],
  [429, openAiBody('insufficient_quota'), 'UPSTREAM_ERROR', true, /quota of our account/],
  [500, openAiBody(null, 'server_error'), 'UPSTREAM_ERROR', true, /status 500 \(server_error\)/],
  [503, '', 'UPSTREAM_ERROR', true, /status 503/],
  [529, '{"type":"error","error":{"type":"overloaded_error"}}', 'UPSTREAM_ERROR', true, /overloaded_error/],
  [302, '', 'UPSTREAM_ERROR', false, /baseUrl/],
];

describe('the mapping of upstream errors', () => {
  it.each(rows)('maps status %i with %s to %s', (status, body, failure, retryable, message) => {
    const error = errorFromStatus(status, { 'x-request-id': 'req_1', 'retry-after': '3' }, body, 0);
    expect(error).toMatchObject({
      failure,
      retryable,
      phase: 'ANSWERED',
      status,
      retryAfterMs: 3000,
      providerRequestId: 'req_1',
    });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('SECRET');
    expect(error.message).not.toContain('sk-');
    expect(error.cause).toBeUndefined();
  });

  it('names the categories of a content filter', () => {
    const filter = { hate: { filtered: false }, violence: { filtered: true }, jailbreak: { detected: true } };
    const innererror = { code: 'ResponsibleAIPolicyViolation', content_filter_result: filter };
    const azure = errorFromStatus(400, {}, JSON.stringify({ error: { code: 'content_filter', innererror } }), 0);
    expect(azure).toMatchObject({ failure: 'UPSTREAM_BLOCKED', categories: ['violence', 'jailbreak'] });
    const openRouter = { error: { code: 403, message: SECRET, metadata: { reasons: ['harassment', 7] } } };
    const moderated = errorFromStatus(403, {}, JSON.stringify(openRouter), 0);
    expect(moderated).toMatchObject({ failure: 'UPSTREAM_BLOCKED', retryable: false, categories: ['harassment'] });
  });

  it('reads an error under a status 200: retryable in place of an answer, never after the first token', () => {
    const overloaded = readErrorBody({ error: { code: 502, message: SECRET } });
    if (overloaded === undefined) throw new Error('That is an error body.');
    expect(errorFromBody(overloaded, 'ANSWERED')).toMatchObject({
      failure: 'UPSTREAM_ERROR',
      retryable: true,
      status: 502,
    });
    expect(errorFromBody(overloaded, 'PARTIAL')).toMatchObject({ failure: 'UPSTREAM_ERROR', retryable: false });
    const tooLong = readErrorBody({ error: { code: 'context_length_exceeded' } });
    if (tooLong === undefined) throw new Error('That is an error body.');
    expect(errorFromBody(tooLong, 'ANSWERED')).toMatchObject({ failure: 'UPSTREAM_REJECTED', retryable: false });
  });

  it.each([[null], ['text'], [[]], [{}], [{ error: null }], [{ error: false, choices: [] }]])(
    'takes %j for no error body',
    (body) => {
      expect(readErrorBody(body)).toBeUndefined();
    },
  );

  it.each([
    ['ECONNREFUSED', 'NOT_SENT', true, /refuses connections \(ECONNREFUSED\)/],
    ['ENOTFOUND', 'NOT_SENT', true, /host name/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'NOT_SENT', true, /self-signed/],
    ['UND_ERR_CONNECT_TIMEOUT', 'NOT_SENT', true, /cannot be reached/],
    ['ECONNRESET', 'NOT_SENT', true, /reset/],
    ['UND_ERR_INVALID_ARG', 'NOT_SENT', false, /apiKey/],
    ['ECONNRESET', 'NO_ANSWER', true, /without an answer/],
    ['UND_ERR_SOCKET', 'NO_ANSWER', true, /without an answer/],
    ['UND_ERR_SOCKET', 'PARTIAL', false, /in the middle/],
    ['HPE_INVALID_CONSTANT', 'NO_ANSWER', false, /HTTP\/1\.1/],
    ['lower case and spaces', 'NOT_SENT', true, /cannot be reached\.$/],
  ] as const)('maps %s when %s', (code, phase, retryable, message) => {
    const error = errorFromNetwork(Object.assign(new Error(`10.0.0.1 ${SECRET}`), { code }), phase);
    expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', phase, retryable });
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/SECRET|10\.0/);
  });

  it('says which time-out it was and how long', () => {
    const error = timeoutError('FIRST_TOKEN', 1500, 'NO_ANSWER');
    expect(error).toMatchObject({ failure: 'DEADLINE_EXCEEDED', retryable: true });
    expect(error.message).toBe('No first token from the provider within 1500 ms (firstTokenMs).');
    expect(timeoutError('TOTAL', 9, 'NO_ANSWER').retryable).toBe(false);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  it.each([
    [{ 'retry-after': '20' }, 20_000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, 0],
    [{ 'retry-after-ms': '1234', 'retry-after': '9' }, 1234],
    [{ 'x-ms-retry-after-ms': '77' }, 77],
    [{ 'retry-after-ms': 'soon', 'retry-after': ['4', '5'] }, 4000],
    [{ 'retry-after': '-1' }, undefined],
    [{ 'retry-after': '1e3' }, undefined],
    [{ 'retry-after': '2026000000000' }, undefined],
    [{ 'retry-after': 'tomorrow' }, undefined],
    [{}, undefined],
  ])('reads %j as %s ms', (headers, expected) => {
    expect(retryAfterMs(headers, now)).toBe(expected);
  });

  it('takes request ids from the usual headers when they are plain', () => {
    expect(providerRequestId({ 'x-request-id': 'req_abc' })).toBe('req_abc');
    expect(providerRequestId({ 'request-id': 'req_011' })).toBe('req_011');
    expect(providerRequestId({ 'x-request-id': 'a b\nc', 'apim-request-id': '12-34' })).toBe('12-34');
    expect(providerRequestId({ 'x-request-id': 'x'.repeat(500) })).toBeUndefined();
  });
});
