// What every adapter of the idempotency claims port promises.

import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ClaimScope, IdempotencyClaims } from '../../src/features/admission/idempotency-claims.ts';

export interface IdempotencyClaimsSetup {
  open(): IdempotencyClaims;
}

export function describeIdempotencyClaims(name: string, setup: IdempotencyClaimsSetup): void {
  describe(`idempotency claims: ${name}`, () => {
    let claims: IdempotencyClaims;
    const scope: ClaimScope = { organizationId: 'o', projectId: 'p', principalId: 'k', namespace: '', key: '1' };

    beforeEach(() => {
      claims = setup.open();
    });

    it('gives a key to the first and tells the others whose it is', () => {
      expect(claims.claim(scope, 'f', 'gen_1')).toEqual({ type: 'CLAIMED' });
      expect(claims.claim(scope, 'f', 'gen_2')).toEqual({ type: 'EXISTS', holderId: 'gen_1' });
      claims.finish(scope, 'gen_1');
      expect(claims.claim(scope, 'f', 'gen_3')).toEqual({ type: 'EXISTS', holderId: 'gen_1' });
    });

    it('refuses a key with other input, running or finished', () => {
      claims.claim(scope, 'f', 'gen_1');
      expect(claims.claim(scope, 'g', 'gen_2')).toEqual({ type: 'MISMATCH' });
      claims.finish(scope, 'gen_1');
      expect(claims.claim(scope, 'g', 'gen_2')).toEqual({ type: 'MISMATCH' });
    });

    it('frees a released key for any input, but only by its holder', () => {
      claims.claim(scope, 'f', 'gen_1');
      claims.release(scope, 'gen_2');
      expect(claims.claim(scope, 'f', 'gen_3')).toEqual({ type: 'EXISTS', holderId: 'gen_1' });
      claims.release(scope, 'gen_1');
      expect(claims.claim(scope, 'g', 'gen_3')).toEqual({ type: 'CLAIMED' });
      claims.finish(scope, 'gen_1');
      claims.release(scope, 'gen_3');
      expect(claims.claim(scope, 'h', 'gen_4')).toEqual({ type: 'CLAIMED' });
    });

    it('shows how a key stands without claiming it', () => {
      expect(claims.look(scope, 'f')).toEqual({ type: 'CLAIMED' });
      expect(claims.claim(scope, 'g', 'gen_1')).toEqual({ type: 'CLAIMED' });
      for (const step of [() => {}, () => claims.finish(scope, 'gen_1')]) {
        step();
        expect(claims.look(scope, 'g')).toEqual({ type: 'EXISTS', holderId: 'gen_1' });
        expect(claims.look(scope, 'f')).toEqual({ type: 'MISMATCH' });
      }
    });

    it('keeps every part of the scope apart', () => {
      claims.claim(scope, 'f', 'gen_1');
      for (const part of ['organizationId', 'projectId', 'principalId', 'namespace', 'key'] as const) {
        expect(claims.claim({ ...scope, [part]: 'other' }, 'f', 'gen_2')).toEqual({ type: 'CLAIMED' });
      }
      const tricky = { ...scope, principalId: 'k","', key: '1' };
      expect(claims.claim(tricky, 'f', 'gen_3')).toEqual({ type: 'CLAIMED' });
    });
  });
}
