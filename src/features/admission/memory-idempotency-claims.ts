// Idempotency claims in this process's memory.

import { LRUCache } from 'lru-cache';
import type { Claim, ClaimScope, IdempotencyClaims } from './idempotency-claims.ts';

interface Record {
  readonly fingerprint: string;
  readonly holderId: string;
}

export interface MemoryIdempotencyClaimsOptions {
  readonly retentionMs: number;
  /** Finished claims kept at most; the least recently used go first. */
  readonly maxFinished?: number;
}

export interface MemoryIdempotencyClaims extends IdempotencyClaims {
  /** For claims that finish from now on. */
  adjust(times: Pick<MemoryIdempotencyClaimsOptions, 'retentionMs'>): void;
}

export function createMemoryIdempotencyClaims(options: MemoryIdempotencyClaimsOptions): MemoryIdempotencyClaims {
  /** Running claims are never dropped: that could run, and charge, a key twice at once. */
  const running = new Map<string, Record>();
  const finished = new LRUCache<string, Record>({ max: options.maxFinished ?? 100_000, ttl: options.retentionMs });
  let { retentionMs } = options;

  function look(id: string, fingerprint: string): Claim {
    const existing = running.get(id) ?? finished.get(id);
    if (existing === undefined) return { type: 'CLAIMED' };
    if (existing.fingerprint !== fingerprint) return { type: 'MISMATCH' };
    return { type: 'EXISTS', holderId: existing.holderId };
  }

  return {
    claim(scope, fingerprint, holderId) {
      const id = idOf(scope);
      const found = look(id, fingerprint);
      if (found.type === 'CLAIMED') running.set(id, { fingerprint, holderId });
      return found;
    },
    look: (scope, fingerprint) => look(idOf(scope), fingerprint),
    finish(scope, holderId) {
      const id = idOf(scope);
      const record = running.get(id);
      if (record?.holderId !== holderId) return;
      running.delete(id);
      finished.set(id, record, { ttl: retentionMs });
    },
    release(scope, holderId) {
      const id = idOf(scope);
      if (running.get(id)?.holderId === holderId) running.delete(id);
    },
    adjust: (times) => {
      ({ retentionMs } = times);
    },
  };
}

/** No two scopes share an id, whatever characters their parts hold. */
function idOf(scope: ClaimScope): string {
  return JSON.stringify([scope.organizationId, scope.projectId, scope.principalId, scope.namespace, scope.key]);
}
