// API keys through the admin API of a real gateway on Postgres: made, used, changed, rotated and ended.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { print } from 'graphql';
import {
  ApiKeysDocument,
  AuditLogDocument,
  CreateApiKeyDocument,
  DisableApiKeyDocument,
  EnableApiKeyDocument,
  NodeDocument,
  RevokeApiKeyDocument,
  RotateApiKeyDocument,
  UpdateApiKeyDocument,
  ViewerDocument,
} from '../generated/graphql.ts';
import { type AdminGateway, startAdminGateway } from '../support/admin-gateway.ts';
import type { GatewayAnswer } from '../support/start-gateway.ts';

let admin: AdminGateway;
beforeAll(async () => {
  admin = await startAdminGateway();
});
afterAll(async () => {
  await admin[Symbol.asyncDispose]();
});

const viewer = print(ViewerDocument);
const signIn = (key: string): Promise<GatewayAnswer> => admin.gateway.send({ query: viewer, key });
const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

it('a key works at once, with what it was given, and its secret is in no other answer and in no log', async () => {
  const { projectId } = await admin.createTenant('fresh');
  const key = await admin.createKey({
    projectId,
    name: 'fresh key',
    roles: ['ADMIN'],
    scopes: ['generate', 'admin'],
    allowedModels: ['sim-fast', 'sim-fast'],
    allowedCidrs: ['127.0.0.0/8', '::1'],
    documentMode: 'LOG',
    expiresAt: inAnHour(),
  });
  expect(key.secret).toMatch(/^slk_[0-9a-z]{12}_[A-Za-z0-9_-]{43}$/);

  const { viewer: seen } = await key.run(ViewerDocument, {});
  expect(seen).toMatchObject({
    organization: { name: 'fresh' },
    project: { id: projectId, name: 'fresh' },
    principal: `key:${key.id}`,
    roles: ['ADMIN'],
    scopes: ['generate', 'admin'],
  });

  const { apiKeys } = await key.run(ApiKeysDocument, {});
  const [edge] = apiKeys.edges;
  expect(edge?.node).toMatchObject({
    id: key.id,
    name: 'fresh key',
    state: 'ACTIVE',
    prefix: key.secret.slice(0, 16),
    allowedModels: ['sim-fast'],
    allowedCidrs: ['127.0.0.0/8', '::1'],
    documentMode: 'LOG',
    createdBy: 'key:admin',
  });
  const { auditLog } = await key.run(AuditLogDocument, {});
  const told = JSON.stringify([apiKeys, auditLog]) + admin.gateway.logLines.join('\n');
  expect(told).toContain(key.secret.slice(0, 16));
  expect(told).not.toContain(key.secret.slice(17));
});

it('without saying so a key calls models of its own project, and administers nothing', async () => {
  const key = await admin.createKey({ name: 'plain' });
  const { viewer: seen } = await key.run(ViewerDocument, {});
  expect(seen).toMatchObject({
    organization: { id: 'organization:default', name: 'default' },
    project: { id: 'project:default' },
    roles: ['MEMBER'],
    scopes: ['generate', 'usage:read', 'admin'],
  });
  expect(await key.refused(ApiKeysDocument, {})).toMatchObject({ code: 'FORBIDDEN' });
});

