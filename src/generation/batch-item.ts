// One item of a batch on its way: a plain call, for which the batch waits until it ends or the batch is told to stop.

import type { Clock } from '../core/clock.ts';
import type { GenerateOutcome } from '../core/generation.ts';
import { defectTerminal } from './defect.ts';
import { type Enter, plainEntry } from './enter.ts';
import type { PreparedCall } from './prepared-call.ts';
import { replay } from './refusal.ts';
import type { RunningGeneration, RunningGenerations } from './running-generations.ts';
import { neverStarted, type StopCause } from './stopped.ts';

/** An item that runs. */
export interface BegunItem {
  readonly type: 'BEGUN';
  /** Never rejects. */
  readonly outcome: Promise<GenerateOutcome>;
  /** Ends it as its batch ends. `graceIsOver`: the batch has waited for somebody to come back long enough. */
  stop(cause: StopCause, graceIsOver: boolean): void;
}

export interface BatchItems {
  /** Runs it, unless its key has an answer already. `kept`: its answer is kept though it has no key. Never throws. */
  begin(call: PreparedCall, kept: boolean): BegunItem | GenerateOutcome;
  /** The outcome of an item that its batch does not wait for any more, or never began. */
  giveUp(call: PreparedCall, cause: StopCause): GenerateOutcome;
}

export interface BatchItemsParts {
  readonly enter: Enter;
  readonly running: RunningGenerations;
  readonly clock: Clock;
  readonly reportDefect: (error: unknown, generationId: string) => void;
}

export function createBatchItems({ enter, running, clock, reportDefect }: BatchItemsParts): BatchItems {
  function giveUp(call: PreparedCall, cause: StopCause): GenerateOutcome {
    return { type: 'ENDED', terminal: neverStarted(cause, running.newId(), call, clock.now()), replayed: false };
  }

  /** A fault of ours harms the one item, not its batch. */
  function broken(call: PreparedCall, error: unknown): GenerateOutcome {
    const id = running.newId();
    reportDefect(error, id);
    const nowMs = clock.now();
    return { type: 'ENDED', terminal: defectTerminal({ id, call, createdAtMs: nowMs, nowMs }), replayed: false };
  }

  function follow(generation: RunningGeneration, call: PreparedCall, isAttached: boolean): BegunItem {
    const leave = generation.join();
    const { promise, resolve } = Promise.withResolvers<GenerateOutcome>();
    generation.terminal.then(
      (terminal) => resolve({ type: 'ENDED', terminal, replayed: isAttached }),
      (error) => resolve(broken(call, error)),
    );
    return {
      type: 'BEGUN',
      outcome: promise.finally(() => leave()),
      stop(cause, graceIsOver) {
        if (isAttached) {
          // Somebody else's to stop: this batch only waits no longer.
          leave();
          resolve(giveUp(call, cause));
        } else if (cause === 'ABANDONED') leave(graceIsOver);
        else generation.stop(cause);
      },
    };
  }

  return {
    begin(call, kept) {
      try {
        const entry = enter(call, plainEntry(call, kept));
        if (entry.type === 'IDEMPOTENCY') return entry;
        if (entry.type === 'UNAVAILABLE') return { type: 'ENDED', terminal: entry.terminal, replayed: false };
        return entry.type === 'ENDED' ? replay(entry.stored) : follow(entry.running, call, entry.attached);
      } catch (error) {
        return broken(call, error);
      }
    },
    giveUp,
  };
}
