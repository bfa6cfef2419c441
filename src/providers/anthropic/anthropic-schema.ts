// A JSON schema in the subset that the API can hold an answer to, or none. It refuses the whole request for a keyword it
// does not know (https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations).
// Bounds and the like are told to the model in the description; what such a schema cannot say (open objects, recursion,
// a choice without types) makes it unfit. Answers are checked against the caller's own schema afterwards.

import type { JsonObject, JsonValue } from '../../core/json.ts';

const FORMATS: ReadonlySet<JsonValue | undefined> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
]);
/** Say nothing to the model. */
const SILENT: ReadonlySet<string> = new Set(['$schema', '$id', '$comment', '$anchor', '$defs', 'definitions']);
/** Decide what may stand where, and cannot be written otherwise. */
const UNFIT: ReadonlySet<string> = new Set(['allOf', 'patternProperties', 'prefixItems', '$dynamicRef']);
const MOST_OPTIONAL = 24;
const MOST_UNIONS = 16;

interface Rewriting {
  readonly root: JsonObject;
  /** Definitions by their references: under way, or done. */
  readonly definitions: Map<string, JsonObject | 'OPEN'>;
  optional: number;
  unions: number;
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isPrimitive = (value: JsonValue): boolean => typeof value !== 'object' || value === null;

/** undefined: the answer cannot be held to this schema. */
export function fitSchema(schema: JsonObject): JsonObject | undefined {
  const rewriting: Rewriting = { root: schema, definitions: new Map(), optional: 0, unions: 0 };
  const fitted = rewrite(schema, rewriting);
  if (fitted?.['type'] !== 'object') return undefined;
  if (rewriting.optional > MOST_OPTIONAL || rewriting.unions > MOST_UNIONS) return undefined;
  const definitions: Record<string, JsonObject> = {};
  for (const [reference, definition] of rewriting.definitions) {
    if (definition !== 'OPEN') definitions[nameOf(reference)] = definition;
  }
  return rewriting.definitions.size === 0 ? fitted : { ...fitted, $defs: definitions };
}

function rewrite(schema: JsonValue | undefined, rewriting: Rewriting): JsonObject | undefined {
  if (!isObject(schema)) return undefined;
  if (Object.keys(schema).some((keyword) => UNFIT.has(keyword))) return undefined;
  const reference = schema['$ref'];
  if (reference !== undefined) return rewriteReference(reference, rewriting);

  const used = new Set<string>(['title', 'description', 'type']);
  const shape = shapeOf(schema, rewriting, used);
  if (shape === undefined) return undefined;
  const told = Object.entries(schema).filter(([keyword]) => !used.has(keyword) && !SILENT.has(keyword));
  const description = [
    ...(typeof schema['description'] === 'string' ? [schema['description']] : []),
    ...told.map(([keyword, value]) => `${keyword}: ${JSON.stringify(value)}`),
  ].join('\n');
  return {
    ...(typeof schema['title'] === 'string' ? { title: schema['title'] } : {}),
    ...(description === '' ? {} : { description }),
    ...shape,
  };
}

/** What of a schema says which values there are; adds the keywords it took to `used`. */
function shapeOf(schema: JsonObject, rewriting: Rewriting, used: Set<string>): JsonObject | undefined {
  if (schema['enum'] !== undefined) {
    used.add('enum');
    const values = schema['enum'];
    return Array.isArray(values) && values.length > 0 && values.every(isPrimitive) ? { enum: values } : undefined;
  }
  if (schema['const'] !== undefined) {
    used.add('const');
    return isPrimitive(schema['const']) ? { const: schema['const'] } : undefined;
  }
  const type = schema['type'] ?? (schema['properties'] === undefined ? undefined : 'object');
  if (type === undefined) return rewriteChoice(schema, rewriting, used);

  const types = Array.isArray(type) ? type : [type];
  if (types.length === 0 || !types.every((name) => typeof name === 'string')) return undefined;
  if (types.length > 1) rewriting.unions++;
  let shape: JsonObject | undefined = { type };
  if (types.includes('object')) shape = rewriteObject(schema, shape, rewriting, used);
  if (shape !== undefined && types.includes('array')) shape = rewriteArray(schema, shape, rewriting, used);
  if (shape !== undefined && types.includes('string') && FORMATS.has(schema['format'])) {
    used.add('format');
    shape = { ...shape, format: schema['format'] ?? '' };
  }
  return shape;
}

function rewriteChoice(schema: JsonObject, rewriting: Rewriting, used: Set<string>): JsonObject | undefined {
  const keyword = schema['anyOf'] === undefined ? 'oneOf' : 'anyOf';
  const branches = schema[keyword];
  if (!Array.isArray(branches) || branches.length === 0) return undefined;
  used.add(keyword);
  rewriting.unions++;
  const fitted = branches.map((branch: JsonValue) => rewrite(branch, rewriting));
  return fitted.every((branch) => branch !== undefined) ? { anyOf: fitted } : undefined;
}

function rewriteObject(
  schema: JsonObject,
  shape: JsonObject,
  rewriting: Rewriting,
  used: Set<string>,
): JsonObject | undefined {
  const { properties = {}, required = [], additionalProperties } = schema;
  if (!isObject(properties) || !Array.isArray(required) || isObject(additionalProperties)) return undefined;
  const entries = Object.entries(properties);
  // Nothing is said about what may stand in it, and the subset cannot leave that open.
  if (entries.length === 0 && additionalProperties !== false) return undefined;
  const fitted: Record<string, JsonObject> = {};
  for (const [name, property] of entries) {
    const rewritten = rewrite(property, rewriting);
    if (rewritten === undefined) return undefined;
    // As Object.fromEntries does it: a property may be named __proto__.
    Object.defineProperty(fitted, name, { value: rewritten, enumerable: true, configurable: true, writable: true });
  }
  for (const keyword of ['properties', 'required', 'additionalProperties']) used.add(keyword);
  const demanded = [...new Set(required)].filter((name) => typeof name === 'string' && Object.hasOwn(properties, name));
  rewriting.optional += entries.length - demanded.length;
  return { ...shape, properties: fitted, required: demanded, additionalProperties: false };
}

function rewriteArray(
  schema: JsonObject,
  shape: JsonObject,
  rewriting: Rewriting,
  used: Set<string>,
): JsonObject | undefined {
  const items = rewrite(schema['items'], rewriting);
  if (items === undefined) return undefined;
  used.add('items');
  const { minItems } = schema;
  if (minItems !== 0 && minItems !== 1) return { ...shape, items };
  used.add('minItems');
  return { ...shape, items, minItems };
}

/** A definition of this schema that does not lead back to itself. */
function rewriteReference(reference: JsonValue, rewriting: Rewriting): JsonObject | undefined {
  const match = typeof reference === 'string' ? /^#\/(\$defs|definitions)\/([\w.-]+)$/.exec(reference) : null;
  const [path, group = '', name = ''] = match ?? [];
  if (path === undefined) return undefined;
  const pointer = { $ref: `#/$defs/${nameOf(path)}` };
  const known = rewriting.definitions.get(path);
  if (known !== undefined) return known === 'OPEN' ? undefined : pointer;
  const definitions = rewriting.root[group];
  if (!isObject(definitions) || !Object.hasOwn(definitions, name)) return undefined;
  rewriting.definitions.set(path, 'OPEN');
  const fitted = rewrite(definitions[name], rewriting);
  if (fitted === undefined) return undefined;
  rewriting.definitions.set(path, fitted);
  return pointer;
}

/** One name for each reference, whichever of the two groups it points into. */
const nameOf = (reference: string): string =>
  reference.startsWith('#/$defs/') ? reference.slice(8) : `definitions.${reference.slice(14)}`;
