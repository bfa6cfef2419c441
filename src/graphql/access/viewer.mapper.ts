// Organizations and projects come from the configuration, where their id is their name.

import type { Organization, Project } from './viewer.types.ts';

export const ORGANIZATION_ID_PREFIX = 'organization:';
export const PROJECT_ID_PREFIX = 'project:';

export function toOrganization(id: string): Organization {
  return { __typename: 'Organization', id: ORGANIZATION_ID_PREFIX + id, name: id };
}

export function toProject(id: string): Project {
  return { __typename: 'Project', id: PROJECT_ID_PREFIX + id, name: id };
}
