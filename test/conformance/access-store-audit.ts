// The log of changes, and the marks of them for other nodes: a part of what the access store promises.

import { expect, it } from '@jest/globals';
import type { AuditAction, AuditEntry, AuditTarget } from '../../src/core/access.ts';
import { sampleActor as by, sampleBudget, sampleKey, sampleLimit, sampleSecret } from '../support/access-samples.ts';
import { type AccessTestBed, refused, uniqueName } from '../support/access-test-bed.ts';

const first = { first: 100 };

export function testAuditLog(bed: () => AccessTestBed): void {
  it('tells of every kind of change who made it, when, what was before and after, and no secret', async () => {
    const { store, clock } = bed();
    const { organization, project, reach } = await bed().home();
    const { id: organizationId } = organization;
    const { organizations, projects, apiKeys, roleGrants, limits, budgets } = store;
    const expected: [AuditTarget, AuditAction, string | undefined, object | undefined, object | undefined][] = [];
    const told = (...entry: (typeof expected)[number]): void => {
      expected.unshift(entry);
    };
    told('ORGANIZATION', 'CREATED', organizationId, undefined, { name: organization.name });
    told('PROJECT', 'CREATED', project.id, undefined, { name: 'main', organizationId });

    await organizations.update(organizationId, { allowedModels: ['smart'] }, reach, by);
    told('ORGANIZATION', 'UPDATED', organizationId, {}, { allowedModels: ['smart'] });
    await organizations.update(organizationId, { disabled: true }, reach, by);
    told('ORGANIZATION', 'DISABLED', organizationId, {}, { disabledAt: new Date(clock.now()).toISOString() });
    await organizations.update(organizationId, { disabled: false }, reach, by);
    told('ORGANIZATION', 'ENABLED', organizationId, { disabledAt: new Date(clock.now()).toISOString() }, {});
    await projects.update(project.id, { name: 'web' }, reach, by);
    told('PROJECT', 'UPDATED', project.id, { name: 'main' }, { name: 'web' });

    const [secret, next] = [sampleSecret(), sampleSecret()];
    const expiresAtMs = clock.now() + 1_000;
    const key = await apiKeys.create({ ...sampleKey('k', { expiresAtMs }), projectId: project.id }, secret, reach, by);
    const [oldSecret] = key?.secrets ?? [];
    const keyId = key?.id ?? '';
    const secretJson = { id: oldSecret?.id, prefix: secret.prefix, createdAt: new Date(clock.now()).toISOString() };
    told('API_KEY', 'CREATED', keyId, undefined, {
      name: 'k',
      expiresAt: new Date(expiresAtMs).toISOString(),
      secrets: [secretJson],
    });
    await apiKeys.update(keyId, { roles: ['ADMIN'] }, reach, by);
    told('API_KEY', 'UPDATED', keyId, { roles: ['MEMBER'] }, { roles: ['ADMIN'] });
    await apiKeys.rotate(keyId, next, 100, reach, by);
    told(
      'API_KEY',
      'ROTATED',
      keyId,
      { secrets: [secretJson] },
      {
        secrets: [
          expect.objectContaining({ prefix: next.prefix }),
          { ...secretJson, expiresAt: new Date(clock.now() + 100).toISOString() },
        ],
      },
    );
    await apiKeys.update(keyId, { disabled: true, name: 'off' }, reach, by);
    told('API_KEY', 'DISABLED', keyId, { name: 'k' }, { name: 'off' });
    await apiKeys.revoke(keyId, reach, by);
    told('API_KEY', 'REVOKED', keyId, {}, { revokedAt: new Date(clock.now()).toISOString() });

    const grant = { organizationId, projectId: undefined, issuer: 'i', subject: 'ann', scopes: [] };
    const granted = await roleGrants.grant({ ...grant, roles: ['MEMBER'] }, reach, by);
    told('ROLE_GRANT', 'CREATED', granted?.id, undefined, { subject: 'ann', roles: ['MEMBER'] });
    await roleGrants.grant({ ...grant, roles: ['ADMIN'] }, reach, by);
    told('ROLE_GRANT', 'UPDATED', granted?.id, { roles: ['MEMBER'] }, { roles: ['ADMIN'] });
    await roleGrants.revoke(granted?.id ?? '', reach, by);
    told('ROLE_GRANT', 'REVOKED', granted?.id, { roles: ['ADMIN'] }, undefined);

    const limit = sampleLimit({ organizationId, costPerDayNanoUsd: 2_500_000_000n });
    const limited = await limits.set(limit, reach, by);
    told('LIMIT', 'CREATED', limited?.id, undefined, { costPerDayUsd: '2.5' });
    await limits.set({ ...limit, concurrent: 3 }, reach, by);
    told('LIMIT', 'UPDATED', limited?.id, {}, { concurrent: 3, costPerDayUsd: '2.5' });
    await limits.delete(limited?.id ?? '', reach, by);
    told('LIMIT', 'DELETED', limited?.id, { concurrent: 3 }, undefined);
    const budget = await budgets.set(sampleBudget({ organizationId }), reach, by);
    told('BUDGET', 'CREATED', budget?.id, undefined, { amountUsd: '1', period: 'month' });

    const { items } = await store.auditLog.list({ organizationId }, first, 'ALL');
    expect(items.map(({ target, action, targetId }) => [target, action, targetId])).toEqual(
      expected.map(([target, action, targetId]) => [target, action, targetId]),
    );
    for (const [index, [, , targetId, before, after]] of expected.entries()) {
      const entry = items[index];
      expect(entry).toMatchObject({ actor: by, atMs: clock.now(), organizationId });
      for (const [side, wanted] of [
        [entry?.before, before],
        [entry?.after, after],
      ] as const) {
        if (wanted === undefined) expect(side).toBeUndefined();
        else expect(side).toMatchObject({ id: targetId, ...wanted });
      }
    }
    expect((await store.auditLog.list({}, first, reach)).items).toEqual(items);
    expect(await store.auditLog.find([items[0]?.id ?? '', 'aud_none'], reach)).toEqual(
      new Map([[items[0]?.id, items[0]]]),
    );
    const text = JSON.stringify(items);
    for (const { digest } of [secret, next]) expect(text).not.toContain(digest);
    expect(text).not.toMatch(/digest|pepper|lastUsed/i);
  });

  it('tells of switches as of the server as a whole, which no organization sees', async () => {
    const { store } = bed();
    const { reach } = await bed().home();
    const name = uniqueName('switch');
    for (const state of ['DISABLED', 'DRAINING', 'ENABLED'] as const) {
      await store.switches.set({ kind: 'PROVIDER', name, state, reason: undefined }, by);
    }
    const { items } = await store.auditLog.list({ targetId: name }, first, 'ALL');
    expect(items.map(({ action, before, after }) => [action, before?.['state'], after?.['state']])).toEqual([
      ['ENABLED', 'DRAINING', 'ENABLED'],
      ['UPDATED', 'DISABLED', 'DRAINING'],
      ['DISABLED', undefined, 'DISABLED'],
    ]);
    expect(items[0]).toMatchObject({ organizationId: undefined, target: 'PROVIDER' });
    expect((await store.auditLog.list({ targetId: name }, first, reach)).totalCount).toBe(0);
    expect((await store.auditLog.find([items[0]?.id ?? ''], reach)).size).toBe(0);
  });

  it('is read by who, what, whom and when', async () => {
    const { store, clock } = bed();
    const { organization, project, reach } = await bed().home();
    const ann = { principalId: uniqueName('key:ann'), organizationId: 'default', requestId: undefined };
    clock.advance(1_000);
    const atMs = clock.now();
    await store.projects.update(project.id, { name: 'a' }, reach, ann);
    clock.advance(1_000);
    await store.organizations.update(organization.id, { disabled: true }, reach, by);
    const read = async (filter: Parameters<typeof store.auditLog.list>[0]): Promise<string[]> =>
      (await store.auditLog.list(filter, first, reach)).items.map(({ action, target }) => `${target} ${action}`);
    expect(await read({ principalId: ann.principalId })).toEqual(['PROJECT UPDATED']);
    expect(await read({ actions: ['DISABLED', 'UPDATED'] })).toEqual(['ORGANIZATION DISABLED', 'PROJECT UPDATED']);
    expect(await read({ targets: ['PROJECT'] })).toEqual(['PROJECT UPDATED', 'PROJECT CREATED']);
    expect(await read({ targetId: organization.id, actions: ['DISABLED'] })).toEqual(['ORGANIZATION DISABLED']);
    expect(await read({ fromMs: atMs, toMs: atMs + 1_000 })).toEqual(['PROJECT UPDATED']);
    expect(await read({ fromMs: atMs + 1_000 })).toEqual(['ORGANIZATION DISABLED']);
    expect(await read({ toMs: atMs })).toEqual(['PROJECT CREATED', 'ORGANIZATION CREATED']);
    const [entry] = (await store.auditLog.list({ principalId: ann.principalId }, first, 'ALL')).items;
    expect(entry?.actor).toEqual(ann);
  });

  it('is in the order the changes were made, whatever the clocks of the nodes say', async () => {
    const { store, clock } = bed();
    const { project, reach } = await bed().home();
    const entries: AuditEntry[] = [];
    for (const [index, ms] of [0, 0, 5_000, -10_000, 0].entries()) {
      clock.advance(ms);
      await store.projects.update(project.id, { name: `n${index}` }, reach, by);
      entries.unshift(...(await store.auditLog.list({}, { first: 1 }, reach)).items);
    }
    clock.advance(5_000);
    expect(entries.map(({ after }) => after?.['name'])).toEqual(['n4', 'n3', 'n2', 'n1', 'n0']);
    expect((await store.auditLog.list({ targetId: project.id }, { first: 5 }, reach)).items).toEqual(entries);
  });
}

