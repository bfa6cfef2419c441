// Parsed and validated documents, kept in a bounded cache: every transport asks here, so all share one set of rules.

import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { SluiceError } from '../core/errors.ts';
import { checkOperationLimits, type OperationLimits } from './operation-limits.ts';

export type DocumentResult =
  | { readonly type: 'VALID'; readonly document: DocumentNode }
  | { readonly type: 'INVALID'; readonly errors: readonly GraphQLError[] };

export interface Documents {
  get(source: string): DocumentResult;
}

export interface DocumentRules {
  readonly schema: GraphQLSchema;
  readonly limits: OperationLimits;
  readonly introspection: boolean;
}

/** @throws SluiceError for what graphql-js itself would trip over. */
export type ReadDocument = (source: string) => DocumentResult;

export interface DocumentsOptions extends DocumentRules {
  /** Memory for documents that were read, estimated. Default 64 MiB. */
  readonly maxCachedBytes?: number;
}

const maxCachedDocuments = 2_000;
/** A document as it is kept takes about a hundred times its text. */
const bytesPerToken = 256;
/** Nobody reads more, and who sends many mistakes on purpose is not to have an answer that grows with them. */
const maxValidationErrors = 5;

export function createDocuments(options: DocumentsOptions): Documents {
  const read = createReadDocument(options);
  const maxSize = options.maxCachedBytes ?? 64 * 1024 * 1024;
  const cache = new LRUCache<string, DocumentResult>({
    max: maxCachedDocuments,
    maxSize,
    maxEntrySize: Math.min(maxSize, 1024 * 1024),
    sizeCalculation: (result, source) => 2 * source.length + bytesPerToken * tokensOf(result, options.limits),
  });

  return {
    get(source) {
      const known = cache.get(source);
      if (known !== undefined) return known;
      const result = read(source);
      cache.set(source, result);
      return result;
    },
  };
}

/** What is not valid is not known whole: it may have as many as there can be. */
function tokensOf(result: DocumentResult, { tokens: most }: OperationLimits): number {
  if (result.type === 'INVALID') return most;
  let count = 1;
  for (let token = result.document.loc?.startToken.next; token; token = token.next) count++;
  return count;
}

/** Parses and validates by the rules that all documents pass, whichever way they came. */
export function createReadDocument({ schema, limits, introspection }: DocumentRules): ReadDocument {
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];

  return (source) => {
    let document: DocumentNode;
    try {
      document = parse(source, { maxTokens: limits.tokens });
    } catch (error) {
      return { type: 'INVALID', errors: [withCode(error, 'GRAPHQL_PARSE_FAILED')] };
    }
    // First the size: rules that compare fields with fields are dear on what is refused anyway.
    const tooLarge = checkOperationLimits(document, limits);
    if (tooLarge.length > 0) return { type: 'INVALID', errors: tooLarge };
    refuseConditionalSubscription(document);
    const errors = validate(schema, document, rules, { maxErrors: maxValidationErrors, hideSuggestions: true });
    if (errors.length > 0) {
      const coded = errors.slice(0, maxValidationErrors).map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'));
      return { type: 'INVALID', errors: coded };
    }
    return { type: 'VALID', document };
  };
}

/**
 * The specification forbids @skip and @include around the root field of a subscription; graphql-js 16 breaks on them, in
 * validation (by a variable) or when it subscribes (by a literal).
 */
function refuseConditionalSubscription(document: DocumentNode): void {
  const isConditional = (selectionSet: SelectionSetNode, seen: Set<string>): boolean =>
    selectionSet.selections.some((selection) => {
      if (selection.directives?.some(({ name }) => name.value === 'skip' || name.value === 'include')) return true;
      if (selection.kind === Kind.FIELD) return false;
      if (selection.kind === Kind.INLINE_FRAGMENT) return isConditional(selection.selectionSet, seen);
      const name = selection.name.value;
      const fragment = document.definitions.find(
        (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
      );
      if (fragment?.kind !== Kind.FRAGMENT_DEFINITION || seen.has(name)) return false;
      // Each fragment once: fragments that spread each other grow exponentially.
      seen.add(name);
      return isConditional(fragment.selectionSet, seen);
    });
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION || definition.operation !== 'subscription') continue;
    if (!isConditional(definition.selectionSet, new Set())) continue;
    throw new SluiceError(
      'GRAPHQL_VALIDATION_FAILED',
      'The root field of a subscription takes no @skip or @include: do not subscribe instead.',
    );
  }
}

function withCode(error: unknown, code: string): GraphQLError {
  if (!(error instanceof GraphQLError)) throw error;
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    extensions: { code, ...error.extensions },
  });
}

/** The operation to run. @throws SluiceError OPERATION_RESOLUTION_FAILURE when the document does not say which. */
export function selectOperation(
  document: DocumentNode,
  operationName: string | null | undefined,
): OperationDefinitionNode {
  const operation = getOperationAST(document, operationName);
  if (operation) return operation;
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (operations.length === 0) {
    throw new SluiceError('OPERATION_RESOLUTION_FAILURE', 'The document holds no operation, only fragments.');
  }
  throw new SluiceError(
    'OPERATION_RESOLUTION_FAILURE',
    operationName !== undefined && operationName !== null
      ? 'The document holds no operation of the name given as "operationName".'
      : 'The document holds several operations: say which to run with "operationName".',
  );
}
