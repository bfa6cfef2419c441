// Results in this process's memory: metadata bounded by number, contents by bytes; the least recently used go first.

import { LRUCache } from 'lru-cache';
import type { Generation, Terminal } from '../../core/generation.ts';
import { bytesInMemory } from '../../core/memory-size.ts';
import { type ResultStore, type StoredResult, withoutContent } from './result-store.ts';

export interface MemoryResultStoreOptions {
  readonly metadataTtlMs: number;
  readonly maxMetadata?: number;
  readonly maxContentBytes?: number;
  /** A larger answer, in bytes of UTF-8, is not kept. */
  readonly maxBodyBytes?: number;
}

export interface MemoryResultStore extends ResultStore {
  /** For what is put from now on. */
  adjust(times: Pick<MemoryResultStoreOptions, 'metadataTtlMs'>): void;
}

export function createMemoryResultStore(options: MemoryResultStoreOptions): MemoryResultStore {
  let { metadataTtlMs } = options;
  const metadata = new LRUCache<string, StoredResult>({
    max: options.maxMetadata ?? 20_000,
    ttl: options.metadataTtlMs,
    ttlResolution: 1000,
  });
  const contents = new LRUCache<string, Terminal>({
    maxSize: options.maxContentBytes ?? 128 * 1024 * 1024,
    sizeCalculation: (terminal) => bytesInMemory(terminal.generation),
    ttlResolution: 1000,
  });
  const maxBodyBytes = options.maxBodyBytes ?? 256 * 1024;

  return {
    put(owner, terminal, contentTtlMs) {
      const { generation } = terminal;
      const keep = contentTtlMs > 0 && bodyBytes(generation) <= maxBodyBytes;
      if (keep) contents.set(generation.id, terminal, { ttl: contentTtlMs });
      const stripped = withoutContent(generation, keep ? 'EXPIRED' : 'NOT_STORED');
      metadata.set(generation.id, { owner, terminal: { ...terminal, generation: stripped } }, { ttl: metadataTtlMs });
    },
    get(generationId) {
      const known = metadata.get(generationId);
      if (known === undefined) return undefined;
      const terminal = contents.get(generationId);
      return terminal === undefined ? known : { owner: known.owner, terminal };
    },
    adjust: (times) => {
      ({ metadataTtlMs } = times);
    },
  };
}

/** The answer as it goes over the wire. */
function bodyBytes({ text, reasoning, toolCalls }: Generation): number {
  const called = toolCalls.map((call) => JSON.stringify(call.arguments)).join('');
  return Buffer.byteLength(text ?? '') + Buffer.byteLength(reasoning ?? '') + Buffer.byteLength(called);
}
