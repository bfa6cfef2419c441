// What counts as one document: for the project's own documents, every way to write them, and no change to them.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type DocumentNode, Kind, Lexer, parse, print, Source, TokenKind, visit } from 'graphql';
import { canonicalText, sortedTokens } from '../../../src/graphql/canonical-document.ts';
import { propertyRun } from '../../support/property.ts';

const texts = Object.values(
  JSON.parse(readFileSync('schema/persisted-documents.json', 'utf8')) as Record<string, string>,
);
const anyText = fc.constantFrom(...texts);
const MOST = 1_000;

const isSame = (left: string, right: string): boolean =>
  sortedTokens(left, MOST) === sortedTokens(right, MOST) && canonicalText(parse(left)) === canonicalText(parse(right));

/** In an order that the numbers give. */
const shuffled = <Item>(items: readonly Item[] = [], numbers: readonly number[]): Item[] =>
  items
    .map((item, index) => ({ item, key: ((numbers[index % numbers.length] ?? 0) * (index + 7)) % 101 }))
    .sort((left, right) => left.key - right.key)
    .map(({ item }) => item);

function rewritten(document: DocumentNode, numbers: readonly number[]): DocumentNode {
  const reordered = visit(document, {
    Document: (node) => ({ ...node, definitions: shuffled(node.definitions, numbers) }),
    OperationDefinition: (node) => ({ ...node, variableDefinitions: shuffled(node.variableDefinitions, numbers) }),
    Field: (node) => ({ ...node, arguments: shuffled(node.arguments, numbers) }),
    SelectionSet: {
      enter: (node, _key, parent) => {
        const isOrdered = (parent as { readonly operation?: string }).operation === 'mutation';
        return isOrdered ? node : { ...node, selections: shuffled(node.selections, numbers) };
      },
    },
  });
  return parse(print(reordered));
}

const withTypename = (document: DocumentNode): DocumentNode =>
  parse(
    print(
      visit(document, {
        SelectionSet: { leave: (node) => ({ ...node, selections: [...node.selections, ...parseTypename] }) },
      }),
    ),
  );
const parseTypename = (() => {
  const [definition] = parse('{ __typename }').definitions;
  return definition?.kind === Kind.OPERATION_DEFINITION ? definition.selectionSet.selections : [];
})();

/** The tokens of a text, as they stand in it. */
function tokensOf(text: string): string[] {
  const lexer = new Lexer(new Source(text));
  const tokens: string[] = [];
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    tokens.push(text.slice(token.start, token.end));
  }
  return tokens;
}

describe('a document', () => {
  it('is the same in any order of its parts, with any spacing, with and without the names of its types', () => {
    const spacing = fc.constantFrom(' ', '\n', '\t\t', ' , ', ' # a comment\n');
    fc.assert(
      fc.property(anyText, fc.array(fc.nat(100), { minLength: 3, maxLength: 20 }), spacing, (text, numbers, space) => {
        const other = rewritten(parse(text), numbers);
        expect(isSame(text, print(other))).toBe(true);
        expect(isSame(text, print(withTypename(other)))).toBe(true);
        expect(isSame(text, tokensOf(print(other)).join(space))).toBe(true);
      }),
      propertyRun(60),
    );
  });

  it('is another when any of its tokens goes, comes twice or is replaced', () => {
    const edits = fc.constantFrom<(token: string) => string>(
      () => '',
      (token) => `${token} ${token}`,
      (token) => `x${token}`,
    );
    fc.assert(
      fc.property(fc.tuple(anyText, fc.integer({ min: 0, max: 100_000 }), edits), ([text, place, edit]) => {
        const tokens = tokensOf(text);
        const index = place % tokens.length;
        // The names of types do not count, here or there.
        if (tokens[index] === '__typename') return;
        const edited = tokens.map((token, position) => (position === index ? edit(token) : token)).join(' ');
        expect(sortedTokens(edited, MOST)).not.toBe(sortedTokens(text, MOST));
      }),
      propertyRun(300),
    );
  });

  it('is another when two different documents of the manifest are compared', () => {
    const canonical = texts.map((text) => canonicalText(parse(text)));
    expect(new Set(canonical).size).toBe(texts.length);
  });

  it('of more tokens than may be is none', () => {
    expect(sortedTokens('{ a b c }', 5)).toBeDefined();
    expect(sortedTokens('{ a b c }', 4)).toBeUndefined();
    expect(sortedTokens('{ a "', 5)).toBeUndefined();
  });
});
