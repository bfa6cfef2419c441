// Whose a generation or a batch is, and what others may see of it and do with it. To whom neither applies, it is as if
// it did not exist.

import { type Caller, hasRole, hasScope } from '../core/caller.ts';
import type { Owner } from '../features/results/result-store.ts';

/** WHOLE: content and all. METADATA: how it went, what it used and cost; not what was said in it. */
export type Sight = 'WHOLE' | 'METADATA';

export function ownerOf({ organizationId, projectId, principalId }: Caller): Owner {
  return { organizationId, projectId, principalId };
}

export function isOwner(owner: Owner, caller: Caller): boolean {
  return (
    owner.principalId === caller.principalId &&
    owner.projectId === caller.projectId &&
    owner.organizationId === caller.organizationId
  );
}

/** An ADMIN's own organization; an OPERATOR's reach has no end. */
function isWithinReach(owner: Owner, caller: Caller): boolean {
  return hasRole(caller, 'OPERATOR') || (hasRole(caller, 'ADMIN') && owner.organizationId === caller.organizationId);
}

/** undefined: not even that it exists. */
export function sightOf(owner: Owner, caller: Caller): Sight | undefined {
  if (isOwner(owner, caller)) return 'WHOLE';
  if (!hasScope(caller, 'usage:read') || !isWithinReach(owner, caller)) return undefined;
  return hasScope(caller, 'content:read') ? 'WHOLE' : 'METADATA';
}

/** Others' only with what they may see: the answer tells what it came to. */
export function mayCancel(owner: Owner, caller: Caller): boolean {
  return isOwner(owner, caller) || (hasScope(caller, 'admin') && sightOf(owner, caller) !== undefined);
}
