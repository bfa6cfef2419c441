// Which documents run in which mode, over the rules and the schema of the server.

import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parse, print } from 'graphql';
import type { DocumentMode } from '../../../src/core/caller.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { createDocuments, type Documents, type ReadDocument } from '../../../src/graphql/documents.ts';
import { createFindDocument, type DocumentRequest, type FindDocument } from '../../../src/graphql/find-document.ts';
import { defaultOperationLimits as limits } from '../../../src/graphql/operation-limits.ts';
import { buildGraphQLSchema } from '../../../src/graphql/schema.ts';
import { createTrustedDocuments, type TrustedDocuments } from '../../../src/graphql/trusted-documents.ts';
import { ConfigError } from '../../../src/platform/config-errors.ts';
import { hashOfText } from '../../../src/platform/document-manifest.ts';
import { servicesWith } from '../../support/fake-generations.ts';

// As a build tool writes it: sorted, on one line.
const known = 'query Names { models { id name } viewer { principal roles } }';
const knownMutation =
  'mutation Two { a: cancelGeneration(input: {id: "1"}) { generation { id } } b: cancelGeneration(input: {id: "2"}) { generation { id } } }';
const unknown = 'query Unknown { models { contextWindow } }';
const idOf = (text: string): string => `sha256:${hashOfText(text)}`;

let documents: Documents;
let read: ReadDocument;
let parsed: string[];
let logged: { fields: Record<string, unknown>; message: string }[];
let find: FindDocument;

const trust = (texts: readonly string[], mode: DocumentMode = 'off'): Promise<TrustedDocuments> =>
  createTrustedDocuments({
    mode,
    manifest: { name: 'manifest.json', documents: new Map(texts.map((text) => [hashOfText(text), text])) },
    read,
    mostTokens: limits.tokens,
  });

beforeAll(async () => {
  const schema = await buildGraphQLSchema(servicesWith({}));
  const store = createDocuments({ schema, limits, introspection: false });
  read = store.get;
  documents = {
    get(text) {
      parsed.push(text);
      return store.get(text);
    },
  };
});

beforeEach(async () => {
  parsed = [];
  logged = [];
  find = findAmong(await trust([known, knownMutation]));
});

const findAmong = (trusted: TrustedDocuments): FindDocument => {
  const logger = { warn: (fields: object, message: string) => void logged.push({ fields: { ...fields }, message }) };
  return createFindDocument({ documents, trusted, logger });
};

/** The text that runs, or the code it was refused with. */
function outcome(mode: DocumentMode | undefined, request: Partial<DocumentRequest>): string {
  try {
    const { text, result } = find(
      { query: undefined, documentId: undefined, ...request },
      { documentMode: mode, principalId: 'key:web' },
    );
    return result.type === 'VALID' ? text : result.type;
  } catch (error) {
    if (error instanceof SluiceError) return error.code;
    throw error;
  }
}

