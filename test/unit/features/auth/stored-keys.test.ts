import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { KeyGrant } from '../../../../src/core/access.ts';
import type { KeyIdentity } from '../../../../src/features/auth/key-identity.ts';
import { type MintedKey, mintKey } from '../../../../src/features/auth/mint-key.ts';
import { createPeppers, type Pepper } from '../../../../src/features/auth/peppers.ts';
import { tellSecretsInUse } from '../../../../src/features/auth/secrets-in-use.ts';
import { createStoredKeys, type StoredKeys } from '../../../../src/features/auth/stored-keys.ts';
import { createSecret } from '../../../../src/platform/secret.ts';
import { createFakeSignInRecords, type FakeSignInRecords, grantOf } from '../../../support/fake-sign-in-records.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';

const NEW = createSecret('n'.repeat(32));
const OLD = createSecret('o'.repeat(32));
const LIFETIME_MS = 300_000;

let clock: ManualClock;
let records: FakeSignInRecords;
let availability: boolean[];
let keys: StoredKeys;
let hashes: string[];

const peppersOf = (previous = true, rolloutMs = 0) =>
  createPeppers({ secret: NEW, previous: previous ? OLD : undefined, rolloutMs: () => rolloutMs, clock });
const oldPepper = () => createPeppers({ secret: OLD, previous: undefined, rolloutMs: () => 0, clock }).current();

/** Told of each digest that is made. */
const counted = (pepper: Pepper): Pepper => ({
  id: pepper.id,
  digestOf(key) {
    hashes.push(pepper.id);
    return pepper.digestOf(key);
  },
});

function open(peppers = peppersOf(false), size = 10_000): StoredKeys {
  const all = peppers.all.map(counted);
  return createStoredKeys({
    records: () => records,
    peppers: { ...peppers, all },
    clock,
    logger: { debug: () => undefined, warn: () => undefined },
    size: () => size,
    lifetimeMs: () => LIFETIME_MS,
    onAvailability: (isAvailable) => void availability.push(isAvailable),
  });
}

beforeEach(() => {
  clock = createManualClock();
  records = createFakeSignInRecords();
  availability = [];
  hashes = [];
  keys = open();
});

type Changes = Parameters<typeof grantOf>[1];

function store(changes: Changes = {}, pepper = peppersOf(false).current()): MintedKey & { readonly grant: KeyGrant } {
  const minted = mintKey(pepper);
  const grant = grantOf(minted, changes);
  records.grants.set(minted.prefix, grant);
  return { ...minted, grant };
}

const change = ({ prefix, grant }: { prefix: string; grant: KeyGrant }, changes: Changes): void => {
  const { key, organization, project, secret } = grant;
  records.grants.set(prefix, {
    ...grant,
    key: { ...key, ...changes?.key },
    organization: { ...organization, ...changes?.organization },
    project: { ...project, ...changes?.project },
    secret: { ...secret, ...changes?.secret },
  });
};

const signIn = async (key: string): Promise<KeyIdentity> => (await keys.identify(key)) as KeyIdentity;
const refusalOf = (key: string): Promise<unknown> =>
  Promise.resolve()
    .then(() => keys.identify(key))
    .catch((error: unknown) => error);

/** The same prefix, another secret. */
const wrong = ({ key }: MintedKey): string => `${key.slice(0, -4)}AAAA`;

describe('keys this server makes', () => {
  it('have a public prefix, 256 bits of their own, and a digest that tells neither', () => {
    const pepper = peppersOf(false).current();
    const { key, prefix, digest, pepperId } = mintKey(pepper);
    expect(key).toMatch(/^slk_[0-9a-hjkmnp-tv-z]{12}_[A-Za-z0-9_-]{43}$/);
    expect(key.startsWith(`${prefix}_`)).toBe(true);
    expect(Buffer.from(digest, 'base64')).toHaveLength(32);
    expect(pepperId).toMatch(/^[0-9a-f]{16}$/);
    expect(pepperId).not.toBe(oldPepper().id);
    expect(new Set(Array.from({ length: 1_000 }, () => mintKey(pepper).prefix)).size).toBe(1_000);
  });
});

