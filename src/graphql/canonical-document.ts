// What two texts of one document have in common: order of fields, spacing and the `__typename` that clients add do not
// count. Build tools sort what they write to a manifest, and clients print what they send in their own way.

import {
  type ArgumentNode,
  type DefinitionNode,
  type DirectiveNode,
  type DocumentNode,
  GraphQLError,
  Kind,
  Lexer,
  print,
  type SelectionNode,
  type SelectionSetNode,
  Source,
  TokenKind,
} from 'graphql';

/**
 * The tokens of a text in an order of their own, without `__typename`: equal for all texts of one document. Read without
 * parsing. undefined: these are no tokens, or more than `mostTokens`.
 */
export function sortedTokens(text: string, mostTokens: number): string | undefined {
  const lexer = new Lexer(new Source(text));
  const tokens: string[] = [];
  try {
    for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
      if (token.value === '__typename' && token.kind === TokenKind.NAME) continue;
      if (tokens.length === mostTokens) return undefined;
      tokens.push(`${token.kind} ${token.value ?? ''}`);
    }
  } catch (error) {
    if (error instanceof GraphQLError) return undefined;
    throw error;
  }
  return JSON.stringify(tokens.sort());
}

/** One text for all documents that differ in nothing that counts. For comparison only: it may not be valid. */
export function canonicalText(document: DocumentNode): string {
  return document.definitions.map(canonicalDefinition).sort().join('\n');
}

function canonicalDefinition(definition: DefinitionNode): string {
  if (definition.kind === Kind.OPERATION_DEFINITION) {
    return print({
      ...definition,
      variableDefinitions: sorted(definition.variableDefinitions),
      directives: canonicalDirectives(definition.directives),
      selectionSet: canonicalSelections(definition.selectionSet, definition.operation === 'mutation'),
    });
  }
  if (definition.kind === Kind.FRAGMENT_DEFINITION) {
    return print({
      ...definition,
      directives: canonicalDirectives(definition.directives),
      selectionSet: canonicalSelections(definition.selectionSet, definition.typeCondition.name.value === 'Mutation'),
    });
  }
  return print(definition);
}

/** `isOrdered`: the fields run one after the other, as those of a mutation do. */
function canonicalSelections({ kind, selections }: SelectionSetNode, isOrdered: boolean): SelectionSetNode {
  const canonical = selections
    .filter((selection) => !isPlainTypename(selection))
    .map((selection) => canonicalSelection(selection, isOrdered));
  return { kind, selections: isOrdered ? canonical : sorted(canonical) };
}

function canonicalSelection(selection: SelectionNode, isOrdered: boolean): SelectionNode {
  const directives = canonicalDirectives(selection.directives);
  switch (selection.kind) {
    case Kind.FIELD:
      return {
        ...selection,
        directives,
        arguments: sorted<ArgumentNode>(selection.arguments),
        ...(selection.selectionSet && { selectionSet: canonicalSelections(selection.selectionSet, false) }),
      };
    case Kind.INLINE_FRAGMENT:
      return { ...selection, directives, selectionSet: canonicalSelections(selection.selectionSet, isOrdered) };
    case Kind.FRAGMENT_SPREAD:
      return { ...selection, directives };
  }
}

const isPlainTypename = (selection: SelectionNode): boolean =>
  selection.kind === Kind.FIELD &&
  selection.name.value === '__typename' &&
  selection.alias === undefined &&
  (selection.directives?.length ?? 0) === 0;

/** All directives this schema knows mean the same in any order. */
const canonicalDirectives = (directives: readonly DirectiveNode[] = []): readonly DirectiveNode[] =>
  sorted(directives.map((directive) => ({ ...directive, arguments: sorted<ArgumentNode>(directive.arguments) })));

function sorted<Node extends Parameters<typeof print>[0]>(nodes: readonly Node[] = []): readonly Node[] {
  return nodes
    .map((node) => ({ node, text: print(node) }))
    .sort((left, right) => (left.text < right.text ? -1 : left.text > right.text ? 1 : 0))
    .map(({ node }) => node);
}
