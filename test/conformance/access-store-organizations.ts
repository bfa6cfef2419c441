// Organizations and projects: a part of what every access store promises.

import { expect, it } from '@jest/globals';
import { newRecordId } from '../../src/core/ids.ts';
import { sampleActor as by, sampleBudget, sampleKey, sampleLimit, sampleSecret } from '../support/access-samples.ts';
import { type AccessTestBed, refused, uniqueName } from '../support/access-test-bed.ts';

const all = undefined;
const first = { first: 100 };

export function testOrganizations(bed: () => AccessTestBed): void {
  it('has one organization and one project from the start, which can be renamed but neither disabled nor deleted', async () => {
    const { organizations, projects } = bed().store;
    const before = (await organizations.find(['default'], 'ALL')).get('default');
    expect(before).toEqual({
      id: 'default',
      name: 'default',
      allowedModels: undefined,
      disabledAtMs: undefined,
      createdAtMs: expect.any(Number),
    });
    expect((await projects.find(['default'], 'ALL')).get('default')).toMatchObject({ organizationId: 'default' });

    for (const repository of [organizations, projects]) {
      const name = uniqueName('Acme');
      expect(await repository.update('default', { name }, 'ALL', by)).toMatchObject({ id: 'default', name });
      expect(await repository.update('default', { name: 'default' }, 'ALL', by)).toMatchObject({ name: 'default' });
      const refusal = refused('CONFLICT', { message: expect.stringContaining('cannot be') });
      await expect(repository.update('default', { disabled: true }, 'ALL', by)).rejects.toEqual(refusal);
      const { fingerprint = '' } = (await repository.dependents('default', 'ALL')) ?? {};
      await expect(repository.delete('default', fingerprint, 'ALL', by)).rejects.toEqual(refusal);
    }
    expect((await organizations.find(['default'], 'ALL')).get('default')).toEqual(before);
  });

  it('makes organizations and projects, and gives them back as they were made', async () => {
    const { store, clock } = bed();
    const name = uniqueName('Grüße & Söhne');
    const organization = await store.organizations.create({ name: `  ${name} `, allowedModels: ['a', 'b"{},'] }, by);
    expect(organization).toEqual({
      id: expect.stringMatching(/^org_/),
      name,
      allowedModels: ['a', 'b"{},'],
      disabledAtMs: undefined,
      createdAtMs: clock.now(),
    });
    const reach = { organizationId: organization.id };
    const project = await store.projects.create(
      { organizationId: organization.id, name: 'web', allowedModels: [] },
      reach,
      by,
    );
    expect(project).toEqual({
      id: expect.stringMatching(/^prj_/),
      organizationId: organization.id,
      name: 'web',
      allowedModels: [],
      disabledAtMs: undefined,
      createdAtMs: clock.now(),
    });
    expect(await store.organizations.find([organization.id, 'org_none'], reach)).toEqual(
      new Map([[organization.id, organization]]),
    );
    expect(await store.projects.find([project?.id ?? '', 'default'], reach)).toEqual(new Map([[project?.id, project]]));
  });

  it('changes what is named in the change, even to nothing, and nothing else; twice the same changes nothing', async () => {
    const { store, clock } = bed();
    const { project, reach } = await bed().home();
    const named = await store.projects.update(project.id, { allowedModels: ['a'] }, reach, by);
    expect(named).toEqual({ ...project, allowedModels: ['a'] });
    clock.advance(10);
    const disabled = await store.projects.update(project.id, { disabled: true, allowedModels: all }, reach, by);
    expect(disabled).toEqual({ ...project, disabledAtMs: clock.now() });
    clock.advance(10);
    const version = await store.changes.version();
    expect(await store.projects.update(project.id, { disabled: true, name: 'main' }, reach, by)).toEqual(disabled);
    expect(await store.changes.version()).toBe(version);
    expect(await store.projects.update(project.id, { disabled: false }, reach, by)).toEqual(project);
    expect((await store.projects.find([project.id], reach)).get(project.id)).toEqual(project);
  });

  it('takes a name once, whatever its case, on the server for organizations and in the organization for projects', async () => {
    const { store } = bed();
    const name = uniqueName('Straße Ä');
    await store.organizations.create({ name, allowedModels: all }, by);
    const taken = refused('CONFLICT', { inputPath: ['input', 'name'] });
    await expect(
      store.organizations.create({ name: name.toUpperCase().replace('SS', 'ß'), allowedModels: all }, by),
    ).rejects.toEqual(taken);
    const { organization, reach } = await bed().home();
    const other = await bed().home();
    const input = { organizationId: organization.id, allowedModels: all };
    await expect(store.projects.create({ ...input, name: 'MAIN' }, reach, by)).rejects.toEqual(taken);
    const second = await store.projects.create({ ...input, name: 'second' }, reach, by);
    await expect(store.projects.update(second?.id ?? '', { name: 'Main' }, reach, by)).rejects.toEqual(taken);
    await expect(store.organizations.update(other.organization.id, { name }, 'ALL', by)).rejects.toEqual(taken);
    // Of case alone is no conflict with itself.
    expect(await store.projects.update(second?.id ?? '', { name: 'Second' }, reach, by)).toMatchObject({
      name: 'Second',
    });
  });

  it.each([
    ['', 'empty'],
    [' \n ', 'empty'],
    ['x'.repeat(101), '101 characters'],
    ['a\u0000b', 'cannot be seen'],
    ['a\nb', 'cannot be seen'],
    ['a\u202eb', 'cannot be seen'],
    [newRecordId('ORGANIZATION', 0), 'looks like an id'],
    [newRecordId('PROJECT', 0).toUpperCase(), 'looks like an id'],
    ['Default', 'kept for'],
  ])('refuses the name %j', async (name, words) => {
    const { store } = bed();
    const refusal = refused('BAD_USER_INPUT', {
      inputPath: ['input', 'name'],
      message: expect.stringContaining(words),
    });
    const { organization, project, reach } = await bed().home();
    const input = { name, allowedModels: all };
    await expect(store.organizations.create(input, by)).rejects.toEqual(refusal);
    const inOrganization = { ...input, organizationId: organization.id };
    await expect(store.projects.create(inOrganization, reach, by)).rejects.toEqual(refusal);
    await expect(store.projects.update(project.id, { name }, reach, by)).rejects.toEqual(refusal);
  });

  it.each(['x'.repeat(100), '👍🏽'.repeat(50), 'می\u200cخواهم', 'org_mine', '"; drop table projects; --'])(
    'takes the name %j as it is',
    async (name) => {
      const { store } = bed();
      const { project, reach } = await bed().home();
      expect(await store.projects.update(project.id, { name }, reach, by)).toEqual({ ...project, name });
      expect((await store.projects.find([project.id], reach)).get(project.id)?.name).toBe(name);
    },
  );

  it('refuses what text in SQL cannot hold, wherever it stands', async () => {
    const { store } = bed();
    const { project, reach } = await bed().home();
    const refusal = refused('BAD_USER_INPUT', { message: expect.stringContaining('U+0000') });
    await expect(store.projects.update(project.id, { allowedModels: ['a\0'] }, reach, by)).rejects.toEqual(refusal);
    expect((await store.projects.find([project.id], reach)).get(project.id)).toEqual(project);
  });

  it('shows and changes nothing beyond the reach', async () => {
    const { store } = bed();
    const mine = await bed().home();
    const foreign = await bed().home();
    const { organizations, projects } = store;
    const version = await store.changes.version();
    const { id } = foreign.organization;
    expect(await organizations.find([id, mine.organization.id], mine.reach)).toEqual(
      new Map([[mine.organization.id, mine.organization]]),
    );
    expect(await projects.find([foreign.project.id, mine.project.id], mine.reach)).toEqual(
      new Map([[mine.project.id, mine.project]]),
    );
    expect((await organizations.list({}, first, mine.reach)).items).toEqual([mine.organization]);
    expect((await projects.list({}, first, mine.reach)).items).toEqual([mine.project]);
    expect((await projects.list({ organizationId: id }, first, mine.reach)).totalCount).toBe(0);
    for (const [repository, foreignId] of [
      [organizations, id],
      [projects, foreign.project.id],
    ] as const) {
      expect(await repository.update(foreignId, { name: 'mine now', disabled: true }, mine.reach, by)).toBeUndefined();
      expect(await repository.dependents(foreignId, mine.reach)).toBeUndefined();
      const { fingerprint = '' } = (await repository.dependents(foreignId, 'ALL')) ?? {};
      expect(await repository.delete(foreignId, fingerprint, mine.reach, by)).toBeUndefined();
    }
    const input = { organizationId: id, name: 'x', allowedModels: all };
    expect(await projects.create(input, mine.reach, by)).toBeUndefined();
    expect(await projects.create({ ...input, organizationId: 'org_none' }, 'ALL', by)).toBeUndefined();
    expect(await store.changes.version()).toBe(version);
    expect((await organizations.find([id], 'ALL')).get(id)).toEqual(foreign.organization);
  });

  it('lists by part of the name in any case, taken as it stands, and by whether they are disabled', async () => {
    const { store } = bed();
    const { organization, reach } = await bed().home();
    for (const name of ['100% Äpfel', '100 Birnen', 'a_b\\c', 'axb']) {
      await store.projects.create({ organizationId: organization.id, name, allowedModels: all }, reach, by);
    }
    const names = async (filter: { nameContains?: string; disabled?: boolean }): Promise<string[]> =>
      (await store.projects.list(filter, first, reach)).items.map(({ name }) => name);
    expect(await names({ nameContains: '100%' })).toEqual(['100% Äpfel']);
    expect(await names({ nameContains: 'äP' })).toEqual(['100% Äpfel']);
    expect(await names({ nameContains: 'A_B' })).toEqual(['a_b\\c']);
    expect(await names({ nameContains: '\\' })).toEqual(['a_b\\c']);
    expect(await names({ nameContains: '\u0000' })).toEqual([]);
    const [{ id } = { id: '' }] = (await store.projects.list({ nameContains: 'axb' }, first, reach)).items;
    await store.projects.update(id, { disabled: true }, reach, by);
    expect(await names({ disabled: true })).toEqual(['axb']);
    expect(await names({ disabled: false })).toEqual(['main', '100% Äpfel', '100 Birnen', 'a_b\\c']);
  });

  it('deletes with all that depends on it, once that was shown as it is', async () => {
    const { store } = bed();
    const { organization, project, reach } = await bed().home();
    const key = await store.apiKeys.create({ ...sampleKey('one'), projectId: project.id }, sampleSecret(), reach, by);
    const subject = { organizationId: organization.id };
    const grant = { ...subject, issuer: 'https://id.example', subject: 'ann', roles: ['ADMIN'], scopes: [] } as const;
    await store.roleGrants.grant({ ...grant, projectId: project.id }, reach, by);
    await store.roleGrants.grant({ ...grant, projectId: undefined }, reach, by);
    const limit = sampleLimit({ ...subject, scope: 'PROJECT', subjectId: project.id, concurrent: 1 });
    await store.limits.set(limit, reach, by);
    await store.limits.set({ ...limit, scope: 'KEY', subjectId: key?.id }, reach, by);
    await store.budgets.set(sampleBudget(subject), reach, by);

    const shown = await store.projects.dependents(project.id, reach);
    expect(shown?.kinds).toEqual([
      { target: 'API_KEY', count: 1, names: ['one'] },
      { target: 'ROLE_GRANT', count: 1, names: ['ann'] },
      { target: 'LIMIT', count: 2, names: [`PROJECT ${project.id}`, `KEY ${key?.id}`] },
    ]);
    expect(shown?.roles).toEqual(['MEMBER', 'ADMIN']);
    const stale = refused('CONFLICT');
    await expect(store.projects.delete(project.id, 'other', reach, by)).rejects.toEqual(stale);
    await store.limits.set({ ...limit, concurrent: 2 }, reach, by);
    await expect(store.projects.delete(project.id, shown?.fingerprint ?? '', reach, by)).rejects.toEqual(stale);
    expect((await store.projects.find([project.id], reach)).size).toBe(1);

    const again = await store.projects.dependents(project.id, reach);
    expect(await store.projects.delete(project.id, again?.fingerprint ?? '', reach, by)).toBe(true);
    expect(await store.projects.delete(project.id, again?.fingerprint ?? '', reach, by)).toBeUndefined();
    expect((await store.apiKeys.find([key?.id ?? ''], 'ALL')).size).toBe(0);
    const whole = await store.organizations.dependents(organization.id, reach);
    expect(whole?.kinds.map(({ target, count }) => [target, count])).toEqual([
      ['ROLE_GRANT', 1],
      ['BUDGET', 1],
    ]);
    expect(await store.organizations.delete(organization.id, whole?.fingerprint ?? '', reach, by)).toBe(true);
    expect((await store.organizations.find([organization.id], 'ALL')).size).toBe(0);

    const { items } = await store.auditLog.list(
      { organizationId: organization.id, actions: ['DELETED'] },
      first,
      'ALL',
    );
    expect(items.map(({ target }) => target)).toEqual([
      'ORGANIZATION',
      'BUDGET',
      'ROLE_GRANT',
      'PROJECT',
      'LIMIT',
      'LIMIT',
      'ROLE_GRANT',
      'API_KEY',
    ]);
    expect(items.every(({ before, after }) => before !== undefined && after === undefined)).toBe(true);
  });

  it('looks at a record within the change that deletes it', async () => {
    const { store } = bed();
    const { organization, reach } = await bed().home();
    const { fingerprint = '' } = (await store.organizations.dependents(organization.id, reach)) ?? {};
    const seen: unknown[] = [];
    const check = (before: unknown): void => {
      seen.push(before);
      throw new RangeError('not this one');
    };
    await expect(store.organizations.delete(organization.id, fingerprint, reach, by, check)).rejects.toThrow(
      'not this one',
    );
    expect(seen).toEqual([organization]);
    expect((await store.organizations.find([organization.id], reach)).size).toBe(1);
  });

  it('counts projects and keys of each', async () => {
    const { store } = bed();
    const { organization, project, reach } = await bed().home();
    const other = await bed().home();
    for (const name of ['a', 'b']) {
      await store.apiKeys.create({ ...sampleKey(name), projectId: project.id }, sampleSecret(), reach, by);
    }
    expect(await store.organizations.counts([organization.id, other.organization.id, 'org_none'])).toEqual(
      new Map([
        [organization.id, { projects: 1, apiKeys: 2 }],
        [other.organization.id, { projects: 1, apiKeys: 0 }],
      ]),
    );
    expect(await store.projects.counts([project.id])).toEqual(new Map([[project.id, { apiKeys: 2 }]]));
    expect(await store.projects.counts([])).toEqual(new Map());
  });
}
