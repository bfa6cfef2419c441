// Everything a caller can do with generations, put together.

import type { BatchEvent } from '../core/batch.ts';
import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/errors.ts';
import type { GenerateOutcome, Generation, GenerationEvent } from '../core/generation.ts';
import type { IdempotencyClaims } from '../features/admission/idempotency-claims.ts';
import type { OutputSchemas } from '../features/guards/output-schema.ts';
import type { TokenEstimator } from '../features/pricing/token-estimator.ts';
import type { BatchStore } from '../features/results/batch-store.ts';
import type { ResultStore, StoredResult } from '../features/results/result-store.ts';
import type { SwitchPanel } from '../features/routing/switches.ts';
import type { EventLogs } from '../features/streams/event-log.ts';
import { createBatchItems } from './batch-item.ts';
import { createBatches } from './create-batches.ts';
import { parseCursor, readCursor } from './cursor.ts';
import { createEnter, plainEntry } from './enter.ts';
import { createGenerate } from './generate.ts';
import type { GenerationSettings } from './generation-settings.ts';
import type { GenerationReader, Generations, ReaderOptions } from './generations.ts';
import { joinedReader } from './joined-reader.ts';
import { isOwner, mayCancel, sightOf } from './ownership.ts';
import { createPreparation } from './prepare.ts';
import type { PreparedCall } from './prepared-call.ts';
import { refusalError, replay } from './refusal.ts';
import { retell } from './retell.ts';
import { createRunningGenerations, type RunningGeneration } from './running-generations.ts';
import { createSettlement } from './settle.ts';
import { generationAsSeen } from './withheld.ts';

export interface GenerationsParts {
  readonly estimator: TokenEstimator;
  readonly schemas: OutputSchemas;
  readonly claims: IdempotencyClaims;
  readonly results: ResultStore;
  readonly batches: BatchStore;
  readonly logs: EventLogs<GenerationEvent>;
  readonly batchLogs: EventLogs<BatchEvent>;
  readonly switches: Pick<SwitchPanel, 'stateOf' | 'onChange'>;
  readonly clock: Clock;
  /** Asked when a generation or a batch begins, which keeps what it was told. */
  readonly settings: () => GenerationSettings;
  readonly reportDefect: (error: unknown, generationId: string) => void;
}

