// The story of one planned call, from its target to its terminal. Everything that can happen to it is in the terminal:
// this never throws.

import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/errors.ts';
import type { Attempt, AttemptOutcome, Generation, Terminal, Usage } from '../core/generation.ts';
import { isNestedDeeper, type JsonValue, MAX_ANSWER_DEPTH } from '../core/json.ts';
import { UpstreamError } from '../core/upstream-error.ts';
import type { OutputSchemas } from '../features/guards/output-schema.ts';
import type { ProviderDelta, ProviderEnd } from '../providers/provider.ts';
import type { Answer } from './answer.ts';
import { defectTerminal } from './defect.ts';
import type { PreparedCall } from './prepared-call.ts';
import type { Settlement } from './settle.ts';
import { type StopCause, stoppedTerminal } from './stopped.ts';

export interface GenerateParts {
  readonly settlement: Settlement;
  readonly schemas: OutputSchemas;
  readonly clock: Clock;
  /** Told of everything that is our own fault, not the provider's. */
  readonly reportDefect: (error: unknown, generationId: string) => void;
}

export interface Run {
  readonly id: string;
  readonly call: PreparedCall;
  readonly createdAtMs: number;
  readonly streamed: boolean;
  /** Filled as the model writes; whoever watches reads it while it runs. */
  readonly answer: Answer;
  /** Its reason is a StopCause. */
  readonly signal: AbortSignal;
  readonly onDelta: (delta: ProviderDelta) => void;
}

export type Generate = (run: Run) => Promise<Terminal>;

interface Finished {
  readonly run: Run;
  readonly usage: Usage;
  readonly latencyMs: number;
  readonly firstTokenMs: number | undefined;
  readonly providerRequestId: string | undefined;
  /** Besides those of the call. */
  readonly warnings: readonly string[];
}

export function createGenerate({ settlement, schemas, clock, reportDefect }: GenerateParts): Generate {
  const story: Generate = async (run) => {
    const { call, streamed, signal, answer } = run;
    const { target, timeouts } = call.model;
    const startedAt = clock.elapsed();
    let firstTokenMs: number | undefined;
    const finish = (
      usage: Usage,
      providerRequestId: string | undefined,
      warnings: readonly string[] = [],
    ): Finished => {
      const latencyMs = Math.round(clock.elapsed() - startedAt);
      return { run, usage, latencyMs, firstTokenMs, providerRequestId, warnings };
    };

    try {
      const end = await call.provider.chat(
        {
          model: target.model,
          request: call.request,
          streamed,
          timeouts: { ...timeouts, totalMs: call.timeoutMs },
          signal,
        },
        (delta) => {
          if (streamed) firstTokenMs ??= Math.round(clock.elapsed() - startedAt);
          answer.add(delta);
          run.onDelta(delta);
        },
      );
      const usage = settlement.settleAnswer(call, end.usage, answer.written());
      return await concludeAnswer(finish(usage, end.providerRequestId, end.warnings), end, schemas, clock.now());
    } catch (error) {
      if (error instanceof UpstreamError) {
        // What a provider's adapter did not expect may be a fault of ours: somebody has to see it.
        if (error.cause !== undefined) reportDefect(error.cause, run.id);
        const usage = settlement.settleFailure(call, error, answer.written());
        return concludeFailure(finish(usage, error.providerRequestId), error, clock.now());
      }
      reportDefect(error, run.id);
      const lost = new UpstreamError('UPSTREAM_ERROR', 'unexpected', { phase: 'PARTIAL', retryable: false });
      const usage = settlement.settleFailure(call, lost, answer.written());
      const generation = toGeneration(
        finish(usage, undefined),
        'FAILED',
        'ERROR',
        attemptOutcome(lost),
        'INTERNAL',
        clock.now(),
      );
      const { message } = new SluiceError('INTERNAL_SERVER_ERROR');
      return { type: 'FAILED', code: 'INTERNAL', message, retryable: false, retryAfterMs: undefined, generation };
    }
  };

  // What breaks while a failure is told ends one call, never the process. Its input was sent, most likely.
  return (run) =>
    story(run).catch((error: unknown) => {
      reportDefect(error, run.id);
      const { id, call, createdAtMs } = run;
      const lost = new UpstreamError('UPSTREAM_ERROR', 'unexpected', { phase: 'PARTIAL', retryable: false });
      const usage = settlement.settleFailure(call, lost, '');
      return defectTerminal({ id, call, createdAtMs, nowMs: clock.now(), usage });
    });
}

