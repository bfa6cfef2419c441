import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createMemoryIdempotencyClaims } from '../../src/features/admission/memory-idempotency-claims.ts';
import { type FakeTime, fakeTime } from '../support/fake-time.ts';
import { describeIdempotencyClaims } from './idempotency-claims-conformance.ts';

describeIdempotencyClaims('memory', {
  open: () => createMemoryIdempotencyClaims({ retentionMs: 86_400_000 }),
});

let time: FakeTime;
beforeAll(() => {
  time = fakeTime();
});
afterAll(() => time[Symbol.dispose]());

it('keeps claims that finish after it was told another time for as long as that says', () => {
  const claims = createMemoryIdempotencyClaims({ retentionMs: 86_400_000 });
  const scopeOf = (key: string) => ({ organizationId: 'o', projectId: 'p', principalId: 'k', namespace: '', key });
  const finish = (key: string): void => {
    claims.claim(scopeOf(key), 'print', key);
    claims.finish(scopeOf(key), key);
  };
  finish('before');
  claims.adjust({ retentionMs: 60_000 });
  finish('after');
  time.advance(62_000);
  expect(['before', 'after'].map((key) => claims.look(scopeOf(key), 'print').type)).toEqual(['EXISTS', 'CLAIMED']);
});
