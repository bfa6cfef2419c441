// What outlives the request it began with and goes on for one caller: sockets, streamed answers. When keys, roles or
// access change, or a credential expires, each is told who its caller is now, or that it has to end.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Caller, narrows } from '../core/caller.ts';
import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/errors.ts';
import type { AskAgainAt, RenewCaller, SentFrom } from './authenticate.ts';
import { createDueTimer } from './due-timer.ts';
import { createLane, withinMs } from './lane.ts';
import type { ServerLogger } from './server-logger.ts';

export type CallerChange =
  /** It may do as much as before, or more: what begins from now on goes by this. */
  | { readonly type: 'CHANGED'; readonly caller: Caller }
  /** What goes on for it ends with this error. `mayReturn`: the credentials are good still, for something else. */
  | { readonly type: 'ENDED'; readonly error: SluiceError; readonly mayReturn: boolean };

export interface LiveCallers {
  /**
   * Who the caller is now; as before where that cannot be told now. At once where renewing is.
   * @throws SluiceError UNAUTHENTICATED (`wasKnown`) where the credentials are good no longer.
   */
  requireKnown(caller: Caller, from: SentFrom): Caller | Promise<Caller>;
  /**
   * `onChange` is told of what has changed since the sign-in, perhaps within this call, and of each change from then on,
   * until the function given back is called or the end was told.
   */
  join(caller: Caller, from: SentFrom, onChange: (change: CallerChange) => void): () => void;
  /**
   * Looks after all without holding up the loop; gives how many had to end. Those of whom nothing can be told now go on,
   * and are looked after again later.
   */
  renewAll(): Promise<number>;
  close(): void;
}

export interface LiveCallersOptions {
  /** By the settings of the moment. */
  readonly renew: RenewCaller;
  readonly askAgainAtMs: AskAgainAt;
  readonly clock: Clock;
  readonly logger: ServerLogger;
}

interface Live {
  caller: Caller;
  readonly from: SentFrom;
  readonly onChange: (change: CallerChange) => void;
  /** Set while it is being renewed; gives whether it has ended. */
  looking: Promise<boolean> | undefined;
  /** Something changed while it was being renewed. */
  isStale: boolean;
  /** Set while it waits for its turn to be renewed. */
  queued: Promise<boolean> | undefined;
  /** Who had to be waited for last time waits behind those who had not. */
  isSlow: boolean;
  /** When it is looked after though nobody told of a change. */
  lookAtMs: number;
}

/** undefined: gone. UNKNOWN: it cannot be told now. */
type Renewed = Caller | 'UNKNOWN' | undefined;

/** How long the loop may be held in one go. */
const SLICE_MS = 5;
/** How many renewals are waited for at once, */
const MOST_AT_ONCE = 128;
/** and for how long each keeps the others waiting. */
const TURN_MS = 1_000;
/** Until who could not be renewed is looked after again. */
const RETRY_MS = 5_000;
/** Who was renewed is not asked for again before. */
const SOONEST_MS = 1_000;
const NEVER_MS = Number.POSITIVE_INFINITY;

const gone = (): SluiceError =>
  new SluiceError('UNAUTHENTICATED', 'Your key or token has expired or was revoked.', { wasKnown: true });
const narrowed = (): SluiceError =>
  new SluiceError('UNAUTHENTICATED', 'What your key or token may do has changed: sign in again.', { wasKnown: true });

