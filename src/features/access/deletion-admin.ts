// Deleting what other things depend on: they are shown first, and what was shown has to be confirmed. When anything of it
// has changed since, nothing is deleted.

import {
  type ApiKeyRecord,
  DEFAULT_ORGANIZATION_ID,
  DEFAULT_PROJECT_ID,
  type Dependents,
  type OrganizationRecord,
  type ProjectRecord,
} from '../../core/access.ts';
import type { AccessStore, Check, Reach } from './access-store.ts';
import { badInput } from './admin-input.ts';
import { type AdminRequest, type Admission, admit, conflict, requireFound } from './admin-request.ts';
import { requireNoneAbove, requireNotAbove, requireOtherKey } from './giving.ts';

export const DELETABLE = ['ORGANIZATION', 'PROJECT', 'API_KEY'] as const;
export type Deletable = (typeof DELETABLE)[number];

export interface DeletionPreview {
  readonly kind: Deletable;
  readonly id: string;
  readonly name: string;
  readonly dependents: Dependents['kinds'];
  /** To be given with the deletion. */
  readonly confirmation: string;
}

export interface DeletionAdmin {
  /** @throws SluiceError NOT_FOUND; CONFLICT for what cannot be deleted. */
  preview(kind: Deletable, id: string, request: AdminRequest): Promise<DeletionPreview>;
  /** `confirmation`: as the preview gave it. @throws SluiceError CONFLICT when something has changed since. */
  delete(kind: Deletable, id: string, confirmation: string, request: AdminRequest): Promise<void>;
}

type Records = Pick<AccessStore, 'organizations' | 'projects' | 'apiKeys'>;

/** What one kind of deletion needs; `check` @throws SluiceError for what the caller must not delete. */
interface Deletion<Item extends { readonly id: string; readonly name: string }> {
  readonly find: (ids: readonly string[], reach: Reach) => Promise<ReadonlyMap<string, Item>>;
  readonly dependents: (id: string, reach: Reach) => Promise<Dependents | undefined>;
  readonly delete: (
    id: string,
    fingerprint: string,
    reach: Reach,
    by: Admission['by'],
    check: Check<Item>,
    checkDependents: Check<Dependents>,
  ) => Promise<true | undefined>;
  readonly admit: (request: AdminRequest) => Admission;
  readonly check: (admission: Admission, path: readonly string[]) => Check<Item>;
}

export function createDeletionAdmin(store: Records): DeletionAdmin {
  const deletions = {
    ORGANIZATION: deletionOf(organizationDeletion(store)),
    PROJECT: deletionOf(projectDeletion(store)),
    API_KEY: deletionOf(apiKeyDeletion(store)),
  } as const satisfies Record<Deletable, unknown>;
  return {
    preview: (kind, id, request) => deletions[kind].preview(kind, id, request),
    delete: (kind, id, confirmation, request) => deletions[kind].delete(id, confirmation, request),
  };
}

function deletionOf<Item extends { readonly id: string; readonly name: string }>(deletion: Deletion<Item>) {
  return {
    async preview(kind: Deletable, id: string, request: AdminRequest): Promise<DeletionPreview> {
      const admission = deletion.admit(request);
      const { reach, caller } = admission;
      const item = requireFound((await deletion.find([id], reach)).get(id), 'id');
      deletion.check(admission, ['id'])(item);
      const dependents = requireFound(await deletion.dependents(id, reach), 'id');
      requireNoneAbove(caller, dependents);
      const { kinds, fingerprint } = dependents;
      return { kind, id, name: item.name, dependents: kinds, confirmation: formatConfirmation(id, fingerprint) };
    },
    async delete(id: string, confirmation: string, request: AdminRequest): Promise<void> {
      const admission = deletion.admit(request);
      const { reach, by, caller } = admission;
      const fingerprint = readConfirmation(confirmation, id);
      const check = deletion.check(admission, ['input', 'id']);
      const checkDependents: Check<Dependents> = (dependents) => requireNoneAbove(caller, dependents);
      requireFound(await deletion.delete(id, fingerprint, reach, by, check, checkDependents), 'input', 'id');
    },
  };
}

/** Bound to what it was shown for: what nothing depends on looks alike. */
const formatConfirmation = (id: string, fingerprint: string): string =>
  Buffer.from(`${id} ${fingerprint}`).toString('base64url');

function readConfirmation(confirmation: string, id: string): string {
  const [of, fingerprint = ''] = Buffer.from(confirmation, 'base64url').toString().split(' ');
  if (of === id && formatConfirmation(id, fingerprint) === confirmation) return fingerprint;
  throw badInput('This is not the confirmation that deletionPreview gives for this id.', ['input', 'confirmation']);
}

const organizationDeletion = ({ organizations }: Records): Deletion<OrganizationRecord> => ({
  find: organizations.find,
  dependents: organizations.dependents,
  delete: organizations.delete,
  admit: (request) => admit(request, 'OPERATOR'),
  check:
    ({ caller }, path) =>
    ({ id }) => {
      if (id === DEFAULT_ORGANIZATION_ID) {
        throw conflict('The default organization is the home of the keys of the configuration: it stays.', ...path);
      }
      if (id === caller.organizationId) throw conflict('This is your own organization: it stays.', ...path);
    },
});

const projectDeletion = ({ projects }: Records): Deletion<ProjectRecord> => ({
  find: projects.find,
  dependents: projects.dependents,
  delete: projects.delete,
  admit: (request) => admit(request),
  check:
    ({ caller }, path) =>
    ({ id }) => {
      if (id === DEFAULT_PROJECT_ID) {
        throw conflict('The default project is the home of the keys of the configuration: it stays.', ...path);
      }
      if (id === caller.projectId) throw conflict('This is your own project: it stays.', ...path);
    },
});

const apiKeyDeletion = ({ apiKeys }: Records): Deletion<ApiKeyRecord> => ({
  find: apiKeys.find,
  dependents: apiKeys.dependents,
  delete: apiKeys.delete,
  admit: (request) => admit(request),
  check:
    ({ caller }) =>
    (key) => {
      requireNotAbove(caller, key);
      requireOtherKey(caller, key, 'delete');
    },
});
