// An operation out of a shape: its text, and variables made up from the types of the inputs.

import { type GraphQLInputType, getNamedType, isInputObjectType, isListType, isNonNullType } from 'graphql';
import type { SelectedField, Selection, Shape, Slot } from './shape.ts';
import type { Values } from './values.ts';

export interface Operation {
  readonly shape: Shape;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A value for one place. */
export interface Choice {
  readonly slot: Slot;
  readonly value: unknown;
}

/** All that has to be given, and what was chosen. */
export function buildOperation(shape: Shape, choices: readonly Choice[], plainValues: Values): Operation {
  const values = plainValues.with(choices.flatMap(({ slot }) => slot.through));
  const variables: Record<string, unknown> = {};
  const declarations: string[] = [];
  const written = new Map<SelectedField, string>();
  for (const selected of shape.withArguments) {
    const passed: string[] = [];
    for (const { name, type, defaultValue } of selected.field.args) {
      const coordinate = `${selected.coordinate}(${name})`;
      const chosen = choices.filter(({ slot }) => slot.at.join() === selected.at.join() && slot.path[0] === name);
      const isNeeded = (isNonNullType(type) && defaultValue === undefined) || values.isAlwaysGiven(coordinate);
      if (!isNeeded && chosen.length === 0) continue;
      let value = values.make(type, coordinate);
      for (const { slot, value: leaf } of chosen) value = place(value, type, slot.path.slice(1), leaf, values);
      const variable = `v${declarations.length}`;
      declarations.push(`$${variable}: ${type}`);
      passed.push(`${name}: $${variable}`);
      variables[variable] = value;
    }
    if (passed.length > 0) written.set(selected, `(${passed.join(', ')})`);
  }
  const head = declarations.length === 0 ? '' : `(${declarations.join(', ')})`;
  return { shape, query: `${shape.kind}${head} { ${textOf(shape.root, written)} }`, variables };
}

function textOf(selected: SelectedField, written: ReadonlyMap<SelectedField, string>): string {
  const { key, field, selection } = selected;
  const name = key === field.name ? key : `${key}: ${field.name}`;
  return `${name}${written.get(selected) ?? ''}${selection === undefined ? '' : textOfSelection(selection, written)}`;
}

function textOfSelection(selection: Selection, written: ReadonlyMap<SelectedField, string>): string {
  const fields = [...selection].map(([type, members]) => {
    const texts = members.map((member) => textOf(member, written)).join(' ');
    return texts === '' ? '' : `... on ${type} { ${texts} }`;
  });
  return ` { __typename ${fields.join(' ')} }`;
}

/** The value with another leaf; what leads there and is missing is made up. */
function place(
  value: unknown,
  type: GraphQLInputType,
  path: readonly string[],
  leaf: unknown,
  values: Values,
): unknown {
  if (isNonNullType(type)) return place(value, type.ofType, path, leaf, values);
  if (isListType(type)) {
    if (path.length === 0) return Array.isArray(leaf) ? leaf : [leaf];
    const items: readonly unknown[] = Array.isArray(value) ? value : [undefined];
    const [first = ''] = path;
    const index = Math.max(
      items.findIndex((item) => typeof item === 'object' && item !== null && first in item),
      0,
    );
    return items.map((item, at) => (at === index ? place(item, type.ofType, path, leaf, values) : item));
  }
  const [name, ...rest] = path;
  const inputType = getNamedType(type);
  if (name === undefined || !isInputObjectType(inputType)) return leaf;
  const field = inputType.getFields()[name];
  if (field === undefined) throw new Error(`${inputType.name} has no ${name}`);
  const coordinate = `${inputType.name}.${name}`;
  const members = { ...((value ?? values.make(inputType, coordinate)) as Record<string, unknown>) };
  for (const rival of values.rivalsOf(coordinate)) delete members[rival];
  const before = members[name] ?? (rest.length === 0 ? undefined : values.make(field.type, coordinate));
  return { ...members, [name]: place(before, field.type, rest, leaf, values) };
}