export function createLiveCallers(options: LiveCallersOptions): LiveCallers {
  const { renew, askAgainAtMs, clock, logger } = options;
  const all = new Set<Live>();
  const lane = createLane(MOST_AT_ONCE);
  const timer = createDueTimer({ clock, onDue: lookAfterDue });
  const hasExpired = ({ expiresAtMs }: Caller): boolean => expiresAtMs !== undefined && expiresAtMs <= clock.now();

  function ask(caller: Caller, from: SentFrom): Renewed | Promise<Renewed> {
    try {
      const now = renew(caller, from);
      return now !== undefined && 'then' in now ? Promise.resolve(now).catch(whyNot) : now;
    } catch (error) {
      return whyNot(error);
    }
  }

  function whyNot(error: unknown): Renewed {
    const code = error instanceof SluiceError ? error.code : undefined;
    if (code === 'UNAUTHENTICATED' || code === 'FORBIDDEN') return undefined;
    if (code !== 'AUTHENTICATION_UNAVAILABLE' && code !== 'ACCESS_UNAVAILABLE') {
      logger.error({ err: error }, 'a caller could not be renewed');
    }
    return 'UNKNOWN';
  }

  /** undefined: it has ended. */
  function standing(now: Renewed, before: Caller): Caller | undefined {
    const found = now === 'UNKNOWN' ? before : now;
    return found === undefined || hasExpired(found) ? undefined : found;
  }

  /** Tells it what has become of its caller; gives whether that was the end. */
  function settle(live: Live, now: Renewed): boolean {
    if (!all.has(live)) return false;
    const before = live.caller;
    const caller = standing(now, before);
    const error = caller === undefined ? gone() : narrows(before, caller) ? narrowed() : undefined;
    if (caller === undefined || error !== undefined) {
      all.delete(live);
      tell(live, { type: 'ENDED', error: error ?? gone(), mayReturn: caller !== undefined });
      return true;
    }
    live.caller = caller;
    const soonestMs = clock.now() + (now === 'UNKNOWN' ? RETRY_MS : SOONEST_MS);
    live.lookAtMs = now === 'UNKNOWN' ? soonestMs : Math.max(soonestMs, askAgainAtMs(caller) ?? NEVER_MS);
    timer.expect(dueAtMs(live));
    if (caller !== before) tell(live, { type: 'CHANGED', caller });
    return false;
  }

  function tell(live: Live, change: CallerChange): void {
    try {
      live.onChange(change);
    } catch (error) {
      // The others have to hear of theirs all the same.
      logger.error({ err: error }, 'a change of a caller could not be applied');
    }
  }

  function lookAfter(live: Live): boolean | Promise<boolean> {
    if (hasExpired(live.caller)) {
      // Where it was prolonged, that is at hand: nothing is waited for.
      const now = ask(live.caller, live.from);
      return settle(live, now instanceof Promise ? undefined : now);
    }
    if (live.looking !== undefined) {
      live.isStale = true;
      return live.looking;
    }
    const now = ask(live.caller, live.from);
    live.isSlow = now instanceof Promise;
    if (!(now instanceof Promise)) return settle(live, now);
    live.looking = settleLater(live, now);
    return live.looking;
  }

  async function settleLater(live: Live, asked: Promise<Renewed>): Promise<boolean> {
    let hasEnded = settle(live, await asked);
    // What changed meanwhile may have come too late for that answer.
    while (live.isStale && all.has(live)) {
      live.isStale = false;
      hasEnded = settle(live, await ask(live.caller, live.from));
    }
    live.looking = undefined;
    return hasEnded;
  }

  function lookAfterInTurn(live: Live): Promise<boolean> {
    live.queued ??= lane(async () => {
      live.queued = undefined;
      return all.has(live) && (await withinMs(TURN_MS, lookAfter(live), false));
    });
    return live.queued;
  }

  /** Gives how many of them have ended. */
  async function lookAfterEach(lives: Iterable<Live>): Promise<number> {
    let ended = 0;
    const count = (hasEnded: boolean): void => {
      if (hasEnded) ended++;
    };
    const slow: Live[] = [];
    const begun: Promise<boolean>[] = [];
    let sliceEndsMs = clock.elapsed() + SLICE_MS;
    for (const live of lives) {
      if (!all.has(live)) continue;
      if (live.isSlow && !hasExpired(live.caller)) {
        slow.push(live);
        continue;
      }
      const hasEnded = lookAfter(live);
      if (hasEnded instanceof Promise) begun.push(withinMs(TURN_MS, hasEnded, false));
      else count(hasEnded);
      if (begun.length === MOST_AT_ONCE) (await Promise.all(begun.splice(0))).forEach(count);
      else if (clock.elapsed() >= sliceEndsMs) await nextTurn();
      else continue;
      sliceEndsMs = clock.elapsed() + SLICE_MS;
    }
    (await Promise.all([...begun, ...slow.map(lookAfterInTurn)])).forEach(count);
    return ended;
  }

  const dueAtMs = ({ caller, lookAtMs }: Live): number => Math.min(caller.expiresAtMs ?? NEVER_MS, lookAtMs);

  function lookAfterDue(nowMs: number): void {
    const due: Live[] = [];
    let nextMs = NEVER_MS;
    for (const live of all) {
      if (dueAtMs(live) <= nowMs) {
        // Until it has been: what it is looked after for takes its time.
        live.lookAtMs = NEVER_MS;
        due.push(live);
      }
      if (!hasExpired(live.caller)) nextMs = Math.min(nextMs, dueAtMs(live));
    }
    timer.expect(nextMs);
    void lookAfterEach(due);
  }

  return {
    requireKnown(caller, from) {
      const known = (now: Renewed): Caller => {
        const found = standing(now, caller);
        if (found === undefined) throw gone();
        return found;
      };
      const now = ask(caller, from);
      return now instanceof Promise ? now.then(known) : known(now);
    },
    join(caller, from, onChange) {
      const live: Live = {
        caller,
        from,
        onChange,
        looking: undefined,
        isStale: false,
        queued: undefined,
        isSlow: false,
        lookAtMs: NEVER_MS,
      };
      all.add(live);
      timer.expect(dueAtMs(live));
      void lookAfter(live);
      return () => void all.delete(live);
    },
    renewAll: () => lookAfterEach([...all]),
    close: () => timer.close(),
  };
}
