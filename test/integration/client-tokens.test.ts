// Client tokens on the whole gateway: made by a key, used by a browser, tried where they do not belong, and ended.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { print } from 'graphql';
import { decodeJwt, decodeProtectedHeader, UnsecuredJWT } from 'jose';
import { WebSocket } from 'ws';
import {
  CreateClientTokenDocument,
  type CreateClientTokenInput,
  type CreateClientTokenMutation,
} from '../generated/graphql.ts';
import {
  openTestAccessRecords,
  type StoredTestKey,
  type TestAccessRecords,
  testActor,
} from '../support/access-records.ts';
import { type GatewayAnswer, startGateway, type TestGateway, testSecret, webKey } from '../support/start-gateway.ts';
import { createTestPostgres, type TestPostgres } from '../support/test-database.ts';

const APP = 'https://app.example.com';
const OTHER = 'https://other.example.com';

let database: TestPostgres;
let records: TestAccessRecords;
let gateway: TestGateway;
let stored: StoredTestKey;
const given: string[] = [];

beforeAll(async () => {
  database = await createTestPostgres();
  records = openTestAccessRecords(database.config, testSecret);
  stored = await records.createKey('shop', { roles: ['MEMBER', 'ADMIN'] });
  gateway = await startGateway({
    env: { DATABASE_URL: database.url, SLUICE_SECRET: testSecret.reveal() },
    yaml: `server: { allowedOrigins: ["${APP}", "${OTHER}"] }\n`,
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await records?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

const codeOf = ({ status, errors }: GatewayAnswer): string => `${status} ${errors[0]?.extensions?.['code']}`;

const ask = (key: string, input: CreateClientTokenInput): Promise<GatewayAnswer> =>
  gateway.send({ query: print(CreateClientTokenDocument), variables: { input }, key });

async function tokenFor(input: Partial<CreateClientTokenInput> = {}, key = stored.key): Promise<string> {
  const { data, errors } = await ask(key, { user: 'ann', ttlSeconds: 60, ...input });
  const made = (data as CreateClientTokenMutation | undefined)?.createClientToken;
  if (!made) throw new Error(`no token was made: ${JSON.stringify(errors)}`);
  given.push(made.token);
  return made.token;
}

const viewer = (key: string, headers: Record<string, string> = {}): Promise<GatewayAnswer> =>
  gateway.send({ query: '{ viewer { principal roles scopes project { id } } models { name } }', key, headers });

const generate = (key: string, model = 'sim-instant'): Promise<GatewayAnswer> =>
  gateway.send({
    query: `mutation ($model: String!) { generate(input: { model: $model, prompt: "Hello" }) {
      __typename ... on GenerateSuccess { generation { id text } } ... on InvalidInputError { code } } }`,
    variables: { model },
    key,
  });

/** Signs in over a socket and waits for its end: its close code. */
async function openSocket(key: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(gateway.socketUrl, 'graphql-transport-ws', { headers });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  const acknowledged = new Promise<boolean>((resolve) => {
    socket.on('message', () => resolve(true));
    socket.on('close', () => resolve(false));
  });
  socket.on('error', () => undefined);
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } })),
  );
  return { isIn: await acknowledged, closed };
}

describe('a client token', () => {
  it('calls models for its user, in the project of its key, and sees what is its user’s alone', async () => {
    const [ann, bea] = [await tokenFor(), await tokenFor({ user: 'bea' })];
    expect((await viewer(ann)).data.viewer).toEqual({
      principal: `user:${stored.projectId}/client/ann`,
      roles: ['MEMBER'],
      scopes: ['generate'],
      project: { id: expect.stringContaining(stored.projectId) },
    });
    const { generation } = (await generate(ann)).data.generate;
    expect(generation.text).not.toBe('');
    const look = (key: string) =>
      gateway.send({ query: 'query ($id: ID!) { generation(id: $id) { id } }', variables: { id: generation.id }, key });
    expect((await look(await tokenFor())).data.generation).toEqual({ id: generation.id });
    expect((await look(bea)).errors[0]?.extensions?.['code']).toBe('NOT_FOUND');
  });

  it('has no model beyond its own and those of its key', async () => {
    const narrow = await tokenFor({ models: ['sim-fast'] });
    expect((await viewer(narrow)).data.models).toEqual([{ name: 'sim-fast' }]);
    expect((await generate(narrow)).data.generate).toEqual({
      __typename: 'InvalidInputError',
      code: 'MODEL_NOT_FOUND',
    });
    const ofWeb = await tokenFor({}, webKey);
    expect((await viewer(ofWeb)).data.models).toEqual([{ name: 'sim-instant' }]);
    const beyond = await ask(webKey, { user: 'ann', ttlSeconds: 60, models: ['sim-instant', 'sim-smart'] });
    expect(beyond.data.createClientToken).toBeNull();
    expect(beyond.errors[0]?.extensions).toMatchObject({ code: 'MODEL_NOT_FOUND', path: ['input', 'models', '1'] });
  });

  it('works from its origins alone, over HTTP and sockets', async () => {
    const token = await tokenFor({ origins: [APP] });
    expect((await viewer(token, { origin: APP })).status).toBe(200);
    expect(codeOf(await viewer(token, { origin: OTHER }))).toBe('403 FORBIDDEN');
    expect(codeOf(await viewer(token))).toBe('403 FORBIDDEN');
    const there = await openSocket(token, { origin: OTHER });
    expect([there.isIn, await there.closed]).toEqual([false, 4403]);
    expect((await openSocket(token, { origin: APP })).isIn).toBe(true);
  });

  it('makes no tokens, and does nothing that its key may do beyond calling models', async () => {
    const token = await tokenFor();
    expect(codeOf(await ask(token, { user: 'eve', ttlSeconds: 60 }))).toBe('200 FORBIDDEN');
  });

  it('ends its sockets when its time is over', async () => {
    const { isIn, closed } = await openSocket(await tokenFor({ ttlSeconds: 2 }));
    expect(isIn).toBe(true);
    expect(await closed).toBe(4403);
  });
});

