// Access taken away ends what goes on with it, over each transport, with real clients.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiKeySettings } from '../../src/core/access.ts';
import {
  openTestAccessRecords,
  type StoredTestKey,
  type TestAccessRecords,
  testActor,
} from '../support/access-records.ts';
import { openLiveStreams, revokedEnds, type StreamEnds } from '../support/live-streams.ts';
import { otherKey, startGateway, type TestGateway, testSecret } from '../support/start-gateway.ts';
import { createSigningKey, startIdentityProvider } from '../support/start-identity-provider.ts';
import { createTestPostgres } from '../support/test-database.ts';

const appKey = 'sk_test_app_0123456789abcdef0123456789abcdef';
const app = (settings: string): readonly string[] => [`{ name: app, key: "${appKey}"${settings} }`];

describe('keys of the configuration', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  it.each([
    ['is gone', '', []],
    ['has a lower role', ', roles: [ADMIN]', app(', roles: [MEMBER]')],
    ['has a scope less', '', app(', scopes: [generate]')],
    ['may use fewer models', ', allowedModels: [sim-instant, sim-fast]', app(', allowedModels: [sim-instant]')],
    ['may not be used from there', '', app(', allowedCidrs: ["10.0.0.0/8"]')],
    ['has expired', '', app(', expiresAt: "2020-01-01T00:00:00Z"')],
  ])('end the streams of a key that %s, and no others', async (name, before, after) => {
    await gateway.reload({ apiKeys: app(before) });
    const streams = await openLiveStreams(gateway.graphqlUrl, appKey, name);
    const others = await openLiveStreams(gateway.graphqlUrl, otherKey, name);
    let othersEnded = false;
    const watching = others.ended.finally(() => {
      othersEnded = true;
    });
    watching.catch(() => undefined);
    await gateway.reload({ apiKeys: after });
    expect(await streams.ended).toEqual(revokedEnds);
    expect(othersEnded).toBe(false);
    await others.leave();
    await expect(watching).rejects.toThrow('aborted');
  });

  it('end the streams of a key when its time is over', async () => {
    const expiresAt = new Date(Date.now() + 3_000).toISOString();
    await gateway.reload({ apiKeys: app(`, expiresAt: "${expiresAt}"`) });
    const streams = await openLiveStreams(gateway.graphqlUrl, appKey, 'expires');
    expect(await streams.ended).toEqual(revokedEnds);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    expect((await gateway.send({ query: '{ __typename }', key: appKey })).status).toBe(401);
  });
});

interface Taken {
  readonly settings?: Partial<ApiKeySettings>;
  readonly take: (records: TestAccessRecords['store'], key: StoredTestKey) => Promise<unknown>;
  /** What a call with the key is answered afterwards. */
  readonly status: number;
}

/** Everything that takes access away, each from a key of its own. */
const TAKEN: Readonly<Record<string, Taken>> = {
  revoked: { take: (store, { id }) => store.apiKeys.revoke(id, 'ALL', testActor), status: 401 },
  disabled: { take: (store, { id }) => store.apiKeys.update(id, { disabled: true }, 'ALL', testActor), status: 401 },
  'ends before it did': {
    take: (store, { id }) => store.apiKeys.update(id, { expiresAtMs: Date.now() }, 'ALL', testActor),
    status: 401,
  },
  'role removed': {
    settings: { roles: ['ADMIN'] },
    take: (store, { id }) => store.apiKeys.update(id, { roles: ['MEMBER'] }, 'ALL', testActor),
    status: 200,
  },
  'scope removed': {
    take: (store, { id }) => store.apiKeys.update(id, { scopes: ['generate'] }, 'ALL', testActor),
    status: 200,
  },
  'model removed': {
    settings: { allowedModels: ['sim-instant', 'sim-fast'] },
    take: (store, { id }) => store.apiKeys.update(id, { allowedModels: ['sim-fast'] }, 'ALL', testActor),
    status: 200,
  },
  'bound to other addresses': {
    take: (store, { id }) => store.apiKeys.update(id, { allowedCidrs: ['10.0.0.0/8'] }, 'ALL', testActor),
    status: 403,
  },
  'bound to origins': {
    take: (store, { id }) => store.apiKeys.update(id, { allowedOrigins: ['https://a.example'] }, 'ALL', testActor),
    status: 403,
  },
  'project limited to a model': {
    take: (store, { projectId }) => store.projects.update(projectId, { allowedModels: ['sim-fast'] }, 'ALL', testActor),
    status: 200,
  },
  'project disabled': {
    take: (store, { projectId }) => store.projects.update(projectId, { disabled: true }, 'ALL', testActor),
    status: 401,
  },
  'organization disabled': {
    take: (store, { organizationId }) =>
      store.organizations.update(organizationId, { disabled: true }, 'ALL', testActor),
    status: 401,
  },
  deleted: {
    async take(store, { id }) {
      const dependents = await store.apiKeys.dependents(id, 'ALL');
      return store.apiKeys.delete(id, dependents?.fingerprint ?? '', 'ALL', testActor);
    },
    status: 401,
  },
};

