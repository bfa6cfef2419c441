// The batches running in this process: their items a bounded number at a time, each to its own outcome, every end told
// in the log of the batch.

import type { Batch, BatchEvent, BatchItem, BatchStatus } from '../core/batch.ts';
import type { Clock } from '../core/clock.ts';
import type { GenerateOutcome } from '../core/generation.ts';
import { newBatchId } from '../core/ids.ts';
import type { Owner } from '../features/results/result-store.ts';
import type { EventLogs } from '../features/streams/event-log.ts';
import type { BatchItems, BegunItem } from './batch-item.ts';
import { summarise } from './batch-summary.ts';
import type { GenerationSettings } from './generation-settings.ts';
import { ownerOf } from './ownership.ts';
import type { PreparedBatch, PreparedItem } from './prepared-batch.ts';
import type { StopCause } from './stopped.ts';
import { createWaiters, type LeavePolicy, type Waiters } from './waiters.ts';

export interface LaunchBatchOptions {
  readonly id: string;
  readonly leavePolicy: LeavePolicy;
  /** Called once, when the last item has ended and before anybody learns of it. */
  readonly onEnd: (end: BatchEnd) => void;
}

export interface BatchEnd {
  readonly status: EndStatus;
  /** In the order they ended. */
  readonly items: readonly BatchItem[];
  /** Why it was told to stop, if it was. */
  readonly stopped: StopCause | undefined;
}

type EndStatus = Exclude<BatchStatus, 'RUNNING'>;

export interface RunningBatch extends Pick<Waiters, 'join' | 'keep'> {
  readonly id: string;
  readonly owner: Owner;
  readonly ended: Promise<Batch>;
  /** As it is now. */
  snapshot(): Batch;
  /** Ends what runs of it and begins nothing more. */
  stop(cause: StopCause): void;
}

export interface RunningBatches {
  newId(): string;
  launch(batch: PreparedBatch, options: LaunchBatchOptions): RunningBatch;
  find(batchId: string): RunningBatch | undefined;
  /** Resolves when all that run now have ended. */
  ended(): Promise<void>;
  stopAll(cause: StopCause): void;
}

export interface RunningBatchesParts {
  readonly items: BatchItems;
  readonly logs: EventLogs<BatchEvent>;
  readonly clock: Clock;
  readonly settings: () => Pick<GenerationSettings, 'graceMs'>;
  /** An item as it may be kept in the log when its answer is not. */
  readonly withoutContent: (outcome: GenerateOutcome) => GenerateOutcome;
}

export function createRunningBatches(parts: RunningBatchesParts): RunningBatches {
  const { items, logs, clock, settings } = parts;
  const running = new Map<string, RunningBatch>();

  function launch(batch: PreparedBatch, options: LaunchBatchOptions): RunningBatch {
    const { id, leavePolicy, onEnd } = options;
    const total = batch.items.length;
    const isStarted = leavePolicy === 'NEVER';
    const log = logs.create(id);
    const waiters = createWaiters({
      leavePolicy,
      graceMs: settings().graceMs,
      onAbandoned: () => self.stop('ABANDONED'),
    });
    const { promise, resolve } = Promise.withResolvers<Batch>();
    const ended: BatchItem[] = [];
    const open = new Set<BegunItem>();
    let stopped: StopCause | undefined;
    let next = 0;

    const status = (): BatchStatus => (ended.length < total ? 'RUNNING' : endStatus(ended, stopped));
    const snapshot = (): Batch => summarise({ id, status: status(), total, ended });
    const isKept = (item: PreparedItem): boolean =>
      isStarted || (item.type === 'PREPARED' && item.idempotency !== undefined);

    function finish(index: number, item: PreparedItem, outcome: GenerateOutcome): void {
      ended.push({ index, outcome });
      const told = isKept(item) ? outcome : parts.withoutContent(outcome);
      const event = { completed: ended.length, total, item: { index, outcome: told } };
      if (ended.length < total) {
        log.append(event);
        return;
      }
      waiters.close();
      running.delete(id);
      onEnd({ status: endStatus(ended, stopped), items: ended, stopped });
      log.end(event);
      resolve(snapshot());
    }

    function begin(item: PreparedItem): BegunItem | GenerateOutcome {
      if (item.type === 'INVALID_INPUT') return item;
      return stopped === undefined ? items.begin(item, isStarted) : items.giveUp(item, stopped);
    }

    /** Begins items until one runs; goes on when that one has ended. */
    function work(): void {
      while (next < total) {
        const index = next++;
        const item = batch.items[index];
        if (item === undefined) return;
        const begun = begin(item);
        if (begun.type === 'BEGUN') {
          open.add(begun);
          void begun.outcome.then((outcome) => {
            open.delete(begun);
            finish(index, item, outcome);
            work();
          });
          return;
        }
        finish(index, item, begun);
      }
    }

    const self: RunningBatch = {
      id,
      owner: ownerOf(batch.caller),
      ended: promise,
      join: waiters.join,
      keep: waiters.keep,
      snapshot,
      stop(cause) {
        waiters.close();
        stopped ??= cause;
        for (const one of open) one.stop(cause, batch.idempotency !== undefined);
      },
    };
    running.set(id, self);
    log.append({ completed: 0, total, item: undefined });
    for (let worker = 0; worker < batch.concurrency; worker++) work();
    return self;
  }

  return {
    newId: () => newBatchId(clock.now()),
    launch,
    find: (batchId) => running.get(batchId),
    async ended() {
      await Promise.all([...running.values()].map((one) => one.ended));
    },
    stopAll(cause) {
      for (const one of running.values()) one.stop(cause);
    },
  };
}

/** Told to stop too late to end anything, a batch has ended as any other. */
function endStatus(ended: readonly BatchItem[], stopped: StopCause | undefined): EndStatus {
  const cutShort = ended.some(({ outcome }) => outcome.type === 'ENDED' && outcome.terminal.type === 'CANCELLED');
  return cutShort && (stopped === 'CANCELLED' || stopped === 'ABANDONED') ? 'CANCELLED' : 'SUCCEEDED';
}
