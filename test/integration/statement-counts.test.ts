// How many SQL statements operations take: none for who is known, one for who is not, and as many for long lists as for
// short ones, whatever is asked of what they list.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildClientSchema, getIntrospectionQuery, getNamedType } from 'graphql';
import { ACCESS_SCOPES } from '../../src/core/caller.ts';
import { mintKey } from '../../src/features/auth/mint-key.ts';
import { sampleActor as by, sampleKey } from '../support/access-samples.ts';
import { type CountedStatements, countStatements } from '../support/counted-statements.ts';
import { buildOperation } from '../support/isolation/operation.ts';
import { openSeedStore, type SeedStore } from '../support/isolation/seed-store.ts';
import { type Shape, shapesOf } from '../support/isolation/shape.ts';
import { createValues } from '../support/isolation/values.ts';
import { startGateway, type TestGateway, testSecret } from '../support/start-gateway.ts';
import { createTestPostgres, type TestPostgres } from '../support/test-database.ts';

const context = { word: 'count', nowMs: 0, unique: () => 'count', stream: { key: '', cursor: '' } };
let postgres: TestPostgres;
let seeds: SeedStore;
let gateway: TestGateway;
let statements: CountedStatements;
let key: string;
let home: { readonly organizationId: string; readonly projectId: string };

beforeAll(async () => {
  postgres = await createTestPostgres();
  seeds = openSeedStore(postgres.config);
  const { store, pepper } = seeds;
  const { id: organizationId } = await store.organizations.create({ name: 'counted', allowedModels: undefined }, by);
  const project = await store.projects.create({ organizationId, name: 'home', allowedModels: undefined }, 'ALL', by);
  home = { organizationId, projectId: project?.id ?? '' };
  const { key: presented, ...secret } = mintKey(pepper);
  const settings = sampleKey('operator', { roles: ['OPERATOR'], scopes: ACCESS_SCOPES });
  await store.apiKeys.create({ ...settings, projectId: home.projectId }, secret, 'ALL', by);
  key = presented;
  gateway = await startGateway({
    yaml: 'operationLimits: { depth: 100, aliases: 1000, fields: 100000, tokens: 1000000 }\n',
    env: { DATABASE_URL: postgres.url, SLUICE_SECRET: testSecret.reveal() },
  });
  statements = countStatements();
});
afterAll(async () => {
  statements[Symbol.dispose]();
  await gateway[Symbol.asyncDispose]();
  await seeds[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

async function send(query: string, variables: Readonly<Record<string, unknown>> = {}, as = key) {
  const answer = await gateway.send({ query, variables, key: as });
  if (answer.errors.length > 0) throw new Error(answer.text);
  return answer;
}

describe('signing in', () => {
  it('with a key that is known takes no statement, nor does calling a model with it', async () => {
    await send('{ __typename }');
    const call = 'mutation { generate(input: { model: "sim-instant", prompt: "Hi" }) { __typename } }';
    const taken = await statements.during(async () => {
      for (let count = 0; count < 5; count++) await send(call);
      await send('{ models { name } }');
    });
    expect(taken).toEqual([]);
  });

  it('with a key that nobody knows takes one statement, and none for the five seconds that follow', async () => {
    const { key: unknown } = mintKey(seeds.pepper);
    const taken = await statements.during(async () => {
      for (let count = 0; count < 5; count++) {
        expect((await gateway.send({ query: '{ __typename }', key: unknown })).status).toBe(401);
      }
    });
    expect(taken).toHaveLength(1);
  });
});

describe('lists', () => {
  async function make(from: number, to: number): Promise<void> {
    const { store, pepper } = seeds;
    for (let count = from; count < to; count++) {
      const name = `made-${count}`;
      const organization = await store.organizations.create({ name, allowedModels: undefined }, by);
      const { organizationId } = home;
      const project = await store.projects.create({ organizationId, name, allowedModels: undefined }, 'ALL', by);
      const projectId = project?.id ?? '';
      const { key: _shown, ...secret } = mintKey(pepper);
      await store.apiKeys.create({ ...sampleKey(name), projectId }, secret, 'ALL', by);
      const user = { issuer: 'https://idp.example.com', subject: name, roles: ['MEMBER' as const], scopes: [] };
      await store.roleGrants.grant({ organizationId: organization.id, projectId: undefined, ...user }, 'ALL', by);
    }
  }

  async function connections(): Promise<readonly Shape[]> {
    const { data } = await send(getIntrospectionQuery());
    const shapes = shapesOf(buildClientSchema(data), 8);
    return shapes.filter(({ root }) => getNamedType(root.field.type).name.endsWith('Connection'));
  }

  async function countOf(shape: Shape, first: number): Promise<number> {
    const slot = shape.slots.find(({ name, at }) => name === 'first' && at.length === 1);
    if (slot === undefined) throw new Error(`${shape.coordinate} takes no "first"`);
    const { query, variables } = buildOperation(shape, [{ slot, value: first }], createValues(context));
    const counts: number[] = [];
    // What was changed is read anew by who keeps copies, whenever: that comes on top of one of them at most.
    for (let run = 0; run < 3; run++) {
      const taken = await statements.during(async () => {
        const { data } = await send(query, variables);
        expect(data[shape.root.key].nodes).toHaveLength(first);
      });
      counts.push(taken.length);
    }
    return Math.min(...counts);
  }

  it('take as many statements with sixty records as with three, with all that can be asked of each', async () => {
    await make(0, 3);
    const shapes = await connections();
    const short = new Map<string, number>();
    for (const shape of shapes) short.set(shape.coordinate, await countOf(shape, 3));
    await make(3, 60);
    const long = new Map<string, number>();
    for (const shape of shapes) long.set(shape.coordinate, await countOf(shape, 60));
    process.stdout.write(`statements of lists: ${JSON.stringify(Object.fromEntries(long))}\n`);
    expect(shapes.length).toBeGreaterThanOrEqual(5);
    expect(long).toEqual(short);
    for (const count of long.values()) expect(count).toBeGreaterThan(0);
  }, 60_000);

  it('do not take more for many nodes asked for by their ids than for one', async () => {
    const { data } = await send('{ apiKeys(first: 30) { nodes { id } } }');
    const ids: readonly string[] = data.apiKeys.nodes.map(({ id }: { id: string }) => id);
    const queryOf = (some: readonly string[]): string =>
      `{ ${some.map((id, at) => `n${at}: node(id: "${id}") { ... on ApiKey { name project { name } organization { name } } }`).join(' ')} }`;
    const one = await statements.during(() => send(queryOf(ids.slice(0, 1))));
    const many = await statements.during(() => send(queryOf(ids)));
    expect(ids.length).toBeGreaterThan(20);
    expect(many.length).toBe(one.length);
  });
});