const messageOf = (mode: DocumentMode, request: Partial<DocumentRequest>): string => {
  try {
    find({ query: undefined, documentId: undefined, ...request }, { documentMode: mode, principalId: 'key:web' });
  } catch (error) {
    if (error instanceof SluiceError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
};

const NOT_FOUND = 'PERSISTED_DOCUMENT_NOT_FOUND';
const MISMATCH = 'BAD_USER_INPUT';
const modes: readonly DocumentMode[] = ['off', 'log', 'allow-known', 'require'];
const printed = print(parse('query Names { viewer { roles principal } models { name id } }'));

describe('what runs in the modes off, log, allow-known, require', () => {
  it.each<[what: string, request: Partial<DocumentRequest>, outcomes: readonly string[]]>([
    ['an id', { documentId: idOf(known) }, [NOT_FOUND, known, known, known]],
    ['an id without its prefix', { documentId: hashOfText(known) }, [NOT_FOUND, known, known, known]],
    ['the text of a trusted document', { query: known }, [known, known, known, NOT_FOUND]],
    ['the same printed by a client', { query: printed }, [printed, printed, printed, NOT_FOUND]],
    ['another text', { query: unknown }, [unknown, unknown, NOT_FOUND, NOT_FOUND]],
    ['an unknown id', { documentId: idOf(unknown) }, [NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND]],
    ['an id with its text', { documentId: idOf(known), query: known }, [NOT_FOUND, known, known, known]],
    ['an id with its text, printed', { documentId: idOf(known), query: printed }, [NOT_FOUND, known, known, known]],
    [
      'an id with the text of another trusted document',
      { documentId: idOf(known), query: knownMutation },
      [NOT_FOUND, MISMATCH, MISMATCH, MISMATCH],
    ],
    [
      'an id with an unknown text',
      { documentId: idOf(known), query: unknown },
      [NOT_FOUND, MISMATCH, MISMATCH, MISMATCH],
    ],
    [
      'an unknown id with its text',
      { documentId: idOf(unknown), query: unknown },
      [NOT_FOUND, unknown, NOT_FOUND, NOT_FOUND],
    ],
    [
      'an unknown id with a trusted text',
      { documentId: idOf(unknown), query: known },
      [NOT_FOUND, MISMATCH, MISMATCH, MISMATCH],
    ],
  ])('%s', (_what, request, outcomes) => {
    expect(modes.map((mode) => outcome(mode, request))).toEqual(outcomes);
  });

  it.each([
    ['of the server where the caller has none', undefined, NOT_FOUND],
    ['of the caller before that of the server', 'off' as const, unknown],
  ])('is decided by the mode %s', async (_which, mode, expected) => {
    find = findAmong(await trust([known], 'require'));
    expect(outcome(mode, { query: unknown })).toBe(expected);
  });

  it('is decided by the manifest at hand', async () => {
    expect(outcome('require', { documentId: idOf(unknown) })).toBe(NOT_FOUND);
    find = findAmong(await trust([unknown]));
    expect(outcome('require', { documentId: idOf(unknown) })).toBe(unknown);
    expect(outcome('require', { documentId: idOf(known) })).toBe(NOT_FOUND);
  });
});

describe('ids', () => {
  it.each([
    ['an empty one', ''],
    ['another algorithm', `sha1:${'a'.repeat(40)}`],
    ['an MD5 without prefix', 'a'.repeat(32)],
    ['sha256 of another length', `sha256:${'a'.repeat(63)}`],
    ['upper-case digits', idOf(known).toUpperCase()],
    ['upper-case digits behind the prefix', `sha256:${hashOfText(known).toUpperCase()}`],
    ['a newline at its end', `${idOf(known)}\n`],
    ['two prefixes', `sha256:${idOf(known)}`],
    ['a name of its own', 'x-own:name'],
    ['the name of a property', '__proto__'],
    ['the name of a method', 'constructor'],
    ['one of a million characters', `sha256:${'a'.repeat(1_000_000)}`],
  ])('%s names no document, and the answer says what does', (_what, documentId) => {
    for (const mode of ['log', 'allow-known', 'require'] as const) {
      expect(outcome(mode, { documentId })).toBe(NOT_FOUND);
      expect(messageOf(mode, { documentId })).toMatch(/"sha256:" and 64 lower-case hex digits/);
    }
    expect(outcome('off', { documentId })).toBe(NOT_FOUND);
  });

  it('find their document ready: nothing is parsed, and it is one and the same each time', () => {
    const request = { query: undefined, documentId: idOf(known) };
    const caller = { documentMode: 'require' as const, principalId: 'key:web' };
    expect(find(request, caller)).toBe(find(request, caller));
    expect(parsed).toEqual([]);
  });

  it('that are refused are told how to go on, without an echo', () => {
    expect(messageOf('off', { documentId: idOf(known) })).toMatch(/send the document itself as "query"/);
    expect(messageOf('off', { documentId: idOf(known), query: known })).toMatch(
      /no documents by their id: leave it out/,
    );
    expect(messageOf('log', { documentId: idOf(unknown) })).toMatch(/manifest.*Until then send .* "query"/);
    expect(messageOf('require', { documentId: idOf(unknown) })).not.toMatch(/"query"/);
    expect(messageOf('require', { query: 'CANARY' })).toMatch(/"documentId"/);
    expect(messageOf('require', { query: 'CANARY' })).not.toMatch(/CANARY/);
  });
});

describe('a text in allow-known', () => {
  const same: [what: string, text: string][] = [
    ['in another order', 'query Names { viewer { roles, principal } models { name, id } }'],
    [
      'with the __typename that clients add',
      'query Names { __typename models { __typename id name } viewer { principal roles __typename } }',
    ],
    [
      'with comments and spacing',
      '# by hand\nquery Names {\n  models { id name }\n\n  viewer { principal, roles }\n}\n',
    ],
  ];
  it.each(same)('runs as sent when it is a trusted document %s', (_what, text) => {
    expect(outcome('allow-known', { query: text })).toBe(text);
    expect(outcome('allow-known', { query: text })).toBe(text);
    expect(outcome('require', { documentId: idOf(known), query: text })).toBe(known);
  });

  const different: [what: string, text: string][] = [
    ['has a field more', 'query Names { models { id name contextWindow } viewer { principal roles } }'],
    ['has a field less', 'query Names { models { id } viewer { principal roles } }'],
    ['has its fields elsewhere', 'query Names { models { id roles } viewer { principal name } }'],
    ['has another name', 'query Other { models { id name } viewer { principal roles } }'],
    ['has an alias', 'query Names { models { id name: id } viewer { principal roles } }'],
    ['renames __typename', 'query Names { models { id name a: __typename } viewer { principal roles } }'],
    ['has a directive', 'query Names { models { id name @skip(if: true) } viewer { principal roles } }'],
    ['asks for the schema', '{ __schema { types { name } } }'],
    ['is empty but for a comment', '#'],
    ['is no GraphQL', 'CANARY ('],
    ['has the right tokens in the wrong order', 'query } Names models { id name } viewer { principal roles } {'],
    ['cannot be read', 'query Names { models { id name } viewer { principal roles } } "'],
    [
      'does the same in another order',
      'mutation Two { b: cancelGeneration(input: {id: "2"}) { generation { id } } a: cancelGeneration(input: {id: "1"}) { generation { id } } }',
    ],
    ['changes a value', knownMutation.replace('"2"', '"3"')],
    ['swaps two values', knownMutation.replace('"2"', '"x"').replace('"1"', '"2"').replace('"x"', '"1"')],
    ['is longer than what is compared', `${known}${' '.repeat(70_000)}`],
  ];
  it.each(different)('is refused when it %s', (_what, text) => {
    expect(outcome('allow-known', { query: text })).toBe(NOT_FOUND);
    expect(parsed).toEqual([]);
  });

  it('is held to the limits on operations, however it is written', () => {
    const text = `query Names { ${'__typename '.repeat(600)} models { id name } viewer { principal roles } }`;
    expect(outcome('allow-known', { query: text })).toBe('INVALID');
  });

  it('may spread its fragments in any order, but not those of a mutation', async () => {
    const fragments =
      'fragment A on Model { id name } fragment B on Viewer { principal roles } query Q { models { ...A } viewer { ...B } }';
    const ordered =
      'fragment M on Mutation { a: cancelGeneration(input: {id: "1"}) { generation { id } } b: cancelGeneration(input: {id: "1"}) { generation { id } } } mutation M { ...M }';
    find = findAmong(await trust([fragments, ordered]));
    const moved =
      'query Q { viewer { ...B } models { ...A } } fragment B on Viewer { roles principal } fragment A on Model { name id }';
    expect(outcome('allow-known', { query: moved })).toBe(moved);
    const swapped = ordered.replace('{ a:', '{ x:').replace(' b:', ' a:').replace('x:', 'b:');
    expect(outcome('allow-known', { query: swapped })).toBe(NOT_FOUND);
  });
});

describe('the log of mode log', () => {
  it('has each unknown document once: its hash and its name, never its text', () => {
    for (const query of [unknown, unknown, known, printed, '{ models { name } }', 'not GraphQL', '{ nothing }']) {
      outcome('log', { query });
    }
    expect(logged.map(({ fields }) => fields)).toEqual([
      { documentId: idOf(unknown), operation: 'Unknown', principal: 'key:web' },
      { documentId: idOf('{ models { name } }'), operation: undefined, principal: 'key:web' },
    ]);
    expect(JSON.stringify(logged)).not.toContain('contextWindow');
  });

  it('ends after a thousand, with a word that it does, and begins again with a new manifest', async () => {
    for (let index = 0; index < 1_100; index++) outcome('log', { query: `query Q${index} { models { id } }` });
    expect(logged).toHaveLength(1_001);
    expect(logged.at(-1)?.message).toMatch(/1000 .* no more/);
    find = findAmong(await trust([known]));
    outcome('log', { query: 'query Q1099 { models { id } }' });
    expect(logged).toHaveLength(1_002);
  });

  it('cuts names that are long', () => {
    outcome('log', { query: `query ${'n'.repeat(250)} { models { id } }` });
    expect(String(logged[0]?.fields['operation'])).toHaveLength(100);
  });
});

describe('a manifest whose documents do not all run', () => {
  it('is refused as a whole, with every problem, the name of its operation and of the file', async () => {
    const problems = await trust([
      known,
      'query Broken { models { id }',
      'query Old { models { gone } viewer { gone } }',
      '{ __schema { types { name } } }',
      `query Deep { ${'node { '.repeat(20)} id ${'} '.repeat(20)} }`,
      'subscription Skipped($a: Boolean!) { generationEvents(generationId: "1") @skip(if: $a) { sequence } }',
    ]).then(
      () => [],
      (error: unknown) => (error instanceof ConfigError ? error.message.split('\n').slice(1) : [String(error)]),
    );
    expect(problems).toEqual([
      expect.stringMatching(/manifest\.json sha256:[0-9a-f]{64}: Syntax error at line 1/),
      expect.stringMatching(/manifest\.json Old sha256:[0-9a-f]{64}: Cannot query field "gone" on type "Model"\.$/),
      expect.stringMatching(/manifest\.json Old sha256:[0-9a-f]{64}: Cannot query field "gone" on type "Viewer"\.$/),
      expect.stringMatching(/introspection has been disabled.* "__schema"\.$/),
      expect.stringMatching(/introspection has been disabled.* "types"\.$/),
      expect.stringMatching(/Deep .*levels of nesting, at most 10/),
      expect.stringMatching(/Skipped .*takes no @skip/),
    ]);
  });

  it('tells no more than fifty problems and how many are left', async () => {
    const texts = Array.from({ length: 70 }, (_, index) => `query Q${index} { gone }`);
    await expect(trust(texts)).rejects.toThrow(/\n.*and 20 more problems of this manifest$/);
  });
});
