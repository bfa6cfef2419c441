// The documents of a manifest, read and validated once by the rules every operation passes: a request that names one
// finds it ready. A value: a new manifest makes a new one.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { Kind, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { DocumentMode } from '../core/caller.ts';
import { SluiceError } from '../core/errors.ts';
import { ConfigError } from '../platform/config-errors.ts';
import { manifestProblems } from '../platform/config-manifest.ts';
import { type DocumentManifest, hashOfText } from '../platform/document-manifest.ts';
import { canonicalText, sortedTokens } from './canonical-document.ts';
import type { DocumentResult } from './documents.ts';
import { presentError } from './format-error.ts';

export interface TrustedDocument {
  /** As the manifest has it. */
  readonly text: string;
  readonly result: ValidDocument;
}

type ValidDocument = Extract<DocumentResult, { readonly type: 'VALID' }>;

export interface TrustedDocuments {
  /** For callers that have none of their own. */
  readonly mode: DocumentMode;
  /** By the sha256 of its text. */
  get(hash: string): TrustedDocument | undefined;
  /**
   * The document of which this is another text: `hash` is its sha256. Texts that do not consist of the very tokens of a
   * trusted document are not parsed.
   */
  match(text: string, hash: string): TrustedDocument | undefined;
}

export interface TrustedDocumentsOptions {
  readonly mode: DocumentMode;
  readonly manifest: DocumentManifest | undefined;
  /** Parses and validates, limits on operations included (documents.ts). */
  readonly read: (text: string) => DocumentResult;
  /** Lexical tokens of one document. */
  readonly mostTokens: number;
}

/** Longer texts are compared by their hash alone. */
const longestMatched = 64 * 1024;
const mostMatchesKept = 1_000;
/** Then the event loop turns: a reload must not hold up what runs. */
const readAtOnce = 8;

/** What a server without a manifest has. */
export const noTrustedDocuments: TrustedDocuments = {
  mode: 'off',
  get: () => undefined,
  match: () => undefined,
};

/** @throws ConfigError that lists every document that does not fit the schema or the limits. */
export async function createTrustedDocuments(options: TrustedDocumentsOptions): Promise<TrustedDocuments> {
  const { mode, manifest, read, mostTokens } = options;
  const byHash = new Map<string, TrustedDocument>();
  const byTokens = new Map<string, { readonly trusted: TrustedDocument; readonly canonical: string }[]>();
  const problems: { entry: string; problem: string }[] = [];

  for (const [hash, text] of manifest?.documents ?? []) {
    if (byHash.size % readAtOnce === readAtOnce - 1) await nextTurn();
    const result = readSafely(read, text);
    if (result.type === 'INVALID') {
      const entry = `${operationNames(text)}sha256:${hash}`;
      for (const error of result.errors) problems.push({ entry, problem: presentError(error, undefined).message });
      continue;
    }
    const trusted: TrustedDocument = { text, result };
    byHash.set(hash, trusted);
    const tokens = fingerprint(text, mostTokens) ?? '';
    const alike = { trusted, canonical: canonicalText(result.document) };
    byTokens.set(tokens, [...(byTokens.get(tokens) ?? []), alike]);
  }
  if (problems.length > 0) throw new ConfigError(manifestProblems(manifest?.name ?? '', problems));

  const matched = new LRUCache<string, TrustedDocument>({ max: mostMatchesKept });
  return {
    mode,
    get: (hash) => byHash.get(hash),
    match(text, hash) {
      const known = byHash.get(hash) ?? matched.get(hash);
      if (known !== undefined || text.length > longestMatched) return known;
      const candidates = byTokens.get(fingerprint(text, mostTokens) ?? '');
      if (candidates === undefined) return undefined;
      const canonical = canonicalOf(text, mostTokens);
      const found = candidates.find((candidate) => candidate.canonical === canonical)?.trusted;
      if (found !== undefined) matched.set(hash, found);
      return found;
    },
  };
}

type ReadResult = ValidDocument | { readonly type: 'INVALID'; readonly errors: readonly unknown[] };

function readSafely(read: TrustedDocumentsOptions['read'], text: string): ReadResult {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { type: 'INVALID', errors: [error] };
  }
}

/** Short, whatever the document is. */
function fingerprint(text: string, mostTokens: number): string | undefined {
  const tokens = sortedTokens(text, mostTokens);
  return tokens === undefined ? undefined : hashOfText(tokens);
}

function canonicalOf(text: string, maxTokens: number): string | undefined {
  try {
    return canonicalText(parse(text, { maxTokens, noLocation: true }));
  } catch {
    return undefined;
  }
}

/** `A, B `, as far as the text can be read: for the operator who has to find them. */
function operationNames(text: string): string {
  try {
    const names = parse(text, { noLocation: true }).definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? (definition.name?.value ?? []) : [],
    );
    return names.length === 0 ? '' : `${names.slice(0, 3).join(', ')} `;
  } catch {
    return '';
  }
}
