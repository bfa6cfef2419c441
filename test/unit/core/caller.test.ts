import { expect, it } from '@jest/globals';
import { type Caller, narrows } from '../../../src/core/caller.ts';
import { testCaller } from '../../support/create-test-generations.ts';

const before: Caller = {
  ...testCaller,
  roles: ['ADMIN'],
  scopes: ['generate', 'admin'],
  allowedModels: new Set(['a', 'b']),
  mayActForEndUsers: true,
};

it.each<[string, Partial<Caller>]>([
  ['a lower role', { roles: ['MEMBER'] }],
  ['no role', { roles: [] }],
  ['a scope less', { scopes: ['generate', 'usage:read'] }],
  ['a model less', { allowedModels: new Set(['a', 'c']) }],
  ['no model', { allowedModels: new Set() }],
  ['no end users', { mayActForEndUsers: false }],
  ['another organization', { organizationId: 'org_other' }],
  ['another project', { projectId: 'prj_other' }],
  ['another principal', { principalId: 'key:other' }],
  ['another kind of principal', { principalKind: 'USER' }],
  ['another user', { userId: 'somebody' }],
])('%s is less', (_name, change) => {
  expect(narrows(before, { ...before, ...change })).toBe(true);
});

it.each<[string, Partial<Caller>]>([
  ['nothing', {}],
  ['a higher role', { roles: ['OPERATOR'] }],
  ['the same role with those below it', { roles: ['MEMBER', 'ADMIN'] }],
  ['a scope more', { scopes: ['usage:read', 'generate', 'admin'] }],
  ['a model more', { allowedModels: new Set(['c', 'b', 'a']) }],
  ['all models', { allowedModels: undefined }],
  ['another expiry', { expiresAtMs: 1 }],
  ['another document mode', { documentMode: 'require' }],
])('%s is not less', (_name, change) => {
  expect(narrows(before, { ...before, ...change })).toBe(false);
});

it('some models are less than all', () => {
  expect(narrows({ ...before, allowedModels: undefined }, before)).toBe(true);
});
