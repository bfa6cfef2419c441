// The simulator's own books: what it would charge for, kept apart from whatever its clients count.

import type { Bill, BillEntry, BillState, BillTotals, JsonRecord, WireName } from './types.ts';

/** An entry while its call runs. */
export type OpenEntry = { -readonly [key in keyof BillEntry]: BillEntry[key] };

export interface BillKeeper {
  open(format: WireName): OpenEntry;
  keepContent: boolean;
  /** The entry changed: whoever waits looks again. */
  changed(): void;
  /** The call ended; the second time does nothing. */
  settle(entry: OpenEntry, state: Exclude<BillState, 'RUNNING'>): void;
  bill(): Bill;
  reset(): void;
  waitFor(predicate: (bill: Bill) => boolean, limitMs: number): Promise<Bill>;
}

interface Waiter {
  readonly look: () => void;
}

type OpenTotals = { -readonly [key in keyof BillTotals]: BillTotals[key] };

const noTotals = (): OpenTotals => ({
  requests: 0,
  refused: 0,
  aborted: 0,
  promptTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
});

/** What starts anew with a reset; calls opened before belong to the old one. */
const newPeriod = () => ({
  entries: [] as OpenEntry[],
  running: new Set<OpenEntry>(),
  maxInFlight: 0,
  count: 0,
  totals: noTotals(),
  byModel: new Map<string, OpenTotals>(),
});

export function createBillKeeper(keepEntries: number, keepContent: boolean, now: () => number): BillKeeper {
  let period = newPeriod();
  let requestCount = 0;
  const waiters = new Set<Waiter>();
  const changed = () => {
    for (const waiter of waiters) waiter.look();
  };

  const bill = (): Bill => ({
    requests: period.entries.slice(-keepEntries || period.entries.length),
    totals: { ...period.totals },
    totalsByModel: Object.fromEntries([...period.byModel].map(([model, totals]) => [model, { ...totals }])),
    inFlight: period.running.size,
    maxInFlight: period.maxInFlight,
  });

  return {
    keepContent,
    changed,
    bill,
    open: (format) => {
      requestCount += 1;
      period.count += 1;
      const id = `req_sim_${requestCount.toString(36).padStart(8, '0')}`;
      const entry = newEntry(period.count, id, format, now());
      if (keepEntries > 0) period.entries.push(entry);
      // Dropped by halves, so that a long run does not move the list at every call.
      if (period.entries.length > keepEntries * 2) period.entries.splice(0, period.entries.length - keepEntries);
      period.running.add(entry);
      period.maxInFlight = Math.max(period.maxInFlight, period.running.size);
      changed();
      return entry;
    },
    settle: (entry, state) => {
      if (entry.state !== 'RUNNING') return;
      entry.state = state;
      entry.endedAfterMs = now() - entry.receivedAtMs;
      if (state === 'ABORTED') {
        entry.aborted = true;
        entry.abortedAfterMs = entry.endedAfterMs;
      }
      if (period.running.delete(entry)) {
        addTo(period.totals, entry);
        const name = entry.model ?? '';
        const totals = period.byModel.get(name) ?? noTotals();
        period.byModel.set(name, totals);
        addTo(totals, entry);
      }
      changed();
    },
    reset: () => {
      period = newPeriod();
      changed();
    },
    waitFor: (predicate, limitMs) =>
      new Promise((resolve, reject) => {
        const finish = (act: () => void) => {
          waiters.delete(waiter);
          clearTimeout(timer);
          act();
        };
        const look = () => {
          try {
            const current = bill();
            if (predicate(current)) finish(() => resolve(current));
          } catch (error) {
            finish(() => reject(error));
          }
        };
        const waiter = { look };
        const timer = setTimeout(
          () => finish(() => reject(new Error(`Not seen on the bill within ${limitMs} ms. ${summarise(bill())}`))),
          limitMs,
        );
        waiters.add(waiter);
        look();
      }),
  };
}

function newEntry(number: number, id: string, format: WireName, receivedAtMs: number): OpenEntry {
  return {
    number,
    id,
    format,
    state: 'RUNNING',
    model: undefined,
    streamed: false,
    receivedAtMs,
    endedAfterMs: undefined,
    status: undefined,
    promptTokens: 0,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    completionTokens: 0,
    reasoningTokens: 0,
    finishReason: undefined,
    aborted: false,
    abortedAfterMs: undefined,
    tokensWritten: 0,
    text: '',
    request: undefined as JsonRecord | undefined,
  };
}

function addTo(totals: OpenTotals, entry: BillEntry): void {
  totals.requests += 1;
  if ((entry.status ?? 0) >= 400) totals.refused += 1;
  if (entry.aborted) totals.aborted += 1;
  totals.promptTokens += entry.promptTokens;
  totals.cachedTokens += entry.cachedTokens;
  totals.cacheWriteTokens += entry.cacheWriteTokens;
  totals.completionTokens += entry.completionTokens;
  totals.reasoningTokens += entry.reasoningTokens;
}

function summarise(bill: Bill): string {
  const last = bill.requests.slice(-5).map(({ number, model, state, status, tokensWritten }) => {
    return `#${number} ${model ?? '?'} ${state} ${status ?? 'no head'} ${tokensWritten} tokens`;
  });
  return `${bill.requests.length} requests, ${bill.inFlight} in flight (most: ${bill.maxInFlight}); last: ${last.join('; ') || 'none'}`;
}
