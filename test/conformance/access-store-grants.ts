// Roles of users, limits, budgets and switches: a part of what the access store promises.

import { expect, it } from '@jest/globals';
import { sampleActor as by, sampleBudget, sampleKey, sampleLimit, sampleSecret } from '../support/access-samples.ts';
import { type AccessTestBed, refused, uniqueName } from '../support/access-test-bed.ts';

const first = { first: 100 };

export function testRoleGrants(bed: () => AccessTestBed): void {
  const sample = { issuer: 'https://id.example', subject: 'ann', roles: ['MEMBER'], scopes: [] } as const;

  it('has one grant for each user and place: granting again replaces roles and scopes', async () => {
    const { store, clock } = bed();
    const { organization, project, reach } = await bed().home();
    const grant = { ...sample, organizationId: organization.id, projectId: project.id };
    const made = await store.roleGrants.grant(grant, reach, by);
    expect(made).toEqual({
      ...grant,
      id: expect.stringMatching(/^grt_/),
      createdAtMs: clock.now(),
      createdBy: by.principalId,
    });
    const whole = await store.roleGrants.grant({ ...grant, projectId: undefined }, reach, by);
    clock.advance(5);
    const version = await store.changes.version();
    expect(await store.roleGrants.grant(grant, reach, by)).toEqual(made);
    expect(await store.changes.version()).toBe(version);
    const more = { ...grant, roles: ['ADMIN'], scopes: ['content:read'] } as const;
    const replaced = { ...made, roles: ['ADMIN'], scopes: ['content:read'] };
    expect(await store.roleGrants.grant(more, reach, by)).toEqual(replaced);
    expect((await store.roleGrants.list({}, first, reach)).items).toEqual([replaced, whole]);
    expect((await store.roleGrants.list({ projectId: project.id }, first, reach)).items).toEqual([replaced]);
    expect((await store.roleGrants.list({ subject: 'eve' }, first, reach)).totalCount).toBe(0);
    expect((await store.roleGrants.list({ issuer: grant.issuer }, first, reach)).totalCount).toBe(2);
    expect((await store.roleGrants.find([made?.id ?? ''], reach)).get(made?.id ?? '')).toEqual(replaced);
  });

  it('revokes once, and shows and changes nothing beyond the reach', async () => {
    const { store } = bed();
    const mine = await bed().home();
    const foreign = await bed().home();
    const { roleGrants } = store;
    const grant = { ...sample, organizationId: foreign.organization.id, projectId: undefined };
    const id = (await roleGrants.grant(grant, foreign.reach, by))?.id ?? '';
    const version = await store.changes.version();
    expect(await roleGrants.find([id], mine.reach)).toEqual(new Map());
    expect(await roleGrants.list({ organizationId: foreign.organization.id }, first, mine.reach)).toMatchObject({
      totalCount: 0,
    });
    expect(await roleGrants.grant({ ...grant, roles: ['ADMIN'] }, mine.reach, by)).toBeUndefined();
    // A project of another organization is none of this one.
    const crossed = { ...grant, organizationId: mine.organization.id, projectId: foreign.project.id };
    expect(await roleGrants.grant(crossed, 'ALL', by)).toBeUndefined();
    expect(await roleGrants.revoke(id, mine.reach, by)).toBeUndefined();
    expect(await store.changes.version()).toBe(version);
    expect(await roleGrants.revoke(id, foreign.reach, by)).toBe(true);
    expect(await roleGrants.revoke(id, foreign.reach, by)).toBeUndefined();
  });

  it('lets a change be looked at, within it, before it is made', async () => {
    const { store } = bed();
    const { organization, reach } = await bed().home();
    const grant = { ...sample, organizationId: organization.id, projectId: undefined };
    const seen: unknown[] = [];
    const check = (before: unknown): void => {
      seen.push(before);
      throw new RangeError('no');
    };
    const made = await store.roleGrants.grant(grant, reach, by, check);
    await expect(store.roleGrants.grant({ ...grant, roles: ['ADMIN'] }, reach, by, check)).rejects.toThrow(RangeError);
    await expect(store.roleGrants.revoke(made?.id ?? '', reach, by, check)).rejects.toThrow(RangeError);
    expect(seen).toEqual([made, made]);
    expect((await store.roleGrants.list({}, first, reach)).items).toEqual([made]);
  });

  it.each([
    [{ roles: [], scopes: [] }, 'roles'],
    [{ issuer: '' }, 'issuer'],
    [{ subject: 'a\0b' }, 'subject'],
    [{ subject: 'x'.repeat(1_001) }, 'subject'],
  ])('refuses a grant with %j', async (wrong, field) => {
    const { store } = bed();
    const grant = { ...sample, organizationId: 'default', projectId: undefined, ...wrong };
    await expect(store.roleGrants.grant(grant, 'ALL', by)).rejects.toEqual(
      refused('BAD_USER_INPUT', { inputPath: ['input', field] }),
    );
  });
}

