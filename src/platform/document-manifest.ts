// The manifest of trusted documents as a frontend's build wrote it: a map from id to text (GraphQL Code Generator), or
// Apollo's list of operations. Whether the documents fit the schema is for graphql/trusted-documents.ts to say.

import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { errorCode } from './error-code.ts';

export interface DocumentManifest {
  /** The file as the operator knows it, for messages. */
  readonly name: string;
  /** Text by the sha256 of its UTF-8 bytes, in lower-case hex. */
  readonly documents: ReadonlyMap<string, string>;
}

export interface ManifestProblem {
  /** The entry it is about; empty: the file as a whole. */
  readonly entry: string;
  readonly problem: string;
}

export type ManifestReading =
  | { readonly type: 'READ'; readonly manifest: DocumentManifest }
  /** Not to be had at all; in words that follow "expected". */
  | { readonly type: 'UNREADABLE'; readonly expected: string }
  | { readonly type: 'INVALID'; readonly problems: readonly ManifestProblem[] };

const MOST_BYTES = 16 * 1024 * 1024;
const MOST_DOCUMENTS = 10_000;
const LONGEST_SHOWN = 80;
const APOLLO_FORMAT = 'apollo-persisted-query-manifest';
const ID = /^(?:sha256:)?([0-9a-f]{64})$/;

/** The hash in an id as clients and manifests write it, with or without its prefix. */
export const hashOfDocumentId = (id: string): string | undefined => ID.exec(id)?.[1];

export const hashOfText = (text: string): string => hash('sha256', text);

export async function readDocumentManifest(path: string, name: string): Promise<ManifestReading> {
  let bytes: Buffer;
  try {
    // Looked at first: a pipe would keep its reader waiting.
    const stats = await stat(path);
    if (!stats.isFile()) return { type: 'UNREADABLE', expected: 'the path of a file' };
    if (stats.size > MOST_BYTES) return { type: 'UNREADABLE', expected: `a file of at most ${MOST_BYTES} bytes` };
    bytes = await readFile(path);
  } catch (error) {
    const code = errorCode(error);
    const why = code === 'ENOENT' ? 'exists' : `this user may read (${code ?? 'unknown error'})`;
    return { type: 'UNREADABLE', expected: `the path of a file that ${why}` };
  }
  const problems: ManifestProblem[] = [];
  const documents = new Map<string, string>();
  for (const { id, text, entry } of readEntries(bytes, problems)) {
    const problem = checkEntry(id, text);
    if (problem !== undefined) problems.push({ entry, problem });
    else documents.set(hashOfDocumentId(id) ?? '', text as string);
  }
  return problems.length > 0 ? { type: 'INVALID', problems } : { type: 'READ', manifest: { name, documents } };
}

interface ManifestEntry {
  readonly id: string;
  readonly text: unknown;
  /** What it is called in messages. */
  readonly entry: string;
}

function readEntries(bytes: Uint8Array, problems: ManifestProblem[]): readonly ManifestEntry[] {
  const refuse = (problem: string): readonly ManifestEntry[] => {
    problems.push({ entry: '', problem });
    return [];
  };
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message quotes the file.
    return refuse('this is not JSON text in UTF-8');
  }
  if (!isMapping(value)) {
    return refuse(`expected a JSON object from ids to texts, or one of the format "${APOLLO_FORMAT}"`);
  }
  const entries = value['format'] === APOLLO_FORMAT ? readApolloEntries(value, refuse) : readMap(value);
  if (entries.length > MOST_DOCUMENTS) {
    return refuse(`it holds ${entries.length} documents, at most ${MOST_DOCUMENTS} are taken`);
  }
  return entries;
}

const readMap = (value: Mapping): readonly ManifestEntry[] =>
  Object.entries(value).map(([id, text]) => ({ id, text, entry: shown(id) }));

function readApolloEntries(
  value: Mapping,
  refuse: (problem: string) => readonly ManifestEntry[],
): readonly ManifestEntry[] {
  const { version, operations } = value;
  if (version !== 1) return refuse(`only version 1 of the format "${APOLLO_FORMAT}" is known`);
  if (!Array.isArray(operations)) return refuse('"operations" must be a list');
  return operations.map((operation: unknown, index) => {
    const { id, name, body } = isMapping(operation) ? operation : {};
    const called = typeof name === 'string' ? ` ${shown(name)}` : '';
    return { id: typeof id === 'string' ? id : '', text: body, entry: `operations[${index}]${called}` };
  });
}

function checkEntry(id: string, text: unknown): string | undefined {
  if (typeof text !== 'string') return 'the text of the document must be a string';
  const wanted = hashOfDocumentId(id);
  if (wanted === undefined) {
    return 'the id must be "sha256:" (or nothing) and 64 lower-case hex digits: have the manifest made with sha256';
  }
  const actual = hashOfText(text);
  if (wanted === actual) return undefined;
  return `the id is not the sha256 of its text, which is ${actual}: make the manifest anew and let nothing reformat it`;
}

type Mapping = Readonly<Record<string, unknown>>;

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const shown = (text: string): string =>
  JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
