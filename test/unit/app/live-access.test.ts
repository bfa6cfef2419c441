import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createLiveAccess, type LiveAccess, type LiveAccessParts } from '../../../src/app/live-access.ts';
import type { SwitchRecord } from '../../../src/core/access.ts';
import type { AccessStore } from '../../../src/features/access/access-store.ts';
import type { Announcements } from '../../../src/platform/announcements.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { createMemoryAnnouncements } from '../../../src/platform/memory-announcements.ts';
import { type FakeTime, fakeTime } from '../../support/fake-time.ts';

let time: FakeTime;
let announcements: Announcements;
const nodes: LiveAccess[] = [];
beforeEach(() => {
  // Nobody looks by itself: its time does not come.
  time = fakeTime();
  announcements = createMemoryAnnouncements();
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()));
  announcements.close();
  time[Symbol.dispose]();
});

const disabled: SwitchRecord = {
  kind: 'MODEL',
  name: 'chat',
  state: 'DISABLED',
  reason: undefined,
  changedAtMs: 0,
  changedBy: 'key:test',
};

/** A database that all nodes share. */
function createDatabase() {
  const subjects: string[] = [];
  let looks = 0;
  const changed =
    <Result>(subject: string, result: Result) =>
    async (): Promise<Result> => {
      subjects.push(subject);
      return result;
    };
  const store = {
    organizations: {},
    projects: {},
    apiKeys: { revoke: changed('org_a', { id: 'key_a' }) },
    roleGrants: {},
    limits: {},
    budgets: {},
    switches: { list: async () => [disabled], set: changed('switches', disabled) },
    changes: {
      async version() {
        looks++;
        return subjects.length;
      },
      async since(version: number) {
        const since = subjects.slice(version);
        const organizationIds = since.filter((subject) => subject !== 'switches');
        return { version: subjects.length, organizationIds, switches: since.includes('switches') };
      },
    },
  };
  return { store: store as unknown as AccessStore, looks: () => looks };
}

async function startNode(store: AccessStore, more: Partial<LiveAccessParts> = {}) {
  const did: string[] = [];
  const node = createLiveAccess({
    store,
    isPresent: () => true,
    announcements,
    identity: {
      refresh: async (organizationIds) => void did.push(`read ${organizationIds?.join() ?? 'all'} anew`),
      confirm: () => void did.push('confirmed'),
    },
    renewCallers: async () => {
      did.push('renewed callers');
      return 0;
    },
    useSwitches: (records) => void did.push(`used ${records.length} switch`),
    logger: createLogger({ level: 'silent', format: 'json' }),
    ...more,
  });
  nodes.push(node);
  await node.start();
  return { node, did };
}

const by = { principalId: 'key:test', organizationId: 'default', requestId: undefined };
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}

it('a node goes by what there is from its start, and confirms what it has when nothing changed', async () => {
  const { store } = createDatabase();
  const { did } = await startNode(store);
  expect(did.splice(0)).toEqual(['used 1 switch', 'read all anew', 'renewed callers']);
  time.advance(2_200);
  await settle();
  expect(did).toEqual(['confirmed']);
});

it('a change is in use on the node that made it when it answers, and announced to the others, who look at once', async () => {
  const { store, looks } = createDatabase();
  const first = await startNode(store);
  const second = await startNode(store);
  first.did.splice(0);
  second.did.splice(0);
  const before = looks();
  await first.node.store.apiKeys.revoke('key_a', 'ALL', by);
  expect(first.did).toEqual(['read org_a anew', 'renewed callers']);
  await settle();
  expect(second.did).toEqual(['read org_a anew', 'renewed callers']);
  // Its own announcement is no news to a node.
  expect(looks() - before).toBe(2);
  await second.node.store.switches.set(disabled, by);
  await settle();
  expect(first.did.slice(2)).toEqual(['used 1 switch', 'read  anew']);
});

it('callers who have to be asked for elsewhere hold up neither the next news nor the answer', async () => {
  const { store } = createDatabase();
  const { node, did } = await startNode(store);
  const renewCallers = () => new Promise<number>(() => undefined);
  const starting = startNode(store, { renewCallers });
  await settle();
  time.advance(1_000);
  const slow = await starting;
  slow.did.splice(0);
  did.splice(0);
  const answering = slow.node.store.apiKeys.revoke('key_a', 'ALL', by);
  await settle();
  time.advance(1_000);
  await answering;
  expect(slow.did).toEqual(['read org_a anew']);
  await node.store.apiKeys.revoke('key_a', 'ALL', by);
  await settle();
  expect(slow.did).toEqual(['read org_a anew', 'read org_a anew']);
  time.advance(1_000);
});

it('a database that does not answer does not keep a node from starting', async () => {
  const { store } = createDatabase();
  const changes = { version: () => new Promise<number>(() => undefined), since: store.changes.since };
  const starting = startNode({ ...store, changes });
  await settle();
  time.advance(3_000);
  const { node } = await starting;
  nodes.splice(0);
  // Nor from stopping.
  const closing = node.close();
  time.advance(1_000);
  await closing;
});
