// Reads that are asked for while one is under way go together in the next: one statement at a time, however many ask,
// and one read for each thing asked for.

import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';

export interface BatchedReadsOptions<Query, Item, Kept> {
  readonly keyOf: (query: Query) => string;
  readonly read: (queries: readonly Query[]) => Promise<readonly (Item | undefined)[]>;
  readonly keep: (query: Query, item: Item | undefined, readAtMs: number) => Kept | undefined;
  /** `changed`: organizations that changed while it was read. */
  readonly isOutdated: (item: Item | undefined, changed: ReadonlySet<string> | 'ALL') => boolean;
  readonly clock: Clock;
}

export interface BatchedReads<Query, Kept> {
  /** @throws what the read throws; SluiceError AUTHENTICATION_UNAVAILABLE where it takes too long or too many wait. */
  read(query: Query): Promise<Kept | undefined>;
  /** What is being read of these organizations is read once more; undefined: of all. */
  outdate(organizationIds: readonly string[] | undefined): void;
}

interface Wanted<Query, Kept> {
  readonly query: Query;
  readonly promise: Promise<Kept | undefined>;
  readonly resolve: (kept: Kept | undefined) => void;
  readonly reject: (error: unknown) => void;
}

const MOST_AT_ONCE = 1_000;
const MOST_WAITING = 20_000;
/** How long a statement may keep the others waiting. */
const PATIENCE_MS = 5_000;

export function createBatchedReads<Query, Item, Kept>(
  options: BatchedReadsOptions<Query, Item, Kept>,
): BatchedReads<Query, Kept> {
  const { keyOf, keep, isOutdated, clock } = options;
  const waiting = new Map<string, Wanted<Query, Kept>>();
  const reading = new Map<string, Wanted<Query, Kept>>();
  let changed: Set<string> | 'ALL' = new Set<string>();
  let isRunning = false;

  async function readBatch(): Promise<void> {
    for (const [key, wanted] of waiting) {
      if (reading.size === MOST_AT_ONCE) break;
      waiting.delete(key);
      reading.set(key, wanted);
    }
    const batch = [...reading.values()];
    const readAtMs = clock.elapsed();
    changed = new Set();
    try {
      const items = await withPatience(options.read(batch.map(({ query }) => query)));
      batch.forEach((wanted, index) => {
        const item = items[index];
        const key = keyOf(wanted.query);
        reading.delete(key);
        if (isOutdated(item, changed)) waiting.set(key, wanted);
        else wanted.resolve(keep(wanted.query, item, readAtMs));
      });
    } catch (error) {
      reading.clear();
      for (const { reject } of batch) reject(error);
    }
  }

  async function run(): Promise<void> {
    isRunning = true;
    // Those who ask in the same turn go together from the first on.
    await undefined;
    while (waiting.size > 0) await readBatch();
    isRunning = false;
  }

  return {
    read(query) {
      const key = keyOf(query);
      const known = waiting.get(key) ?? reading.get(key);
      if (known !== undefined) return known.promise;
      if (waiting.size >= MOST_WAITING) return Promise.reject(new SluiceError('AUTHENTICATION_UNAVAILABLE'));
      const wanted = { query, ...Promise.withResolvers<Kept | undefined>() };
      waiting.set(key, wanted);
      if (!isRunning) void run();
      return wanted.promise;
    },
    outdate(organizationIds) {
      if (organizationIds === undefined) changed = 'ALL';
      else if (changed !== 'ALL') for (const id of organizationIds) changed.add(id);
    },
  };
}

async function withPatience<Value>(work: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new SluiceError('AUTHENTICATION_UNAVAILABLE')), PATIENCE_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
