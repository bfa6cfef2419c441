// How large one operation may be, as one pass over the document: fragments count as often as they are spread, each is
// walked once. Used by our own document store and, as a validation rule, by Apollo Server.

import {
  type ASTVisitor,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  TokenKind,
  type ValidationContext,
} from 'graphql';

export interface OperationLimits {
  /** Nested selection sets; introspection does not count. */
  readonly depth: number;
  /** Fields with an alias. */
  readonly aliases: number;
  /** Root fields of a mutation. */
  readonly rootFields: number;
  readonly directives: number;
  readonly fields: number;
  /** Lexical tokens of the whole document. */
  readonly tokens: number;
  /** Characters of one name in the document: an alias comes back as often as there are objects in the answer. */
  readonly nameCharacters: number;
  /** Items of one list in the input. */
  readonly listItems: number;
  readonly messages: number;
  readonly textsToEmbed: number;
  /** For operations that run no generation: those bring their own deadline. Milliseconds. */
  readonly timeoutMs: number;
}

export const defaultOperationLimits: OperationLimits = {
  depth: 10,
  aliases: 15,
  rootFields: 10,
  directives: 10,
  fields: 500,
  tokens: 1_000,
  nameCharacters: 256,
  listItems: 100,
  messages: 1_000,
  textsToEmbed: 2_048,
  timeoutMs: 30_000,
};

interface Size {
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  readonly fields: number;
  readonly rootFields: number;
}

const nothing: Size = { depth: 0, aliases: 0, directives: 0, fields: 0, rootFields: 0 };
/** Fragments that spread fragments that spread … grow exponentially: counts stop here. */
const countCap = 1_000_000;
const capped = (count: number): number => Math.min(count, countCap);

/** The problems of each operation of the document; empty when all fit. */
export function checkOperationLimits(document: DocumentNode, limits: OperationLimits): GraphQLError[] {
  const longest = longestName(document);
  if (longest > limits.nameCharacters) return [nameTooLong(longest, limits.nameCharacters)];
  const measure = createMeasure(document);
  const errors: GraphQLError[] = [];
  for (const operation of document.definitions) {
    if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
    const size = measure(operation);
    const refuse = (what: string, found: number, limit: number): void => {
      if (found > limit) errors.push(tooLarge(operation, what, found, limit));
    };
    refuse('levels of nesting', size.depth, limits.depth);
    refuse('aliased fields', size.aliases, limits.aliases);
    refuse('directives', size.directives, limits.directives);
    refuse('fields', size.fields, limits.fields);
    if (operation.operation === 'mutation') refuse('root fields', size.rootFields, limits.rootFields);
  }
  return errors;
}

/** The same as a rule for `validate`; reports, never throws. */
export const createOperationLimitsRule =
  (limits: OperationLimits) =>
  (context: ValidationContext): ASTVisitor => ({
    Document: (document) => {
      for (const error of checkOperationLimits(document, limits)) context.reportError(error);
    },
  });

function tooLarge(operation: OperationDefinitionNode, what: string, found: number, limit: number): GraphQLError {
  const count = found >= countCap ? `over ${countCap}` : String(found);
  return new GraphQLError(
    `The operation has ${count} ${what}, at most ${limit} are allowed. Split it into smaller operations.`,
    { nodes: operation, extensions: { code: 'MAX_COST_EXCEEDED' } },
  );
}

function nameTooLong(found: number, limit: number): GraphQLError {
  return new GraphQLError(`A name in the document has ${found} characters, at most ${limit} are allowed.`, {
    extensions: { code: 'MAX_COST_EXCEEDED' },
  });
}

function longestName({ loc }: DocumentNode): number {
  let longest = 0;
  for (let token = loc?.startToken ?? null; token !== null; token = token.next) {
    if (token.kind === TokenKind.NAME) longest = Math.max(longest, token.value.length);
  }
  return longest;
}

function createMeasure(document: DocumentNode): (operation: OperationDefinitionNode) => Size {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measured = new Map<string, Size>();

  function measureFragment(name: string): Size {
    const known = measured.get(name);
    if (known !== undefined) return known;
    const fragment = fragments.get(name);
    if (fragment === undefined) return nothing;
    // A cycle finds this and ends; another rule reports it.
    measured.set(name, nothing);
    const size = measureSelections(fragment.selectionSet, fragment.directives);
    measured.set(name, size);
    return size;
  }

  function measureSelections(selectionSet: SelectionSetNode, directives: readonly DirectiveNode[] = []): Size {
    let { depth, aliases, fields, rootFields } = nothing;
    let directiveCount = directives.length;
    const add = (inner: Size): void => {
      aliases = capped(aliases + inner.aliases);
      fields = capped(fields + inner.fields);
      directiveCount = capped(directiveCount + inner.directives);
    };
    for (const selection of selectionSet.selections) {
      directiveCount = capped(directiveCount + (selection.directives?.length ?? 0));
      if (selection.kind === Kind.FIELD) {
        const isIntrospection = selection.name.value.startsWith('__');
        fields = capped(fields + 1);
        rootFields = capped(rootFields + 1);
        if (selection.alias !== undefined) aliases = capped(aliases + 1);
        const inner = selection.selectionSet === undefined ? nothing : measureSelections(selection.selectionSet);
        add(inner);
        depth = Math.max(depth, isIntrospection ? 1 : inner.depth + 1);
      } else {
        const inner =
          selection.kind === Kind.FRAGMENT_SPREAD
            ? measureFragment(selection.name.value)
            : measureSelections(selection.selectionSet);
        add(inner);
        rootFields = capped(rootFields + inner.rootFields);
        depth = Math.max(depth, inner.depth);
      }
    }
    return { depth, aliases, directives: directiveCount, fields, rootFields };
  }

  return (operation) => {
    const size = measureSelections(operation.selectionSet, operation.directives);
    const onVariables = (operation.variableDefinitions ?? []).reduce(
      (count, definition) => count + (definition.directives?.length ?? 0),
      0,
    );
    return { ...size, directives: capped(size.directives + onVariables) };
  };
}