export function createGenerations(parts: GenerationsParts): Generations {
  const { results, logs, switches } = parts;
  const preparation = createPreparation(parts);
  const generate = createGenerate({ ...parts, settlement: createSettlement(parts.estimator) });
  const running = createRunningGenerations({ ...parts, generate });
  const enter = createEnter({ ...parts, running });
  switches.onChange(() => {
    running.stopAll('SWITCHED_OFF', ({ call }) => switches.stateOf(call.model) === 'DISABLED');
  });
  const items = createBatchItems({ ...parts, enter, running });
  const { ended: batchesEnded, stopAll: stopBatches, ...batches } = createBatches({ ...parts, items });

  async function runPlain(call: PreparedCall, signal: AbortSignal): Promise<GenerateOutcome> {
    if (signal.aborted) return items.giveUp(call, 'ABANDONED');
    const entry = enter(call, plainEntry(call, false));
    if (entry.type === 'IDEMPOTENCY') return entry;
    if (entry.type === 'ENDED') return replay(entry.stored);
    if (entry.type === 'UNAVAILABLE') return { type: 'ENDED', terminal: entry.terminal, replayed: false };
    const leave = entry.running.join();
    const onGone = (): void => leave();
    signal.addEventListener('abort', onGone, { once: true });
    try {
      return { type: 'ENDED', terminal: await entry.running.terminal, replayed: entry.attached };
    } finally {
      signal.removeEventListener('abort', onGone);
      leave();
    }
  }

  /**
   * From its log; else, from the start only, from what is stored of it. `waits`: what is read runs for this reader, too;
   * whoever only looks on neither keeps it running nor ends it.
   */
  function openReader(
    generationId: string,
    options: ReaderOptions,
    { replayed, waits }: { readonly replayed: boolean; readonly waits: boolean },
    stored?: StoredResult,
  ): GenerationReader {
    const afterSequence = options.after === undefined ? 0 : parseCursor(options.after, generationId);
    const events = logs.read(generationId, { afterSequence, onStalled: options.onStalled });
    if (events !== undefined) {
      const leave = waits ? running.find(generationId)?.join() : undefined;
      return { ...joinedReader(events, leave), generationId, replayed };
    }
    if (options.after !== undefined) throw new SluiceError('CURSOR_EXPIRED', undefined, { inputPath: ['after'] });
    if (stored?.terminal.generation.contentState === 'AVAILABLE') {
      return { ...retell(stored.terminal), generationId, replayed };
    }
    throw new SluiceError('RESULT_EXPIRED', 'The events of this generation are no longer kept.');
  }

  const known = (generationId: string): RunningGeneration | StoredResult | undefined =>
    running.find(generationId) ?? results.get(generationId);

  return {
    ...preparation,
    stateOf: switches.stateOf,
    ...batches,
    generate: runPlain,
    start(call) {
      const entry = enter(call, { streamed: true, logged: true, kept: true, leavePolicy: 'NEVER' });
      if (entry.type === 'IDEMPOTENCY') return entry;
      if (entry.type === 'ENDED') return replay(entry.stored);
      if (entry.type === 'UNAVAILABLE') return { type: 'ENDED', terminal: entry.terminal, replayed: false };
      entry.running.keep();
      return { type: 'RUNNING', generation: entry.running.snapshot(), replayed: entry.attached };
    },
    stream(call, options) {
      const resumeOnly = options.after !== undefined;
      if (options.after !== undefined) readCursor(options.after);
      const entry = enter(call, { streamed: true, logged: true, kept: true, leavePolicy: 'AFTER_GRACE', resumeOnly });
      if (entry.type === 'IDEMPOTENCY') throw refusalError(entry);
      if (entry.type === 'RUNNING') return openReader(entry.running.id, options, { replayed: false, waits: true });
      if (entry.type === 'UNAVAILABLE') {
        const { terminal } = entry;
        return { ...retell(terminal), generationId: terminal.generation.id, replayed: false };
      }
      const { generation } = entry.stored.terminal;
      // With a cursor it is the same stream going on, not the answer told again.
      return openReader(generation.id, options, { replayed: !resumeOnly, waits: true }, entry.stored);
    },
    follow(generationId, caller, options) {
      const found = known(generationId);
      if (found === undefined || sightOf(found.owner, caller) !== 'WHOLE') {
        throw new SluiceError('NOT_FOUND', undefined, { inputPath: ['generationId'] });
      }
      const reading = { replayed: false, waits: isOwner(found.owner, caller) };
      return openReader(generationId, options, reading, 'snapshot' in found ? undefined : found);
    },
    find(generationId, caller) {
      const found = known(generationId);
      const sight = found && sightOf(found.owner, caller);
      if (found === undefined || sight === undefined) return undefined;
      return generationAsSeen('snapshot' in found ? found.snapshot() : found.terminal.generation, sight);
    },
    async cancel(generationId, caller): Promise<Generation | undefined> {
      const found = known(generationId);
      const sight = found && sightOf(found.owner, caller);
      if (found === undefined || sight === undefined || !mayCancel(found.owner, caller)) return undefined;
      if (!('snapshot' in found)) return generationAsSeen(found.terminal.generation, sight);
      found.stop('CANCELLED');
      return generationAsSeen((await found.terminal).generation, sight);
    },
    async drain(graceMs) {
      // Batches first: as long as one runs it begins generations.
      const idle = (): Promise<void> => batchesEnded().then(running.ended);
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      await Promise.race([idle(), patience]);
      clearTimeout(timer);
      stopBatches('SHUTDOWN');
      running.stopAll('SHUTDOWN');
      await idle();
    },
  };
}
