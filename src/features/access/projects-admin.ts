// Projects of an organization.

import { DEFAULT_PROJECT_ID, type Dependents, type OrganizationRecord, type ProjectRecord } from '../../core/access.ts';
import type { AccessStore, Check, OrganizationChanges, Reach } from './access-store.ts';
import { type AdminRequest, admit, conflict, requireFound } from './admin-request.ts';
import { requireModelsWithin, requireNoneAbove } from './giving.ts';
import { type NewOrganization, soundChanges } from './organizations-admin.ts';

export interface NewProject extends NewOrganization {
  /** undefined: the caller's own. */
  readonly organizationId: string | undefined;
}

export interface ProjectsAdmin {
  create(input: NewProject, request: AdminRequest): Promise<ProjectRecord>;
  update(id: string, changes: Omit<OrganizationChanges, 'disabled'>, request: AdminRequest): Promise<ProjectRecord>;
  setDisabled(id: string, disabled: boolean, request: AdminRequest): Promise<ProjectRecord>;
}

export function createProjectsAdmin({
  organizations,
  projects,
}: Pick<AccessStore, 'organizations' | 'projects'>): ProjectsAdmin {
  async function organizationOf(id: string, reach: Reach, field: string): Promise<OrganizationRecord> {
    return requireFound((await organizations.find([id], reach)).get(id), 'input', field);
  }

  return {
    async create({ organizationId, name, allowedModels }, request) {
      const { caller, reach, by } = admit(request);
      const sound = soundChanges({ allowedModels }, request);
      const home = await organizationOf(organizationId ?? caller.organizationId, reach, 'organizationId');
      requireModelsWithin(caller, [home.allowedModels, sound.allowedModels]);
      const project = { organizationId: home.id, name, allowedModels: sound.allowedModels };
      return requireFound(await projects.create(project, reach, by), 'input', 'organizationId');
    },
    async update(id, changes, request) {
      const { caller, reach, by } = admit(request);
      const sound = soundChanges(changes, request);
      if ('allowedModels' in sound) {
        const project = requireFound((await projects.find([id], reach)).get(id), 'input', 'id');
        const home = await organizationOf(project.organizationId, reach, 'id');
        requireModelsWithin(caller, [home.allowedModels, sound.allowedModels]);
      }
      return requireFound(await projects.update(id, sound, reach, by), 'input', 'id');
    },
    async setDisabled(id, disabled, request) {
      const { caller, reach, by } = admit(request);
      if (disabled && id === DEFAULT_PROJECT_ID) {
        // To whom it is none of theirs it is not there.
        requireFound((await projects.find([id], reach)).get(id), 'input', 'id');
        throw conflict(
          'The default project is the home of the keys of the configuration: it stays enabled.',
          'input',
          'id',
        );
      }
      if (disabled && id === caller.projectId) {
        throw conflict('This is your own project: disabling it would shut you out.', 'input', 'id');
      }
      const check: Check<Dependents> = (dependents) => {
        if (disabled) requireNoneAbove(caller, dependents);
      };
      return requireFound(await projects.update(id, { disabled }, reach, by, check), 'input', 'id');
    },
  };
}
