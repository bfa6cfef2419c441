// The port to what ended generations came to: metadata for look-up by id, and for some the content, for replay.

import type { ContentState, Generation, Terminal } from '../../core/generation.ts';

/** Whose generation it is. */
export interface Owner {
  readonly organizationId: string;
  readonly projectId: string;
  readonly principalId: string;
}

export interface StoredResult {
  readonly owner: Owner;
  /** Content stripped, and `contentState` telling why, when it is not or no longer kept. */
  readonly terminal: Terminal;
}

export interface ResultStore {
  /** Keeps the metadata, and the content for `contentTtlMs` (0: not at all) if it is not too large. */
  put(owner: Owner, terminal: Terminal, contentTtlMs: number): void;
  get(generationId: string): StoredResult | undefined;
}

/** The generation without what was said in it. */
export function withoutContent(generation: Generation, contentState: Exclude<ContentState, 'AVAILABLE'>): Generation {
  return { ...generation, text: undefined, json: undefined, reasoning: undefined, toolCalls: [], contentState };
}
