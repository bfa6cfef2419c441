import { createMemoryIdempotencyClaims } from '../../src/features/admission/memory-idempotency-claims.ts';
import { describeIdempotencyClaims } from './idempotency-claims-conformance.ts';

describeIdempotencyClaims('memory', {
  open: () => createMemoryIdempotencyClaims({ retentionMs: 86_400_000 }),
});
