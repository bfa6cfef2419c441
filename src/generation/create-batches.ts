// Everything a caller can do with batches, put together. A keyed batch claims its key as a keyed call does; its items
// have keys of their own made from it, so that what one batch has paid for no other one pays again.

import type { Batch, BatchEvent, BatchItem } from '../core/batch.ts';
import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/errors.ts';
import type { GenerateOutcome, IdempotencyRefusal } from '../core/generation.ts';
import type { Claim, ClaimScope, IdempotencyClaims } from '../features/admission/idempotency-claims.ts';
import type { BatchStore, StoredBatch } from '../features/results/batch-store.ts';
import { type ResultStore, withoutContent } from '../features/results/result-store.ts';
import type { EventLogs } from '../features/streams/event-log.ts';
import type { BatchItems } from './batch-item.ts';
import { asReplayed, mayComeOutOtherwise, summarise } from './batch-summary.ts';
import { parseCursor } from './cursor.ts';
import type { GenerationSettings } from './generation-settings.ts';
import type { Batches } from './generations.ts';
import { mayCancel, ownerOf, sightOf } from './ownership.ts';
import type { PreparedBatch } from './prepared-batch.ts';
import { refusal, refusalError } from './refusal.ts';
import { retellBatch } from './retell.ts';
import { type BatchEnd, createRunningBatches, type RunningBatch, type RunningBatches } from './running-batches.ts';
import type { LeavePolicy } from './waiters.ts';
import { batchAsSeen } from './withheld.ts';

export interface BatchesParts {
  readonly items: BatchItems;
  readonly claims: IdempotencyClaims;
  readonly results: ResultStore;
  readonly batches: BatchStore;
  readonly batchLogs: EventLogs<BatchEvent>;
  readonly clock: Clock;
  readonly settings: () => Pick<GenerationSettings, 'graceMs'>;
}

/** Which batch answers: one that runs (ours, or one we attach to), one that ended, or none. */
type Entry =
  | { readonly type: 'RUNNING'; readonly running: RunningBatch; readonly attached: boolean }
  | { readonly type: 'ENDED'; readonly stored: StoredBatch }
  | IdempotencyRefusal;

/** Keys of batches live apart from those of calls, whose namespaces are printable. */
const BATCHES = '\0batches';