describe('a stored key', () => {
  it('is looked up once, and is at hand from then on, for the same caller', async () => {
    const minted = store({ key: { allowedOrigins: ['https://a.example'], allowedCidrs: ['10.0.0.0/8'] } });
    const first = keys.identify(minted.key);
    expect(first).toBeInstanceOf(Promise);
    const identity = (await first) as KeyIdentity;
    expect(identity.caller).toEqual({
      organizationId: 'org_1',
      projectId: 'prj_1',
      principalId: `key:${minted.grant.key.id}`,
      principalKind: 'KEY',
      userId: undefined,
      roles: ['MEMBER'],
      scopes: ['generate'],
      allowedModels: undefined,
      documentMode: undefined,
      mayActForEndUsers: false,
      expiresAtMs: undefined,
    });
    expect(identity).toMatchObject({ allowedOrigins: ['https://a.example'], allowedCidrs: ['10.0.0.0/8'] });
    expect(keys.identify(minted.key)).toBe(identity);
    expect(identity.renew()).toBe(identity);
    expect(records.statements).toEqual([[minted.prefix]]);
  });

  it('may use the models that organization, project and key allow together, until the first of its ends', async () => {
    const minted = store({
      organization: { allowedModels: ['a', 'b', 'c'] },
      project: { allowedModels: ['b', 'c', 'd'] },
      key: { allowedModels: ['c', 'd', 'a'], expiresAtMs: clock.now() + 2_000 },
      secret: { expiresAtMs: clock.now() + 1_000 },
    });
    const { caller } = await signIn(minted.key);
    expect(caller.allowedModels).toEqual(new Set(['c']));
    expect(caller.expiresAtMs).toBe(clock.now() + 1_000);
  });

  it.each<[string, Changes, RegExp]>([
    ['revoked', { key: { revokedAtMs: 1 } }, /revoked/],
    ['disabled', { key: { disabledAtMs: 1 } }, /disabled/],
    ['expired', { key: { expiresAtMs: 1 } }, /expired/],
    ['replaced, and its overlap over', { secret: { expiresAtMs: 1 } }, /replaced/],
    ['of a disabled project', { project: { disabledAtMs: 1 } }, /project .* disabled/],
    ['of a disabled organization', { organization: { disabledAtMs: 1 } }, /organization .* disabled/],
  ])('that is %s is told why, if it is the right one; others learn nothing', async (_what, changes, words) => {
    const minted = store(changes);
    expect(await refusalOf(minted.key)).toMatchObject({
      code: 'UNAUTHENTICATED',
      wasKnown: true,
      message: expect.stringMatching(words),
    });
    expect(await refusalOf(wrong(minted))).toBeUndefined();
    expect(records.used.size).toBe(0);
  });

  it('ends by itself at its time, without anybody telling', async () => {
    const minted = store({ key: { expiresAtMs: clock.now() + 1_000 } });
    const identity = await signIn(minted.key);
    clock.advance(999);
    expect(identity.renew()).toBe(identity);
    clock.advance(1);
    expect(identity.renew()).toBeUndefined();
    expect(keys.find(identity.reference)).toBeUndefined();
    expect(await refusalOf(minted.key)).toMatchObject({ wasKnown: true });
  });
});

