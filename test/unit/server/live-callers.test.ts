import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Caller } from '../../../src/core/caller.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import type { RenewCaller } from '../../../src/server/authenticate.ts';
import { type CallerChange, createLiveCallers, type LiveCallers } from '../../../src/server/live-callers.ts';
import { testCaller } from '../../support/create-test-generations.ts';
import { type FakeTime, fakeTime } from '../../support/fake-time.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const from = { origin: undefined, address: '127.0.0.1' };
const caller = (id: string, more: Partial<Caller> = {}): Caller => ({ ...testCaller, principalId: id, ...more });
const unavailable = (): SluiceError => new SluiceError('AUTHENTICATION_UNAVAILABLE');

let open: LiveCallers | undefined;
let time: FakeTime | undefined;
afterEach(() => {
  open?.close();
  time?.[Symbol.dispose]();
  open = undefined;
  time = undefined;
});

function setUp(renew: RenewCaller, askAgainAtMs: (caller: Caller) => number | undefined = () => undefined) {
  const clock = createManualClock();
  const logged: object[] = [];
  const log = (fields: object): void => void logged.push(fields);
  const logger = { debug: log, info: log, warn: log, error: log };
  const live = createLiveCallers({ renew, askAgainAtMs, clock, logger });
  open = live;
  const told: string[] = [];
  return {
    live,
    clock,
    logged,
    told,
    join: (who: Caller): (() => void) =>
      live.join(who, from, (change) => told.push(`${who.principalId} ${inWords(change)}`)),
  };
}

const inWords = (change: CallerChange): string =>
  change.type === 'CHANGED' ? change.caller.roles.join() : `ended, ${change.mayReturn ? 'for less' : 'for good'}`;

