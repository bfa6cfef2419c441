// Variables of an operation, coerced as graphql-js does it but with errors that name the place and the type and never
// the value; and the bounds on what may arrive: lengths of lists, nesting of JSON, finite numbers.

import {
  coerceInputValue,
  type GraphQLInputType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  isScalarType,
  print,
  typeFromAST,
  type VariableDefinitionNode,
  valueFromAST,
} from 'graphql';
import { SluiceError } from '../core/errors.ts';
import type { OperationLimits } from './operation-limits.ts';
import { describeTypeMismatch } from './safe-message.ts';

export type CoercedValues = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];
interface Problem {
  readonly path: Path;
  readonly text: string;
}

export interface InputBounds {
  /** @throws SluiceError BAD_USER_INPUT listing up to ten problems. */
  coerceVariables(
    definitions: readonly VariableDefinitionNode[],
    inputs: Readonly<Record<string, unknown>>,
  ): CoercedValues;
  /** Checks values that came as literals. @throws SluiceError BAD_USER_INPUT */
  check(value: unknown, type: GraphQLInputType, path: Path): void;
}

const maxProblems = 10;
const maxJsonDepth = 64;

export function createInputBounds(
  schema: GraphQLSchema,
  limits: Pick<OperationLimits, 'listItems' | 'messages' | 'textsToEmbed'>,
): InputBounds {
  const types = new WeakMap<VariableDefinitionNode, GraphQLInputType>();

  function typeOf(definition: VariableDefinitionNode): GraphQLInputType {
    const known = types.get(definition);
    if (known !== undefined) return known;
    const type = typeFromAST(schema, definition.type);
    if (!isInputType(type)) throw new SluiceError('GRAPHQL_VALIDATION_FAILED');
    types.set(definition, type);
    return type;
  }

  const maxItems = (path: Path): number => {
    const field = path.findLast((step) => typeof step === 'string');
    if (field === 'messages') return limits.messages;
    return field === 'texts' ? limits.textsToEmbed : limits.listItems;
  };

  function findOversize(value: unknown, type: GraphQLInputType, path: Path, problems: Problem[]): void {
    if (value === null || value === undefined || problems.length >= maxProblems) return;
    if (isNonNullType(type)) {
      findOversize(value, type.ofType, path, problems);
      return;
    }
    if (typeof value === 'string' || typeof value === 'boolean' || isEnumType(type)) return;
    if (isListType(type)) {
      if (!Array.isArray(value)) return;
      const most = maxItems(path);
      if (value.length > most) {
        problems.push({ path, text: `has ${value.length} items, at most ${most} are allowed` });
        return;
      }
      for (const [index, item] of value.entries()) findOversize(item, type.ofType, [...path, index], problems);
      return;
    }
    if (isInputObjectType(type)) {
      const fields = type.getFields();
      for (const [key, item] of Object.entries(value)) {
        const field = fields[key];
        if (field === undefined) {
          // graphql-js would look for a similar name, for each key that was sent.
          problems.push({ path, text: `there is a field here that type "${type.name}" does not have` });
          return;
        }
        if (item !== null && typeof item !== 'string') findOversize(item, field.type, [...path, key], problems);
      }
      return;
    }
    if (isScalarType(type)) {
      const text = jsonProblem(value);
      if (text !== undefined) problems.push({ path, text });
    }
  }

  return {
    coerceVariables(definitions, inputs) {
      if (definitions.length === 0) return {};
      const problems: Problem[] = [];
      const coerced: Record<string, unknown> = Object.create(null);
      for (const definition of definitions) {
        const name = definition.variable.name.value;
        const type = typeOf(definition);
        const path = [`$${name}`];
        if (!Object.hasOwn(inputs, name)) {
          if (definition.defaultValue !== undefined) {
            coerced[name] = valueFromAST(definition.defaultValue, type);
            findOversize(coerced[name], type, path, problems);
          } else if (isNonNullType(type)) {
            problems.push({ path, text: `is required (type "${print(definition.type)}") and was not sent` });
          }
          continue;
        }
        const before = problems.length;
        // Lists are measured as sent: coercing a million items first would be the work the bound is there to save.
        findOversize(inputs[name], type, path, problems);
        if (problems.length > before) continue;
        const onError = (at: Path, _value: unknown, error: Error): void => {
          problems.push({ path: [...path, ...at], text: tell(error.message) });
          // Nobody reads a thousand, and a body has room for many more.
          if (problems.length >= maxProblems) throw refusal(problems);
        };
        coerced[name] = coerceInputValue(inputs[name], type, onError, true);
      }
      if (problems.length > 0) throw refusal(problems);
      return { ...coerced };
    },
    check(value, type, path) {
      const problems: Problem[] = [];
      findOversize(value, type, path, problems);
      if (problems.length > 0) throw refusal(problems);
    },
  };
}

const requiredField = /^Field "([_0-9A-Za-z]+)" of required type "([_0-9A-Za-z![\]]+)" was not provided\.$/;
const notNull = /^Expected non-nullable type "([_0-9A-Za-z![\]]+)" not to be null\.$/;
const notObject = /^Expected type "([_0-9A-Za-z]+)"(?: to be an object)?\./;

function tell(message: string): string {
  const required = requiredField.exec(message);
  if (required !== null) return `needs the field "${required[1]}" of type "${required[2]}"`;
  const nonNull = notNull.exec(message)?.[1];
  if (nonNull !== undefined) return `must not be null (type "${nonNull}")`;
  const object = notObject.exec(message)?.[1];
  return (
    describeTypeMismatch(message) ??
    (object === undefined ? 'has the wrong type' : `expected a value of type "${object}"`)
  );
}

/** Walks without recursion: what arrives may be nested deeper than the stack, and have a million members. */
function jsonProblem(value: unknown): string | undefined {
  const isOverflow = (item: unknown): boolean => typeof item === 'number' && !Number.isFinite(item);
  if (isOverflow(value)) return 'expected a finite number';
  let level: object[] = typeof value === 'object' && value !== null ? [value] : [];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxJsonDepth) return `is nested deeper than ${maxJsonDepth} levels`;
    const next: object[] = [];
    for (const item of level) {
      for (const inner of Array.isArray(item) ? item : Object.values(item)) {
        if (isOverflow(inner)) return 'expected a finite number';
        if (typeof inner === 'object' && inner !== null) next.push(inner);
      }
    }
    level = next;
  }
  return undefined;
}

function printPath(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

function refusal(problems: readonly Problem[]): SluiceError {
  const lines = problems.map((problem) => `${printPath(problem.path)}: ${problem.text}`);
  const path = problems[0]?.path.map((step) => String(step).replace(/^\$/, '')) ?? [];
  return new SluiceError('BAD_USER_INPUT', `The input does not fit its types. ${lines.join('; ')}.`, {
    inputPath: path,
  });
}