describe('guesses', () => {
  it('cost the same digests whatever is wrong with them, and one comparison', async () => {
    keys = open(peppersOf(true));
    const minted = store();
    const costs: number[] = [];
    for (const presented of [minted.key, wrong(minted), mintKey(oldPepper()).key, 'slk_', `slk_${'x'.repeat(5_000)}`]) {
      hashes = [];
      await refusalOf(presented);
      costs.push(hashes.length);
    }
    expect(costs).toEqual([2, 2, 2, 2, 2]);
    // What has not the form of a key is not looked up at all.
    expect(records.statements).toHaveLength(2);
  });

  it('of the same prefix reach the database once in five seconds', async () => {
    const guess = mintKey(oldPepper());
    for (let index = 0; index < 100; index++) expect(await refusalOf(guess.key)).toBeUndefined();
    clock.advance(4_999);
    expect(keys.identify(guess.key)).toBeUndefined();
    expect(records.statements).toHaveLength(1);
    clock.advance(1);
    await refusalOf(guess.key);
    expect(records.statements).toHaveLength(2);
  });

  it('are remembered for five seconds from when they were looked up, however long the answer took', async () => {
    const minted = mintKey(peppersOf(false).current());
    const release = records.hold();
    const answer = refusalOf(minted.key);
    await new Promise(setImmediate);
    records.grants.set(minted.prefix, grantOf(minted));
    clock.advance(4_000);
    release();
    expect(await answer).toBeUndefined();
    expect(keys.identify(minted.key)).toBeUndefined();
    clock.advance(1_000);
    expect((await signIn(minted.key)).caller.organizationId).toBe('org_1');
  });

  it('that come in thousands share statements, and push no key out of memory', async () => {
    const minted = store();
    const identity = await signIn(minted.key);
    const pepper = oldPepper();
    const answers = await Promise.all(Array.from({ length: 15_000 }, () => keys.identify(mintKey(pepper).key)));
    expect(new Set(answers)).toEqual(new Set([undefined]));
    expect(records.statements.length).toBeLessThanOrEqual(1 + 15);
    expect(keys.identify(minted.key)).toBe(identity);
  });

  it('of a key made meanwhile are forgotten as soon as its organization changed', async () => {
    const minted = mintKey(peppersOf(false).current());
    expect(await refusalOf(minted.key)).toBeUndefined();
    records.grants.set(minted.prefix, grantOf(minted));
    expect(keys.identify(minted.key)).toBeUndefined();
    await keys.refresh(['org_1']);
    expect((await signIn(minted.key)).caller.organizationId).toBe('org_1');
  });
});

describe('changes', () => {
  it('of an organization are read in one statement, and leave callers that did not change as they are', async () => {
    const [one, two] = [store(), store()];
    const other = store({ organization: { id: 'org_2' } });
    const identities = await Promise.all([one, two, other].map(({ key }) => signIn(key)));
    expect(records.statements).toHaveLength(1);
    change(one, { key: { revokedAtMs: 1 } });
    change(other, { key: { revokedAtMs: 1 } });
    await keys.refresh(['org_1']);
    expect(records.statements[1]?.toSorted()).toEqual([one.prefix, two.prefix].toSorted());
    expect(identities.map((identity) => identity.renew())).toEqual([undefined, identities[1], identities[2]]);
    expect(identities[1]?.renew()).toBe(identities[1]);
    // Deleted, it is no key that anybody knew.
    records.grants.delete(two.prefix);
    await keys.refresh(['org_1']);
    expect(identities[1]?.renew()).toBeUndefined();
    expect(await refusalOf(two.key)).toBeUndefined();
  });

  it('of where it may be used from, or of what it may do, make another caller', async () => {
    const minted = store();
    const identity = await signIn(minted.key);
    change(minted, { key: { allowedOrigins: ['https://a.example'] } });
    await keys.refresh(['org_1']);
    const bound = identity.renew() as KeyIdentity;
    expect(bound.caller).not.toBe(identity.caller);
    expect(bound.allowedOrigins).toEqual(['https://a.example']);
    change(minted, { key: { allowedModels: ['a'] } });
    await keys.refresh(['org_1']);
    expect((bound.renew() as KeyIdentity).caller.allowedModels).toEqual(new Set(['a']));
  });

  it('that come while a key is looked up are not missed', async () => {
    const minted = store();
    const release = records.hold();
    const signingIn = refusalOf(minted.key);
    await Promise.resolve().then(() => undefined);
    expect(records.statements).toHaveLength(1);
    // The statement has read what was; its answer is still under way.
    change(minted, { key: { revokedAtMs: 1 } });
    await keys.refresh(['org_1']);
    release();
    expect(await signingIn).toMatchObject({ wasKnown: true });
  });

  it('of which nothing is known but that there are some have all copies read anew, in one statement', async () => {
    const [one, two] = [store(), store({ organization: { id: 'org_2' } })];
    const identities = await Promise.all([signIn(one.key), signIn(two.key)]);
    change(one, { key: { revokedAtMs: 1 } });
    change(two, { organization: { disabledAtMs: 1 } });
    await keys.refresh(undefined);
    expect(records.statements).toHaveLength(2);
    expect(identities.map((identity) => identity.renew())).toEqual([undefined, undefined]);
  });

  it('have thousands of copies read anew some hundreds at a time, so that others have their turn in between', async () => {
    const stored = Array.from({ length: 1_200 }, () => store());
    const identities = await Promise.all(stored.map(({ key }) => signIn(key)));
    for (const each of stored) change(each, { key: { revokedAtMs: 1 } });
    const before = records.statements.length;
    await keys.refresh(['org_1']);
    expect(records.statements).toHaveLength(before + 3);
    expect(identities.filter((identity) => identity.renew() !== undefined)).toEqual([]);
  });

  it('that could not be read are read with the next ones', async () => {
    const minted = store();
    const identity = await signIn(minted.key);
    change(minted, { key: { revokedAtMs: 1 } });
    records.isAway = true;
    await expect(keys.refresh(['org_1'])).rejects.toThrow('cannot be checked');
    expect(identity.renew()).toBe(identity);
    records.isAway = false;
    await keys.refresh([]);
    expect(identity.renew()).toBeUndefined();
  });
});

