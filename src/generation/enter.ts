// How a call begins. A keyed one claims its key first: whoever finds it claimed follows the generation that holds it, so
// attaching, replaying and resuming are one thing.

import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/errors.ts';
import type { IdempotencyRefusal, Terminal } from '../core/generation.ts';
import type { ClaimScope, IdempotencyClaims } from '../features/admission/idempotency-claims.ts';
import type { ResultStore, StoredResult } from '../features/results/result-store.ts';
import type { Switches } from '../features/routing/switches.ts';
import type { GenerationSettings } from './generation-settings.ts';
import { ownerOf } from './ownership.ts';
import type { PreparedCall } from './prepared-call.ts';
import { refusal } from './refusal.ts';
import type { RunningGeneration, RunningGenerations } from './running-generations.ts';
import { switchedOffTerminal } from './unavailable.ts';
import type { LeavePolicy } from './waiters.ts';

/**
 * Which generation answers a call: one that runs (ours, or another's we attach to), one that ended, or none. UNAVAILABLE:
 * ours, which ended before it began.
 */
export type Entry =
  | { readonly type: 'RUNNING'; readonly running: RunningGeneration; readonly attached: boolean }
  | { readonly type: 'ENDED'; readonly stored: StoredResult }
  | { readonly type: 'UNAVAILABLE'; readonly terminal: Terminal }
  | IdempotencyRefusal;

export interface EnterOptions {
  readonly streamed: boolean;
  readonly logged: boolean;
  /** Keep the answer of an unkeyed call as long as streams are kept; that of a keyed one is kept longer in any case. */
  readonly kept: boolean;
  readonly leavePolicy: LeavePolicy;
  /** Attach or replay only: a cursor of the caller says that the generation began already. */
  readonly resumeOnly?: boolean;
}

export type Enter = (call: PreparedCall, options: EnterOptions) => Entry;

export interface EnterParts {
  readonly claims: IdempotencyClaims;
  readonly results: ResultStore;
  readonly running: RunningGenerations;
  readonly switches: Switches;
  readonly clock: Clock;
  readonly settings: () => Pick<GenerationSettings, 'streamRetentionMs' | 'resultRetentionMs'>;
}

/** @throws SluiceError CURSOR_EXPIRED where there is nothing to resume. */
export function createEnter(parts: EnterParts): Enter {
  const { claims, results, running, switches, clock, settings } = parts;

  return (call, options) => {
    const id = running.newId();
    const owner = ownerOf(call.caller);
    const scope = claimScopeOf(call);
    if (scope !== undefined && call.idempotency !== undefined) {
      const claim = claims.claim(scope, call.idempotency.fingerprint, id);
      if (claim.type === 'MISMATCH') return refusal('KEY_PARAMETER_MISMATCH');
      if (claim.type === 'EXISTS') {
        const holder = running.find(claim.holderId);
        if (holder !== undefined) return { type: 'RUNNING', running: holder, attached: true };
        const stored = results.get(claim.holderId);
        return stored === undefined ? refusal('RESULT_EXPIRED') : { type: 'ENDED', stored };
      }
      if (options.resumeOnly) {
        claims.release(scope, id);
        throw new SluiceError('CURSOR_EXPIRED', undefined, { inputPath: ['after'] });
      }
    }
    // Only now: what a key stands for is told whatever the switches say.
    if (switches.stateOf(call.model) !== 'ENABLED') {
      const terminal = switchedOffTerminal(id, call, clock.now());
      if (scope !== undefined) claims.release(scope, id);
      results.put(owner, terminal, 0);
      return { type: 'UNAVAILABLE', terminal };
    }
    const { streamRetentionMs, resultRetentionMs } = settings();
    const unkeyedTtlMs = options.kept ? streamRetentionMs : 0;
    const contentTtlMs = scope === undefined ? unkeyedTtlMs : resultRetentionMs;
    const onEnd = (terminal: Terminal): void => {
      results.put(owner, terminal, contentTtlMs);
      if (scope === undefined) return;
      if (mayRunAgain(terminal)) claims.release(scope, id);
      else claims.finish(scope, id);
    };
    return { type: 'RUNNING', running: running.launch(call, { id, ...options, onEnd }), attached: false };
  };
}

/** As a plain call enters. */
export function plainEntry(call: PreparedCall, kept: boolean): EnterOptions {
  const isKeyed = call.idempotency !== undefined;
  return { streamed: false, logged: isKeyed, kept, leavePolicy: isKeyed ? 'AFTER_GRACE' : 'AT_ONCE' };
}

/** What may succeed next time frees its key; so does a generation that only ended because nobody listened. */
export function mayRunAgain(terminal: Terminal): boolean {
  if (terminal.type === 'UNAVAILABLE') return true;
  if (terminal.type === 'CANCELLED') return terminal.cause === 'ABANDONED';
  return terminal.type === 'FAILED' && terminal.retryable;
}

function claimScopeOf(call: PreparedCall): ClaimScope | undefined {
  if (call.idempotency === undefined) return undefined;
  const { namespace, key } = call.idempotency;
  return { ...ownerOf(call.caller), namespace, key };
}
