import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SluiceError } from '../../../../src/core/errors.ts';
import type { Changes } from '../../../../src/features/access/access-store.ts';
import {
  type ChangeFeed,
  type ChangeFeedOptions,
  createChangeFeed,
  type NewsOfAccess,
} from '../../../../src/features/access/change-feed.ts';
import { createLogger } from '../../../../src/platform/logger.ts';
import { type FakeTime, fakeTime } from '../../../support/fake-time.ts';

let time: FakeTime;
let feed: ChangeFeed | undefined;
beforeEach(() => {
  time = fakeTime();
});
afterEach(async () => {
  await feed?.close();
  time[Symbol.dispose]();
});

/** A database that answers when it is told to, with the changes the test makes. */
function setUp(options: Partial<ChangeFeedOptions> = {}) {
  const changed: string[] = [];
  let looks = 0;
  let atOnce = 0;
  let mostAtOnce = 0;
  let isDown = false;
  let announcements = 0;
  const lines: string[] = [];
  const applied: NewsOfAccess[] = [];
  async function ask<T>(answer: () => T): Promise<T> {
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    await nextTurn();
    atOnce--;
    if (isDown) throw new SluiceError('ACCESS_UNAVAILABLE');
    return answer();
  }
  const made = createChangeFeed({
    changes: {
      version: () => {
        looks++;
        return ask(() => changed.length);
      },
      since: (version) =>
        ask((): Changes => {
          const since = changed.slice(version);
          const organizationIds = since.filter((one) => one !== 'a switch');
          return { version: changed.length, organizationIds, switches: since.includes('a switch') };
        }),
    },
    isPresent: () => true,
    apply: async (news) => void applied.push(news),
    announce: () => void announcements++,
    logger: createLogger({ level: 'info', format: 'json', destination: { write: (line) => void lines.push(line) } }),
    ...options,
  });
  feed = made;
  return {
    feed: made,
    changed,
    applied,
    lines,
    goDown: () => {
      isDown = true;
    },
    comeBack: () => {
      isDown = false;
    },
    forgetAll: () => void changed.splice(0),
    looks: () => looks,
    mostAtOnce: () => mostAtOnce,
    announcements: () => announcements,
  };
}

it('a look that finds nothing new says so, after one that did and not while the database is away', async () => {
  let unchanged = 0;
  const { feed, changed, goDown, comeBack } = setUp({ unchanged: () => void unchanged++ });
  await feed.start();
  expect(unchanged).toBe(0);
  await feed.changed();
  expect(unchanged).toBe(1);
  changed.push('org_1');
  await feed.changed();
  goDown();
  await feed.changed();
  expect(unchanged).toBe(1);
  comeBack();
  await feed.changed();
  expect(unchanged).toBe(2);
});

/** Until everything that is under way is done. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}
async function pass(ms: number): Promise<void> {
  time.advance(ms);
  await settle();
}

const everything: NewsOfAccess = { organizationIds: undefined, switches: true };

describe('the change feed', () => {
  it('takes everything for new at its start, then tells whose records changed within two seconds and a bit', async () => {
    const { feed, changed, applied } = setUp();
    changed.push('org_of_before');
    await feed.start();
    expect(applied).toEqual([everything]);
    changed.push('org_a', 'a switch');
    await pass(1_790);
    expect(applied).toHaveLength(1);
    await pass(420);
    expect(applied[1]).toEqual({ version: 3, organizationIds: ['org_a'], switches: true });
    await pass(2_210);
    await pass(2_210);
    expect(applied).toHaveLength(2);
  });

  it('looks at once when it is told to, and a flood of that costs twenty looks a second, never two at a time', async () => {
    const { feed, changed, applied, looks, mostAtOnce } = setUp();
    await feed.start();
    changed.push('org_a');
    feed.look();
    await settle();
    expect(applied).toHaveLength(2);
    const before = looks();
    for (let ms = 0; ms < 1_000; ms += 5) {
      for (let count = 0; count < 100; count++) feed.look();
      await pass(5);
    }
    expect(looks() - before).toBeLessThanOrEqual(21);
    expect(looks() - before).toBeGreaterThan(10);
    expect(mostAtOnce()).toBe(1);
  });

  it('does not lose what changes while it reads', async () => {
    const { feed, changed, applied } = setUp({ gapMs: 0 });
    await feed.start();
    feed.look();
    // The version has been asked for already.
    changed.push('org_a');
    feed.look();
    changed.push('org_b');
    await settle();
    await pass(1);
    expect(applied.slice(1).flatMap(({ organizationIds }) => organizationIds)).toEqual(['org_a', 'org_b']);
  });

  it('tells the others of its own change, and answers once this node goes by it', async () => {
    let release: () => void = () => undefined;
    const applied: NewsOfAccess[] = [];
    const { feed, changed, announcements } = setUp({
      apply: (news) => {
        applied.push(news);
        return new Promise((resolve) => {
          release = resolve;
        });
      },
    });
    const starting = feed.start();
    await settle();
    release();
    await starting;
    changed.push('org_a');
    let isAnswered = false;
    const answering = feed.changed().then(() => {
      isAnswered = true;
    });
    expect(announcements()).toBe(1);
    await settle();
    expect(applied).toHaveLength(2);
    expect(isAnswered).toBe(false);
    release();
    await answering;
    // However long it takes, the change was made.
    changed.push('org_b');
    const second = feed.changed();
    await pass(2_000);
    await second;
    release();
  });

  it('tries again what could not be applied', async () => {
    let isFailing = true;
    const applied: NewsOfAccess[] = [];
    const { feed, changed } = setUp({
      apply: async (news) => {
        if (isFailing) throw new SluiceError('ACCESS_UNAVAILABLE');
        applied.push(news);
      },
    });
    await feed.start();
    isFailing = false;
    await pass(2_210);
    expect(applied).toEqual([everything]);
    isFailing = true;
    changed.push('org_a');
    await feed.changed();
    isFailing = false;
    await pass(2_210);
    expect(applied[1]?.organizationIds).toEqual(['org_a']);
  });

  it('outlives the database, with one line when it goes and one when it comes', async () => {
    const { feed, changed, applied, lines, goDown, comeBack } = setUp();
    await feed.start();
    goDown();
    changed.push('org_a');
    for (let count = 0; count < 5; count++) await pass(2_210);
    await feed.changed();
    expect(applied).toHaveLength(1);
    comeBack();
    await pass(2_210);
    await pass(2_210);
    expect(applied[1]?.organizationIds).toEqual(['org_a']);
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
      'changes of keys and access are not heard of: the database does not answer',
      'changes of keys and access are heard of again',
    ]);
  });

  it('takes everything for new when the database is an older one than before', async () => {
    const { feed, changed, applied, forgetAll } = setUp();
    changed.push('org_a', 'org_b');
    await feed.start();
    forgetAll();
    changed.push('org_c');
    await pass(2_210);
    expect(applied).toEqual([everything, everything]);
  });

  it('asks no database that was never made', async () => {
    let isPresent = false;
    const { feed, looks, applied } = setUp({ isPresent: () => isPresent });
    await feed.start();
    await pass(2_210);
    feed.look();
    await settle();
    expect(looks()).toBe(0);
    isPresent = true;
    await pass(2_210);
    expect(looks()).toBe(1);
    expect(applied).toEqual([everything]);
  });

  it('does nothing more once it is closed', async () => {
    const { feed, looks } = setUp();
    await feed.start();
    feed.look();
    feed.look();
    await feed.close();
    const before = looks();
    feed.look();
    await feed.changed();
    await pass(5_000);
    expect(looks()).toBe(before);
  });
});