describe('without a database', () => {
  it('known keys work on for the lifetime of their copies, unknown ones cannot be told from bad ones', async () => {
    const minted = store();
    const other = store();
    const identity = await signIn(minted.key);
    records.isAway = true;
    clock.advance(LIFETIME_MS - 1);
    expect(keys.identify(minted.key)).toBe(identity);
    expect(await refusalOf(other.key)).toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' });
    clock.advance(1);
    expect(await refusalOf(minted.key)).toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' });
    await expect(identity.renew()).rejects.toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' });
    expect(availability).toEqual([false]);
    records.isAway = false;
    expect(await signIn(minted.key)).toBe(identity);
    expect(availability).toEqual([false, true]);
  });

  it('copies live on from the last time that somebody knew of no change', async () => {
    const minted = store();
    const identity = await signIn(minted.key);
    clock.advance(LIFETIME_MS - 1);
    keys.confirm();
    clock.advance(LIFETIME_MS / 4 - 1);
    expect(keys.identify(minted.key)).toBe(identity);
    // What changed in another organization leaves it as it is: that is known as well.
    await keys.refresh(['org_2']);
    records.isAway = true;
    clock.advance(LIFETIME_MS - 1);
    expect(keys.identify(minted.key)).toBe(identity);
    expect(records.statements).toHaveLength(1);
    // A change that could not be read is no confirmation.
    await new Promise(setImmediate);
    await expect(keys.refresh(['org_1'])).rejects.toThrow('cannot be checked');
    keys.confirm();
    clock.advance(1);
    expect(await refusalOf(minted.key)).toMatchObject({ code: 'AUTHENTICATION_UNAVAILABLE' });
  });

  it('copies that nobody confirms are read anew long before they would have to be waited for', async () => {
    const minted = store();
    const identity = await signIn(minted.key);
    change(minted, { key: { revokedAtMs: 1 } });
    clock.advance(LIFETIME_MS / 4);
    // Answered from memory once more, while the new one is read.
    expect(keys.identify(minted.key)).toBe(identity);
    await new Promise(setImmediate);
    expect(await refusalOf(minted.key)).toMatchObject({ wasKnown: true });
  });
});

describe('memory', () => {
  it('holds as many keys as it may, those that are used before those that are not', async () => {
    keys = open(peppersOf(false), 2);
    const [one, two, three] = [store(), store(), store()];
    await signIn(one.key);
    await signIn(two.key);
    await signIn(one.key);
    await signIn(three.key);
    records.statements.length = 0;
    await signIn(one.key);
    await signIn(three.key);
    expect(records.statements).toEqual([]);
    await signIn(two.key);
    expect(records.statements).toEqual([[two.prefix]]);
  });
});

