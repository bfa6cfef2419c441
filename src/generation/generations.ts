// The face of generation/ to the layers above it: everything a caller can do with generations.
// create-generations.ts puts the parts together.

import type { SwitchState } from '../core/access.ts';
import type { Batch, BatchEvent } from '../core/batch.ts';
import type { Caller } from '../core/caller.ts';
import type { GenerateOutcome, Generation, GenerationEvent, InvalidInput } from '../core/generation.ts';
import type { Model } from '../features/routing/model-catalog.ts';
import type { CallInput } from './call-input.ts';
import type { PreparedBatch } from './prepared-batch.ts';
import type { PreparedCall } from './prepared-call.ts';
import type { Asker } from './upstreams.ts';

/** Where in the operation an input stood, to name it in errors, e.g. `['input', 'items', '3']`. */
export type InputPath = readonly string[];

export interface CallEstimate {
  readonly inputTokens: number;
  readonly maxOutputTokens: number;
  /** Upper end: estimated input + the whole output cap; undefined without a known price. */
  readonly maxCostNanoUsd: bigint | undefined;
  /** Whether it would be begun now. */
  readonly admitted: boolean;
}

/**
 * Events of one generation from a place in its log. `return()` leaves at once, also while `next()` waits.
 * Ends after the terminal event.
 */
export interface GenerationReader extends AsyncIterableIterator<GenerationEvent> {
  readonly generationId: string;
  /** True when the generation had already ended and is told again from the start: cost 0. */
  readonly replayed: boolean;
}

export interface ReaderOptions {
  /** Cursor of the last event seen; undefined = from the start. */
  readonly after: string | undefined;
  /** Called once when the reader took no waiting event for the time a slow reader is given; it is closed then. */
  readonly onStalled: () => void;
}

/** Events of one batch from a place in its log, as a `GenerationReader` tells those of a generation. */
export interface BatchReader extends AsyncIterableIterator<BatchEvent> {
  readonly batchId: string;
}

/**
 * Many calls as one. A batch belongs to its caller as a generation does. Others see what ownership.ts lets them: where
 * that is nothing, the answer is that of an id that does not exist.
 */
export interface Batches {
  /**
   * Why this batch cannot be started under its key, as far as that is known before anything runs.
   * @throws SluiceError KEY_PARAMETER_MISMATCH, RESULT_EXPIRED
   */
  checkStart(batch: PreparedBatch): void;
  /** Runs all items to their ends. `signal`: the caller is gone. */
  batch(batch: PreparedBatch, signal: AbortSignal): Promise<Batch>;
  /** Starts it (or attaches to it, or replays it) and answers at once. @throws SluiceError as `checkStart` */
  startBatch(batch: PreparedBatch): Batch;
  /** The batch, as far as the caller may see it, if it is still known. */
  findBatch(batchId: string, caller: Caller): Batch | undefined;
  /** Reads the events of a batch whose content the caller may read. @throws SluiceError NOT_FOUND, CURSOR_* */
  followBatch(batchId: string, caller: Caller, options: ReaderOptions): BatchReader;
  /** Cancels what runs of it; resolves to it once all its items have ended; undefined if it is not the caller's to cancel. */
  cancelBatch(batchId: string, caller: Caller): Promise<Batch | undefined>;
}

export interface Generations extends Batches {
  /** Pure: validates and completes one call. `fallbackKey`: the Idempotency-Key header, where it applies. */
  prepare(input: CallInput, asker: Asker, path: InputPath, fallbackKey?: string): PreparedCall | InvalidInput;
  /** @throws SluiceError BAD_USER_INPUT for an empty or oversized batch, or a concurrency out of range. */
  prepareBatch(
    input: {
      readonly items: readonly CallInput[];
      readonly concurrency?: number | null | undefined;
      readonly idempotencyKey?: string | null | undefined;
    },
    asker: Asker,
    path: InputPath,
    fallbackKey?: string,
  ): PreparedBatch;
  estimate(call: PreparedCall): CallEstimate;
  /** Whether an operator has switched the model, or its provider, off. */
  stateOf(model: Model): SwitchState;
  /** Runs to the end. `signal`: the caller is gone. */
  generate(call: PreparedCall, signal: AbortSignal): Promise<GenerateOutcome>;
  /** Starts and answers at once; the generation runs to its end whoever listens. */
  start(call: PreparedCall): GenerateOutcome;
  /** Runs (or attaches to, or replays) a keyed call and reads its events. @throws SluiceError */
  stream(call: PreparedCall, options: ReaderOptions): GenerationReader;
  /** Reads the events of a generation whose content the caller may read. @throws SluiceError NOT_FOUND, CURSOR_*, RESULT_EXPIRED */
  follow(generationId: string, caller: Caller, options: ReaderOptions): GenerationReader;
  /** The generation, as far as the caller may see it, if it is still known. */
  find(generationId: string, caller: Caller): Generation | undefined;
  /** Cancels it if it still runs; resolves to it once it has ended; undefined if it is not the caller's to cancel. */
  cancel(generationId: string, caller: Caller): Promise<Generation | undefined>;
  /** Resolves when nothing runs any more, or rejects nothing and cancels what is left after `graceMs`. */
  drain(graceMs: number): Promise<void>;
}
