// One identity provider for many organizations: where a token's user belongs is what its claims say and the database
// knows, and what somebody may do in one organization is nothing in another.

import { expect, it } from '@jest/globals';
import { openTestAccessRecords, testActor } from '../support/access-records.ts';
import { startGateway, testSecret } from '../support/start-gateway.ts';
import { createSigningKey, startIdentityProvider } from '../support/start-identity-provider.ts';
import { createTestPostgres } from '../support/test-database.ts';

it('a token belongs to the organization it names, by id or by name, as long as that is there', async () => {
  await using provider = await startIdentityProvider([await createSigningKey()]);
  await using database = await createTestPostgres();
  await using records = openTestAccessRecords(database.config, testSecret);
  await using gateway = await startGateway({
    yaml: `  jwt: [{ issuer: "${provider.url}", audience: sluice, claims: { organization: org, project: prj } }]\n`,
    env: { DATABASE_URL: database.url, SLUICE_SECRET: testSecret.reveal() },
  });
  const [one, two] = [await records.createKey('One'), await records.createKey('Two')];
  await records.store.roleGrants.grant(
    {
      organizationId: one.organizationId,
      projectId: undefined,
      issuer: provider.url,
      subject: 'ann',
      roles: ['ADMIN'],
      scopes: ['content:read'],
    },
    'ALL',
    testActor,
  );
  const post = async (claims: Record<string, unknown>) => {
    const query = '{ viewer { principal roles scopes } }';
    const { status, data } = await gateway.send({ query, key: await provider.sign(claims) });
    return status === 200 ? data.viewer : status;
  };
  const usual = ['generate', 'usage:read', 'admin'];
  const ofOne = {
    principal: `user:${one.projectId}/${provider.url}/ann`,
    roles: ['MEMBER', 'ADMIN'],
    scopes: [...usual, 'content:read'],
  };
  for (const org of [one.organizationId, 'One']) expect(await post({ org })).toEqual(ofOne);
  expect(await post({ org: 'One', prj: 'One' })).toEqual(ofOne);
  // Of the same name to the same provider, and nobody in particular here.
  const ofTwo = { principal: `user:${two.projectId}/${provider.url}/ann`, roles: ['MEMBER'], scopes: usual };
  expect(await post({ org: 'Two' })).toEqual(ofTwo);
  for (const claims of [{ org: 'Three' }, { org: 'One', prj: two.projectId }, { org: 'One', prj: 'Two' }, {}]) {
    expect(await post(claims)).toBe(401);
  }
  await records.store.organizations.update(two.organizationId, { disabled: true }, 'ALL', testActor);
  while ((await post({ org: 'Two' })) !== 401) await post({ org: 'One' });
  expect(await post({ org: 'One' })).toEqual(ofOne);
});
