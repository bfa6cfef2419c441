// Roles of users who sign in with tokens.

import type { RoleGrantRecord } from '../../core/access.ts';
import type { AccessStore, Reach } from './access-store.ts';
import { badInput } from './admin-input.ts';
import { type AdminRequest, admit, requireFound } from './admin-request.ts';
import { requireGivable, requireModelsWithin, requireNotAbove } from './giving.ts';

export interface NewRoleGrant extends Pick<RoleGrantRecord, 'issuer' | 'subject' | 'roles' | 'scopes'> {
  /** undefined: the project's, else the caller's own. */
  readonly organizationId: string | undefined;
  /** undefined: in all projects of the organization. */
  readonly projectId: string | undefined;
}

export interface RoleGrantsAdmin {
  /** One for each user and project (or organization): it replaces the one before. */
  grant(input: NewRoleGrant, request: AdminRequest): Promise<RoleGrantRecord>;
  revoke(id: string, request: AdminRequest): Promise<void>;
}

export function createRoleGrantsAdmin({
  organizations,
  projects,
  roleGrants,
}: Pick<AccessStore, 'organizations' | 'projects' | 'roleGrants'>): RoleGrantsAdmin {
  /** Where the roles would count, and the models they would open. */
  async function placeOf({ organizationId, projectId }: NewRoleGrant, ownId: string, reach: Reach) {
    const project =
      projectId === undefined
        ? undefined
        : requireFound((await projects.find([projectId], reach)).get(projectId), 'input', 'projectId');
    const id = organizationId ?? project?.organizationId ?? ownId;
    const organization = requireFound((await organizations.find([id], reach)).get(id), 'input', 'organizationId');
    if (project !== undefined && project.organizationId !== id) {
      throw badInput('This project belongs to another organization: leave the organization out.', [
        'input',
        'projectId',
      ]);
    }
    return { organizationId: id, projectId, models: [organization.allowedModels, project?.allowedModels] };
  }

  return {
    async grant(input, request) {
      const { caller, reach, by } = admit(request);
      const { issuer, subject } = input;
      const roles = [...new Set(input.roles)];
      const scopes = [...new Set(input.scopes)];
      if (roles.length + scopes.length === 0) {
        throw badInput('Name at least one role. To take all from the user, revoke the grant.', ['input', 'roles']);
      }
      if (scopes.some((scope) => scope !== 'content:read')) {
        throw badInput('Only content:read can be granted: other scopes come with the token.', ['input', 'scopes']);
      }
      requireGivable(caller, { roles, scopes });
      const { models, ...place } = await placeOf(input, caller.organizationId, reach);
      requireModelsWithin(caller, models);
      const grant = { ...place, issuer, subject, roles, scopes };
      const granted = await roleGrants.grant(grant, reach, by, (before) => requireNotAbove(caller, before));
      return requireFound(granted, 'input', 'organizationId');
    },
    async revoke(id, request) {
      const { caller, reach, by } = admit(request);
      requireFound(await roleGrants.revoke(id, reach, by, (before) => requireNotAbove(caller, before)), 'input', 'id');
    },
  };
}