describe('live callers', () => {
  it('are told of each change, once, until they leave', async () => {
    const known = new Map(['a', 'b'].map((id) => [id, caller(id)]));
    const { live, told, join } = setUp(({ principalId }) => known.get(principalId));
    join(known.get('a') as Caller);
    const leave = join(known.get('b') as Caller);
    expect(await live.renewAll()).toBe(0);
    known.set('a', caller('a', { roles: ['ADMIN'] }));
    expect(await live.renewAll()).toBe(0);
    expect(await live.renewAll()).toBe(0);
    expect(told).toEqual(['a ADMIN']);
    leave();
    known.clear();
    expect(await live.renewAll()).toBe(1);
    expect(await live.renewAll()).toBe(0);
    expect(told).toEqual(['a ADMIN', 'a ended, for good']);
  });

  it('end when they may do less, and may come back for that', async () => {
    let now = caller('a', { roles: ['ADMIN'] });
    const { live, told, join } = setUp(() => now);
    join(now);
    now = caller('a', { roles: ['MEMBER'] });
    expect(await live.renewAll()).toBe(1);
    expect(told).toEqual(['a ended, for less']);
  });

  it('are told at once when they changed, or ended, between their sign-in and now', async () => {
    let known: Caller | undefined = caller('a', { roles: ['ADMIN'] });
    const { live, told, join } = setUp(() => known);
    join(caller('a'));
    expect(told).toEqual(['a ADMIN']);
    expect(live.requireKnown(caller('a'), from)).toBe(known);
    known = undefined;
    join(caller('a'));
    expect(told).toEqual(['a ADMIN', 'a ended, for good']);
    expect(() => live.requireKnown(caller('a'), from)).toThrow(
      expect.objectContaining({ code: 'UNAUTHENTICATED', wasKnown: true }),
    );
    // The second is not among them.
    expect(await live.renewAll()).toBe(1);
  });

  it('do not miss a change that comes while they are renewed', async () => {
    const answers: ((now: Caller | undefined) => void)[] = [];
    const { live, told, join } = setUp(() => new Promise((resolve) => void answers.push(resolve)));
    const who = caller('a');
    join(who);
    const first = live.renewAll();
    const second = live.renewAll();
    // The question asked before the change gets the answer of before the change.
    answers.shift()?.(who);
    while (answers.length === 0) await nextTurn();
    answers.shift()?.(undefined);
    expect(await first).toBe(1);
    await second;
    expect(answers).toEqual([]);
    expect(told).toEqual(['a ended, for good']);
  });

  it('go on while nobody can tell who they are, and are asked for again later', async () => {
    time = fakeTime();
    let answer: () => Caller | undefined = () => {
      throw unavailable();
    };
    const { live, clock, told, logged, join } = setUp(() => answer());
    const who = caller('a', { expiresAtMs: 1_700_000_060_000 });
    join(who);
    expect(await live.renewAll()).toBe(0);
    expect(live.requireKnown(who, from)).toBe(who);
    answer = () => undefined;
    clock.advance(4_900);
    time.advance(4_900);
    expect(told).toEqual([]);
    clock.advance(200);
    time.advance(200);
    expect(told).toEqual(['a ended, for good']);
    expect(logged).toEqual([]);
  });

  it('end when they expire, whether or not anybody can be asked, and not before', () => {
    time = fakeTime();
    const far = 1_700_000_000_000 + 2 ** 31 + 1_000;
    const { clock, told, join } = setUp((who) => {
      if (who.principalId === 'asked') throw unavailable();
      return who.principalId === 'hangs' ? new Promise(() => undefined) : who;
    });
    const tick = (ms: number): void => {
      clock.advance(ms);
      time?.advance(ms);
    };
    for (const id of ['asked', 'hangs', 'known']) join(caller(id, { expiresAtMs: 1_700_000_090_000 }));
    join(caller('far', { expiresAtMs: far }));
    for (let waited = 0; waited < 89_900; waited += 100) tick(100);
    expect(told).toEqual([]);
    for (let waited = 0; waited < 200; waited += 100) tick(100);
    expect(told.toSorted()).toEqual(['asked ended, for good', 'hangs ended, for good', 'known ended, for good']);
    clock.advance(2 ** 31 - 120_000);
    time.advance(60_000);
    expect(told).toHaveLength(3);
    clock.advance(60_000);
    time.advance(60_000);
    expect(told.at(-1)).toBe('far ended, for good');
  });

  it('go on when their credentials were prolonged', () => {
    time = fakeTime();
    const prolonged = caller('a', { expiresAtMs: 1_700_000_200_000 });
    const who = caller('a', { expiresAtMs: 1_700_000_001_000 });
    let now = who;
    const { clock, told, join } = setUp(() => now);
    join(who);
    now = prolonged;
    clock.advance(1_500);
    time.advance(1_500);
    expect(told).toEqual(['a MEMBER']);
  });

  it('are asked for again when what they rest on has to be', () => {
    time = fakeTime();
    let askAgainAtMs = 1_700_000_030_000;
    let known: Caller | undefined = caller('a');
    let asked = 0;
    const { clock, told, join } = setUp(
      () => {
        asked++;
        return known;
      },
      () => askAgainAtMs,
    );
    join(known);
    clock.advance(29_000);
    time.advance(29_000);
    expect(asked).toBe(1);
    askAgainAtMs = 1_700_000_060_000;
    clock.advance(1_100);
    time.advance(1_100);
    expect(asked).toBe(2);
    known = undefined;
    clock.advance(30_000);
    time.advance(30_000);
    expect(told).toEqual(['a ended, for good']);
  });

  it('are renewed all the same where one cannot take the change', async () => {
    let known: Caller | undefined = caller('a');
    const { live, told, logged, join } = setUp(() => known);
    live.join(known, from, () => {
      throw new Error('a broken pipe');
    });
    join(known);
    known = undefined;
    expect(await live.renewAll()).toBe(2);
    expect(told).toEqual(['a ended, for good']);
    expect(logged).toHaveLength(1);
  });

  it('are renewed a few milliseconds at a time, and others have their turn in between', async () => {
    const { live, clock, join } = setUp((who) => {
      clock.advance(1);
      return who;
    });
    for (let index = 0; index < 100; index++) join(caller(`${index}`));
    let turns = 0;
    let isDone = false;
    const others = async (): Promise<void> => {
      for (; !isDone; turns++) await nextTurn();
    };
    const running = others();
    await live.renewAll();
    isDone = true;
    await running;
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  it('of one who does not answer do not hold up the others, of ten thousand never more than a bounded number at once', async () => {
    let isRevoked = false;
    let atOnce = 0;
    let mostAtOnce = 0;
    const { live, told, join } = setUp((who) => {
      if (who.principalId === 'quick') return isRevoked ? undefined : who;
      if (who.principalId === 'hangs') return new Promise(() => undefined);
      mostAtOnce = Math.max(mostAtOnce, ++atOnce);
      return nextTurn().then(() => {
        atOnce--;
        return who;
      });
    });
    for (let index = 0; index < 3; index++) join(caller('hangs'));
    for (let index = 0; index < 10_000; index++) {
      join(caller(`slow ${index}`));
      // Sign-ins come one by one.
      if (index % 50 === 0) await nextTurn();
    }
    await nextTurn();
    join(caller('quick'));
    isRevoked = true;
    mostAtOnce = 0;
    const renewed = live.renewAll();
    // Within the turn: it waits for nobody.
    await nextTurn();
    expect(told).toEqual(['quick ended, for good']);
    expect(await renewed).toBe(1);
    expect(mostAtOnce).toBeLessThanOrEqual(128);
    expect(mostAtOnce).toBeGreaterThan(1);
  });
});