describe('keys of the database', () => {
  it('end the streams of those whose access is taken away by whoever changes the records, and no others', async () => {
    await using database = await createTestPostgres();
    await using records = openTestAccessRecords(database.config, testSecret);
    await using gateway = await startGateway({
      env: { DATABASE_URL: database.url, SLUICE_SECRET: testSecret.reveal() },
    });
    const names = Object.keys(TAKEN);
    const keys = new Map<string, StoredTestKey>();
    for (const name of names) keys.set(name, await records.createKey(name, TAKEN[name]?.settings));
    const mutation = 'mutation { createClientToken(input: { user: "ann", ttlSeconds: 600 }) { token } }';
    const minted = await gateway.send({ query: mutation, key: keys.get('revoked')?.key });
    const clientToken: string = minted.data.createClientToken.token;
    const kept = await records.createKey('kept', { roles: ['MEMBER'], allowedModels: ['sim-instant'] });
    const keyOf = (name: string): StoredTestKey => keys.get(name) as StoredTestKey;
    const streams = new Map(
      await Promise.all(
        names.map(async (name) => [name, await openLiveStreams(gateway.graphqlUrl, keyOf(name).key, name)] as const),
      ),
    );
    const browser = await openLiveStreams(gateway.graphqlUrl, clientToken, 'browser');
    const others = await openLiveStreams(gateway.graphqlUrl, kept.key, 'kept');
    let othersEnded = false;
    others.ended.then(
      () => {
        othersEnded = true;
      },
      () => undefined,
    );
    for (const name of names) await TAKEN[name]?.take(records.store, keyOf(name));
    // More is not less.
    await records.store.apiKeys.update(kept.id, { roles: ['ADMIN'], allowedModels: undefined }, 'ALL', testActor);
    const ends: Record<string, StreamEnds | undefined> = {};
    const statuses: Record<string, number> = {};
    for (const name of names) {
      ends[name] = await streams.get(name)?.ended;
      statuses[name] = (await gateway.send({ query: '{ __typename }', key: keyOf(name).key })).status;
    }
    // A token for a browser dies with the key that made it.
    expect(await browser.ended).toEqual(revokedEnds);
    expect((await gateway.send({ query: '{ __typename }', key: clientToken })).status).toBe(401);
    expect(ends).toEqual(Object.fromEntries(names.map((name) => [name, revokedEnds])));
    expect(statuses).toEqual(Object.fromEntries(names.map((name) => [name, TAKEN[name]?.status])));
    const { data } = await gateway.send({ query: '{ viewer { roles } models { name } }', key: kept.key });
    expect(data).toMatchObject({ viewer: { roles: ['ADMIN'] }, models: [{}, {}, {}] });
    expect(othersEnded).toBe(false);
    await others.leave();
  });
});

describe('tokens of identity providers', () => {
  it('end the streams of those that expire, whose key is withdrawn, or whose user loses a role, and no others', async () => {
    const [first, second] = [await createSigningKey('ES256', 'first'), await createSigningKey('ES256', 'second')];
    await using provider = await startIdentityProvider([first, second]);
    await using database = await createTestPostgres();
    await using records = openTestAccessRecords(database.config, testSecret);
    await using gateway = await startGateway({
      yaml: `  jwt:\n    - { issuer: "${provider.url}", audience: sluice, keysMaxAgeSeconds: 1, defaults: { organization: default, roles: [MEMBER] } }\n`,
      env: { DATABASE_URL: database.url, SLUICE_SECRET: testSecret.reveal() },
    });
    const grant = await records.store.roleGrants.grant(
      {
        organizationId: 'default',
        projectId: undefined,
        issuer: provider.url,
        subject: 'promoted',
        roles: ['ADMIN'],
        scopes: [],
      },
      'ALL',
      testActor,
    );
    const expiresAtSeconds = Math.ceil(Date.now() / 1_000) + 3;
    const open = async (subject: string, claims: object, key = first) => {
      const token = await provider.sign({ sub: subject, ...claims }, { key });
      return openLiveStreams(gateway.graphqlUrl, token, subject);
    };
    const [expiring, promoted, withdrawn, kept] = await Promise.all([
      open('expiring', { exp: expiresAtSeconds }),
      open('promoted', {}),
      open('withdrawn', {}, second),
      open('kept', {}),
    ]);
    let keptEnded = false;
    kept.ended.then(
      () => {
        keptEnded = true;
      },
      () => undefined,
    );
    provider.keys = [first];
    await records.store.roleGrants.revoke(grant?.id ?? '', 'ALL', testActor);
    expect(await Promise.all([promoted.ended, withdrawn.ended])).toEqual([revokedEnds, revokedEnds]);
    expect(await expiring.ended).toEqual(revokedEnds);
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAtSeconds * 1_000);
    // Nobody is ended because nobody can be asked.
    provider.behaviour = 'down';
    await gateway.logged(/the keys of an issuer of tokens cannot be fetched/);
    expect(keptEnded).toBe(false);
    await kept.leave();
  });
});
