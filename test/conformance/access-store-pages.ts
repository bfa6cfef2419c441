// Pages of lists, against a plain model of them: a part of what the access store promises.

import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Page, PageRequest } from '../../src/core/access.ts';
import { newRecordId } from '../../src/core/ids.ts';
import type { AccessStore, Reach } from '../../src/features/access/access-store.ts';
import { sampleActor as by, sampleKey, sampleLimit, sampleSecret } from '../support/access-samples.ts';
import { type AccessTestBed, refused } from '../support/access-test-bed.ts';
import { propertyRun } from '../support/property.ts';

const COUNT = 7;

type List = (page: PageRequest) => Promise<Page<{ readonly id: string }>>;

/** As Relay's specification has it, on an array. */
function pageOf(ids: readonly string[], page: PageRequest): Omit<Page<string>, 'totalCount'> {
  const after = page.after === undefined ? -1 : ids.indexOf(page.after);
  const before = page.before === undefined ? ids.length : ids.indexOf(page.before);
  const between = ids.slice(after + 1, Math.max(before, after + 1));
  const items = page.first === undefined ? between.slice(-(page.last ?? 0)) : between.slice(0, page.first);
  const cut = items.length < between.length;
  return {
    items,
    hasNextPage: before < ids.length || (cut && page.first !== undefined),
    hasPreviousPage: after >= 0 || (cut && page.first === undefined),
  };
}

/** Everything there is, and how it is listed. */
async function fill(bed: AccessTestBed): Promise<{ readonly [name: string]: { ids: string[]; list: List } }> {
  const { store } = bed;
  const { organization, project, reach } = await bed.home();
  const organizationId = organization.id;
  const ids: { [name: string]: string[] } = { projects: [project.id], apiKeys: [], roleGrants: [], limits: [] };
  for (let index = 0; index < COUNT; index++) {
    const made = {
      projects: await store.projects.create({ organizationId, name: `p${index}`, allowedModels: undefined }, reach, by),
      apiKeys: await store.apiKeys.create(
        { ...sampleKey(`k${index}`), projectId: project.id },
        sampleSecret(),
        reach,
        by,
      ),
      roleGrants: await store.roleGrants.grant(
        { organizationId, projectId: undefined, issuer: 'i', subject: `${index}`, roles: ['MEMBER'], scopes: [] },
        reach,
        by,
      ),
      limits: await store.limits.set(sampleLimit({ organizationId, model: `m${index}`, concurrent: 1 }), reach, by),
    };
    for (const [name, record] of Object.entries(made)) ids[name]?.push(record?.id ?? '');
  }
  const { items } = await store.auditLog.list({}, { first: 100 }, reach);
  const lister =
    (repository: {
      list(filter: object, page: PageRequest, reach: Reach): Promise<Page<{ readonly id: string }>>;
    }): List =>
    (page) =>
      repository.list({}, page, reach);
  const lists = (['projects', 'apiKeys', 'roleGrants', 'limits'] as const).map((name) => [
    name,
    { ids: ids[name] ?? [], list: lister(store[name]) },
  ]);
  return {
    ...Object.fromEntries(lists),
    // The newest first: what was made last is what the log begins with.
    auditLog: { ids: items.map(({ id }) => id), list: lister(store.auditLog) },
  };
}

export function testPages(bed: () => AccessTestBed): void {
  it('gives any page, from either end and between any two records, as a list in memory would', async () => {
    const lists = await fill(bed());
    expect(lists['auditLog']?.ids).toHaveLength(2 + 4 * COUNT);
    const place = fc.option(fc.nat({ max: 2 * COUNT }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.values(lists)),
        fc.constantFrom('first' as const, 'last' as const),
        fc.integer({ min: 1, max: COUNT + 3 }),
        place,
        place,
        async ({ ids, list }, end, size, after, before) => {
          const page = {
            [end]: size,
            after: after === undefined ? undefined : ids[after % ids.length],
            before: before === undefined ? undefined : ids[before % ids.length],
          };
          const { items, totalCount, ...flags } = await list(page);
          expect({ items: items.map(({ id }) => id), ...flags }).toEqual(pageOf(ids, page));
          expect(totalCount).toBe(ids.length);
        },
      ),
      propertyRun(80),
    );
  });

  it('goes on behind a record that has been deleted', async () => {
    const { store } = bed();
    const { organization, reach } = await bed().home();
    const projects: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      const input = { organizationId: organization.id, name, allowedModels: undefined };
      projects.push((await store.projects.create(input, reach, by))?.id ?? '');
    }
    const [a = '', b = '', c = ''] = projects;
    const { fingerprint = '' } = (await store.projects.dependents(b, reach)) ?? {};
    await store.projects.delete(b, fingerprint, reach, by);
    const names = async (page: PageRequest) => (await store.projects.list({}, page, reach)).items.map(({ id }) => id);
    expect(await names({ first: 5, after: b })).toEqual([c]);
    expect(await names({ last: 1, before: b })).toEqual([a]);
  });

  it('lists the default organization before all others, and foreign records not at all', async () => {
    const { store } = bed();
    await bed().home();
    const [item] = (await store.organizations.list({}, { first: 1 }, 'ALL')).items;
    expect(item?.id).toBe('default');
    const { reach, project } = await bed().home();
    const page = await store.projects.list({}, { first: 5, after: newRecordId('PROJECT', 0) }, reach);
    expect(page).toEqual({ items: [project], hasNextPage: false, hasPreviousPage: false, totalCount: 1 });
  });

  it.each([{}, { first: 1, last: 1 }])('refuses a page of %j', async (page) => {
    const { store } = bed();
    await expect(store.projects.list({}, page, 'ALL')).rejects.toEqual(refused('BAD_USER_INPUT'));
  });

  it('asks one statement of the database, however long the list or many the ids', async () => {
    const { store, statements } = bed();
    const lists = await fill(bed());
    const count = async (ask: () => Promise<unknown>): Promise<number> => {
      const before = statements.length;
      await ask();
      return statements.length - before;
    };
    for (const { list } of Object.values(lists)) {
      expect([await count(() => list({ first: 1 })), await count(() => list({ last: 50 }))]).toEqual([1, 1]);
    }
    for (const name of ['projects', 'apiKeys', 'roleGrants', 'limits', 'auditLog'] as const) {
      const ids = lists[name]?.ids ?? [];
      expect(await count(() => finderOf(store, name).find(ids, 'ALL'))).toBe(1);
      expect((await finderOf(store, name).find(ids, 'ALL')).size).toBe(ids.length);
    }
    expect(await count(() => store.projects.counts(lists['projects']?.ids ?? []))).toBe(1);
    const { reach, project } = await bed().home();
    expect(await count(() => store.organizations.dependents(reach === 'ALL' ? '' : reach.organizationId, reach))).toBe(
      2,
    );
    const queries = Array.from({ length: 5 }, () => ({
      organization: project.organizationId,
      project: undefined,
      issuer: 'i',
      subject: 's',
    }));
    expect(await count(() => store.signIn.findTenancies(queries))).toBe(2);
    expect(await count(() => store.signIn.findGrants(['a', 'b', 'c']))).toBe(1);
    expect(await count(() => store.changes.since(0))).toBe(1);
  });
}

const finderOf = (
  store: AccessStore,
  name: 'projects' | 'apiKeys' | 'roleGrants' | 'limits' | 'auditLog',
): { find(ids: readonly string[], reach: Reach): Promise<ReadonlyMap<string, unknown>> } => store[name];