describe('the last use', () => {
  it('is written down together, every half minute at most, and at the end', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    try {
      const [one, two] = [store(), store()];
      await signIn(one.key);
      clock.advance(5);
      await signIn(two.key);
      await signIn(one.key);
      expect(records.used.size).toBe(0);
      await jest.advanceTimersByTimeAsync(30_000);
      expect(records.used).toEqual(
        new Map([
          [one.grant.secret.id, clock.now()],
          [two.grant.secret.id, clock.now()],
        ]),
      );
      clock.advance(10);
      await signIn(two.key);
      await keys.close();
      expect(records.used.get(two.grant.secret.id)).toBe(clock.now());
      expect(records.used.get(one.grant.secret.id)).toBe(clock.now() - 10);
    } finally {
      jest.useRealTimers();
    }
  });

  it('is not lost when the database is away for a while', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    try {
      const minted = store();
      await signIn(minted.key);
      records.isAway = true;
      await jest.advanceTimersByTimeAsync(30_000);
      records.isAway = false;
      await jest.advanceTimersByTimeAsync(30_000);
      expect(records.used.get(minted.grant.secret.id)).toBe(clock.now());
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('the secret of the server', () => {
  it('before the present one is good as well, and a key goes over to the new one when it is used', async () => {
    keys = open(peppersOf(true));
    const minted = store({}, oldPepper());
    const identity = await signIn(minted.key);
    await new Promise(setImmediate);
    const moved = records.grants.get(minted.prefix);
    expect(moved?.secret.pepperId).toBe(peppersOf(true).all[0]?.id);
    expect(moved?.digest).not.toBe(minted.digest);
    // Without the previous secret now: the key is known, to the same caller where it was.
    expect(keys.identify(minted.key)).toBe(identity);
    keys = open(peppersOf(false));
    expect((await signIn(minted.key)).caller).toEqual(identity.caller);
    expect(await refusalOf(wrong(minted))).toBeUndefined();
  });

  it('is not written with before all nodes may know it', async () => {
    const peppers = peppersOf(true, 600_000);
    keys = open(peppers);
    const minted = store({}, oldPepper());
    await signIn(minted.key);
    await new Promise(setImmediate);
    expect(records.grants.get(minted.prefix)?.digest).toBe(minted.digest);
    expect(mintKey(peppers.current()).pepperId).toBe(oldPepper().id);
    clock.advance(600_000);
    expect(mintKey(peppers.current()).pepperId).toBe(peppers.all[0]?.id);
    // The copy is old by now: it is read anew, then the key goes over.
    await signIn(minted.key);
    await new Promise(setImmediate);
    expect(records.grants.get(minted.prefix)?.secret.pepperId).toBe(peppers.all[0]?.id);
  });

  it('that is known no longer makes its keys unknown', async () => {
    const minted = store({}, oldPepper());
    expect(await refusalOf(minted.key)).toBeUndefined();
  });

  it('is told at the start, with how many keys still stand on which', async () => {
    const lines: string[] = [];
    const write = (fields: object, message: string): void => void lines.push(`${JSON.stringify(fields)} ${message}`);
    const logger = { debug: write, info: write, warn: write };
    const tell = async (previous: boolean): Promise<string> => {
      lines.length = 0;
      await tellSecretsInUse({ records: () => records, peppers: peppersOf(previous), logger });
      return lines.join('\n');
    };
    expect(await tell(false)).toBe('');
    expect(await tell(true)).toMatch(/no API key stands on SLUICE_SECRET_PREVIOUS any more: it can go/);
    store();
    store({}, oldPepper());
    store({}, oldPepper());
    expect(await tell(true)).toMatch(/^{"secrets":2} API keys still stand on SLUICE_SECRET_PREVIOUS: keep it/);
    expect(await tell(false)).toMatch(/^{"secrets":2} API keys stand on another secret/);
    records.isAway = true;
    expect(await tell(true)).toMatch(/cannot be told/);
  });
});