export function createBatches(parts: BatchesParts): Batches & Pick<RunningBatches, 'ended' | 'stopAll'> {
  const { items, claims, results, batches: store, batchLogs: logs } = parts;
  const running = createRunningBatches({ ...parts, items, logs, withoutContent: strip });

  function launch(batch: PreparedBatch, id: string, leavePolicy: LeavePolicy, scope?: ClaimScope): RunningBatch {
    const onEnd = (end: BatchEnd): void => {
      const kept = end.items.map(({ index, outcome }) => ({ index, outcome: strip(outcome) }));
      store.put({ owner: ownerOf(batch.caller), id, status: end.status, items: kept });
      if (scope === undefined) return;
      // Whoever cancelled a batch does not want it run again.
      if (end.stopped !== 'CANCELLED' && end.items.some(mayComeOutOtherwise)) claims.release(scope, id);
      else claims.finish(scope, id);
    };
    return running.launch(batch, { id, leavePolicy, onEnd });
  }

  function enter(batch: PreparedBatch, leavePolicy: LeavePolicy): Entry {
    const id = running.newId();
    const scope = claimScopeOf(batch);
    if (scope !== undefined && batch.idempotency !== undefined) {
      const held = heldBy(claims.claim(scope, batch.idempotency.fingerprint, id));
      if (held !== undefined) return held;
    }
    return { type: 'RUNNING', running: launch(batch, id, leavePolicy, scope), attached: false };
  }

  function heldBy(claim: Claim): Entry | undefined {
    if (claim.type === 'CLAIMED') return undefined;
    if (claim.type === 'MISMATCH') return refusal('KEY_PARAMETER_MISMATCH');
    const holder = running.find(claim.holderId);
    if (holder !== undefined) return { type: 'RUNNING', running: holder, attached: true };
    const stored = store.get(claim.holderId);
    return stored === undefined ? refusal('RESULT_EXPIRED') : { type: 'ENDED', stored };
  }

  /** What is left of an outcome where its content is not kept. */
  function strip(outcome: GenerateOutcome): GenerateOutcome {
    if (outcome.type !== 'ENDED') return outcome;
    const { generation } = outcome.terminal;
    const isKept = results.get(generation.id)?.terminal.generation.contentState === 'AVAILABLE';
    const stripped = withoutContent(generation, isKept ? 'EXPIRED' : 'NOT_STORED');
    return { ...outcome, terminal: { ...outcome.terminal, generation: stripped } };
  }

  /** The items of an ended batch, whole as long as its log or their own results are kept. */
  function itemsOf({ id, items: stored }: StoredBatch): readonly BatchItem[] {
    const logged = logs.peek(id)?.flatMap(({ item }) => item ?? []);
    return logged ?? stored.map(({ index, outcome }) => ({ index, outcome: withContent(outcome) }));
  }

  function withContent(outcome: GenerateOutcome): GenerateOutcome {
    if (outcome.type !== 'ENDED') return outcome;
    return { ...outcome, terminal: results.get(outcome.terminal.generation.id)?.terminal ?? outcome.terminal };
  }

  const toBatch = (stored: StoredBatch): Batch =>
    summarise({ ...stored, total: stored.items.length, ended: itemsOf(stored) });

  const known = (batchId: string): RunningBatch | StoredBatch | undefined =>
    running.find(batchId) ?? store.get(batchId);

  /** The caller left before anything ran. */
  function neverBegun(batch: PreparedBatch): Batch {
    const ended = batch.items.map((item, index) => ({
      index,
      outcome: item.type === 'PREPARED' ? items.giveUp(item, 'ABANDONED') : item,
    }));
    return summarise({ id: running.newId(), status: 'CANCELLED', total: ended.length, ended });
  }

  return {
    checkStart(batch) {
      const scope = claimScopeOf(batch);
      if (scope === undefined || batch.idempotency === undefined) return;
      const held = heldBy(claims.look(scope, batch.idempotency.fingerprint));
      if (held?.type === 'IDEMPOTENCY') throw refusalError(held);
    },
    async batch(batch, signal) {
      if (signal.aborted) return neverBegun(batch);
      const entry = enter(batch, batch.idempotency === undefined ? 'AT_ONCE' : 'AFTER_GRACE');
      if (entry.type === 'ENDED') return asReplayed(toBatch(entry.stored));
      // Its items have results of their own to say what their keys stand for.
      const unclaimed = () => launch(batch, running.newId(), 'AFTER_GRACE');
      const { running: followed, attached } =
        entry.type === 'RUNNING' ? entry : { running: unclaimed(), attached: false };
      const leave = followed.join();
      const onGone = (): void => leave();
      signal.addEventListener('abort', onGone, { once: true });
      try {
        const ended = await followed.ended;
        return attached ? asReplayed(ended) : ended;
      } finally {
        signal.removeEventListener('abort', onGone);
        leave();
      }
    },
    startBatch(batch) {
      const entry = enter(batch, 'NEVER');
      if (entry.type === 'IDEMPOTENCY') throw refusalError(entry);
      if (entry.type === 'ENDED') return asReplayed(toBatch(entry.stored));
      entry.running.keep();
      const batchNow = entry.running.snapshot();
      return entry.attached ? asReplayed(batchNow) : batchNow;
    },
    findBatch(batchId, caller) {
      const found = known(batchId);
      const sight = found && sightOf(found.owner, caller);
      if (found === undefined || sight === undefined) return undefined;
      return batchAsSeen('snapshot' in found ? found.snapshot() : toBatch(found), sight);
    },
    followBatch(batchId, caller, { after, onStalled }) {
      const found = known(batchId);
      if (found === undefined || sightOf(found.owner, caller) !== 'WHOLE') {
        throw new SluiceError('NOT_FOUND', undefined, { inputPath: ['batchId'] });
      }
      const afterSequence = after === undefined ? 0 : parseCursor(after, batchId);
      const events = logs.read(batchId, { afterSequence, onStalled });
      // An owner who knows the id of a batch that runs has started it, and then it runs to its end; others only look on.
      // Readers need not be counted.
      if (events !== undefined) return { ...events, batchId };
      if (after !== undefined) throw new SluiceError('CURSOR_EXPIRED', undefined, { inputPath: ['after'] });
      if ('snapshot' in found) throw new Error('a batch that runs has a log');
      return { ...retellBatch(itemsOf(found)), batchId };
    },
    async cancelBatch(batchId, caller) {
      const found = known(batchId);
      const sight = found && sightOf(found.owner, caller);
      if (found === undefined || sight === undefined || !mayCancel(found.owner, caller)) return undefined;
      if (!('snapshot' in found)) return batchAsSeen(toBatch(found), sight);
      found.stop('CANCELLED');
      return batchAsSeen(await found.ended, sight);
    },
    ended: running.ended,
    stopAll: running.stopAll,
  };
}

function claimScopeOf({ caller, idempotency }: PreparedBatch): ClaimScope | undefined {
  return idempotency && { ...ownerOf(caller), namespace: BATCHES, key: idempotency.key };
}
