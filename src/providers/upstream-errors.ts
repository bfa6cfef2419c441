// THE mapping of all that goes wrong upstream to UpstreamError: an answer's status and error body, a network error,
// a time-out, a stop, an answer nobody can read. Messages are ours: none of a provider's text passes through.

import {
  UpstreamError,
  type UpstreamErrorDetails,
  type UpstreamFailure,
  type UpstreamPhase,
} from '../core/upstream-error.ts';
import { ProxyError } from '../platform/proxy-tunnel.ts';
import { type ErrorFacts, NO_FACTS, parseErrorBody } from './error-body.ts';
import { type AnswerHeaders, providerRequestId, retryAfterMs } from './retry-after.ts';

/** Codes of a refusal by the provider's safety system. */
const BLOCKED_CODES: ReadonlySet<string> = new Set([
  'content_filter',
  'content_policy_violation',
  'responsibleaipolicyviolation',
  'moderation_blocked',
  'data_inspection_failed',
]);

/** What we say for codes worth explaining; of any other code only the name is told. */
const REJECTED_CODES: Readonly<Record<string, string>> = {
  context_length_exceeded: 'The input is longer than the model can read.',
  exceed_context_size_error: 'The input is longer than the model can read.',
  string_above_max_length: 'A part of the input is longer than the provider takes.',
  model_not_found: 'The provider does not know this model, or our account may not use it.',
  invalid_api_key: 'The provider refused our credential. An operator has to check the apiKey of this provider.',
  api_key_invalid: 'The provider refused our credential. An operator has to check the apiKey of this provider.',
  insufficient_quota: 'The quota of our account with the provider is used up. An operator has to check its billing.',
  billing_hard_limit_reached: 'Our account with the provider has reached its spending limit.',
  contract_spend_limit_reached: 'Our account with the provider has reached its spending limit.',
  enforced_spend_limit_reached: 'Our account with the provider has reached its spending limit.',
  organization_on_hold: 'The provider has disabled our account. An operator has to ask it why.',
  unsupported_parameter: 'The model does not take a parameter of this request',
  unsupported_value: 'The model does not take the value of a parameter of this request',
  request_too_large: 'The request is larger than the provider takes.',
  available_tools_limit_exceeded: 'The request has more tools, or larger ones, than the provider takes.',
  image_dimensions_too_large: 'An image of this request is larger than the provider takes.',
  invalid_image_url: 'The provider could not read an image of this request.',
  invalid_json_schema: 'The provider does not take this JSON schema',
};

const PROXY_WANTS_CREDENTIALS =
  'The proxy between us and the provider wants a user name and password, or others (status 407). An operator has to check HTTPS_PROXY and HTTP_PROXY.';

const BLOCKED = "The provider's safety system refused this request.";

interface Verdict {
  readonly failure: UpstreamFailure;
  readonly retryable: boolean;
  readonly message: string;
  readonly refusedCredential?: boolean;
}

/** Gemini tells it with a status 400. */
const CREDENTIAL_CODES: ReadonlySet<string> = new Set(['invalid_api_key', 'api_key_invalid']);

function because(sentence: string, facts: ErrorFacts): string {
  if (sentence.endsWith('.')) return sentence;
  const reasons = [facts.code, facts.parameter === undefined ? undefined : `parameter "${facts.parameter}"`];
  const told = reasons.filter((reason) => reason !== undefined).join(', ');
  return told === '' ? `${sentence}.` : `${sentence} (${told}).`;
}