export function testChanges(bed: () => AccessTestBed): void {
  it('counts changes one by one, and says whose records changed since', async () => {
    const { store } = bed();
    const mine = await bed().home();
    const other = await bed().home();
    const start = await store.changes.version();
    expect(await store.changes.since(start)).toEqual({ version: start, organizationIds: [], switches: false });
    await store.projects.update(mine.project.id, { name: 'x' }, mine.reach, by);
    await store.projects.update(mine.project.id, { name: 'y' }, mine.reach, by);
    await store.projects.update(other.project.id, { name: 'x' }, other.reach, by);
    expect(await store.changes.version()).toBe(start + 3);
    const both = [mine.organization.id, other.organization.id].sort();
    expect(await store.changes.since(start)).toEqual({ version: start + 3, organizationIds: both, switches: false });
    expect((await store.changes.since(start + 2)).organizationIds).toEqual([other.organization.id]);
    const { fingerprint = '' } = (await store.organizations.dependents(mine.organization.id, 'ALL')) ?? {};
    await store.organizations.delete(mine.organization.id, fingerprint, 'ALL', by);
    expect((await store.changes.since(start + 3)).organizationIds).toEqual([mine.organization.id]);
  });

  it('leaves no trace of a change that failed', async () => {
    const { store } = bed();
    const { organization, project, reach } = await bed().home();
    await store.projects.create({ organizationId: organization.id, name: 'b', allowedModels: undefined }, reach, by);
    const version = await store.changes.version();
    const entries = (await store.auditLog.list({}, first, reach)).totalCount;
    await expect(store.projects.update(project.id, { name: 'B' }, reach, by)).rejects.toEqual(refused('CONFLICT'));
    expect(await store.changes.version()).toBe(version);
    expect((await store.auditLog.list({}, first, reach)).totalCount).toBe(entries);
  });

  it('shows every change to readers that ask while many are made at once', async () => {
    const { store, otherStore } = bed();
    const start = await store.changes.version();
    let isWriting = true;
    const read = async (node: typeof store): Promise<readonly string[]> => {
      const seen: string[] = [];
      let version = start;
      const look = async (): Promise<void> => {
        const changes = await node.changes.since(version);
        seen.push(...changes.organizationIds);
        version = changes.version;
      };
      while (isWriting) await look();
      await look();
      return seen;
    };
    const readers = [read(store), read(otherStore), read(otherStore)];
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        const { organizations } = index % 2 === 0 ? store : otherStore;
        return organizations.create({ name: uniqueName('raced'), allowedModels: undefined }, by);
      }),
    );
    isWriting = false;
    expect(await store.changes.version()).toBe(start + 50);
    // Each was changed once, so that each is seen once.
    const expected = made.map(({ id }) => id).sort();
    for (const seen of await Promise.all(readers)) expect([...seen].sort()).toEqual(expected);
  });

  it('gives a name that many want at once to one of them', async () => {
    const { store, otherStore } = bed();
    const { organization, reach } = await bed().home();
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? store : otherStore).projects.create(
          { organizationId: organization.id, name: index % 3 === 0 ? 'Wanted' : 'wanted', allowedModels: undefined },
          reach,
          by,
        ),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toEqual(refused('CONFLICT'));
    }
  });
}
