// Operations made up from the schema itself: fields, arguments, variables, fragments, aliases and directives that fit it.
// Whatever the schema gets, the grammar has.

import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isLeafType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { Tape } from './tape.ts';
import { literalOf, type ValueGrammar } from './value-grammar.ts';

export type OperationKind = 'query' | 'mutation' | 'subscription';

export interface FuzzOperation {
  readonly kind: OperationKind;
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
}

/** What stands under a response key; selections that meet there are merged, so they have to agree. */
interface Selected {
  readonly field: string;
  readonly args: string;
  readonly type: string;
  readonly inner: Scope;
}
type Scope = Map<string, Selected>;

interface Draft {
  readonly tape: Tape;
  readonly variables: Map<string, { readonly type: string; readonly value: unknown; readonly byDefault: string }>;
  readonly fragments: string[];
  fields: number;
  aliases: number;
  directives: number;
}

const mostFields = 60;
const mostAliases = 10;
const mostDirectives = 6;
const deepest = 7;

export function createOperationGrammar(schema: GraphQLSchema, values: ValueGrammar): (tape: Tape) => FuzzOperation {
  const hasObject = (field: GraphQLField<unknown, unknown>): boolean => !isLeafType(getNamedType(field.type));

  function argumentsOf(args: readonly GraphQLArgument[], draft: Draft): string {
    const given: string[] = [];
    for (const { name, type } of args) {
      if (!isNonNullType(type) && !draft.tape.chance(50)) continue;
      given.push(`${name}: ${valueText(type, name, draft)}`);
    }
    return given.length === 0 ? '' : `(${given.join(', ')})`;
  }

  function valueText(type: GraphQLInputType, name: string, draft: Draft): string {
    const { tape, variables } = draft;
    let value = values.valueFor(type, name, tape);
    if (value === null && isNonNullType(type)) value = values.valueFor(type, '', tape);
    const literal = literalOf(value, type);
    if (literal !== undefined && tape.chance(35)) return literal;
    const variable = `v${variables.size}`;
    const byDefault = literal !== undefined && !isNonNullType(type) && tape.chance(15) ? ` = ${literal}` : '';
    variables.set(variable, { type: String(type), value, byDefault });
    return `$${variable}`;
  }

  function directive(draft: Draft): string {
    const { tape, variables } = draft;
    if (draft.directives >= mostDirectives || !tape.chance(6)) return '';
    draft.directives++;
    const name = tape.pick(['include', 'skip']);
    if (tape.chance(60)) return ` @${name}(if: ${tape.chance(70) === (name === 'include')})`;
    const variable = `v${variables.size}`;
    variables.set(variable, { type: 'Boolean!', value: tape.chance(70) === (name === 'include'), byDefault: '' });
    return ` @${name}(if: $${variable})`;
  }

  function fieldText(field: GraphQLField<unknown, unknown>, scope: Scope, depth: number, draft: Draft): string {
    const { tape } = draft;
    draft.fields++;
    const known = scope.get(field.name);
    const isSame = known !== undefined && known.field === field.name && known.type === String(field.type);
    // Met again: the same arguments, or another name in the answer.
    const isAgain = isSame && tape.chance(50);
    const isRenamed = !isAgain && (known !== undefined || tape.chance(8)) && draft.aliases < mostAliases;
    if (known !== undefined && !isAgain && !isRenamed) return '__typename';
    const key = isRenamed ? `${tape.pick(['a', 'other', '__proto__', 'constructor'])}${draft.aliases++}` : field.name;
    const args = isAgain ? known.args : argumentsOf(field.args, draft);
    const inner: Scope = isAgain ? known.inner : new Map();
    scope.set(key, { field: field.name, args, type: String(field.type), inner });
    const named = getNamedType(field.type);
    const selection = isLeafType(named) ? '' : ` ${selectionText(named, inner, depth + 1, draft)}`;
    return `${isRenamed ? `${key}: ` : ''}${field.name}${args}${depth === 0 ? '' : directive(draft)}${selection}`;
  }

  function fragmentText(type: GraphQLNamedType, scope: Scope, depth: number, draft: Draft): string {
    const { tape } = draft;
    const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : [];
    const on = possible.length > 0 && tape.chance(85) ? tape.pick(possible) : type;
    if (tape.chance(70)) {
      const condition = on === type && tape.chance(30) ? '' : ` on ${on.name}`;
      return `...${condition}${directive(draft)} ${selectionText(on, scope, depth, draft)}`;
    }
    const name = `F${draft.fragments.length}`;
    draft.fragments.push('');
    const index = draft.fragments.length - 1;
    draft.fragments[index] = `fragment ${name} on ${on.name} ${selectionText(on, scope, depth, draft)}`;
    return tape.chance(10) ? `...${name} ...${name}` : `...${name}`;
  }

  function selectionText(type: GraphQLNamedType, scope: Scope, depth: number, draft: Draft): string {
    const { tape } = draft;
    const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
    const shallow = fields.filter((field) => !hasObject(field));
    const parts: string[] = [];
    const count = 1 + tape.below(depth === 0 ? 3 : 4);
    for (let index = 0; index < count && draft.fields < mostFields; index++) {
      const mayNest = depth < deepest && draft.fields < mostFields / 2;
      const choice = tape.below(10);
      if (mayNest && (choice >= 8 || (fields.length === 0 && choice >= 2))) {
        parts.push(fragmentText(type, scope, depth, draft));
      } else if (fields.length === 0 || choice === 7) {
        parts.push('__typename');
      } else {
        const eligible = mayNest ? fields : shallow;
        parts.push(eligible.length === 0 ? '__typename' : fieldText(tape.pick(eligible), scope, depth, draft));
      }
    }
    return `{ ${parts.length === 0 ? '__typename' : parts.join(' ')} }`;
  }

  /** A subscription has one field, which nothing may make conditional. */
  function rootText(kind: OperationKind, root: GraphQLObjectType, draft: Draft): string {
    if (kind !== 'subscription') return selectionText(root, new Map(), 0, draft);
    const field = fieldText(draft.tape.pick(Object.values(root.getFields())), new Map(), 0, draft);
    return draft.tape.chance(10) ? `{ ... on ${root.name} { ${field} } }` : `{ ${field} }`;
  }

  return (tape) => {
    const kind = tape.pick<OperationKind>([
      'query',
      'mutation',
      'subscription',
      'query',
      'mutation',
      'subscription',
      'mutation',
    ]);
    const root = schema.getRootType(kind as never);
    if (!root) throw new Error(`the schema has no ${kind}`);
    const draft: Draft = { tape, variables: new Map(), fragments: [], fields: 0, aliases: 0, directives: 0 };
    const selection = rootText(kind, root, draft);
    const declared = [...draft.variables].map(([name, { type, byDefault }]) => `$${name}: ${type}${byDefault}`);
    const isNamed = tape.chance(40);
    const head = `${kind}${isNamed ? ' Fuzz' : ''}${declared.length === 0 ? '' : `(${declared.join(', ')})`}`;
    const others = isNamed && tape.chance(10) ? ' query Other { __typename }' : '';
    const sent = [...draft.variables].filter(
      ([, { type, byDefault }]) => type.endsWith('!') || byDefault === '' || tape.chance(50),
    );
    return {
      kind,
      query: [`${head} ${selection}`, ...draft.fragments].join(' ') + others,
      operationName: isNamed && (others !== '' || tape.chance(80)) ? 'Fuzz' : undefined,
      variables:
        draft.variables.size === 0 ? undefined : Object.fromEntries(sent.map(([name, { value }]) => [name, value])),
    };
  };
}
