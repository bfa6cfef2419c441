// The kill switches of models and providers, as this process knows them: held in memory, replaced as a whole when they
// are read anew. What was never set is ENABLED.

import { SWITCH_STATES, type SwitchRecord, type SwitchState } from '../../core/access.ts';

export interface Switches {
  /** The stricter of the model's switch and its provider's. Asked for every call. */
  stateOf(model: { readonly name: string; readonly target: { readonly providerId: string } }): SwitchState;
}

export type SwitchChange = Pick<SwitchRecord, 'kind' | 'name' | 'state'>;

export interface SwitchPanel extends Switches {
  /** As they are kept now. */
  use(records: readonly SwitchChange[]): void;
  /** Told what has changed, each time something has. */
  onChange(listener: (changes: readonly SwitchChange[]) => void): void;
}

type States = ReadonlyMap<string, SwitchState>;

export function createSwitches(): SwitchPanel {
  let models: States = new Map();
  let providers: States = new Map();
  const listeners: ((changes: readonly SwitchChange[]) => void)[] = [];

  return {
    stateOf({ name, target }) {
      if (models.size === 0 && providers.size === 0) return 'ENABLED';
      return stricter(models.get(name), providers.get(target.providerId));
    },
    use(records) {
      const nextModels = statesOf('MODEL', records);
      const nextProviders = statesOf('PROVIDER', records);
      const changes = [
        ...changesBetween('MODEL', models, nextModels),
        ...changesBetween('PROVIDER', providers, nextProviders),
      ];
      models = nextModels;
      providers = nextProviders;
      if (changes.length > 0) for (const listener of listeners) listener(changes);
    },
    onChange: (listener) => void listeners.push(listener),
  };
}

function stricter(left: SwitchState = 'ENABLED', right: SwitchState = 'ENABLED'): SwitchState {
  return SWITCH_STATES.indexOf(left) > SWITCH_STATES.indexOf(right) ? left : right;
}

const statesOf = (kind: SwitchRecord['kind'], records: readonly SwitchChange[]): States =>
  new Map(
    records
      .filter((record) => record.kind === kind && record.state !== 'ENABLED')
      .map(({ name, state }) => [name, state]),
  );

function changesBetween(kind: SwitchRecord['kind'], before: States, after: States): readonly SwitchChange[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((name) => ({ kind, name, state: after.get(name) ?? ('ENABLED' as const) }))
    .filter(({ name, state }) => state !== (before.get(name) ?? 'ENABLED'));
}
