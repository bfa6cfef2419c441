// Idempotency claims in this process's memory.

import { LRUCache } from 'lru-cache';
import type { ClaimScope, IdempotencyClaims } from './idempotency-claims.ts';

interface Record {
  readonly fingerprint: string;
  readonly generationId: string;
}

export interface MemoryIdempotencyClaimsOptions {
  readonly retentionMs: number;
  /** Finished claims kept at most; the least recently used go first. */
  readonly maxFinished?: number;
}

export function createMemoryIdempotencyClaims(options: MemoryIdempotencyClaimsOptions): IdempotencyClaims {
  /** Running claims are never dropped: that could run, and charge, a key twice at once. */
  const running = new Map<string, Record>();
  const finished = new LRUCache<string, Record>({ max: options.maxFinished ?? 100_000, ttl: options.retentionMs });

  return {
    claim(scope, fingerprint, generationId) {
      const id = idOf(scope);
      const existing = running.get(id) ?? finished.get(id);
      if (existing === undefined) {
        running.set(id, { fingerprint, generationId });
        return { type: 'CLAIMED' };
      }
      if (existing.fingerprint !== fingerprint) return { type: 'MISMATCH' };
      return { type: 'EXISTS', generationId: existing.generationId };
    },
    finish(scope, generationId) {
      const id = idOf(scope);
      const record = running.get(id);
      if (record?.generationId !== generationId) return;
      running.delete(id);
      finished.set(id, record);
    },
    release(scope, generationId) {
      const id = idOf(scope);
      if (running.get(id)?.generationId === generationId) running.delete(id);
    },
  };
}

/** No two scopes share an id, whatever characters their parts hold. */
function idOf(scope: ClaimScope): string {
  return JSON.stringify([scope.organizationId, scope.projectId, scope.principalId, scope.namespace, scope.key]);
}
