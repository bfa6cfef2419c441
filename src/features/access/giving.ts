// Nobody gives more than they have: roles, scopes and models of what is made or changed, against those of who asks.

import type { ApiKeyRecord, ApiKeySettings, OrganizationRecord, ProjectRecord } from '../../core/access.ts';
import { type AccessRole, type AccessScope, type Caller, hasRole, hasScope } from '../../core/caller.ts';
import { SluiceError } from '../../core/errors.ts';
import { conflict } from './admin-request.ts';

type Models = readonly string[] | undefined;

const forbidden = (message: string, ...path: readonly string[]): SluiceError =>
  new SluiceError('FORBIDDEN', message, { inputPath: path });

/** @throws SluiceError FORBIDDEN */
export function requireGivable(
  caller: Caller,
  { roles, scopes }: { readonly roles: readonly AccessRole[]; readonly scopes: readonly AccessScope[] },
): void {
  const role = roles.find((one) => !hasRole(caller, one));
  if (role !== undefined) {
    throw forbidden(`You do not have the role ${role}, so you cannot give it.`, 'input', 'roles');
  }
  const scope = scopes.find((one) => !maySpread(caller, one));
  if (scope === undefined) return;
  const why = scope === 'content:read' ? 'Only an OPERATOR gives' : 'You do not have, and so cannot give,';
  throw forbidden(`${why} the scope ${scope}.`, 'input', 'scopes');
}

/** content:read lies in no role; who runs the server says who has it. */
const maySpread = (caller: Caller, scope: AccessScope): boolean =>
  scope === 'content:read' ? hasRole(caller, 'OPERATOR') : hasScope(caller, scope);

/**
 * `lists`: those that narrow each other, as they would stand then.
 * @throws SluiceError FORBIDDEN
 */
export function requireModelsWithin({ allowedModels }: Caller, lists: readonly Models[]): void {
  if (allowedModels === undefined) return;
  const named = lists.filter((list) => list !== undefined);
  const [first, ...rest] = named;
  const reachable = first?.filter((name) => rest.every((list) => list.includes(name)));
  if (reachable?.every((name) => allowedModels.has(name))) return;
  throw forbidden(
    'You may use some models only, and this would open others: name models that you may use yourself.',
    'input',
    'allowedModels',
  );
}

export interface KeyHome {
  readonly organization: Pick<OrganizationRecord, 'allowedModels'>;
  readonly project: Pick<ProjectRecord, 'allowedModels'>;
}

/** All that a key would be worth. @throws SluiceError FORBIDDEN */
export function requireGivableKey(
  caller: Caller,
  key: Pick<ApiKeySettings, 'roles' | 'scopes' | 'allowedModels'>,
  { organization, project }: KeyHome,
): void {
  requireGivable(caller, key);
  requireModelsWithin(caller, [organization.allowedModels, project.allowedModels, key.allowedModels]);
}

/** What is above one's own role is not one's own to touch, not even to end it. @throws SluiceError FORBIDDEN */
export function requireNotAbove(caller: Caller, { roles }: { readonly roles: readonly AccessRole[] }): void {
  const above = roles.find((role) => !hasRole(caller, role));
  if (above === undefined) return;
  throw forbidden(`This has the role ${above}, which you do not have: only those who have it can change it.`);
}

/** Whoever is above in it goes with it. @throws SluiceError FORBIDDEN */
export function requireNoneAbove(caller: Caller, { roles }: { readonly roles: readonly AccessRole[] }): void {
  const above = roles.find((role) => !hasRole(caller, role));
  if (above === undefined) return;
  throw forbidden(
    `A key or a user in it has the role ${above}, which you do not have: only those who have it can end it.`,
  );
}

const isOwnKey = ({ principalId }: Caller, keyId: string): boolean => principalId === `key:${keyId}`;

/** A key neither makes itself more, nor shuts its holder out. @throws SluiceError CONFLICT */
export function requireOtherKey(caller: Caller, { id }: Pick<ApiKeyRecord, 'id'>, what: string): void {
  if (!isOwnKey(caller, id)) return;
  throw conflict(`A key cannot ${what} itself. Use another key for it.`, 'input', 'id');
}
