// Everything a caller can do with generations, put together. A keyed call claims its key first: whoever finds it
// claimed follows the generation that holds it, so attaching, replaying and resuming are one thing.

import type { Caller } from '../core/caller.ts';
import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/errors.ts';
import type { GenerateOutcome, Generation, GenerationEvent, IdempotencyRefusal, Terminal } from '../core/generation.ts';
import type { ClaimScope, IdempotencyClaims } from '../features/admission/idempotency-claims.ts';
import type { OutputSchemas } from '../features/guards/output-schema.ts';
import type { TokenEstimator } from '../features/pricing/token-estimator.ts';
import type { Owner, ResultStore, StoredResult } from '../features/results/result-store.ts';
import type { EventLogReader, EventLogs } from '../features/streams/event-log.ts';
import { blankGeneration } from './blank-generation.ts';
import { parseCursor, readCursor } from './cursor.ts';
import { createGenerate } from './generate.ts';
import { runBatch } from './generate-batch.ts';
import type { GenerationReader, Generations, ReaderOptions } from './generations.ts';
import { createPreparation } from './prepare.ts';
import type { PreparedCall } from './prepared-call.ts';
import { retell } from './retell.ts';
import { createRunningGenerations, type LeavePolicy, type RunningGeneration } from './running-generations.ts';
import { createSettlement } from './settle.ts';

export interface GenerationsParts {
  readonly estimator: TokenEstimator;
  readonly schemas: OutputSchemas;
  readonly claims: IdempotencyClaims;
  readonly results: ResultStore;
  readonly logs: EventLogs;
  readonly clock: Clock;
  readonly settings: GenerationSettings;
  readonly reportDefect: (error: unknown, generationId: string) => void;
}

export interface GenerationSettings {
  /** How long a generation that nobody waits for goes on. */
  readonly graceMs: number;
  readonly coalesceMs: number;
  /** How long the answer of an unkeyed `startGeneration` is kept; as long as its log. */
  readonly streamRetentionMs: number;
  /** How long the answer of a keyed call is kept. */
  readonly resultRetentionMs: number;
}

/** Which generation answers a call: one that runs (ours, or another's we attach to), one that ended, or none. */
type Entry =
  | { readonly type: 'RUNNING'; readonly running: RunningGeneration; readonly attached: boolean }
  | { readonly type: 'ENDED'; readonly stored: StoredResult }
  | IdempotencyRefusal;

interface EnterOptions {
  readonly streamed: boolean;
  readonly logged: boolean;
  readonly leavePolicy: LeavePolicy;
  /** Attach or replay only: a cursor of the caller says that the generation began already. */
  readonly resumeOnly?: boolean;
}

