// What a root field needs of its caller, declared where the field is defined and demanded by the admission gate before
// anything of the operation runs. A root field that declares nothing is refused to everybody.

import type { GraphQLField } from 'graphql';
import { Extensions } from 'type-graphql';
import { type AccessRole, type AccessScope, type Caller, hasRole, hasScope } from '../core/caller.ts';
import { SluiceError } from '../core/errors.ts';

/** CALLER: whoever is signed in. */
export type Need = 'CALLER' | { readonly role: AccessRole; readonly scope: AccessScope };

/** Calling models. */
export const TO_GENERATE: Need = { role: 'MEMBER', scope: 'generate' };

/** The admin API, within one's reach. */
export const TO_ADMINISTER: Need = { role: 'ADMIN', scope: 'admin' };
/** What concerns the server as a whole. */
export const TO_OPERATE: Need = { role: 'OPERATOR', scope: 'admin' };

const NEED = 'need';

/** Stands beside @Query, @Mutation or @Subscription. */
export const Needs = (need: Need): MethodDecorator => Extensions({ [NEED]: need }) as MethodDecorator;

/** undefined: the field declares nothing. */
export const needOf = ({ extensions }: Pick<GraphQLField<unknown, unknown>, 'extensions'>): Need | undefined =>
  extensions[NEED] as Need | undefined;

/**
 * The role comes first: no scope makes up for it.
 * @throws SluiceError FORBIDDEN, INSUFFICIENT_SCOPE
 */
export function requireNeed(need: Need | undefined, field: string, caller: Pick<Caller, 'roles' | 'scopes'>): void {
  if (need === 'CALLER') return;
  if (need === undefined) throw new SluiceError('FORBIDDEN', `"${field}" is open to nobody.`);
  const { role, scope } = need;
  if (!hasRole(caller, role)) {
    throw new SluiceError('FORBIDDEN', `"${field}" needs the role ${role}, which your key or token does not have.`);
  }
  if (!hasScope(caller, scope)) {
    throw new SluiceError(
      'INSUFFICIENT_SCOPE',
      `"${field}" needs the scope ${scope}, which your key or token does not have.`,
      { neededScope: scope },
    );
  }
}