/** The model finished: is what it said what was asked for? */
async function concludeAnswer(
  finished: Finished,
  end: ProviderEnd,
  schemas: OutputSchemas,
  nowMs: number,
): Promise<Terminal> {
  const { output } = finished.run.call.request;
  const generation = toGeneration(finished, 'SUCCEEDED', end.finishReason, 'SUCCEEDED', undefined, nowMs);
  const invalid = (message: string, pointers: readonly string[]): Terminal => ({
    type: 'OUTPUT_INVALID',
    message,
    pointers,
    generation: { ...generation, status: 'FAILED' },
  });

  const { broken } = finished.run.answer.toolCalls();
  if (broken.length > 0) {
    const cut = end.finishReason === 'LENGTH' ? 'The answer was cut at maxOutputTokens: ' : '';
    return invalid(
      `${cut}the model called a tool with arguments that are no JSON object, or nested deeper than ${MAX_ANSWER_DEPTH} levels.`,
      broken.map((index) => `/toolCalls/${index}/arguments`),
    );
  }
  if (output.format === 'TEXT' || generation.toolCalls.length > 0) return { type: 'SUCCESS', generation };

  const json = parseJson(generation.text ?? '');
  if (json === undefined) {
    const cut = end.finishReason === 'LENGTH';
    return invalid(cut ? 'The JSON was cut at maxOutputTokens.' : 'The answer is not JSON.', ['']);
  }
  if (isNestedDeeper(json, MAX_ANSWER_DEPTH)) {
    return invalid(`The JSON is nested deeper than ${MAX_ANSWER_DEPTH} levels.`, ['']);
  }
  if (output.schema !== undefined) {
    const check = await schemas.check(output.schema, json);
    if (!check.valid) return invalid(check.message, check.pointers);
  }
  return { type: 'SUCCESS', generation: { ...generation, json } };
}

function concludeFailure(finished: Finished, error: UpstreamError, nowMs: number): Terminal {
  const { message, retryable, retryAfterMs } = error;
  const failed = (code: string): Generation =>
    toGeneration(finished, 'FAILED', 'ERROR', attemptOutcome(error), code, nowMs);

  switch (error.failure) {
    case 'CANCELLED': {
      const cause = finished.run.signal.reason as StopCause;
      const errorCode = cause === 'SWITCHED_OFF' ? cause : 'CANCELLED';
      const generation = toGeneration(finished, 'CANCELLED', 'CANCELLED', 'CANCELLED', errorCode, nowMs);
      return stoppedTerminal(cause, generation);
    }
    case 'UPSTREAM_BLOCKED': {
      const generation = toGeneration(finished, 'BLOCKED', 'CONTENT_FILTER', 'FAILED', error.failure, nowMs);
      return { type: 'BLOCKED', message, stage: 'PROVIDER', categories: error.categories, generation };
    }
    case 'UPSTREAM_ERROR':
      if (error.phase === 'NOT_SENT') {
        return { type: 'UNAVAILABLE', message, retryAfterMs, generation: failed(error.failure) };
      }
      return {
        type: 'FAILED',
        code: error.failure,
        message,
        retryable,
        retryAfterMs,
        generation: failed(error.failure),
      };
    case 'UPSTREAM_REJECTED':
    case 'DEADLINE_EXCEEDED':
      return {
        type: 'FAILED',
        code: error.failure,
        message,
        retryable,
        retryAfterMs,
        generation: failed(error.failure),
      };
  }
}

function toGeneration(
  finished: Finished,
  status: Generation['status'],
  finishReason: Generation['finishReason'],
  outcome: AttemptOutcome,
  errorCode: string | undefined,
  nowMs: number,
): Generation {
  const { run, usage, latencyMs, firstTokenMs, providerRequestId, warnings } = finished;
  const { call, answer } = run;
  const attempt: Attempt = {
    number: 1,
    provider: call.model.target.providerId,
    model: call.model.target.model,
    outcome,
    errorCode,
    latencyMs,
    firstTokenMs,
    usage,
    providerRequestId,
  };
  return {
    id: run.id,
    status,
    model: call.model.name,
    text: answer.text(),
    json: undefined,
    reasoning: answer.reasoning() === '' ? undefined : answer.reasoning(),
    toolCalls: answer.toolCalls().calls,
    contentState: 'AVAILABLE',
    finishReason,
    usage,
    attempts: [attempt],
    clampedBy: call.clampedBy,
    warnings: warnings.length === 0 ? call.warnings : [...call.warnings, ...warnings],
    endUserId: call.endUserId,
    createdAtMs: run.createdAtMs,
    completedAtMs: nowMs,
    latencyMs,
    firstTokenMs,
  };
}

function attemptOutcome(error: UpstreamError): AttemptOutcome {
  return error.failure === 'DEADLINE_EXCEEDED' ? 'TIMED_OUT' : 'FAILED';
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
