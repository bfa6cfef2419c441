// Two organizations of one shape on one gateway, amber and birch, with everything in them that there is to see; every
// text of one holds its word.

import { buildClientSchema, getIntrospectionQuery } from 'graphql';
import { type EveryTransport, type Outcome, sendOver } from '../every-transport.ts';
import { adminKey, startGateway, type TestGateway } from '../start-gateway.ts';
import type { LowerTenant, Tenant, World } from './check.ts';
import { scripted } from './samples.ts';
import type { Shape } from './shape.ts';

export interface TestWorld extends World, AsyncDisposable {
  readonly gateway: TestGateway;
}

const limits = 'operationLimits: { depth: 100, aliases: 1000, fields: 100000, tokens: 1000000 }\n';
const keyOf = (who: string): string => `sk_test_${who}`.padEnd(48, '0');

const scopes = ['generate', 'usage:read', 'admin', 'content:read'];

/** Each may do less than the owner by one thing. */
const lower: readonly LowerTenant[] = [
  { who: 'lower-member', role: 'MEMBER', scopes: ['generate', 'usage:read', 'admin'], maySee: isTenancy },
  ...scopes.map((missing): LowerTenant => {
    const who = `lower-admin-without-${missing.replace(':', '-')}`;
    const left = scopes.filter((scope) => scope !== missing);
    return { who, role: 'ADMIN', scopes: left, maySee: (marker) => isShown(marker, left) };
  }),
];

function isTenancy(marker: string): boolean {
  return /^amber-(?:organization|project)$/.test(marker);
}

function isShown(marker: string, left: readonly string[]): boolean {
  if (isTenancy(marker)) return true;
  if (marker === 'amber-content') return left.includes('usage:read') && left.includes('content:read');
  return left.includes(/^(?:gen|bat)_/.test(marker) ? 'usage:read' : 'admin');
}

export async function startWorld(): Promise<TestWorld> {
  const key = (who: string, role: string, of: readonly string[] = scopes): string =>
    `{ name: ${who}, key: "${keyOf(who)}", roles: [${role}], scopes: [${of.map((scope) => `"${scope}"`).join(', ')}], endUsers: ${who.endsWith('-owner')} }`;
  const gateway = await startGateway({
    yaml: limits,
    apiKeys: [
      key('amber-owner', 'MEMBER'),
      key('birch-owner', 'MEMBER'),
      ...lower.map(({ who, role, scopes: of }) => key(who, role, of)),
    ],
  });
  const { data } = await gateway.send({ query: getIntrospectionQuery() });
  const send: Send = (who, transport, body) =>
    sendOver(transport, { url: gateway.graphqlUrl, key: who === 'operator' ? adminKey : keyOf(who) }, body);
  const tenantOf = async (word: string): Promise<Tenant> => {
    let count = 0;
    const who = `${word}-owner`;
    const make = createMaker(send, who, word);
    const stream = { key: `${word}-stream`, ...(await make.stream(`${word}-stream`)) };
    return {
      word,
      owners: [who, 'operator'],
      context: { word, nowMs: Date.now(), unique: () => `${word}-sample-${++count}`, stream },
      seeds: [
        { coordinate: 'GenerateStreamInput.idempotencyKey', value: stream.key },
        { coordinate: 'BatchGenerateInput.idempotencyKey', value: `${word}-batch` },
        { coordinate: 'Generation.id', value: await make.cancelled() },
      ],
      running: [
        { coordinate: 'Generation.id', value: await make.running() },
        { coordinate: 'BatchGeneratePayload.batchId', value: await make.runningBatch() },
      ],
    };
  };
  const first = await tenantOf('amber');
  return {
    gateway,
    schema: buildClientSchema(data),
    first,
    second: await tenantOf('birch'),
    lower,
    async records() {
      const [generation, batch] = first.running.map(({ value }) => value);
      const query = `{ generation(id: "${generation}") { status } batch(id: "${batch}") { status } }`;
      return (await send('amber-owner', 'POST', { query })).text;
    },
    transportsOf,
    ask: (who, { shape, query, variables }, transport = transportsOf(shape)[0]) =>
      send(who, transport, { query, variables }),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

type Send = (who: string, transport: EveryTransport, body: object) => Promise<Outcome>;

const transportsOf = ({ kind }: Shape): readonly [EveryTransport, ...EveryTransport[]] =>
  kind === 'subscription' ? ['SSE', 'WebSocket'] : ['POST'];

interface FirstEvent {
  readonly cursor: string;
  readonly generationId: string;
}

/** Things that come of calls, made by whoever asks. */
function createMaker(send: Send, who: string, word: string) {
  async function ask<Data>(query: string, input: object, transport: EveryTransport = 'POST'): Promise<Data> {
    const outcome = await send(who, transport, { query, variables: { input } });
    if (outcome.errors.length > 0) throw new Error(`${who} is answered: ${outcome.text}`);
    return outcome.results[0]?.data as Data;
  }
  const hanging = { model: 'sim-instant', prompt: scripted.hang(word) };
  const maker = {
    async running(): Promise<string> {
      const query =
        'mutation ($input: GenerateInput!) { startGeneration(input: $input) { ... on GenerateSuccess { generation { id } } } }';
      return (await ask<{ startGeneration: { generation: { id: string } } }>(query, hanging)).startGeneration.generation
        .id;
    },
    async runningBatch(): Promise<string> {
      const query = 'mutation ($input: BatchGenerateInput!) { startBatch(input: $input) { batchId } }';
      return (
        await ask<{ startBatch: { batchId: string } }>(query, {
          idempotencyKey: `${word}-batch`,
          items: [hanging],
        })
      ).startBatch.batchId;
    },
    async cancelled(): Promise<string> {
      const id = await maker.running();
      await ask('mutation ($input: CancelGenerationInput!) { cancelGeneration(input: $input) { generation { id } } }', {
        id,
      });
      return id;
    },
    async stream(key: string): Promise<FirstEvent> {
      const query =
        'subscription ($input: GenerateStreamInput!) { generateStream(input: $input) { cursor generationId } }';
      const input = { idempotencyKey: key, request: { model: 'sim-instant', prompt: scripted.stream(word) } };
      return (await ask<{ generateStream: FirstEvent }>(query, input, 'SSE')).generateStream;
    },
  };
  return maker;
}
