// The kill switches of models and providers: an OPERATOR's business.

import type { SwitchRecord, SwitchState } from '../../core/access.ts';
import { SluiceError } from '../../core/errors.ts';
import type { AccessStore } from './access-store.ts';
import { requireReason } from './admin-input.ts';
import { type AdminRequest, admit, requireFound } from './admin-request.ts';

export interface SwitchChange {
  /** Name of a model, or id of a provider, in the configuration. */
  readonly name: string;
  readonly state: SwitchState;
  readonly reason: string | undefined;
}

export interface SwitchesAdmin {
  /** All that were ever set. */
  list(request: AdminRequest): Promise<readonly SwitchRecord[]>;
  setModel(change: SwitchChange, request: AdminRequest): Promise<SwitchRecord>;
  setProvider(change: SwitchChange, request: AdminRequest): Promise<SwitchRecord>;
}

export function createSwitchesAdmin({ switches }: Pick<AccessStore, 'switches'>): SwitchesAdmin {
  return {
    async list(request) {
      admit(request, 'OPERATOR');
      return switches.list();
    },
    async setModel(change, request) {
      const { by } = admit(request, 'OPERATOR');
      requireReason(change.reason, ['input', 'reason']);
      if (!request.offers.hasModel(change.name)) {
        throw new SluiceError('MODEL_NOT_FOUND', undefined, { inputPath: ['input', 'model'] });
      }
      return switches.set({ kind: 'MODEL', ...change }, by);
    },
    async setProvider(change, request) {
      const { by } = admit(request, 'OPERATOR');
      requireReason(change.reason, ['input', 'reason']);
      requireFound(request.offers.hasProvider(change.name) || undefined, 'input', 'provider');
      return switches.set({ kind: 'PROVIDER', ...change }, by);
    },
  };
}