export function createGenerations(parts: GenerationsParts): Generations {
  const { claims, results, logs, settings } = parts;
  const preparation = createPreparation(parts);
  const generate = createGenerate({ ...parts, settlement: createSettlement(parts.estimator) });
  const running = createRunningGenerations({ ...parts, generate, ...settings });

  function enter(call: PreparedCall, options: EnterOptions): Entry {
    const id = running.newId();
    const owner = ownerOf(call.caller);
    const scope = claimScopeOf(call);
    if (scope !== undefined && call.idempotency !== undefined) {
      const claim = claims.claim(scope, call.idempotency.fingerprint, id);
      if (claim.type === 'MISMATCH') return refusal('KEY_PARAMETER_MISMATCH');
      if (claim.type === 'EXISTS') {
        const holder = running.find(claim.generationId);
        if (holder !== undefined) return { type: 'RUNNING', running: holder, attached: true };
        const stored = results.get(claim.generationId);
        return stored === undefined ? refusal('RESULT_EXPIRED') : { type: 'ENDED', stored };
      }
      if (options.resumeOnly) {
        claims.release(scope, id);
        throw new SluiceError('CURSOR_EXPIRED', undefined, { inputPath: ['after'] });
      }
    }
    const unkeyedTtlMs = options.logged ? settings.streamRetentionMs : 0;
    const contentTtlMs = scope === undefined ? unkeyedTtlMs : settings.resultRetentionMs;
    const onEnd = (terminal: Terminal): void => {
      results.put(owner, terminal, contentTtlMs);
      if (scope === undefined) return;
      if (mayRunAgain(terminal)) claims.release(scope, id);
      else claims.finish(scope, id);
    };
    return { type: 'RUNNING', running: running.launch(call, { id, ...options, onEnd }), attached: false };
  }

  async function runPlain(call: PreparedCall, signal: AbortSignal): Promise<GenerateOutcome> {
    const keyed = call.idempotency !== undefined;
    if (signal.aborted) return neverStarted(call);
    const entry = enter(call, { streamed: false, logged: keyed, leavePolicy: keyed ? 'AFTER_GRACE' : 'AT_ONCE' });
    if (entry.type === 'IDEMPOTENCY') return entry;
    if (entry.type === 'ENDED') return replay(entry.stored);
    const leave = entry.running.join();
    signal.addEventListener('abort', leave, { once: true });
    try {
      return { type: 'ENDED', terminal: await entry.running.terminal, replayed: entry.attached };
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
    }
  }

  /** A batch whose caller is gone starts no further items. */
  function neverStarted(call: PreparedCall): GenerateOutcome {
    const blank = blankGeneration(running.newId(), call, parts.clock.now());
    const generation: Generation = {
      ...blank,
      status: 'CANCELLED',
      finishReason: 'CANCELLED',
      contentState: 'NOT_STORED',
    };
    const message = 'The caller left before this was started.';
    return { type: 'ENDED', terminal: { type: 'CANCELLED', cause: 'ABANDONED', message, generation }, replayed: false };
  }

  /** From its log; else, from the start only, from what is stored of it. */
  function openReader(
    generationId: string,
    options: ReaderOptions,
    replayed: boolean,
    stored?: StoredResult,
  ): GenerationReader {
    const afterSequence = options.after === undefined ? 0 : parseCursor(options.after, generationId);
    const events = logs.read(generationId, { afterSequence, onStalled: options.onStalled });
    if (events !== undefined) return asReader(generationId, events, replayed, running.find(generationId)?.join());
    if (options.after !== undefined) throw new SluiceError('CURSOR_EXPIRED', undefined, { inputPath: ['after'] });
    if (stored?.terminal.generation.contentState === 'AVAILABLE') {
      return asReader(generationId, retell(stored.terminal), replayed, undefined);
    }
    throw new SluiceError('RESULT_EXPIRED', 'The events of this generation are no longer kept.');
  }

  function visible(generationId: string, caller: Caller): RunningGeneration | StoredResult | undefined {
    const holder = running.find(generationId);
    if (holder !== undefined) return isOwner(ownerOf(holder.call.caller), caller) ? holder : undefined;
    const stored = results.get(generationId);
    return stored !== undefined && isOwner(stored.owner, caller) ? stored : undefined;
  }

  return {
    ...preparation,
    generate: runPlain,
    start(call) {
      const entry = enter(call, { streamed: true, logged: true, leavePolicy: 'NEVER' });
      if (entry.type === 'IDEMPOTENCY') return entry;
      if (entry.type === 'ENDED') return replay(entry.stored);
      entry.running.keep();
      return { type: 'RUNNING', generation: entry.running.snapshot(), replayed: entry.attached };
    },
    batch: (batch, signal) => runBatch(batch, runPlain, parts.clock, signal),
    stream(call, options) {
      const resumeOnly = options.after !== undefined;
      if (options.after !== undefined) readCursor(options.after);
      const entry = enter(call, { streamed: true, logged: true, leavePolicy: 'AFTER_GRACE', resumeOnly });
      if (entry.type === 'IDEMPOTENCY') {
        throw new SluiceError(entry.code, entry.message, errorDetails(entry));
      }
      if (entry.type === 'RUNNING') return openReader(entry.running.id, options, false);
      const { generation } = entry.stored.terminal;
      // With a cursor it is the same stream going on, not the answer told again.
      return openReader(generation.id, options, !resumeOnly, entry.stored);
    },
    follow(generationId, caller, options) {
      const found = visible(generationId, caller);
      if (found === undefined) throw new SluiceError('NOT_FOUND', undefined, { inputPath: ['generationId'] });
      return openReader(generationId, options, false, 'snapshot' in found ? undefined : found);
    },
    find(generationId, caller) {
      const found = visible(generationId, caller);
      if (found === undefined) return undefined;
      return 'snapshot' in found ? found.snapshot() : found.terminal.generation;
    },
    async cancel(generationId, caller): Promise<Generation | undefined> {
      const found = visible(generationId, caller);
      if (found === undefined) return undefined;
      if (!('snapshot' in found)) return found.terminal.generation;
      found.stop('CANCELLED');
      return (await found.terminal).generation;
    },
    drain: (graceMs) => running.drain(graceMs),
  };
}

/** The log's reader, counted among those who wait for the generation until it is done or leaves. */
function asReader(
  generationId: string,
  events: EventLogReader,
  replayed: boolean,
  leave: (() => void) | undefined,
): GenerationReader {
  const watch = (result: IteratorResult<GenerationEvent, undefined>): IteratorResult<GenerationEvent, undefined> => {
    if (result.done) leave?.();
    return result;
  };
  const reader: GenerationReader = {
    generationId,
    replayed,
    next: () => events.next().then(watch),
    async return() {
      await events.return?.();
      leave?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => reader,
  };
  return reader;
}

/** What may succeed next time frees its key; so does a generation that only ended because nobody listened. */
function mayRunAgain(terminal: Terminal): boolean {
  if (terminal.type === 'UNAVAILABLE') return true;
  if (terminal.type === 'CANCELLED') return terminal.cause === 'ABANDONED';
  return terminal.type === 'FAILED' && terminal.retryable;
}

function replay({ terminal }: StoredResult): GenerateOutcome {
  if (terminal.generation.contentState !== 'AVAILABLE') return refusal('RESULT_EXPIRED');
  return { type: 'ENDED', terminal, replayed: true };
}

function refusal(code: IdempotencyRefusal['code']): IdempotencyRefusal {
  return { type: 'IDEMPOTENCY', code, message: new SluiceError(code).message, retryAfterMs: undefined };
}

function errorDetails(refused: IdempotencyRefusal): { readonly retryAfterMs?: number } {
  return refused.retryAfterMs === undefined ? {} : { retryAfterMs: refused.retryAfterMs };
}

function claimScopeOf(call: PreparedCall): ClaimScope | undefined {
  if (call.idempotency === undefined) return undefined;
  const { namespace, key } = call.idempotency;
  return { ...ownerOf(call.caller), namespace, key };
}

function ownerOf({ organizationId, projectId, principalId }: Caller): Owner {
  return { organizationId, projectId, principalId };
}

function isOwner(owner: Owner, caller: Caller): boolean {
  return (
    owner.principalId === caller.principalId &&
    owner.projectId === caller.projectId &&
    owner.organizationId === caller.organizationId
  );
}