describe('rotating', () => {
  it('with an overlap both secrets are good, and the old one says until when', async () => {
    const key = await admin.createKey({ name: 'overlapping' });
    const before = Date.now();
    const { rotateApiKey } = await admin.operator.run(RotateApiKeyDocument, { input: { id: key.id } });
    const { apiKey, secret = '' } = rotateApiKey ?? {};
    expect(secret).not.toBe(key.secret);
    expect(apiKey?.prefix).toBe(secret.slice(0, 16));
    const [newest, older] = apiKey?.secrets ?? [];
    expect(newest).toMatchObject({ prefix: secret.slice(0, 16), expiresAt: null });
    const endsIn = Date.parse(String(older?.expiresAt)) - before;
    expect(endsIn).toBeGreaterThanOrEqual(86_400_000);
    expect(endsIn).toBeLessThan(86_400_000 + 60_000);
    const both = await Promise.all([signIn(key.secret), signIn(secret)]);
    expect(both.map(({ data }) => data.viewer.principal)).toEqual([`key:${key.id}`, `key:${key.id}`]);
  });

  it('without an overlap the old secret is over at once', async () => {
    const key = await admin.createKey({ name: 'leaked' });
    await signIn(key.secret);
    const input = { id: key.id, overlapSeconds: 0 };
    const { rotateApiKey } = await admin.operator.run(RotateApiKeyDocument, { input });
    expect((await signIn(key.secret)).errors[0]?.extensions?.['code']).toBe('UNAUTHENTICATED');
    expect((await signIn(rotateApiKey?.secret ?? '')).status).toBe(200);
  });

  it('a key rotates itself', async () => {
    const key = await admin.createKey({ name: 'own care', roles: ['ADMIN'] });
    const { rotateApiKey } = await key.run(RotateApiKeyDocument, { input: { id: key.id, overlapSeconds: 60 } });
    expect((await signIn(rotateApiKey?.secret ?? '')).status).toBe(200);
  });
});

it('a disabled key signs in no longer until it is enabled, a revoked one never again', async () => {
  const key = await admin.createKey({ name: 'on and off' });
  const input = { id: key.id };
  const disabled = await admin.operator.run(DisableApiKeyDocument, { input });
  expect(disabled.disableApiKey?.apiKey).toMatchObject({ state: 'DISABLED', disabledAt: expect.any(String) });
  expect((await signIn(key.secret)).status).toBe(401);
  const enabled = await admin.operator.run(EnableApiKeyDocument, { input });
  expect(enabled.enableApiKey?.apiKey).toMatchObject({ state: 'ACTIVE', disabledAt: null });
  expect((await signIn(key.secret)).status).toBe(200);

  const revoked = await admin.operator.run(RevokeApiKeyDocument, { input });
  expect(revoked.revokeApiKey?.apiKey).toMatchObject({ state: 'REVOKED', revokedAt: expect.any(String) });
  expect((await signIn(key.secret)).status).toBe(401);
  const refusals = [
    await admin.operator.refused(EnableApiKeyDocument, { input }),
    await admin.operator.refused(RotateApiKeyDocument, { input }),
    await admin.operator.refused(UpdateApiKeyDocument, { input }),
  ];
  for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'CONFLICT', path: 'input.id' });
  const again = await admin.operator.run(RevokeApiKeyDocument, { input });
  expect(again.revokeApiKey?.apiKey.revokedAt).toBe(revoked.revokeApiKey?.apiKey.revokedAt);
});

it('what is changed counts at once, what is left out stays, and null takes away', async () => {
  const key = await admin.createKey({ name: 'changing', allowedModels: ['sim-fast'], expiresAt: inAnHour() });
  const change = async (changes: object) => {
    const input = { id: key.id, ...changes };
    return (await admin.operator.run(UpdateApiKeyDocument, { input })).updateApiKey?.apiKey;
  };
  expect(
    await change({ name: 'changed', roles: ['ADMIN'], allowedOrigins: ['https://app.example.com'] }),
  ).toMatchObject({
    name: 'changed',
    roles: ['ADMIN'],
    allowedModels: ['sim-fast'],
    allowedOrigins: ['https://app.example.com'],
    expiresAt: expect.any(String),
  });
  expect((await signIn(key.secret)).errors[0]?.extensions?.['code']).toBe('FORBIDDEN');
  expect(await change({ allowedOrigins: null, allowedModels: null, expiresAt: null })).toMatchObject({
    allowedModels: null,
    allowedOrigins: null,
    expiresAt: null,
  });
  expect((await signIn(key.secret)).data.viewer.roles).toEqual(['ADMIN']);
  expect(await admin.operator.refused(UpdateApiKeyDocument, { input: { id: key.id, name: null } })).toMatchObject({
    code: 'BAD_USER_INPUT',
    path: 'input.name',
  });
});

