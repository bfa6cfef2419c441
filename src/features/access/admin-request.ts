// Who administers, and how far they reach: asked first in every use case of the admin API.

import type { Actor } from '../../core/access.ts';
import { type Caller, hasRole, hasScope } from '../../core/caller.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Reach } from './access-store.ts';

export interface AdminRequest {
  readonly caller: Caller;
  readonly requestId: string;
  /** The configuration as it was when the operation began. */
  readonly offers: {
    readonly hasModel: (name: string) => boolean;
    readonly hasProvider: (id: string) => boolean;
  };
}

/** Whose records a request may touch, and in whose name it changes them. */
export interface Admission {
  readonly caller: Caller;
  readonly reach: Reach;
  readonly by: Actor;
}

/** Their own organization; an OPERATOR's reach has no end. */
export const reachOf = (caller: Caller): Reach =>
  hasRole(caller, 'OPERATOR') ? 'ALL' : { organizationId: caller.organizationId };

export const isAdmin = (caller: Caller): boolean => hasRole(caller, 'ADMIN') && hasScope(caller, 'admin');

/** @throws SluiceError FORBIDDEN, INSUFFICIENT_SCOPE */
export function admit(
  { caller, requestId }: Pick<AdminRequest, 'caller' | 'requestId'>,
  least: 'ADMIN' | 'OPERATOR' = 'ADMIN',
): Admission {
  if (!hasRole(caller, least)) {
    throw new SluiceError('FORBIDDEN', `This needs the role ${least}, which your key or token does not have.`);
  }
  if (!hasScope(caller, 'admin')) {
    throw new SluiceError('INSUFFICIENT_SCOPE', 'This needs the scope admin, which your key or token does not have.', {
      neededScope: 'admin',
    });
  }
  const { principalId, organizationId } = caller;
  return { caller, reach: reachOf(caller), by: { principalId, organizationId, requestId } };
}

/** Ids of others answer exactly like ids that do not exist. */
export function requireFound<Item>(found: Item | undefined, ...path: readonly string[]): Item {
  if (found === undefined) throw new SluiceError('NOT_FOUND', undefined, { inputPath: path });
  return found;
}

export const conflict = (message: string, ...path: readonly string[]): SluiceError =>
  new SluiceError('CONFLICT', message, { inputPath: path });
