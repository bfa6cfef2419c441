// One organization with at least two of everything that is kept of it, and keys for those who ask.

import type { ApiKeyRecord, ApiKeySettings } from '../../../src/core/access.ts';
import { ACCESS_SCOPES, type AccessRole, type AccessScope } from '../../../src/core/caller.ts';
import type { AccessStore } from '../../../src/features/access/access-store.ts';
import { mintKey } from '../../../src/features/auth/mint-key.ts';
import type { Pepper } from '../../../src/features/auth/peppers.ts';
import { sampleKey } from '../access-samples.ts';

export interface SeededKey {
  readonly who: string;
  readonly role: AccessRole;
  readonly scopes: readonly AccessScope[];
}

export interface Organization {
  readonly id: string;
  readonly projectId: string;
  /** By who: the key as it is presented. */
  readonly keys: ReadonlyMap<string, string>;
  /** By who: ids of the key and of its secret. */
  readonly ownIds: ReadonlyMap<string, readonly string[]>;
}

const hourMs = 3_600_000;
const by = { principalId: 'key:seed', organizationId: 'default', requestId: undefined };
const models = ['sim-fast', 'sim-smart', 'sim-instant'];

/** `word`: stands in every text of it. */
export async function seedOrganization(
  store: AccessStore,
  pepper: Pepper,
  word: string,
  callers: readonly SeededKey[],
): Promise<Organization> {
  const { id } = await store.organizations.create({ name: `${word}-organization`, allowedModels: models }, by);
  const reach = { organizationId: id };
  const project = async (name: string) =>
    there(await store.projects.create({ organizationId: id, name, allowedModels: models }, reach, by));
  const home = await project(`${word}-project`);
  const other = await project(`${word}-other-project`);
  const keys = new Map<string, string>();
  const ownIds = new Map<string, readonly string[]>();

  async function key(name: string, settings: Partial<ApiKeySettings>, projectId = home.id): Promise<ApiKeyRecord> {
    const { key: presented, ...secret } = mintKey(pepper);
    const made = there(await store.apiKeys.create({ ...sampleKey(name, settings), projectId }, secret, reach, by));
    keys.set(name, presented);
    ownIds.set(name, [made.id, ...made.secrets.map((one) => one.id)]);
    return made;
  }

  for (const { who, role, scopes } of callers) await key(who, { roles: [role], scopes, mayActForEndUsers: true });
  const bound = await key(`${word}-bound-key`, {
    scopes: ACCESS_SCOPES.filter((scope) => scope !== 'content:read'),
    allowedModels: ['sim-instant'],
    allowedOrigins: [`https://${word}.example.com`],
    allowedCidrs: ['10.0.0.0/8'],
    documentMode: 'log',
    expiresAtMs: Date.now() + hourMs,
  });
  await store.apiKeys.rotate(bound.id, mintKey(pepper), hourMs, reach, by);
  await store.signIn.markUsed(new Map([[there(bound.secrets[0]).id, Date.now()]]));
  const disabled = await key(`${word}-disabled-key`, {}, other.id);
  await store.apiKeys.update(disabled.id, { disabled: true }, reach, by);
  const revoked = await key(`${word}-revoked-key`, {}, other.id);
  await store.apiKeys.revoke(revoked.id, reach, by);

  for (const projectId of [undefined, home.id]) {
    const user = { issuer: `https://${word}.example.com`, subject: `${word}-user` };
    const roles: readonly AccessRole[] = ['MEMBER'];
    const scopes: readonly AccessScope[] = ['content:read'];
    there(await store.roleGrants.grant({ organizationId: id, projectId, ...user, roles, scopes }, reach, by));
  }
  return { id, projectId: home.id, keys, ownIds };
}

function there<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a record was not made');
  return value;
}
