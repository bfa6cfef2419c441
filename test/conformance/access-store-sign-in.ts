// What signing in asks: a part of what the access store promises.

import { expect, it } from '@jest/globals';
import type { TenancyQuery } from '../../src/core/access.ts';
import { sampleActor as by, sampleKey, sampleSecret } from '../support/access-samples.ts';
import { type AccessTestBed, uniqueName } from '../support/access-test-bed.ts';

export function testSignIn(bed: () => AccessTestBed): void {
  const makeKey = async () => {
    const { store } = bed();
    const home = await bed().home();
    const secret = sampleSecret();
    const key = await store.apiKeys.create({ ...sampleKey('key'), projectId: home.project.id }, secret, home.reach, by);
    if (key?.secrets[0] === undefined) throw new Error('no key was made');
    return { ...home, key, secret, secretId: key.secrets[0].id };
  };

  it('finds keys by the public start of any secret they ever had, with their project and organization', async () => {
    const { store, clock } = bed();
    const { organization, project, key, secret, reach } = await makeKey();
    const other = await makeKey();
    const next = sampleSecret();
    const rotated = await store.apiKeys.rotate(key.id, next, 1_000, reach, by);
    const found = await store.signIn.findGrants([secret.prefix, next.prefix, other.secret.prefix, 'slk_none', '\0']);
    expect([...found.keys()].sort()).toEqual([secret.prefix, next.prefix, other.secret.prefix].sort());
    expect(found.get(secret.prefix)).toEqual({
      secret: rotated?.secrets[1],
      digest: secret.digest,
      key: rotated,
      organization,
      project,
    });
    expect(found.get(next.prefix)).toMatchObject({ digest: next.digest, secret: rotated?.secrets[0], key: rotated });
    // Over, and still told from one that never was.
    clock.advance(1_000);
    const over = (await store.signIn.findGrants([secret.prefix])).get(secret.prefix);
    expect(over?.secret.expiresAtMs).toBe(clock.now());
    expect(over?.key.secrets.map(({ prefix }) => prefix)).toEqual([next.prefix]);
    expect(await store.signIn.findGrants([])).toEqual(new Map());
  });

  it('forgets a secret long after its time, at the next rotation', async () => {
    const { store, clock } = bed();
    const { key, secret, reach } = await makeKey();
    await store.apiKeys.rotate(key.id, sampleSecret(), 0, reach, by);
    clock.advance(90 * 86_400_000 + 1);
    expect((await store.signIn.findGrants([secret.prefix])).size).toBe(1);
    await store.apiKeys.rotate(key.id, sampleSecret(), 0, reach, by);
    expect((await store.signIn.findGrants([secret.prefix])).size).toBe(0);
  });

  it('replaces a digest only where it is still the expected one', async () => {
    const { store } = bed();
    const { secret, secretId } = await makeKey();
    const digestNow = async () => {
      const grant = (await store.signIn.findGrants([secret.prefix])).get(secret.prefix);
      return [grant?.digest, grant?.secret.pepperId];
    };
    const version = await store.changes.version();
    await store.signIn.rehash(secretId, 'another', { digest: 'new', pepperId: 'p2' });
    expect(await digestNow()).toEqual([secret.digest, secret.pepperId]);
    await store.signIn.rehash(secretId, secret.digest, { digest: 'new', pepperId: 'p2' });
    await store.signIn.rehash(secretId, secret.digest, { digest: 'late', pepperId: 'p3' });
    expect(await digestNow()).toEqual(['new', 'p2']);
    expect(await store.changes.version()).toBe(version);
  });

  it('keeps the newest time of use, of each secret and of the key', async () => {
    const { store, otherStore, clock } = bed();
    const { key, secretId, reach } = await makeKey();
    const rotated = await store.apiKeys.rotate(key.id, sampleSecret(), 60_000, reach, by);
    const newId = rotated?.secrets[0]?.id ?? '';
    const now = clock.now();
    const version = await store.changes.version();
    await store.signIn.markUsed(
      new Map([
        [secretId, now + 5],
        ['sec_none', now],
      ]),
    );
    await otherStore.signIn.markUsed(
      new Map([
        [secretId, now + 3],
        [newId, now + 4],
      ]),
    );
    await store.signIn.markUsed(new Map());
    const after = (await store.apiKeys.find([key.id], reach)).get(key.id);
    expect(after?.secrets.map(({ lastUsedAtMs }) => lastUsedAtMs)).toEqual([now + 4, now + 5]);
    expect(after?.lastUsedAtMs).toBe(now + 5);
    expect(await store.changes.version()).toBe(version);
  });

  it('marks many secrets from several nodes at once, each in its own order', async () => {
    const { store, otherStore, clock } = bed();
    const keys = [await makeKey(), await makeKey(), await makeKey()];
    const ids = keys.map(({ secretId }) => secretId);
    const rounds = Array.from({ length: 10 }, (_, round) => {
      const node = round % 2 === 0 ? store : otherStore;
      const order = round % 2 === 0 ? ids : [...ids].reverse();
      return node.signIn.markUsed(new Map(order.map((id) => [id, clock.now() + round])));
    });
    await Promise.all(rounds);
    const found = await store.apiKeys.find(
      keys.map(({ key }) => key.id),
      'ALL',
    );
    expect([...found.values()].map(({ lastUsedAtMs }) => lastUsedAtMs)).toEqual(ids.map(() => clock.now() + 9));
  });

  it('counts the secrets under each pepper that can still sign in', async () => {
    const { store, clock } = bed();
    const pepperId = uniqueName('pepper');
    const home = await bed().home();
    const make = async (name: string, settings = {}) => {
      const secret = { ...sampleSecret(), pepperId };
      const input = { ...sampleKey(name, settings), projectId: home.project.id };
      return (await store.apiKeys.create(input, secret, home.reach, by))?.id ?? '';
    };
    const count = async () => (await store.signIn.countByPepper()).get(pepperId);
    const good = await make('good');
    await store.apiKeys.update(await make('disabled'), { disabled: true }, home.reach, by);
    await store.apiKeys.revoke(await make('revoked'), home.reach, by);
    await make('expiring', { expiresAtMs: clock.now() + 10 });
    expect(await count()).toBe(3);
    clock.advance(10);
    expect(await count()).toBe(2);
    await store.apiKeys.rotate(good, sampleSecret(), 10, home.reach, by);
    expect(await count()).toBe(2);
    clock.advance(10);
    expect(await count()).toBe(1);
  });

  it('finds where users of tokens belong: by id or name, in the order asked', async () => {
    const { store } = bed();
    const { organization, project } = await bed().home();
    const other = await bed().home();
    const at = (organizationName: string, projectName: string | undefined): TenancyQuery => ({
      organization: organizationName,
      project: projectName,
      issuer: 'https://id.example',
      subject: 'ann',
    });
    const places = await store.signIn.findTenancies([
      at(organization.id, project.id),
      at(other.organization.name.toUpperCase(), 'Main'),
      at(organization.id, other.project.id),
      at('nowhere', undefined),
      at(`${organization.id}\0`, undefined),
      at(organization.name, undefined),
      at('default', 'default'),
    ]);
    const here = { organization, project, grants: [] };
    const there = { organization: other.organization, project: other.project, grants: [] };
    expect(places.slice(0, -1)).toEqual([here, there, undefined, undefined, undefined, here]);
    expect(places.at(-1)).toMatchObject({ organization: { id: 'default' }, project: { id: 'default' } });
    expect(await store.signIn.findTenancies([])).toEqual([]);
  });

  it('takes the only enabled project where the token names none, and shows disabled ones by name', async () => {
    const { store } = bed();
    const { organization, project, reach } = await bed().home();
    const find = async (name: string | undefined) => {
      const query = { organization: organization.id, project: name, issuer: 'i', subject: 's' };
      return (await store.signIn.findTenancies([query]))[0]?.project.id;
    };
    expect(await find(undefined)).toBe(project.id);
    const second = await store.projects.create(
      { organizationId: organization.id, name: 'second', allowedModels: undefined },
      reach,
      by,
    );
    expect(await find(undefined)).toBeUndefined();
    await store.projects.update(project.id, { disabled: true }, reach, by);
    expect(await find(undefined)).toBe(second?.id);
    expect(await find('main')).toBe(project.id);
    await store.organizations.update(organization.id, { disabled: true }, reach, by);
    const query = { organization: organization.name, project: 'main', issuer: 'i', subject: 's' };
    expect(await store.signIn.findTenancies([query])).toEqual([
      {
        organization: expect.objectContaining({ id: organization.id, disabledAtMs: expect.any(Number) }),
        project: expect.objectContaining({ id: project.id, disabledAtMs: expect.any(Number) }),
        grants: [],
      },
    ]);
  });

  it('brings the roles that count in the project: of that user, that issuer, that project or all', async () => {
    const { store } = bed();
    const { organization, project, reach } = await bed().home();
    const foreign = await bed().home();
    const other = await store.projects.create(
      { organizationId: organization.id, name: 'other', allowedModels: undefined },
      reach,
      by,
    );
    const grant = (issuer: string, subject: string, projectId: string | undefined, organizationId = organization.id) =>
      store.roleGrants.grant(
        { organizationId, projectId, issuer, subject, roles: ['ADMIN'], scopes: ['content:read'] },
        'ALL',
        by,
      );
    const counted = [await grant('i', 'ann', undefined), await grant('i', 'ann', project.id)];
    await grant('i', 'ann', other?.id);
    const ofOther = await grant('other', 'ann', undefined);
    await grant('i', 'bob', project.id);
    const inForeign = await grant('i', 'ann', undefined, foreign.organization.id);
    const query = { organization: organization.id, project: 'main', issuer: 'i', subject: 'ann' };
    const places = await store.signIn.findTenancies([
      query,
      { ...query, subject: 'eve' },
      { ...query, issuer: 'other' },
      { ...query, organization: foreign.organization.id },
    ]);
    expect(places.map((place) => place?.grants)).toEqual([counted, [], [ofOther], [inForeign]]);
  });
}
