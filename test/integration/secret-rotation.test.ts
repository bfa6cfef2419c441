// The server's secret is replaced under nodes that share a Postgres: keys and client tokens work throughout, on every
// node, and end when they should.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { print } from 'graphql';
import { createSecret } from '../../src/platform/secret.ts';
import { CreateClientTokenDocument } from '../generated/graphql.ts';
import { openTestAccessRecords, type TestAccessRecords, testActor } from '../support/access-records.ts';
import { startGateway, type TestGateway, webKey } from '../support/start-gateway.ts';
import { createTestPostgres, type TestPostgres } from '../support/test-database.ts';

const OLD = 'the first secret of this server, 32 bytes and more';
const NEW = 'the second secret of this server, 32 bytes and more';

let database: TestPostgres;
let records: TestAccessRecords;
const running: TestGateway[] = [];

beforeAll(async () => {
  database = await createTestPostgres();
  records = openTestAccessRecords(database.config, createSecret(OLD));
});
afterAll(async () => {
  await Promise.all(running.map((node) => node[Symbol.asyncDispose]()));
  await records?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

async function startNode(env: Record<string, string>, rolloutSeconds: number): Promise<TestGateway> {
  const yaml = `  secretRolloutSeconds: ${rolloutSeconds}\n`;
  const node = await startGateway({ env: { DATABASE_URL: database.url, ...env }, yaml });
  running.push(node);
  return node;
}
async function stop(node: TestGateway): Promise<void> {
  running.splice(running.indexOf(node), 1);
  await node[Symbol.asyncDispose]();
}

const signsIn = async (node: TestGateway, key: string): Promise<string> => {
  const { status, data, errors } = await node.send({ query: '{ viewer { principal } }', key });
  return `${status} ${data?.viewer?.principal ?? errors[0]?.extensions?.['code']}`;
};
async function tokenOf(node: TestGateway, key: string): Promise<string> {
  const variables = { input: { user: 'ann', ttlSeconds: 3_600 } };
  const { data, errors } = await node.send({ query: print(CreateClientTokenDocument), variables, key });
  if (!data?.createClientToken) throw new Error(`no token was made: ${JSON.stringify(errors)}`);
  return data.createClientToken.token;
}
/** How many secrets stand under how many secrets of the server. */
const standing = async (): Promise<readonly number[]> => [...(await records.store.signIn.countByPepper()).values()];

it('keys and client tokens work on all nodes while it is replaced, and nothing of the old one is left at the end', async () => {
  const [used, idle] = [await records.createKey('used'), await records.createKey('idle')];
  const byUsed = `200 key:${used.id}`;
  const byAnn = `200 user:${used.projectId}/client/ann`;
  const byWebAnn = '200 user:default/client/ann';

  const oldNode = await startNode({ SLUICE_SECRET: OLD }, 600);
  const early = [await tokenOf(oldNode, used.key), await tokenOf(oldNode, webKey)] as const;

  // The rollout: nodes that know both write what the others can read.
  const both = { SLUICE_SECRET: NEW, SLUICE_SECRET_PREVIOUS: OLD };
  const rolling = await startNode(both, 600);
  await rolling.logged(/"secrets":2.*API keys still stand on SLUICE_SECRET_PREVIOUS/);
  const during = [await tokenOf(rolling, used.key), await tokenOf(rolling, webKey)] as const;
  for (const node of [oldNode, rolling]) {
    expect(await signsIn(node, used.key)).toBe(byUsed);
    for (const [ofStored, ofConfigured] of [early, during]) {
      expect(await signsIn(node, ofStored)).toBe(byAnn);
      expect(await signsIn(node, ofConfigured)).toBe(byWebAnn);
    }
  }
  expect(await standing()).toEqual([2]);
  await stop(oldNode);

  // All nodes know both, and time has passed: what is used goes over.
  const rolledOut = await startNode(both, 0);
  const late = [await tokenOf(rolledOut, used.key), await tokenOf(rolledOut, webKey)] as const;
  while ((await standing()).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await standing()).toEqual([1, 1]);
  for (const node of [rolling, rolledOut]) {
    expect(await signsIn(node, used.key)).toBe(byUsed);
    for (const [ofStored, ofConfigured] of [early, during, late]) {
      expect(await signsIn(node, ofStored)).toBe(byAnn);
      expect(await signsIn(node, ofConfigured)).toBe(byWebAnn);
    }
  }
  await Promise.all([stop(rolling), stop(rolledOut)]);

  // Without the old one: what went over works on, what did not is told at the start and is not known.
  const newNode = await startNode({ SLUICE_SECRET: NEW }, 600);
  await newNode.logged(/"secrets":1.*API keys stand on another secret than SLUICE_SECRET/);
  expect(await signsIn(newNode, used.key)).toBe(byUsed);
  expect(await signsIn(newNode, late[0])).toBe(byAnn);
  expect(await signsIn(newNode, late[1])).toBe(byWebAnn);
  for (const gone of [idle.key, ...early, ...during]) expect(await signsIn(newNode, gone)).toBe('401 UNAUTHENTICATED');

  // It is the key that its tokens stand and fall with, under whichever secret.
  await records.store.apiKeys.revoke(used.id, 'ALL', testActor);
  let answer = await signsIn(newNode, late[0]);
  while (answer === byAnn) answer = await signsIn(newNode, late[0]);
  expect(answer).toBe('401 UNAUTHENTICATED');
  expect(await signsIn(newNode, late[1])).toBe(byWebAnn);
  const log = newNode.logLines.join('');
  for (const secret of [OLD, NEW, used.key, ...late]) expect(log).not.toContain(secret);
});
