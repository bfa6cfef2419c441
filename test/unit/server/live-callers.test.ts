import { expect, it } from '@jest/globals';
import type { Caller } from '../../../src/core/caller.ts';
import { createLiveCallers } from '../../../src/server/live-callers.ts';
import { testCaller } from '../../support/create-test-generations.ts';

it('are told of each change, once, until they leave', () => {
  const known = new Map<string, Caller>([
    ['key:a', { ...testCaller, principalId: 'key:a' }],
    ['key:b', { ...testCaller, principalId: 'key:b' }],
  ]);
  const live = createLiveCallers((caller) => known.get(caller.principalId));
  const told: string[] = [];
  const join = (id: string): (() => void) =>
    live.join(known.get(id) as Caller, (caller) => told.push(`${id} ${caller?.roles.join() ?? 'gone'}`));
  join('key:a');
  const leave = join('key:b');
  expect(live.renewAll()).toBe(0);
  known.set('key:a', { ...testCaller, principalId: 'key:a', roles: ['ADMIN'] });
  expect(live.renewAll()).toBe(0);
  expect(live.renewAll()).toBe(0);
  expect(told).toEqual(['key:a ADMIN']);
  leave();
  known.clear();
  expect(live.renewAll()).toBe(1);
  expect(live.renewAll()).toBe(0);
  expect(told).toEqual(['key:a ADMIN', 'key:a gone']);
});

it('do not join when the key went between their sign-in and now, and join as they are when it changed', () => {
  let known: Caller | undefined = { ...testCaller, roles: ['ADMIN'] };
  const live = createLiveCallers(() => known);
  const told: (Caller | undefined)[] = [];
  live.join(testCaller, (caller) => told.push(caller));
  expect(told).toEqual([known]);
  known = undefined;
  expect(() => live.join(testCaller, () => undefined)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
});
