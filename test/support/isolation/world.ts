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
    `{ name: ${who}, key: "${keyOf(who)}", roles: [${role}], scopes: [${of.map((scope) => `"${scope}"`).join(', ')}] }`;
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
    const stream = { key: `${word}-stream`, ...(await streamOnce(send, who, word)) };
    return {
      word,
      owners: [who, 'operator'],
      context: { word, nowMs: Date.now(), unique: () => `${word}-sample-${++count}`, stream },
      seeds: [
        { coordinate: 'GenerateStreamInput.idempotencyKey', value: stream.key },
        { coordinate: 'Generation.id', value: await cancelledStream(send, who, word) },
      ],
    };
  };
  return {
    gateway,
    schema: buildClientSchema(data),
    first: await tenantOf('amber'),
    second: await tenantOf('birch'),
    lower,
    records: async () => '',
    transportsOf,
    ask: (who, { shape, query, variables }, transport = transportsOf(shape)[0]) =>
      send(who, transport, { query, variables }),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

type Send = (who: string, transport: EveryTransport, body: object) => Promise<Outcome>;

const transportsOf = ({ kind }: Shape): readonly [EveryTransport, ...EveryTransport[]] =>
  kind === 'subscription' ? ['SSE', 'WebSocket'] : ['POST'];

const subscription =
  'subscription ($input: GenerateStreamInput!) { generateStream(input: $input) { cursor generationId } }';
const inputOf = (idempotencyKey: string, prompt: string) => ({
  input: { idempotencyKey, request: { model: 'sim-instant', prompt } },
});

interface FirstEvent {
  readonly cursor: string;
  readonly generationId: string;
}

async function streamOnce(send: Send, who: string, word: string): Promise<FirstEvent> {
  const variables = inputOf(`${word}-stream`, scripted.stream(word));
  const { results } = await send(who, 'SSE', { query: subscription, variables });
  const data = results[0]?.data as { generateStream: FirstEvent };
  return data.generateStream;
}

/** One that was cancelled while it ran: its id. */
async function cancelledStream(send: Send, who: string, word: string): Promise<string> {
  const start = `mutation ($input: GenerateInput!) {
    startGeneration(input: $input) { ... on GenerateSuccess { generation { id } } } }`;
  const input = { model: 'sim-instant', prompt: scripted.hang(word) };
  const started = await send(who, 'POST', { query: start, variables: { input } });
  const data = started.results[0]?.data as { startGeneration: { generation: { id: string } } };
  const { id } = data.startGeneration.generation;
  const cancel = 'mutation ($input: CancelGenerationInput!) { cancelGeneration(input: $input) { generation { id } } }';
  await send(who, 'POST', { query: cancel, variables: { input: { id } } });
  return id;
}