it('every change is in the log: who, what, before and after, by which request', async () => {
  const { organizationId, projectId } = await admin.createTenant('logged');
  const admins = await admin.createKey({ projectId, name: 'admin', roles: ['ADMIN'] });
  const { id } = await admin.createKey({ projectId, name: 'followed' }, admins);
  const input = { id };
  await admins.run(UpdateApiKeyDocument, { input: { id, allowedModels: ['sim-fast'] } });
  await admins.run(RotateApiKeyDocument, { input });
  await admins.run(DisableApiKeyDocument, { input });
  await admins.run(EnableApiKeyDocument, { input });
  await admins.run(RevokeApiKeyDocument, { input });

  const { auditLog } = await admins.run(AuditLogDocument, { filter: { targetId: id } });
  const entries = auditLog.edges.map(({ node }) => node);
  expect(entries.map(({ action }) => action)).toEqual([
    'REVOKED',
    'ENABLED',
    'DISABLED',
    'ROTATED',
    'UPDATED',
    'CREATED',
  ]);
  for (const entry of entries) {
    expect(entry).toMatchObject({
      target: 'API_KEY',
      targetId: id,
      actor: { principal: `key:${admins.id}`, organization: { name: 'logged' } },
      organization: { id: organizationId },
      requestId: expect.stringMatching(/^req_/),
    });
  }
  expect(entries.at(-1)).toMatchObject({ before: null, after: { name: 'followed' } });
  expect(entries.at(-2)?.before).not.toHaveProperty('allowedModels');
  expect(entries.at(-2)?.after).toHaveProperty('allowedModels', ['sim-fast']);
  const [newest] = entries;
  expect((await admins.run(NodeDocument, { id: newest?.id ?? '' })).node).toMatchObject({ __typename: 'AuditEntry' });
});

describe('the list', () => {
  it('comes in pages, forwards and backwards, and says how much there is', async () => {
    const { projectId } = await admin.createTenant('paged');
    const names = ['one', 'two', 'three', 'four', 'five'];
    for (const name of names) await admin.createKey({ projectId, name });
    const filter = { projectId };
    const pageOf = async (variables: object) => {
      const { apiKeys } = await admin.operator.run(ApiKeysDocument, { filter, ...variables });
      expect(apiKeys.totalCount).toBe(5);
      return { names: apiKeys.edges.map(({ node }) => node.name), info: apiKeys.pageInfo, edges: apiKeys.edges };
    };
    expect((await pageOf({})).names).toEqual(names);
    const first = await pageOf({ first: 2 });
    expect(first.names).toEqual(['one', 'two']);
    expect(first.info).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const second = await pageOf({ first: 2, after: first.info.endCursor });
    expect(second.names).toEqual(['three', 'four']);
    expect(second.info).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
    const last = await pageOf({ last: 2 });
    expect(last.names).toEqual(['four', 'five']);
    expect((await pageOf({ last: 2, before: last.edges[0]?.cursor })).names).toEqual(['two', 'three']);
    expect((await pageOf({ first: 2, after: last.info.endCursor })).info).toMatchObject({ endCursor: null });
  });

  it.each([
    ['both ends', { first: 1, last: 1 }, 'BAD_USER_INPUT', 'last'],
    ['none', { first: 0 }, 'BAD_USER_INPUT', 'first'],
    ['too many', { last: 101 }, 'BAD_USER_INPUT', 'last'],
    ['a cursor of ours that is none', { after: 'nonsense' }, 'CURSOR_INVALID', 'after'],
    [
      'a cursor of another list',
      { before: Buffer.from('projects prj_1').toString('base64url') },
      'CURSOR_INVALID',
      'before',
    ],
    ['an id of another kind', { filter: { projectId: 'organization:default' } }, 'BAD_USER_INPUT', 'filter.projectId'],
    ['nothing to look for', { filter: { nameContains: '' } }, 'BAD_USER_INPUT', 'filter.nameContains'],
  ])('asked for %s it says what is wrong', async (_what, variables, code, path) => {
    expect(await admin.operator.refused(ApiKeysDocument, variables)).toMatchObject({ code, path });
  });

  it('can be narrowed by organization, project, name, state and last use', async () => {
    const { organizationId, projectId } = await admin.createTenant('filtered');
    const used = await admin.createKey({ projectId, name: 'Used Key' });
    const off = await admin.createKey({ projectId, name: 'switched off' });
    await admin.operator.run(DisableApiKeyDocument, { input: { id: off.id } });
    const namesOf = async (filter: object) => {
      const { apiKeys } = await admin.operator.run(ApiKeysDocument, { filter: { projectId, ...filter } });
      return apiKeys.edges.map(({ node }) => node.name);
    };
    expect(await namesOf({ organizationId })).toEqual(['Used Key', 'switched off']);
    expect(await namesOf({ nameContains: 'used k' })).toEqual(['Used Key']);
    expect(await namesOf({ nameContains: '%' })).toEqual([]);
    expect(await namesOf({ states: ['DISABLED', 'REVOKED'] })).toEqual(['switched off']);
    expect(await namesOf({ unusedSince: inAnHour() })).toEqual(['Used Key', 'switched off']);
    expect(await namesOf({ organizationId: 'organization:default' })).toEqual([]);
    expect((await signIn(used.secret)).status).toBe(200);
  });
});

