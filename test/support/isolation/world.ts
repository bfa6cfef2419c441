// Two organizations of one shape on one gateway with its database, amber and birch, with everything in them that there is
// to see; every text of one holds its word.

import { buildClientSchema, getIntrospectionQuery } from 'graphql';
import { ACCESS_SCOPES, type AccessScope } from '../../../src/core/caller.ts';
import { type EveryTransport, sendOver } from '../every-transport.ts';
import { adminKey, startGateway, testSecret } from '../start-gateway.ts';
import { createTestPostgres } from '../test-database.ts';
import { createCalls, type Send } from './calls.ts';
import type { LowerTenant, Tenant, World } from './check.ts';
import { confirmed } from './confirmation.ts';
import { type Organization, type SeededKey, seedOrganization } from './organization.ts';
import { openRows } from './records.ts';
import { openSeedStore } from './seed-store.ts';
import type { Shape } from './shape.ts';

export interface TestWorld extends World, AsyncDisposable {}

const limits = 'operationLimits: { depth: 100, aliases: 1000, fields: 100000, tokens: 1000000 }\n';
/** What runs, runs as long as anybody looks. */
const patient = '{ firstTokenMs: 3600000, idleMs: 3600000, totalMs: 3600000 }';
const operator = 'operator';

const ownerOf = (word: string): SeededKey => ({ who: `${word}-owner`, role: 'ADMIN', scopes: ACCESS_SCOPES });

/** Each may do less than the owner by one thing; an OPERATOR's things are not the owner's either. */
const lowerKeys: readonly SeededKey[] = [
  { who: 'lower-member', role: 'MEMBER', scopes: ['generate', 'usage:read', 'admin'] },
  { who: 'lower-admin', role: 'ADMIN', scopes: ACCESS_SCOPES },
  ...ACCESS_SCOPES.map((missing): SeededKey => {
    const who = `lower-admin-without-${missing.replace(':', '-')}`;
    return { who, role: 'ADMIN', scopes: ACCESS_SCOPES.filter((scope) => scope !== missing) };
  }),
];

export async function startWorld(): Promise<TestWorld> {
  await using stack = new AsyncDisposableStack();
  const postgres = stack.use(await createTestPostgres());
  const { store, pepper } = stack.use(openSeedStore(postgres.config));
  const amber = await seedOrganization(store, pepper, 'amber', [ownerOf('amber'), ...lowerKeys]);
  const birch = await seedOrganization(store, pepper, 'birch', [ownerOf('birch')]);
  const keys = new Map([...amber.keys, ...birch.keys, [operator, adminKey]]);

  const gateway = stack.use(
    await startGateway({
      yaml: limits,
      timeouts: patient,
      env: { DATABASE_URL: postgres.url, SLUICE_SECRET: testSecret.reveal() },
    }),
  );
  const rows = stack.use(await openRows(postgres.url));
  const { data } = await gateway.send({ query: getIntrospectionQuery() });
  const send: Send = (who, transport, body) =>
    sendOver(transport, { url: gateway.graphqlUrl, key: keys.get(who) ?? '' }, body);
  const first = await tenantOf('amber', send);
  const second = await tenantOf('birch', send);
  const resources = stack.move();
  return {
    schema: buildClientSchema(data),
    first,
    second,
    lower: lowerKeys.map((key) => lowerTenant(key, amber)),
    async records() {
      const [generation, batch] = first.running.map(({ value }) => value);
      const query = `{ generation(id: "${generation}") { status } batch(id: "${batch}") { status } }`;
      return [await rows.of(amber.id), (await send('amber-owner', 'POST', { query })).text].join('\n');
    },
    transportsOf,
    ask: async (who, { shape, query, variables }, transport = transportsOf(shape)[0]) =>
      send(who, transport, { query, variables: await confirmed(variables, operator, send) }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const transportsOf = ({ kind }: Shape): readonly [EveryTransport, ...EveryTransport[]] =>
  kind === 'subscription' ? ['SSE', 'WebSocket'] : ['POST'];

async function tenantOf(word: string, send: Send): Promise<Tenant> {
  let count = 0;
  const { who } = ownerOf(word);
  const calls = createCalls(send, who, word);
  const stream = { key: `${word}-stream`, ...(await calls.stream(`${word}-stream`)) };
  return {
    word,
    owners: [who, operator],
    context: { word, nowMs: Date.now(), unique: () => `${word}-sample-${++count}`, stream },
    seeds: [
      { kind: 'NAME', coordinate: 'GenerateStreamInput.idempotencyKey', value: stream.key },
      { kind: 'NAME', coordinate: 'BatchGenerateInput.idempotencyKey', value: `${word}-batch` },
      { kind: 'ID', coordinate: 'Generation.id', value: await calls.cancelled() },
    ],
    running: [
      { kind: 'ID', coordinate: 'Generation.id', value: await calls.running() },
      { kind: 'ID', coordinate: 'BatchGeneratePayload.batchId', value: await calls.runningBatch() },
    ],
  };
}

function lowerTenant({ who, role, scopes }: SeededKey, { id, projectId, ownIds }: Organization): LowerTenant {
  const own = new Set(['amber-organization', 'amber-project', id, projectId, ...(ownIds.get(who) ?? [])]);
  const needed = (marker: string): readonly AccessScope[] => {
    if (marker === 'amber-content') return ['usage:read', 'content:read'];
    return [/^(?:gen|bat)_/.test(marker) ? 'usage:read' : 'admin'];
  };
  return {
    who,
    role: role === 'MEMBER' ? 'MEMBER' : 'ADMIN',
    scopes,
    maySee: (marker) =>
      own.has(marker) || (role === 'ADMIN' && needed(marker).every((scope) => scopes.includes(scope))),
  };
}
