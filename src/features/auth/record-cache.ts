// Copies of what the database knows, for signing in: bounded, read together in one statement, kept while the database
// is away, and read anew when somebody tells that they changed.

import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import { createBatchedReads } from './batched-reads.ts';

export interface RecordCacheOptions<Query, Item, Copy> {
  readonly keyOf: (query: Query) => string;
  /** One statement, in the order of the queries. */
  readonly read: (queries: readonly Query[]) => Promise<readonly (Item | undefined)[]>;
  /** `before`: the copy it takes the place of. */
  readonly copyOf: (item: Item, before: Copy | undefined) => Copy;
  readonly organizationOf: (item: Item) => string;
  readonly clock: Clock;
  /** Copies at most; the one that was longest not asked for goes first. */
  readonly size: () => number;
  /** How long a copy is good that nobody has confirmed since. */
  readonly lifetimeMs: () => number;
  /** Told once when the database goes away, and once when it is back. */
  readonly onAvailability: (isAvailable: boolean, error?: unknown) => void;
}

export interface RecordCache<Query, Copy> {
  /**
   * At once where a copy is at hand, or it is known that there is nothing to copy.
   * @throws SluiceError AUTHENTICATION_UNAVAILABLE
   */
  find(query: Query): Copy | undefined | Promise<Copy | undefined>;
  /**
   * Reads the copies of these organizations anew, hundreds in one statement; undefined: all. Those of others count as confirmed.
   * @throws when the database does not answer; the next time then makes up for it.
   */
  refresh(organizationIds: readonly string[] | undefined): Promise<void>;
  /** It is known that nothing changed since the last refresh: copies live on. */
  confirm(): void;
  /** Puts another copy in the place of this one, unless it is there no longer. */
  replace(query: Query, before: Copy, after: Copy): void;
}

interface Entry<Query, Copy> {
  readonly query: Query;
  readonly copy: Copy;
  readonly organizationId: string;
  readonly readAtMs: number;
}

/** How long it is remembered that something is not there, and of how much. */
const UNKNOWN_MS = 5_000;
const MOST_UNKNOWN = 10_000;
/** Read anew by one statement: what takes its answer apart holds the loop. */
const MOST_AT_ONCE = 500;

export function createRecordCache<Query, Item, Copy extends object>(
  options: RecordCacheOptions<Query, Item, Copy>,
): RecordCache<Query, Copy> {
  const { keyOf, copyOf, organizationOf, clock, onAvailability } = options;
  const entries = new Map<string, Entry<Query, Copy>>();
  /** Until when nothing is there; in the order they run out. */
  const unknown = new Map<string, number>();
  let confirmedAtMs = Number.NEGATIVE_INFINITY;
  let isAvailable = true;
  let refreshing: Promise<void> = Promise.resolve();
  /** Organizations that changed and were not read anew yet: when that fails, the next time has to make up for it. */
  let owed = new Set<string>();
  let isAllOwed = false;

  function tell(nowAvailable: boolean, error?: unknown): void {
    if (isAvailable === nowAvailable) return;
    isAvailable = nowAvailable;
    onAvailability(nowAvailable, error);
  }

  async function read(queries: readonly Query[]): Promise<readonly (Item | undefined)[]> {
    try {
      const items = await options.read(queries);
      tell(true);
      return items;
    } catch (error) {
      tell(false, error);
      throw new SluiceError('AUTHENTICATION_UNAVAILABLE', undefined, { cause: error, retryAfterMs: 1_000 });
    }
  }

  function keep(query: Query, item: Item | undefined, readAtMs: number): Copy | undefined {
    const key = keyOf(query);
    const before = entries.get(key)?.copy;
    entries.delete(key);
    unknown.delete(key);
    if (item === undefined) {
      unknown.set(key, readAtMs + UNKNOWN_MS);
      if (unknown.size > MOST_UNKNOWN) dropFirst(unknown);
      return undefined;
    }
    const copy = copyOf(item, before);
    entries.set(key, { query, copy, organizationId: organizationOf(item), readAtMs });
    while (entries.size > options.size()) dropFirst(entries);
    return copy;
  }

  const reads = createBatchedReads<Query, Item, Copy>({
    keyOf,
    read,
    clock,
    keep,
    // An answer that was under way while something changed may be of before the change.
    isOutdated: (item, changed) =>
      changed === 'ALL' || (changed.size > 0 && (item === undefined || changed.has(organizationOf(item)))),
  });

  async function refresh(): Promise<void> {
    const startedAtMs = clock.elapsed();
    const [changed, isAll] = [owed, isAllOwed];
    [owed, isAllOwed] = [new Set(), false];
    const due = [...entries.values()].filter(({ organizationId }) => isAll || changed.has(organizationId));
    for (let start = 0; start < due.length; start += MOST_AT_ONCE) {
      const batch = due.slice(start, start + MOST_AT_ONCE);
      const items = await read(batch.map(({ query }) => query)).catch((error: unknown) => {
        for (const id of changed) owed.add(id);
        isAllOwed ||= isAll;
        throw error;
      });
      batch.forEach(({ query }, index) => {
        // Dropped for others meanwhile: not to be brought back at their cost.
        if (entries.has(keyOf(query))) keep(query, items[index], startedAtMs);
      });
    }
    confirmedAtMs = startedAtMs;
  }

  return {
    find(query) {
      const key = keyOf(query);
      const entry = entries.get(key);
      if (entry !== undefined) {
        const ageMs = clock.elapsed() - Math.max(entry.readAtMs, confirmedAtMs);
        const lifetimeMs = options.lifetimeMs();
        if (ageMs >= lifetimeMs) return reads.read(query);
        entries.delete(key);
        entries.set(key, entry);
        // Nobody confirms it: it is read anew long before it would have to be waited for.
        if (ageMs >= lifetimeMs / 4) reads.read(query).catch(() => undefined);
        return entry.copy;
      }
      const untilMs = unknown.get(key);
      if (untilMs !== undefined && untilMs > clock.elapsed()) return undefined;
      return reads.read(query);
    },
    refresh(organizationIds) {
      if (organizationIds === undefined || organizationIds.length > 0) {
        // What was not there may be there now.
        unknown.clear();
        reads.outdate(organizationIds);
      }
      for (const id of organizationIds ?? []) owed.add(id);
      isAllOwed ||= organizationIds === undefined;
      // One after the other: an older answer never takes the place of a newer one.
      const done = refreshing.then(refresh);
      refreshing = done.catch(() => undefined);
      return done;
    },
    confirm() {
      if (owed.size === 0 && !isAllOwed) confirmedAtMs = clock.elapsed();
    },
    replace(query, before, after) {
      const key = keyOf(query);
      const entry = entries.get(key);
      if (entry?.copy === before) entries.set(key, { ...entry, copy: after });
    },
  };
}

function dropFirst(map: Map<string, unknown>): void {
  const first = map.keys().next();
  if (!first.done) map.delete(first.value);
}
