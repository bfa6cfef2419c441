// Whose a generation or a batch is: nobody else ever learns that it exists.

import type { Caller } from '../core/caller.ts';
import type { Owner } from '../features/results/result-store.ts';

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
