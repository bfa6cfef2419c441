// API keys: a part of what the access store promises.

import { expect, it } from '@jest/globals';
import type { ApiKeyRecord } from '../../src/core/access.ts';
import { newRecordId } from '../../src/core/ids.ts';
import { apiKeyState } from '../../src/features/access/api-key-state.ts';
import { sampleActor as by, sampleKey, sampleLimit, sampleSecret } from '../support/access-samples.ts';
import { type AccessTestBed, type Home, refused } from '../support/access-test-bed.ts';

const first = { first: 100 };

export function testApiKeys(bed: () => AccessTestBed): void {
  const make = async ({ project, reach }: Home, name = 'key', settings = {}): Promise<ApiKeyRecord> => {
    const input = { ...sampleKey(name, settings), projectId: project.id };
    const key = await bed().store.apiKeys.create(input, sampleSecret(), reach, by);
    if (key === undefined) throw new Error('no key was made');
    return key;
  };

  it('makes keys with all their settings, and gives them back as they were made', async () => {
    const { store, clock } = bed();
    const home = await bed().home();
    const settings = sampleKey('Web "app"', {
      roles: ['ADMIN', 'MEMBER'],
      scopes: ['generate', 'content:read'],
      allowedModels: ['smart'],
      allowedOrigins: ['https://app.example.com'],
      allowedCidrs: ['10.0.0.0/8', '::1'],
      documentMode: 'allow-known',
      mayActForEndUsers: true,
      expiresAtMs: clock.now() + 1_234,
    });
    const secret = sampleSecret();
    const key = await store.apiKeys.create({ ...settings, projectId: home.project.id }, secret, home.reach, by);
    expect(key).toEqual({
      ...settings,
      id: expect.stringMatching(/^key_/),
      organizationId: home.organization.id,
      projectId: home.project.id,
      createdAtMs: clock.now(),
      createdBy: by.principalId,
      disabledAtMs: undefined,
      revokedAtMs: undefined,
      lastUsedAtMs: undefined,
      secrets: [
        {
          id: expect.stringMatching(/^sec_/),
          prefix: secret.prefix,
          pepperId: secret.pepperId,
          createdAtMs: clock.now(),
          expiresAtMs: undefined,
          lastUsedAtMs: undefined,
        },
      ],
    });
    expect((await store.apiKeys.find([key?.id ?? ''], home.reach)).get(key?.id ?? '')).toEqual(key);
  });

  it('makes a key of a given id once, however many do', async () => {
    const { store, otherStore } = bed();
    const { project } = await bed().home();
    const id = newRecordId('API_KEY', 0);
    const input = { ...sampleKey('first admin key'), projectId: project.id, id };
    const made = await Promise.all(
      [store, otherStore].map(({ apiKeys }) => apiKeys.create(input, sampleSecret(), 'ALL', by)),
    );
    expect(made.filter((key) => key !== undefined)).toEqual([expect.objectContaining({ id })]);
  });

  it('takes a name once in a project, and gives it free when the key is revoked', async () => {
    const { store } = bed();
    const home = await bed().home();
    const key = await make(home, 'web');
    const other = await make(home, 'mobile');
    const taken = refused('CONFLICT', { inputPath: ['input', 'name'] });
    await expect(make(home, 'WEB')).rejects.toEqual(taken);
    await expect(store.apiKeys.update(other.id, { name: 'Web' }, home.reach, by)).rejects.toEqual(taken);
    await store.apiKeys.revoke(key.id, home.reach, by);
    expect(await make(home, 'web')).toMatchObject({ name: 'web' });
  });

  it('changes what is named in the change, even to nothing, and nothing else', async () => {
    const { store, clock } = bed();
    const home = await bed().home();
    const key = await make(home, 'web', { allowedModels: ['smart'], expiresAtMs: clock.now() + 1_000 });
    const changes = { name: 'Web', roles: ['ADMIN'], allowedModels: undefined, disabled: true } as const;
    const changed = await store.apiKeys.update(key.id, changes, home.reach, by);
    const { disabled: _, ...settings } = changes;
    expect(changed).toEqual({ ...key, ...settings, disabledAtMs: clock.now() });
    expect((await store.apiKeys.find([key.id], home.reach)).get(key.id)).toEqual(changed);
    const version = await store.changes.version();
    expect(await store.apiKeys.update(key.id, changes, home.reach, by)).toEqual(changed);
    expect(await store.changes.version()).toBe(version);
    expect(await store.apiKeys.update(key.id, { disabled: false, expiresAtMs: undefined }, home.reach, by)).toEqual({
      ...key,
      ...settings,
      expiresAtMs: undefined,
    });
  });

  it('rotates: the new secret is good at once, those before it for the overlap or less', async () => {
    const { store, clock } = bed();
    const home = await bed().home();
    const key = await make(home);
    const startMs = clock.now();
    const rotate = (overlapMs: number) => store.apiKeys.rotate(key.id, sampleSecret(), overlapMs, home.reach, by);
    const ends = (record: ApiKeyRecord | undefined) =>
      record?.secrets.map(({ expiresAtMs }) => expiresAtMs && expiresAtMs - startMs);
    expect(ends(await rotate(1_000))).toEqual([undefined, 1_000]);
    clock.advance(100);
    expect(ends(await rotate(5_000))).toEqual([undefined, 5_100, 1_000]);
    clock.advance(100);
    expect(ends(await rotate(500))).toEqual([undefined, 700, 700, 700]);
    clock.advance(500);
    const last = await rotate(0);
    expect(ends(last)).toEqual([undefined]);
    expect(ends((await store.apiKeys.find([key.id], home.reach)).get(key.id))).toEqual([undefined]);
    expect(last?.id).toBe(key.id);
  });

  it('keeps every secret of rotations at the same time, one of them without an end', async () => {
    const { store, otherStore } = bed();
    const home = await bed().home();
    const key = await make(home);
    await Promise.all(
      [store, otherStore, store, otherStore].map(({ apiKeys }) =>
        apiKeys.rotate(key.id, sampleSecret(), 60_000, home.reach, by),
      ),
    );
    const { secrets = [] } = (await store.apiKeys.find([key.id], home.reach)).get(key.id) ?? {};
    expect(secrets).toHaveLength(5);
    expect(secrets.filter(({ expiresAtMs }) => expiresAtMs === undefined)).toEqual([secrets[0]]);
  });

  it('bounds the secrets that are good at once', async () => {
    const { store } = bed();
    const home = await bed().home();
    const key = await make(home);
    const rotate = () => store.apiKeys.rotate(key.id, sampleSecret(), 60_000, home.reach, by);
    for (let count = 1; count < 20; count++) await rotate();
    await expect(rotate()).rejects.toEqual(refused('CONFLICT'));
    expect((await store.apiKeys.find([key.id], home.reach)).get(key.id)?.secrets).toHaveLength(20);
    const ended = await store.apiKeys.rotate(key.id, sampleSecret(), 0, home.reach, by);
    expect(ended?.secrets).toHaveLength(1);
  });

  it('revokes for good: nothing but deleting is left, and revoking again changes nothing', async () => {
    const { store, clock } = bed();
    const home = await bed().home();
    const key = await make(home);
    const revoked = await store.apiKeys.revoke(key.id, home.reach, by);
    expect(revoked).toEqual({ ...key, revokedAtMs: clock.now() });
    const version = await store.changes.version();
    clock.advance(5);
    expect(await store.apiKeys.revoke(key.id, home.reach, by)).toEqual(revoked);
    const { apiKeys } = store;
    const refusal = refused('CONFLICT', { message: expect.stringContaining('for good') });
    await expect(apiKeys.update(key.id, { disabled: true }, home.reach, by)).rejects.toEqual(refusal);
    await expect(apiKeys.rotate(key.id, sampleSecret(), 0, home.reach, by)).rejects.toEqual(refusal);
    expect(await store.changes.version()).toBe(version);
    const { fingerprint = '' } = (await apiKeys.dependents(key.id, home.reach)) ?? {};
    expect(await apiKeys.delete(key.id, fingerprint, home.reach, by)).toBe(true);
    expect((await apiKeys.find([key.id], home.reach)).size).toBe(0);
  });

  it('shows what depends on a key and deletes it with the key', async () => {
    const { store } = bed();
    const home = await bed().home();
    const key = await make(home);
    const subject = { organizationId: home.organization.id, scope: 'KEY', subjectId: key.id } as const;
    const limit = await store.limits.set(sampleLimit({ ...subject, model: 'smart', concurrent: 3 }), home.reach, by);
    const shown = await store.apiKeys.dependents(key.id, home.reach);
    expect(shown?.kinds).toEqual([{ target: 'LIMIT', count: 1, names: [`KEY ${key.id} smart`] }]);
    await expect(store.apiKeys.delete(key.id, 'other', home.reach, by)).rejects.toEqual(refused('CONFLICT'));
    expect(await store.apiKeys.delete(key.id, shown?.fingerprint ?? '', home.reach, by)).toBe(true);
    expect((await store.limits.find([limit?.id ?? ''], 'ALL')).size).toBe(0);
  });

  it('shows and changes nothing beyond the reach', async () => {
    const { store } = bed();
    const mine = await bed().home();
    const foreign = await bed().home();
    const key = await make(foreign);
    const { apiKeys } = store;
    const { fingerprint = '' } = (await apiKeys.dependents(key.id, 'ALL')) ?? {};
    const version = await store.changes.version();
    expect(await apiKeys.find([key.id], mine.reach)).toEqual(new Map());
    for (const filter of [{}, { organizationId: foreign.organization.id }, { projectId: foreign.project.id }]) {
      expect(await apiKeys.list(filter, first, mine.reach)).toMatchObject({ items: [], totalCount: 0 });
    }
    const input = { ...sampleKey('intruder'), projectId: foreign.project.id };
    expect(await apiKeys.create(input, sampleSecret(), mine.reach, by)).toBeUndefined();
    expect(await apiKeys.update(key.id, { name: 'mine' }, mine.reach, by)).toBeUndefined();
    expect(await apiKeys.rotate(key.id, sampleSecret(), 0, mine.reach, by)).toBeUndefined();
    expect(await apiKeys.revoke(key.id, mine.reach, by)).toBeUndefined();
    expect(await apiKeys.dependents(key.id, mine.reach)).toBeUndefined();
    expect(await apiKeys.delete(key.id, fingerprint, mine.reach, by)).toBeUndefined();
    expect(await store.changes.version()).toBe(version);
    expect((await apiKeys.find([key.id], foreign.reach)).get(key.id)).toEqual(key);
  });

  it('lists by project, name, state and last use', async () => {
    const { store, clock } = bed();
    const home = await bed().home();
    const { organization, reach } = home;
    const other = await store.projects.create(
      { organizationId: organization.id, name: 'other', allowedModels: undefined },
      reach,
      by,
    );
    const active = await make(home, 'Active_1');
    const expired = await make(home, 'expired', { expiresAtMs: clock.now() + 10 });
    const disabled = await make(home, 'disabled');
    await store.apiKeys.update(disabled.id, { disabled: true }, reach, by);
    const revoked = await make(home, 'revoked', { expiresAtMs: clock.now() + 10 });
    await store.apiKeys.revoke(revoked.id, reach, by);
    const elsewhere = await make({ ...home, project: other ?? home.project }, 'elsewhere');
    clock.advance(10);
    await store.signIn.markUsed(new Map([[active.secrets[0]?.id ?? '', clock.now()]]));

    const list = async (filter: Parameters<typeof store.apiKeys.list>[0]): Promise<string[]> =>
      (await store.apiKeys.list(filter, first, reach)).items.map(({ name }) => name);
    expect(await list({})).toEqual(['Active_1', 'expired', 'disabled', 'revoked', 'elsewhere']);
    expect(await list({ projectId: elsewhere.projectId })).toEqual(['elsewhere']);
    expect(await list({ nameContains: 'E_1' })).toEqual(['Active_1']);
    expect(await list({ states: ['ACTIVE'] })).toEqual(['Active_1', 'elsewhere']);
    expect(await list({ states: ['EXPIRED', 'DISABLED'] })).toEqual(['expired', 'disabled']);
    expect(await list({ states: [] })).toEqual([]);
    expect(await list({ unusedSinceMs: clock.now() })).toEqual(['expired', 'disabled', 'revoked', 'elsewhere']);
    expect(await list({ unusedSinceMs: clock.now() + 1, states: ['ACTIVE'] })).toEqual(['Active_1', 'elsewhere']);
    const { items } = await store.apiKeys.list({}, first, reach);
    expect(items.map((key) => apiKeyState(key, clock.now()))).toEqual([
      'ACTIVE',
      'EXPIRED',
      'DISABLED',
      'REVOKED',
      'ACTIVE',
    ]);
    expect([expired, revoked].map((key) => apiKeyState(key, clock.now() - 1))).toEqual(['ACTIVE', 'ACTIVE']);
  });

  it('lets a change be looked at, within it, before it is made', async () => {
    const { store } = bed();
    const home = await bed().home();
    const key = await make(home);
    const { apiKeys } = store;
    const { fingerprint = '' } = (await apiKeys.dependents(key.id, home.reach)) ?? {};
    const seen: ApiKeyRecord[] = [];
    const check = (before: ApiKeyRecord): void => {
      seen.push(before);
      throw new RangeError('no');
    };
    await expect(apiKeys.update(key.id, { name: 'x' }, home.reach, by, check)).rejects.toThrow(RangeError);
    await expect(apiKeys.rotate(key.id, sampleSecret(), 0, home.reach, by, check)).rejects.toThrow(RangeError);
    await expect(apiKeys.revoke(key.id, home.reach, by, check)).rejects.toThrow(RangeError);
    await expect(apiKeys.delete(key.id, fingerprint, home.reach, by, check)).rejects.toThrow(RangeError);
    expect(seen).toEqual([key, key, key, key]);
    expect((await apiKeys.find([key.id], home.reach)).get(key.id)).toEqual(key);
  });

  it('writes down what leaves no other trace, and no mark for other nodes', async () => {
    const { store } = bed();
    const home = await bed().home();
    const key = await make(home);
    const version = await store.changes.version();
    await store.apiKeys.note(key.id, 'CLIENT_TOKEN_CREATED', { user: 'ann', ttlSeconds: 60 }, by);
    // A key of the configuration: no record of its own.
    const configured = { ...by, principalId: 'key:web', organizationId: home.organization.id };
    await store.apiKeys.note('web', 'CLIENT_TOKEN_CREATED', { user: 'bea' }, configured);
    expect(await store.changes.version()).toBe(version);
    const { items } = await store.auditLog.list({ actions: ['CLIENT_TOKEN_CREATED'] }, first, home.reach);
    expect(items).toEqual([
      expect.objectContaining({ targetId: 'web', actor: configured, after: { user: 'bea' } }),
      expect.objectContaining({
        target: 'API_KEY',
        targetId: key.id,
        actor: by,
        organizationId: home.organization.id,
        before: undefined,
        after: { user: 'ann', ttlSeconds: 60 },
      }),
    ]);
  });
}
