// Organizations: an OPERATOR's business.

import { DEFAULT_ORGANIZATION_ID, type OrganizationRecord } from '../../core/access.ts';
import type { AccessStore, OrganizationChanges } from './access-store.ts';
import { soundModels } from './admin-input.ts';
import { type AdminRequest, admit, conflict, requireFound } from './admin-request.ts';
import { requireModelsWithin } from './giving.ts';

export interface NewOrganization {
  readonly name: string;
  readonly allowedModels: readonly string[] | undefined;
}

export interface OrganizationsAdmin {
  create(input: NewOrganization, request: AdminRequest): Promise<OrganizationRecord>;
  /** A property that is there, even as undefined, is set. */
  update(
    id: string,
    changes: Omit<OrganizationChanges, 'disabled'>,
    request: AdminRequest,
  ): Promise<OrganizationRecord>;
  setDisabled(id: string, disabled: boolean, request: AdminRequest): Promise<OrganizationRecord>;
}

export function createOrganizationsAdmin({ organizations }: Pick<AccessStore, 'organizations'>): OrganizationsAdmin {
  return {
    async create({ name, allowedModels }, request) {
      const { caller, by } = admit(request, 'OPERATOR');
      const models = soundModels(allowedModels, request.offers, ['input', 'allowedModels']);
      requireModelsWithin(caller, [models]);
      return organizations.create({ name, allowedModels: models }, by);
    },
    async update(id, changes, request) {
      const { caller, reach, by } = admit(request, 'OPERATOR');
      const sound = soundChanges(changes, request);
      if ('allowedModels' in sound) requireModelsWithin(caller, [sound.allowedModels]);
      return requireFound(await organizations.update(id, sound, reach, by), 'input', 'id');
    },
    async setDisabled(id, disabled, request) {
      const { caller, reach, by } = admit(request, 'OPERATOR');
      if (disabled && id === DEFAULT_ORGANIZATION_ID) {
        throw conflict(
          'The default organization is the home of the keys of the configuration: it stays enabled.',
          'input',
          'id',
        );
      }
      if (disabled && id === caller.organizationId) {
        throw conflict('This is your own organization: disabling it would shut you out.', 'input', 'id');
      }
      return requireFound(await organizations.update(id, { disabled }, reach, by), 'input', 'id');
    },
  };
}

/** The changes as they may be written. */
export function soundChanges(
  changes: Omit<OrganizationChanges, 'disabled'>,
  { offers }: AdminRequest,
): Omit<OrganizationChanges, 'disabled'> {
  if (!('allowedModels' in changes)) return changes;
  return { ...changes, allowedModels: soundModels(changes.allowedModels, offers, ['input', 'allowedModels']) };
}
