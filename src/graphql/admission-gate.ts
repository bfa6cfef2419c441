// The gate every operation passes after validation and before anything runs: coerces variables, walks the root
// selection by execution's own rule, demands what each field needs of its caller and plans each generating field. What
// it plans is what runs.

import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  Kind,
  type OperationDefinitionNode,
  valueFromAST,
} from 'graphql';
import { collectFields } from 'graphql/execution/collectFields.js';
import { SluiceError } from '../core/errors.ts';
import type { InvalidInput } from '../core/generation.ts';
import type { CallInput } from '../generation/call-input.ts';
import type { Generations } from '../generation/generations.ts';
import type { PreparedCall } from '../generation/prepared-call.ts';
import type { Asker } from '../generation/upstreams.ts';
import { type CoercedValues, createInputBounds } from './coerce-variables.ts';
import type { GraphQLContext } from './context.ts';
import { toInvalidInputError } from './generation/invalid-input-error.ts';
import { type Need, needOf, requireNeed } from './needs.ts';
import { defaultOperationLimits, type OperationLimits } from './operation-limits.ts';
import type { OperationPlan, PlannedField } from './operation-plan.ts';

export interface OperationToPlan {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** As sent. */
  readonly variables: Readonly<Record<string, unknown>> | null | undefined;
}

export interface PlannedOperation extends OperationPlan {
  /** True when it runs the model: such an operation brings its own deadline. */
  readonly generates: boolean;
  readonly fields: ReadonlyMap<string, PlannedField>;
}

type PlanContext = Pick<GraphQLContext, 'caller' | 'upstreams' | 'idempotencyKeyHeader'>;

export interface AdmissionGate {
  /** @throws SluiceError when the operation must not run at all. */
  plan(operation: OperationToPlan, context: PlanContext): PlannedOperation;
}

export interface AdmissionGateOptions {
  readonly schema: GraphQLSchema;
  readonly generations: Pick<Generations, 'prepare' | 'prepareBatch' | 'checkStart'>;
  readonly limits?: Pick<OperationLimits, 'listItems' | 'messages' | 'textsToEmbed'>;
}

/** The root fields that run a model, and how each is planned. The gate's tests keep it equal to the schema's. */
const generatingFields: Readonly<Record<string, PlannedField['kind']>> = {
  'Mutation.generate': 'GENERATE',
  'Mutation.startGeneration': 'START',
  'Mutation.batchGenerate': 'BATCH',
  'Mutation.startBatch': 'START_BATCH',
  'Subscription.generateStream': 'STREAM',
};

interface RootField {
  readonly responseKey: string;
  /** undefined: it runs no model. */
  readonly kind: PlannedField['kind'] | undefined;
  readonly need: Need | undefined;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
}

/** What of an operation does not depend on one caller's variables. */
interface OperationShape {
  readonly rootType: GraphQLObjectType | undefined;
  readonly fragments: Record<string, FragmentDefinitionNode>;
  /** Known once and for all where no root selection carries @skip or @include. */
  readonly roots: readonly RootField[] | undefined;
}

interface StreamInput {
  readonly request: CallInput;
  readonly idempotencyKey: string;
}

interface BatchInput {
  readonly items: readonly CallInput[];
  readonly concurrency?: number | null;
  readonly idempotencyKey?: string | null;
}

