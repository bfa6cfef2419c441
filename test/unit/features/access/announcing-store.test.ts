import { expect, it } from '@jest/globals';
import type { AccessStore } from '../../../../src/features/access/access-store.ts';
import { announcingStore } from '../../../../src/features/access/announcing-store.ts';

const by = { principalId: 'key:test', organizationId: 'default', requestId: undefined };

/** Whatever is asked answers with `answer`; what is not a repository is undefined. */
function storeThatAnswers(answer: () => unknown): AccessStore {
  const repository = new Proxy({}, { get: () => async () => answer(), ownKeys: () => [] });
  const names = ['organizations', 'projects', 'apiKeys', 'roleGrants', 'limits', 'budgets', 'switches'];
  return Object.fromEntries(names.map((name) => [name, repository])) as unknown as AccessStore;
}

const changesOf = (store: AccessStore): readonly Promise<unknown>[] => {
  const { organizations, projects, apiKeys, roleGrants, limits, budgets, switches } = store;
  const secret = { prefix: 'p', digest: 'd', pepperId: 'i' };
  return [
    organizations.create({ name: 'a', allowedModels: undefined }, by),
    organizations.update('org', {}, 'ALL', by),
    organizations.delete('org', 'f', 'ALL', by),
    projects.create({ organizationId: 'org', name: 'a', allowedModels: undefined }, 'ALL', by),
    projects.update('prj', {}, 'ALL', by),
    projects.delete('prj', 'f', 'ALL', by),
    apiKeys.create({} as Parameters<typeof apiKeys.create>[0], secret, 'ALL', by),
    apiKeys.update('key', {}, 'ALL', by),
    apiKeys.rotate('key', secret, 0, 'ALL', by),
    apiKeys.revoke('key', 'ALL', by),
    apiKeys.delete('key', 'f', 'ALL', by),
    roleGrants.grant({} as Parameters<typeof roleGrants.grant>[0], 'ALL', by),
    roleGrants.revoke('grt', 'ALL', by),
    limits.set({} as Parameters<typeof limits.set>[0], 'ALL', by),
    limits.delete('lim', 'ALL', by),
    budgets.set({} as Parameters<typeof budgets.set>[0], 'ALL', by),
    budgets.delete('bud', 'ALL', by),
    switches.set({ kind: 'MODEL', name: 'm', state: 'DISABLED', reason: undefined }, by),
  ];
};

it('each change is told before it answers, and one that changed nothing is not', async () => {
  let told = 0;
  let answer: unknown = { id: 'x' };
  const store = announcingStore(
    storeThatAnswers(() => answer),
    async () => void told++,
  );
  const changes = await Promise.all(changesOf(store));
  expect(changes.every((result) => result === answer)).toBe(true);
  expect(told).toBe(changes.length);
  answer = undefined;
  await Promise.all(changesOf(store));
  expect(told).toBe(changes.length);
});

it('a change that fails is not told', async () => {
  let told = 0;
  const store = announcingStore(
    storeThatAnswers(() => {
      throw new Error('the database is gone');
    }),
    async () => void told++,
  );
  const results = await Promise.allSettled(changesOf(store));
  expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  expect(told).toBe(0);
});
