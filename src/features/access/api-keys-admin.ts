// API keys: made, changed, rotated, ended. A key never becomes more than who changes it, and a secret is handed out once.

import type { ApiKeyRecord, ApiKeySettings } from '../../core/access.ts';
import type { Clock } from '../../core/clock.ts';
import type { AccessStore, NewSecret, Reach } from './access-store.ts';
import { requireFuture, requireOverlap, soundCidrs, soundModels, soundOrigins, soundSet } from './admin-input.ts';
import { type AdminRequest, admit, conflict, requireFound } from './admin-request.ts';
import { type KeyHome, requireGivableKey, requireNotAbove, requireOtherKey } from './giving.ts';

/** A new secret: the key itself, shown once, and what is kept of it. */
export interface MintedSecret extends NewSecret {
  readonly key: string;
}

export type NewApiKey = ApiKeySettings & { readonly projectId: string };

export interface KeyWithSecret {
  readonly apiKey: ApiKeyRecord;
  readonly secret: string;
}

export interface ApiKeysAdmin {
  create(input: NewApiKey, request: AdminRequest): Promise<KeyWithSecret>;
  /** A property that is there, even as undefined, is set. */
  update(id: string, changes: Partial<ApiKeySettings>, request: AdminRequest): Promise<ApiKeyRecord>;
  /** The secrets so far are good for `overlapSeconds` more. */
  rotate(id: string, overlapSeconds: number, request: AdminRequest): Promise<KeyWithSecret>;
  revoke(id: string, request: AdminRequest): Promise<ApiKeyRecord>;
  setDisabled(id: string, disabled: boolean, request: AdminRequest): Promise<ApiKeyRecord>;
}

export interface ApiKeysAdminOptions {
  readonly store: Pick<AccessStore, 'organizations' | 'projects' | 'apiKeys'>;
  readonly mintKey: () => MintedSecret;
  readonly clock: Clock;
}

export function createApiKeysAdmin({ store, mintKey, clock }: ApiKeysAdminOptions): ApiKeysAdmin {
  const { organizations, projects, apiKeys } = store;

  async function homeOf(projectId: string, reach: Reach, field: string): Promise<KeyHome> {
    const project = requireFound((await projects.find([projectId], reach)).get(projectId), 'input', field);
    const { organizationId } = project;
    const organization = (await organizations.find([organizationId], reach)).get(organizationId);
    return { organization: requireFound(organization, 'input', field), project };
  }

  async function find(id: string, reach: Reach): Promise<ApiKeyRecord> {
    return requireFound((await apiKeys.find([id], reach)).get(id), 'input', 'id');
  }

  function soundSettings<Settings extends Partial<ApiKeySettings>>(
    settings: Settings,
    request: AdminRequest,
  ): Settings {
    const { roles, scopes, allowedModels, allowedOrigins, allowedCidrs, expiresAtMs } = settings;
    requireFuture(expiresAtMs, clock.now(), ['input', 'expiresAt']);
    return {
      ...settings,
      ...(roles && { roles: soundSet(roles, 'role', ['input', 'roles']) }),
      ...(scopes && { scopes: soundSet(scopes, 'scope', ['input', 'scopes']) }),
      ...(allowedModels && {
        allowedModels: soundModels(allowedModels, request.offers, ['input', 'allowedModels']),
      }),
      ...(allowedOrigins && { allowedOrigins: soundOrigins(allowedOrigins, ['input', 'allowedOrigins']) }),
      ...(allowedCidrs && { allowedCidrs: soundCidrs(allowedCidrs, ['input', 'allowedCidrs']) }),
    };
  }

  return {
    async create(input, request) {
      const { caller, reach, by } = admit(request);
      const settings = soundSettings(input, request);
      const home = await homeOf(input.projectId, reach, 'projectId');
      requireGivableKey(caller, settings, home);
      const { key, ...secret } = mintKey();
      const apiKey = await apiKeys.create(settings, secret, reach, by);
      return { apiKey: requireFound(apiKey, 'input', 'projectId'), secret: key };
    },
    async update(id, changes, request) {
      const { caller, reach, by } = admit(request);
      const sound = soundSettings(changes, request);
      const { projectId } = await find(id, reach);
      const home = await homeOf(projectId, reach, 'id');
      const apiKey = await apiKeys.update(id, sound, reach, by, (before) => {
        requireNotAbove(caller, before);
        requireStanding(before);
        if (Object.keys(sound).some((property) => property !== 'name')) {
          requireOtherKey(caller, before, 'change what it may do, or where from, by');
        }
        requireGivableKey(caller, { ...before, ...sound }, home);
      });
      return requireFound(apiKey, 'input', 'id');
    },
    async rotate(id, overlapSeconds, request) {
      const { caller, reach, by } = admit(request);
      requireOverlap(overlapSeconds, ['input', 'overlapSeconds']);
      const { projectId } = await find(id, reach);
      const home = await homeOf(projectId, reach, 'id');
      const { key, ...secret } = mintKey();
      const apiKey = await apiKeys.rotate(id, secret, overlapSeconds * 1_000, reach, by, (before) => {
        requireNotAbove(caller, before);
        requireStanding(before);
        // Who rotates a key holds it.
        requireGivableKey(caller, before, home);
      });
      return { apiKey: requireFound(apiKey, 'input', 'id'), secret: key };
    },
    async revoke(id, request) {
      const { caller, reach, by } = admit(request);
      const apiKey = await apiKeys.revoke(id, reach, by, (before) => {
        requireNotAbove(caller, before);
        requireOtherKey(caller, before, 'revoke');
      });
      return requireFound(apiKey, 'input', 'id');
    },
    async setDisabled(id, disabled, request) {
      const { caller, reach, by } = admit(request);
      const home = await find(id, reach).then(({ projectId }) => homeOf(projectId, reach, 'id'));
      const apiKey = await apiKeys.update(id, { disabled }, reach, by, (before) => {
        requireNotAbove(caller, before);
        if (disabled) requireOtherKey(caller, before, 'disable');
        else {
          requireStanding(before);
          requireGivableKey(caller, before, home);
        }
      });
      return requireFound(apiKey, 'input', 'id');
    },
  };
}

function requireStanding({ revokedAtMs }: ApiKeyRecord): void {
  if (revokedAtMs === undefined) return;
  throw conflict('This key was revoked, and that is for good: make another one.', 'input', 'id');
}
