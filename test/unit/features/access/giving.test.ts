// Who may give what: each rule by itself.

import { describe, expect, it } from '@jest/globals';
import { type AccessRole, type AccessScope, type Caller, DEFAULT_SCOPES } from '../../../../src/core/caller.ts';
import { SluiceError } from '../../../../src/core/errors.ts';
import { admit, reachOf } from '../../../../src/features/access/admin-request.ts';
import {
  requireGivable,
  requireModelsWithin,
  requireNotAbove,
  requireOtherKey,
} from '../../../../src/features/access/giving.ts';
import { caller as member } from '../../../support/fake-generations.ts';

const callerWith = (changes: Partial<Caller>): Caller => ({ ...member, ...changes });

function codeOf(ask: () => unknown): string {
  try {
    ask();
    return 'ALLOWED';
  } catch (error) {
    if (error instanceof SluiceError) return error.code;
    throw error;
  }
}

describe('administering', () => {
  it.each([
    [['MEMBER'], DEFAULT_SCOPES, 'FORBIDDEN', 'FORBIDDEN'],
    [['ADMIN'], DEFAULT_SCOPES, 'ALLOWED', 'FORBIDDEN'],
    [['OPERATOR'], DEFAULT_SCOPES, 'ALLOWED', 'ALLOWED'],
    [['ADMIN'], ['generate', 'usage:read', 'content:read'], 'INSUFFICIENT_SCOPE', 'FORBIDDEN'],
    [['OPERATOR'], ['generate'], 'INSUFFICIENT_SCOPE', 'INSUFFICIENT_SCOPE'],
    [[], DEFAULT_SCOPES, 'FORBIDDEN', 'FORBIDDEN'],
  ] as const)(
    'with the roles %j and the scopes %j: as ADMIN %s, as OPERATOR %s',
    (roles, scopes, asAdmin, asOperator) => {
      const request = { caller: callerWith({ roles, scopes }), requestId: 'req_1' };
      expect(codeOf(() => admit(request))).toBe(asAdmin);
      expect(codeOf(() => admit(request, 'OPERATOR'))).toBe(asOperator);
    },
  );

  it('reaches the own organization, an OPERATOR all', () => {
    expect(reachOf(callerWith({ roles: ['ADMIN'] }))).toEqual({ organizationId: member.organizationId });
    expect(reachOf(callerWith({ roles: ['OPERATOR'] }))).toBe('ALL');
  });
});

describe('giving', () => {
  const rows: readonly [AccessRole, readonly AccessScope[], AccessRole, AccessScope, string][] = [
    ['ADMIN', DEFAULT_SCOPES, 'MEMBER', 'generate', 'ALLOWED'],
    ['ADMIN', DEFAULT_SCOPES, 'ADMIN', 'admin', 'ALLOWED'],
    ['ADMIN', DEFAULT_SCOPES, 'OPERATOR', 'generate', 'FORBIDDEN'],
    ['ADMIN', ['admin'], 'MEMBER', 'generate', 'FORBIDDEN'],
    ['ADMIN', ['admin', 'content:read'], 'MEMBER', 'content:read', 'FORBIDDEN'],
    ['OPERATOR', DEFAULT_SCOPES, 'OPERATOR', 'content:read', 'ALLOWED'],
    ['OPERATOR', ['admin'], 'MEMBER', 'usage:read', 'FORBIDDEN'],
  ];
  it.each(rows)(
    '%s with the scopes %j gives the role %s and the scope %s: %s',
    (role, scopes, given, scope, expected) => {
      const caller = callerWith({ roles: [role], scopes });
      expect(codeOf(() => requireGivable(caller, { roles: [given], scopes: [scope] }))).toBe(expected);
    },
  );

  it.each([
    [undefined, [undefined, undefined], 'ALLOWED'],
    [['a'], [undefined, undefined], 'FORBIDDEN'],
    [['a'], [['a']], 'ALLOWED'],
    [['a'], [['a', 'b']], 'FORBIDDEN'],
    // They narrow each other: what is left is what counts.
    [['a'], [['a', 'b'], undefined, ['a', 'c']], 'ALLOWED'],
    [['a'], [['b'], ['c']], 'ALLOWED'],
  ] as const)('who may use %j opens what %j leave: %s', (own, lists, expected) => {
    const caller = callerWith({ allowedModels: own && new Set(own) });
    expect(codeOf(() => requireModelsWithin(caller, lists))).toBe(expected);
  });

  it('does not reach above oneself, nor shut oneself out', () => {
    const admin = callerWith({ roles: ['ADMIN'], principalId: 'key:key_1' });
    expect(codeOf(() => requireNotAbove(admin, { roles: ['OPERATOR'] }))).toBe('FORBIDDEN');
    expect(codeOf(() => requireNotAbove(admin, { roles: ['ADMIN'] }))).toBe('ALLOWED');
    expect(codeOf(() => requireOtherKey(admin, { id: 'key_1' }, 'end'))).toBe('CONFLICT');
    expect(codeOf(() => requireOtherKey(admin, { id: 'key_2' }, 'end'))).toBe('ALLOWED');
  });
});
