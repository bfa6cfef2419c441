// Switches of models and providers: the stricter of both holds for a call, and who listens is told what has changed.

import { describe, expect, it } from '@jest/globals';
import type { SwitchState } from '../../../../src/core/access.ts';
import { createSwitches, type SwitchChange } from '../../../../src/features/routing/switches.ts';

const model = { name: 'smart', target: { providerId: 'acme' } };
const set = (kind: SwitchChange['kind'], name: string, state: SwitchState): SwitchChange => ({ kind, name, state });

describe('switches', () => {
  it('are on where nothing was set', () => {
    expect(createSwitches().stateOf(model)).toBe('ENABLED');
  });

  it.each<[SwitchState, SwitchState, SwitchState]>([
    ['ENABLED', 'DRAINING', 'DRAINING'],
    ['DRAINING', 'ENABLED', 'DRAINING'],
    ['DISABLED', 'DRAINING', 'DISABLED'],
    ['DRAINING', 'DISABLED', 'DISABLED'],
    ['ENABLED', 'ENABLED', 'ENABLED'],
  ])('of a model %s and its provider %s make %s', (ofModel, ofProvider, both) => {
    const switches = createSwitches();
    switches.use([set('MODEL', 'smart', ofModel), set('PROVIDER', 'acme', ofProvider)]);
    expect(switches.stateOf(model)).toBe(both);
  });

  it('of a model are not those of a provider of the same name', () => {
    const switches = createSwitches();
    switches.use([set('PROVIDER', 'smart', 'DISABLED'), set('MODEL', 'acme', 'DISABLED')]);
    expect(switches.stateOf(model)).toBe('ENABLED');
  });

  it('are replaced as a whole, and only what has changed is told', () => {
    const switches = createSwitches();
    const told: (readonly SwitchChange[])[] = [];
    switches.onChange((changes) => told.push(changes));
    switches.use([set('MODEL', 'smart', 'DISABLED'), set('PROVIDER', 'acme', 'ENABLED')]);
    switches.use([set('MODEL', 'smart', 'DISABLED')]);
    switches.use([set('MODEL', 'other', 'DRAINING')]);
    expect(told).toEqual([
      [set('MODEL', 'smart', 'DISABLED')],
      [set('MODEL', 'smart', 'ENABLED'), set('MODEL', 'other', 'DRAINING')],
    ]);
    expect(switches.stateOf(model)).toBe('ENABLED');
  });
});