/** `status` undefined: an error body under a 200, or an error in the middle of a stream. */
function judge(status: number | undefined, facts: ErrorFacts): Verdict {
  const { code } = facts;
  const known = code === undefined ? undefined : REJECTED_CODES[code];
  const rejected = (message: string): Verdict => ({ failure: 'UPSTREAM_REJECTED', retryable: false, message });
  const failed = (message: string): Verdict => ({ failure: 'UPSTREAM_ERROR', retryable: true, message });

  const clientFault = status === undefined || (status >= 400 && status < 500);
  if (clientFault && (facts.categories.length > 0 || (code !== undefined && BLOCKED_CODES.has(code)))) {
    return { failure: 'UPSTREAM_BLOCKED', retryable: false, message: BLOCKED };
  }
  if (status === undefined) {
    if (known !== undefined && code !== 'insufficient_quota') return rejected(because(known, facts));
    return failed(because('The provider answered with an error', facts));
  }
  if (status === 401 || status === 403) {
    // Nothing of such an answer is told but the number: its text may quote the key.
    const message = `The provider refused our credential (status ${status}). An operator has to check the apiKey of this provider, and what it may use.`;
    return { ...rejected(message), refusedCredential: true };
  }
  if (status === 407) return rejected(PROXY_WANTS_CREDENTIALS);
  if (status === 429) return failed(known ?? because('The provider is throttling our requests (status 429)', facts));
  // 424: the model behind Bedrock failed.
  if (status === 408 || status === 424 || status >= 500)
    return failed(because(`The provider failed with status ${status}`, facts));
  if (status >= 400) {
    if (known !== undefined) {
      return {
        ...rejected(because(known, facts)),
        refusedCredential: code !== undefined && CREDENTIAL_CODES.has(code),
      };
    }
    if (status === 402) return rejected('Our account with the provider has no credit left (status 402).');
    if (status === 404) {
      return rejected(
        'The provider knows no such model or address (status 404). Check the model name and the baseUrl.',
      );
    }
    return rejected(because(`The provider refused this request with status ${status}`, facts));
  }
  const message = `The provider answered with status ${status}, which is no answer. Check its baseUrl.`;
  return { failure: 'UPSTREAM_ERROR', retryable: false, message };
}

/** An answer with a status outside 2xx. */
export function errorFromStatus(status: number, headers: AnswerHeaders, body: string, nowMs: number): UpstreamError {
  const facts = parseErrorBody(body) ?? NO_FACTS;
  const { failure, message, retryable, refusedCredential } = judge(status, facts);
  return new UpstreamError(failure, message, {
    phase: 'ANSWERED',
    refusedCredential,
    retryable,
    status,
    retryAfterMs: retryAfterMs(headers, nowMs) ?? facts.retryAfterMs,
    providerRequestId: providerRequestId(headers),
    categories: facts.categories,
  });
}

/** An error body under a status 200: `ANSWERED` for one in place of an answer, `PARTIAL` for one after the first token. */
export function errorFromBody(facts: ErrorFacts, phase: 'ANSWERED' | 'PARTIAL'): UpstreamError {
  const { failure, message, retryable } = judge(facts.status, facts);
  return new UpstreamError(failure, message, {
    phase,
    retryable: retryable && phase === 'ANSWERED',
    status: facts.status,
    retryAfterMs: facts.retryAfterMs,
    categories: facts.categories,
  });
}

/** A refusal by the provider's safety system in place of an answer, told in the answer's own way. */
export function blockedError(categories: readonly string[]): UpstreamError {
  return new UpstreamError('UPSTREAM_BLOCKED', BLOCKED, { phase: 'ANSWERED', retryable: false, categories });
}

export type TimeoutKind = 'CONNECT' | 'FIRST_TOKEN' | 'IDLE' | 'TOTAL';

const TIMEOUT_WORDS: Readonly<Record<TimeoutKind, (ms: number) => string>> = {
  CONNECT: (ms) => `No connection to the provider within ${ms} ms (connectMs).`,
  FIRST_TOKEN: (ms) => `No first token from the provider within ${ms} ms (firstTokenMs).`,
  IDLE: (ms) => `Nothing more from the provider for ${ms} ms in the middle of its answer (idleMs).`,
  TOTAL: (ms) => `The provider's answer was not complete within ${ms} ms (totalMs).`,
};

/** Retryable where the table of retries says so: not for the total time, which every other attempt would share. */
export function timeoutError(kind: TimeoutKind, timeoutMs: number, phase: UpstreamPhase): UpstreamError {
  return new UpstreamError('DEADLINE_EXCEEDED', TIMEOUT_WORDS[kind](timeoutMs), {
    phase,
    retryable: kind === 'CONNECT' || kind === 'FIRST_TOKEN',
  });
}

export function cancelledError(phase: UpstreamPhase): UpstreamError {
  return new UpstreamError('CANCELLED', 'The call was cancelled.', { phase, retryable: false });
}

/** An answer that began and ended before its end, or never had a first token. */
export function cutError(phase: UpstreamPhase): UpstreamError {
  const message =
    phase === 'PARTIAL'
      ? 'The provider broke off in the middle of its answer.'
      : 'The provider closed the connection without an answer.';
  return new UpstreamError('UPSTREAM_ERROR', message, { phase, retryable: phase !== 'PARTIAL' });
}

