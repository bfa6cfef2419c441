// A root field with everything under it: all output fields with all members of unions and interfaces, down to where a
// type comes again, and every place that takes a value: arguments, and fields of inputs, wherever they stand.

import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedOutputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isNonNullType,
  isObjectType,
} from 'graphql';

export type OperationKind = 'query' | 'mutation' | 'subscription';

/** A place that takes a value of a scalar or an enum. */
export interface Slot {
  /** As samples name it: `Query.node(id)`, `ProjectFilter.projectId`. */
  readonly coordinate: string;
  /** Its own and those of the inputs around it, the outermost first. */
  readonly through: readonly string[];
  readonly name: string;
  /** Response keys from the root field to the one whose argument it is; the root field alone: itself. */
  readonly at: readonly string[];
  /** The argument, then fields of inputs. */
  readonly path: readonly string[];
  readonly type: GraphQLInputType;
  /** Without it the operation is not valid. */
  readonly isRequired: boolean;
}

export interface SelectedField {
  readonly key: string;
  /** `Generation.text` */
  readonly coordinate: string;
  readonly field: GraphQLField<unknown, unknown>;
  readonly at: readonly string[];
  readonly selection: Selection | undefined;
}

/** What is asked of a composite type: of each of its object types. */
export type Selection = ReadonlyMap<string, readonly SelectedField[]>;

export interface Shape {
  readonly kind: OperationKind;
  /** `Mutation.generate` */
  readonly coordinate: string;
  readonly root: SelectedField;
  /** Itself and all below it that take arguments. */
  readonly withArguments: readonly SelectedField[];
  readonly slots: readonly Slot[];
}

export function shapesOf(schema: GraphQLSchema, maxDepth: number): readonly Shape[] {
  const roots: readonly [OperationKind, GraphQLObjectType | null | undefined][] = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ];
  return roots.flatMap(([kind, type]) =>
    Object.values(type?.getFields() ?? {}).map((field) => {
      const coordinate = `${type?.name}.${field.name}`;
      const selection = select(schema, getNamedType(field.type), [], [field.name], maxDepth);
      const root = { key: field.name, coordinate, field, at: [field.name], selection };
      const withArguments = [...everyField(root)].filter(({ field: { args } }) => args.length > 0);
      return { kind, coordinate, root, withArguments, slots: withArguments.flatMap(slotsOf) };
    }),
  );
}

/**
 * Whether a place is tried in this shape, or in another that has it as well: what names something at the root field is
 * tried everywhere; other inputs that root fields share, and arguments below them, in one alone.
 */
export function isTriedIn(shape: Shape, shapes: readonly Shape[], slot: Slot, isTelling: boolean): boolean {
  const isBelow = slot.at.length > 1;
  if (isTelling && !isBelow) return true;
  const isSame = (other: Slot): boolean =>
    other.coordinate === slot.coordinate &&
    other.at.length > 1 === isBelow &&
    (!isBelow || other.through[0] === slot.through[0]);
  const sharing = shapes.filter(({ slots }) => slots.some(isSame));
  // Inputs are checked where something is done with them.
  const weightOf = ({ kind, slots }: Shape): number => slots.length + ((kind === 'mutation') === isBelow ? 1_000 : 0);
  const [chosen = shape] = sharing.sort((one, other) => weightOf(one) - weightOf(other));
  return chosen === shape;
}

export function* everyField(from: SelectedField): Generator<SelectedField> {
  yield from;
  for (const fields of from.selection?.values() ?? []) for (const field of fields) yield* everyField(field);
}

function select(
  schema: GraphQLSchema,
  type: GraphQLNamedOutputType,
  above: readonly string[],
  at: readonly string[],
  depth: number,
): Selection | undefined {
  if (!isObjectType(type) && !isAbstractType(type)) return undefined;
  const members = isObjectType(type) ? [type] : schema.getPossibleTypes(type);
  // Fields of one name that differ in type cannot stand side by side under their own name.
  const types = new Map<string, string>();
  const differing = new Set<string>();
  for (const { name, type: fieldType } of members.flatMap((member) => Object.values(member.getFields()))) {
    if ((types.get(name) ?? String(fieldType)) !== String(fieldType)) differing.add(name);
    types.set(name, String(fieldType));
  }
  const entries = members.map((member): [string, readonly SelectedField[]] => {
    // Where a type comes again it ends with what has nothing below it.
    const isEnd = depth === 0 || above.includes(member.name);
    const fields = Object.values(member.getFields()).flatMap((field): SelectedField[] => {
      const key = differing.has(field.name) ? `${member.name}_${field.name}` : field.name;
      const fieldType = getNamedType(field.type);
      const isComposite = isObjectType(fieldType) || isAbstractType(fieldType);
      if (isComposite && isEnd) return [];
      const below = [...at, key];
      const selection = select(schema, fieldType, [...above, member.name], below, depth - 1);
      if (selection?.size === 0) return [];
      return [{ key, coordinate: `${member.name}.${field.name}`, field, at: below, selection }];
    });
    return [member.name, fields];
  });
  return new Map(entries.filter(([, fields]) => fields.length > 0));
}

const slotsOf = ({ coordinate, field, at }: SelectedField): readonly Slot[] =>
  field.args.flatMap((argument) => [
    ...slotsUnder({
      coordinate: `${coordinate}(${argument.name})`,
      through: [`${coordinate}(${argument.name})`],
      name: argument.name,
      type: argument.type,
      at,
      path: [argument.name],
      isRequired: isNonNullType(argument.type) && argument.defaultValue === undefined,
    }),
  ]);

function* slotsUnder(slot: Slot, above: readonly string[] = []): Generator<Slot> {
  const type = getNamedType(slot.type);
  if (!isInputObjectType(type)) return yield slot;
  if (above.includes(type.name)) return;
  for (const field of Object.values(type.getFields())) {
    const isRequired = slot.isRequired && isNonNullType(field.type) && field.defaultValue === undefined;
    const { name } = field;
    const coordinate = `${type.name}.${name}`;
    const through = [...slot.through, coordinate];
    const path = [...slot.path, name];
    yield* slotsUnder({ coordinate, through, name, type: field.type, at: slot.at, path, isRequired }, [
      ...above,
      type.name,
    ]);
  }
}