it.each([
  ['name', { name: '' }, 'BAD_USER_INPUT', 'input.name'],
  ['name', { name: 'x'.repeat(101) }, 'BAD_USER_INPUT', 'input.name'],
  ['name', { name: 'two\nlines' }, 'BAD_USER_INPUT', 'input.name'],
  ['roles', { roles: [] }, 'BAD_USER_INPUT', 'input.roles'],
  ['scopes', { scopes: [] }, 'BAD_USER_INPUT', 'input.scopes'],
  ['scopes', { scopes: ['generate', 'everything'] }, 'BAD_USER_INPUT', 'input.scopes.1'],
  ['models', { allowedModels: [] }, 'BAD_USER_INPUT', 'input.allowedModels'],
  ['models', { allowedModels: ['sim-fast', 'gpt-17'] }, 'MODEL_NOT_FOUND', 'input.allowedModels.1'],
  ['origins', { allowedOrigins: ['https://app.example.com/'] }, 'BAD_USER_INPUT', 'input.allowedOrigins.0'],
  ['origins', { allowedOrigins: ['*'] }, 'BAD_USER_INPUT', 'input.allowedOrigins.0'],
  ['addresses', { allowedCidrs: ['10.0.0.0/8', '10.0.0.0/33'] }, 'BAD_USER_INPUT', 'input.allowedCidrs.1'],
  ['end', { expiresAt: '2020-01-01T00:00:00.000Z' }, 'BAD_USER_INPUT', 'input.expiresAt'],
  ['project', { projectId: 'project:nowhere' }, 'NOT_FOUND', 'input.projectId'],
  ['project', { projectId: 'organization:default' }, 'NOT_FOUND', 'input.projectId'],
])('a key with a wrong %s is not made: %p', async (_what, input, code, path) => {
  const refusal = await admin.operator.refused(CreateApiKeyDocument, { input: { name: 'wrong', ...input } as never });
  expect(refusal).toMatchObject({ code, path });
});

it.each([-1, 604_801])('an overlap of %p seconds is refused', async (overlapSeconds) => {
  const key = await admin.createKey({ name: `overlap ${overlapSeconds}` });
  const refusal = await admin.operator.refused(RotateApiKeyDocument, { input: { id: key.id, overlapSeconds } });
  expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT', path: 'input.overlapSeconds' });
});

it('two admins who make a key of the same name at once make one', async () => {
  const { projectId } = await admin.createTenant('racing');
  const input = { projectId, name: 'the same' };
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => admin.gateway.send({ query: print(CreateApiKeyDocument), variables: { input } })),
  );
  const made = answers.filter(({ errors }) => errors.length === 0);
  const refused = answers.flatMap(({ errors }) => errors.map(({ extensions }) => extensions?.['code']));
  expect([made.length, refused]).toEqual([1, ['CONFLICT', 'CONFLICT', 'CONFLICT']]);
});

it('two who rotate at once both get a secret that works', async () => {
  const key = await admin.createKey({ name: 'rotated twice' });
  const rotate = () => admin.operator.run(RotateApiKeyDocument, { input: { id: key.id } });
  const both = await Promise.all([rotate(), rotate()]);
  for (const { rotateApiKey } of both) expect((await signIn(rotateApiKey?.secret ?? '')).status).toBe(200);
});