/** An answer nobody can read: `what` completes "The provider …". */
export function unreadableError(what: string, phase: UpstreamPhase, retryable = false): UpstreamError {
  return new UpstreamError('UPSTREAM_ERROR', `The provider ${what}.`, { phase, retryable });
}

/** Reading stopped on an error of ours. */
export function readingFailedError(cause: unknown): UpstreamError {
  const message = 'Reading the answer of the provider failed.';
  return new UpstreamError('UPSTREAM_ERROR', message, { phase: 'PARTIAL', retryable: false, cause });
}

const UNREACHABLE_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ENOTFOUND: 'has a host name that does not exist',
  EAI_AGAIN: 'has a host name that cannot be looked up now',
  EHOSTUNREACH: 'is on a host that cannot be reached',
  ENETUNREACH: 'is on a network that cannot be reached',
  ECONNRESET: 'reset the connection',
  ETIMEDOUT: 'does not accept connections',
  CERT_HAS_EXPIRED: 'has a TLS certificate that has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a TLS certificate that is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a TLS certificate that is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a TLS certificate of an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'has a TLS certificate of an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has a TLS certificate of an authority that is not trusted here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a TLS certificate for another host name',
};

/** An operator may know better than Node whom to trust. */
const UNTRUSTED_CODES: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

const errorCode = (error: unknown): string => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : '';
};

/** Nothing was sent: the proxy in between made no connection. What is the operator's matter is not worth a retry. */
function errorFromProxy({ status, networkCode }: ProxyError): UpstreamError {
  const failed = (message: string, retryable: boolean): UpstreamError =>
    new UpstreamError('UPSTREAM_ERROR', message, { phase: 'NOT_SENT', retryable });
  if (status === 407) return failed(PROXY_WANTS_CREDENTIALS, false);
  if (status !== undefined) {
    return failed(
      `The proxy between us and the provider made no connection (status ${status}).`,
      status >= 500 || status === 429,
    );
  }
  const words = UNREACHABLE_WORDS[networkCode ?? ''] ?? 'cannot be reached';
  const told = networkCode === undefined ? '' : ` (${networkCode})`;
  return failed(`The proxy between us and the provider ${words}${told}.`, true);
}

/**
 * What undici or the system threw. The error itself is not kept as the cause: those of a parser hold bytes of the
 * answer, others hold addresses.
 */
export function errorFromNetwork(error: unknown, phase: UpstreamPhase): UpstreamError {
  if (error instanceof ProxyError) return errorFromProxy(error);
  const code = errorCode(error);
  const told = code === '' || code === 'UND_ERR_SOCKET' ? '' : ` (${code})`;
  if (phase === 'NOT_SENT') {
    if (code === 'UND_ERR_INVALID_ARG') {
      const message =
        'The request could not be written. An operator has to check the baseUrl and apiKey of this provider.';
      return new UpstreamError('UPSTREAM_ERROR', message, { phase, retryable: false });
    }
    if (code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED') {
      return new UpstreamError('UPSTREAM_ERROR', 'This provider is being closed.', { phase, retryable: true });
    }
    const words = UNREACHABLE_WORDS[code] ?? 'cannot be reached';
    const advice = UNTRUSTED_CODES.has(code) ? ' An operator can name its authority in caFile of this provider.' : '';
    return new UpstreamError('UPSTREAM_ERROR', `The provider ${words}${told}.${advice}`, { phase, retryable: true });
  }
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return unreadableError(`did not answer in proper HTTP/1.1${told}`, phase);
  }
  return cutError(phase);
}

/** The same failure, with what someone else knows about it. */
export function withDetails(error: UpstreamError, more: Partial<UpstreamErrorDetails>): UpstreamError {
  return new UpstreamError(error.failure, error.message, {
    phase: error.phase,
    retryable: error.retryable,
    status: error.status ?? more.status,
    retryAfterMs: error.retryAfterMs ?? more.retryAfterMs,
    providerRequestId: error.providerRequestId ?? more.providerRequestId,
    usage: error.usage ?? more.usage,
    usageBeforeOutput: error.usage === undefined ? more.usageBeforeOutput : error.usageBeforeOutput,
    refusedCredential: error.refusedCredential,
    categories: error.categories,
    cause: error.cause,
  });
}