export function testLimits(bed: () => AccessTestBed): void {
  it('keeps limits whole: one for each scope, subject and model, replaced when it is set again', async () => {
    const { store, clock } = bed();
    const { organization, project, reach } = await bed().home();
    const key = await store.apiKeys.create({ ...sampleKey('k'), projectId: project.id }, sampleSecret(), reach, by);
    const limit = sampleLimit({
      organizationId: organization.id,
      scope: 'PROJECT',
      subjectId: project.id,
      model: 'smart',
      requestsPerMinute: 1,
      requestsPerHour: 2,
      requestsPerDay: Number.MAX_SAFE_INTEGER,
      tokensPerMinute: 3,
      tokensPerHour: 4,
      tokensPerDay: 5,
      costPerMinuteNanoUsd: 1n,
      costPerHourNanoUsd: 8_999_999_999_999_999n,
      costPerDayNanoUsd: 9_000_000_000_000_000n,
      concurrent: 6,
      algorithm: 'FIXED_WINDOW',
      mode: 'measure',
    });
    const made = await store.limits.set(limit, reach, by);
    expect(made).toEqual({ ...limit, id: expect.stringMatching(/^lim_/), createdAtMs: clock.now() });
    expect((await store.limits.find([made?.id ?? ''], reach)).get(made?.id ?? '')).toEqual(made);
    const version = await store.changes.version();
    clock.advance(5);
    expect(await store.limits.set(limit, reach, by)).toEqual(made);
    expect(await store.changes.version()).toBe(version);
    const fewer = sampleLimit({ ...limit, tokensPerDay: undefined, mode: 'off' });
    const replaced = await store.limits.set(fewer, reach, by);
    expect(replaced).toEqual({ ...made, tokensPerDay: undefined, mode: 'off' });

    const others = [];
    for (const change of [
      { model: undefined },
      { subjectId: undefined },
      { scope: 'KEY', subjectId: key?.id },
      { scope: 'USER', subjectId: 'ann' },
      { scope: 'USER', subjectId: undefined },
      { scope: 'ORGANIZATION', subjectId: undefined },
    ] as const) {
      others.push(await store.limits.set({ ...limit, ...change }, reach, by));
    }
    expect((await store.limits.list({}, first, reach)).items).toEqual([replaced, ...others]);
    expect(await store.limits.delete(made?.id ?? '', reach, by)).toBe(true);
    expect(await store.limits.delete(made?.id ?? '', reach, by)).toBeUndefined();
    expect((await store.limits.list({ organizationId: organization.id }, first, 'ALL')).items).toEqual(others);
  });

  it('keeps budgets whole: one for each scope, subject, model and period', async () => {
    const { store, clock } = bed();
    const { organization, reach } = await bed().home();
    const budget = sampleBudget({
      organizationId: organization.id,
      scope: 'USER',
      subjectId: 'ann',
      amountNanoUsd: 9_000_000_000_000_000n,
      timeZone: 'Europe/Berlin',
    });
    const made = await store.budgets.set(budget, reach, by);
    expect(made).toEqual({ ...budget, id: expect.stringMatching(/^bud_/), createdAtMs: clock.now() });
    const daily = await store.budgets.set({ ...budget, period: 'day', hard: false }, reach, by);
    const version = await store.changes.version();
    expect(await store.budgets.set(budget, reach, by)).toEqual(made);
    expect(await store.changes.version()).toBe(version);
    const changed = await store.budgets.set({ ...budget, amountNanoUsd: 1n, timeZone: 'UTC' }, reach, by);
    expect(changed).toEqual({ ...made, amountNanoUsd: 1n, timeZone: 'UTC' });
    expect((await store.budgets.list({}, first, reach)).items).toEqual([changed, daily]);
    expect(await store.budgets.delete(made?.id ?? '', reach, by)).toBe(true);
    expect((await store.budgets.find([made?.id ?? '', daily?.id ?? ''], reach)).size).toBe(1);
  });

  it('shows and changes nothing beyond the reach, and takes no subject of another organization', async () => {
    const { store } = bed();
    const mine = await bed().home();
    const foreign = await bed().home();
    const organizationId = foreign.organization.id;
    const limit = sampleLimit({ organizationId, concurrent: 1 });
    const limitId = (await store.limits.set(limit, foreign.reach, by))?.id ?? '';
    const budgetId = (await store.budgets.set(sampleBudget({ organizationId }), foreign.reach, by))?.id ?? '';
    const version = await store.changes.version();
    for (const [repository, id] of [
      [store.limits, limitId],
      [store.budgets, budgetId],
    ] as const) {
      expect((await repository.find([id], mine.reach)).size).toBe(0);
      expect((await repository.list({ organizationId }, first, mine.reach)).totalCount).toBe(0);
      expect(await repository.delete(id, mine.reach, by)).toBeUndefined();
    }
    expect(await store.limits.set({ ...limit, concurrent: 2 }, mine.reach, by)).toBeUndefined();
    expect(await store.budgets.set(sampleBudget({ organizationId }), mine.reach, by)).toBeUndefined();
    const crossed = { ...limit, organizationId: mine.organization.id };
    for (const scope of ['PROJECT', 'KEY'] as const) {
      expect(await store.limits.set({ ...crossed, scope, subjectId: foreign.project.id }, 'ALL', by)).toBeUndefined();
    }
    expect(await store.changes.version()).toBe(version);
  });

  it.each([
    [{}, ['input']],
    [{ requestsPerMinute: 0 }, ['input', 'requestsPerMinute']],
    [{ tokensPerDay: 1.5 }, ['input', 'tokensPerDay']],
    [{ concurrent: 2 ** 53 }, ['input', 'concurrent']],
    [{ costPerDayNanoUsd: 0n }, ['input', 'costPerDayUsd']],
    [{ costPerHourNanoUsd: 9_000_000_000_000_001n }, ['input', 'costPerHourUsd']],
    [{ concurrent: 1, subjectId: 'prj' }, ['input', 'subjectId']],
    [{ concurrent: 1, scope: 'USER', subjectId: '' }, ['input', 'subjectId']],
    [{ concurrent: 1, model: '' }, ['input', 'model']],
  ] as const)('refuses a limit with %p', async (wrong, inputPath) => {
    const { store } = bed();
    await expect(store.limits.set(sampleLimit(wrong), 'ALL', by)).rejects.toEqual(
      refused('BAD_USER_INPUT', { inputPath }),
    );
  });

  it.each([
    [{ amountNanoUsd: 0n }, 'amountUsd'],
    [{ amountNanoUsd: 9_000_000_000_000_001n }, 'amountUsd'],
    [{ timeZone: 'Europe/Berlim' }, 'timeZone'],
    [{ timeZone: '+01:00' }, 'timeZone'],
    [{ timeZone: '' }, 'timeZone'],
  ])('refuses a budget with %p', async (wrong, field) => {
    const { store } = bed();
    await expect(store.budgets.set(sampleBudget(wrong), 'ALL', by)).rejects.toEqual(
      refused('BAD_USER_INPUT', { inputPath: ['input', field] }),
    );
  });
}

export function testSwitches(bed: () => AccessTestBed): void {
  it('keeps the last state of each switch, who set it, when and why', async () => {
    const { store, clock } = bed();
    const name = uniqueName('model');
    const mine = async () => (await store.switches.list()).filter((record) => record.name === name);
    const set = { kind: 'MODEL', name, state: 'DRAINING', reason: 'too dear' } as const;
    const made = await store.switches.set(set, by);
    expect(made).toEqual({ ...set, changedAtMs: clock.now(), changedBy: by.principalId });
    const provider = await store.switches.set({ ...set, kind: 'PROVIDER', reason: undefined }, by);
    expect(await mine()).toEqual([made, provider]);
    clock.advance(5);
    const version = await store.changes.version();
    expect(await store.switches.set(set, by)).toEqual(made);
    expect(await store.changes.version()).toBe(version);
    const other = { ...by, principalId: 'key:other' };
    const changed = await store.switches.set({ ...set, state: 'ENABLED', reason: undefined }, other);
    expect(changed).toMatchObject({ state: 'ENABLED', reason: undefined, changedBy: 'key:other' });
    expect(await mine()).toEqual([changed, provider]);
    expect(await store.changes.since(version)).toEqual({ version: version + 1, organizationIds: [], switches: true });
  });
}