export function createAdmissionGate(options: AdmissionGateOptions): AdmissionGate {
  const { schema, generations } = options;
  const bounds = createInputBounds(schema, options.limits ?? defaultOperationLimits);
  const shapes = new WeakMap<OperationDefinitionNode, OperationShape>();

  function shapeOf(document: DocumentNode, operation: OperationDefinitionNode): OperationShape {
    const known = shapes.get(operation);
    if (known !== undefined) return known;
    const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
    }
    const rootType = schema.getRootType(operation.operation) ?? undefined;
    const open: OperationShape = { rootType, fragments, roots: undefined };
    const shape = isConditional(document) ? open : { ...open, roots: collect(open, operation, {}) };
    shapes.set(operation, shape);
    return shape;
  }

  function collect(
    { rootType, fragments }: OperationShape,
    operation: OperationDefinitionNode,
    variables: CoercedValues,
  ): RootField[] {
    if (rootType === undefined) return [];
    const found: RootField[] = [];
    for (const [responseKey, nodes] of collectFields(schema, fragments, variables, rootType, operation.selectionSet)) {
      const node = nodes[0];
      const definition = node && rootType.getFields()[node.name.value];
      const kind = node && generatingFields[`${rootType.name}.${node.name.value}`];
      if (node && definition) found.push({ responseKey, kind, need: needOf(definition), definition, node });
    }
    return found;
  }

  /** Variables were checked whole when they were coerced. */
  function checkLiterals({ definition, node }: RootField, variables: CoercedValues): void {
    for (const { name, value } of node.arguments ?? []) {
      if (value.kind !== Kind.LIST && value.kind !== Kind.OBJECT) continue;
      const type = definition.args.find((argument) => argument.name === name.value)?.type;
      if (type !== undefined) bounds.check(valueFromAST(value, type, { ...variables }), type, [name.value]);
    }
  }

  function planField(
    field: RootField & { readonly kind: PlannedField['kind'] },
    variables: CoercedValues,
    asker: Asker,
    headerKey: string | undefined,
  ): PlannedField {
    const values = getArgumentValues(field.definition, field.node, { ...variables });
    switch (field.kind) {
      case 'GENERATE':
      case 'START': {
        const input = values['input'] as CallInput;
        refuseTwoKeys(input.idempotencyKey, headerKey, ['input', 'idempotencyKey']);
        return { kind: field.kind, call: generations.prepare(input, asker, ['input'], headerKey) };
      }
      case 'BATCH':
      case 'START_BATCH': {
        const input = values['input'] as BatchInput;
        refuseTwoKeys(input.idempotencyKey, headerKey, ['input', 'idempotencyKey']);
        const batch = generations.prepareBatch(input, asker, ['input'], headerKey);
        if (field.kind === 'START_BATCH') {
          for (const item of batch.items) requirePrepared(item);
          generations.checkStart(batch);
        }
        return { kind: field.kind, batch };
      }
      case 'STREAM': {
        const { request, idempotencyKey } = values['input'] as StreamInput;
        refuseTwoKeys(idempotencyKey, headerKey, ['input', 'idempotencyKey']);
        if (request.idempotencyKey !== null && request.idempotencyKey !== undefined) {
          throw new SluiceError(
            'INVALID',
            'Give the idempotency key once: a stream takes it as "input.idempotencyKey", not inside "request".',
            { inputPath: ['input', 'request', 'idempotencyKey'] },
          );
        }
        const call = generations.prepare({ ...request, idempotencyKey }, asker, ['input', 'request']);
        return {
          kind: 'STREAM',
          call: requireStreamable(call),
          after: (values['after'] as string | null) ?? undefined,
        };
      }
    }
  }

  return {
    plan({ document, operation, variables }, { caller, upstreams, idempotencyKeyHeader }) {
      const shape = shapeOf(document, operation);
      const coerced = bounds.coerceVariables(operation.variableDefinitions ?? [], variables ?? {});
      const roots = shape.roots ?? collect(shape, operation, coerced);
      for (const { need, definition } of roots) requireNeed(need, definition.name, caller);
      for (const root of roots) checkLiterals(root, coerced);
      const generating = roots.filter(isGenerating);
      const headerKey = generating.length === 0 ? undefined : idempotencyKeyHeader;
      if (headerKey !== undefined && generating.length > 1) {
        throw new SluiceError(
          'BAD_USER_INPUT',
          'The Idempotency-Key header names one call, this operation has several: give each its own "idempotencyKey" in its input.',
        );
      }
      const fields = new Map(
        generating.map((field) => [field.responseKey, planField(field, coerced, { caller, upstreams }, headerKey)]),
      );
      return createPlan(fields);
    },
  };
}

const isGenerating = (root: RootField): root is RootField & { readonly kind: PlannedField['kind'] } =>
  root.kind !== undefined;

function createPlan(fields: ReadonlyMap<string, PlannedField>): PlannedOperation {
  return {
    generates: fields.size > 0,
    fields,
    take<K extends PlannedField['kind']>(responseKey: string, kind: K): Extract<PlannedField, { kind: K }> {
      const planned = fields.get(responseKey);
      if (planned?.kind !== kind) {
        throw new Error(`The field was planned as ${planned?.kind ?? 'nothing'} and asked for ${kind}`);
      }
      return planned as Extract<PlannedField, { kind: K }>;
    },
  };
}

/** Whether variables can change which root fields there are. A little wider than needed: any @skip or @include counts. */
function isConditional(document: DocumentNode): boolean {
  const isIn = (node: {
    readonly directives?: readonly unknown[];
    readonly selectionSet?: { readonly selections: readonly unknown[] };
  }): boolean =>
    (node.directives?.length ?? 0) > 0 ||
    (node.selectionSet?.selections.some((inner) => isIn(inner as typeof node)) ?? false);
  return document.definitions.some((definition) => isIn(definition as Parameters<typeof isIn>[0]));
}

function refuseTwoKeys(inInput: string | null | undefined, inHeader: string | undefined, path: string[]): void {
  if (inHeader !== undefined && inInput !== null && inInput !== undefined && inInput !== inHeader) {
    throw new SluiceError(
      'BAD_USER_INPUT',
      'The Idempotency-Key header and "idempotencyKey" in the input differ: give the key once.',
      { inputPath: path },
    );
  }
}

/** For fields whose result has no member to carry a refusal: an error before anything runs. */
function requirePrepared(call: PreparedCall | InvalidInput): PreparedCall {
  if (call.type === 'PREPARED') return call;
  throw toInvalidInputError(call);
}

/** A stream takes its key beside the request, not inside it. */
function requireStreamable(call: PreparedCall | InvalidInput): PreparedCall {
  const isKey = call.type === 'INVALID_INPUT' && call.path.at(-1) === 'idempotencyKey';
  return requirePrepared(isKey ? { ...call, path: ['input', 'idempotencyKey'] } : call);
}