describe('a client token that was tampered with', () => {
  it.each<[string, (token: string) => string]>([
    ['other claims', (token) => withClaims(token, { models: undefined })],
    ['another user', (token) => withClaims(token, { sub: 'user:eve' })],
    ['another organization', (token) => withClaims(token, { org: 'default', prj: 'default' })],
    ['a later end', (token) => withClaims(token, { exp: Math.floor(Date.now() / 1_000) + 86_400 })],
    ['no signature', (token) => new UnsecuredJWT(decodeJwt(token)).encode()],
    ['another algorithm', (token) => withHeader(token, { alg: 'HS256' })],
    ['another kid', (token) => withHeader(token, { kid: '0000000000000000' })],
    ['its signature cut short', (token) => token.slice(0, -2)],
  ])('with %s is not known here', async (_what, tamper) => {
    const tampered = tamper(await tokenFor({ models: ['sim-fast'] }));
    given.push(tampered);
    const answer = await viewer(tampered);
    expect(codeOf(answer)).toBe('401 UNAUTHENTICATED');
    expect(answer.errors[0]?.message).toBe('This client token is not valid here. Have a new one made.');
    expect((await openSocket(tampered)).isIn).toBe(false);
  });

  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  function withClaims(token: string, changes: object): string {
    const [head, , signature] = token.split('.');
    return `${head}.${part({ ...decodeJwt(token), ...changes })}.${signature}`;
  }
  function withHeader(token: string, changes: object): string {
    const [, body, signature] = token.split('.');
    return `${part({ ...decodeProtectedHeader(token), ...changes })}.${body}.${signature}`;
  }
});

describe('a client token ends', () => {
  it('with its key, at once on what is open', async () => {
    const key = await records.createKey('kiosk');
    const token = await tokenFor({}, key.key);
    const { isIn, closed } = await openSocket(token);
    expect(isIn).toBe(true);
    await records.store.apiKeys.revoke(key.id, 'ALL', testActor);
    expect(await closed).toBe(4403);
    const answer = await viewer(token);
    expect(codeOf(answer)).toBe('401 UNAUTHENTICATED');
    expect(answer.errors[0]?.message).toBe('The API key that made this client token is good no longer.');
    expect(codeOf(await ask(key.key, { user: 'ann', ttlSeconds: 60 }))).toBe('401 UNAUTHENTICATED');
  });

  it('with the very secret that made it, and not with another of the same key', async () => {
    const key = await records.createKey('terminal');
    const older = await tokenFor({}, key.key);
    const { isIn, closed } = await openSocket(older);
    expect(isIn).toBe(true);
    const rotated = await records.rotate(key.id, 0);
    const newer = await tokenFor({}, rotated);
    expect(await closed).toBe(4403);
    expect(codeOf(await viewer(older))).toBe('401 UNAUTHENTICATED');
    expect((await viewer(newer)).status).toBe(200);
  });
});

it('each token that was made is in the audit log, and none of them anywhere else', async () => {
  const token = await tokenFor({ user: 'dora', models: ['sim-fast'], origins: [APP] });
  await tokenFor({ user: 'emil' }, webKey);
  const { items } = await records.store.auditLog.list({ actions: ['CLIENT_TOKEN_CREATED'] }, { first: 2 }, 'ALL');
  expect(items).toEqual([
    expect.objectContaining({
      organizationId: 'default',
      target: 'API_KEY',
      targetId: 'web',
      actor: { principalId: 'key:web', organizationId: 'default', requestId: expect.stringMatching(/^req_/) },
      after: { tokenId: expect.stringMatching(/^tok_/), user: 'emil', expiresAt: expect.any(String) },
    }),
    expect.objectContaining({
      organizationId: stored.organizationId,
      targetId: stored.id,
      actor: expect.objectContaining({ principalId: `key:${stored.id}` }),
      after: expect.objectContaining({
        tokenId: decodeJwt(token).jti,
        user: 'dora',
        models: ['sim-fast'],
        origins: [APP],
      }),
    }),
  ]);
  const said = JSON.stringify(items) + gateway.logLines.join('');
  for (const text of [...given, stored.key, webKey]) expect(said).not.toContain(text.slice(-43));
});
