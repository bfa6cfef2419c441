// Whether a JSON schema may be sent with `strict: true`. Strict decoding guarantees the schema, but takes a subset only
// and refuses the whole request otherwise (https://platform.openai.com/docs/guides/structured-outputs#supported-schemas).
// Other schemas go out without `strict`: the model is asked to keep to them, and the answer is validated by us anyway.

import type { JsonObject, JsonValue } from '../../core/json.ts';

const SUPPORTED_KEYWORDS: ReadonlySet<string> = new Set([
  'type',
  'title',
  'description',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'const',
  'anyOf',
  '$ref',
  '$defs',
  'definitions',
  'pattern',
  'format',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minItems',
  'maxItems',
]);
const SUPPORTED_FORMATS: ReadonlySet<JsonValue> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
]);
const MAX_PROPERTIES = 5000;
const MAX_NESTING = 10;
const MAX_ENUM_VALUES = 1000;
const MAX_NAMES_LENGTH = 120_000;

interface Tally {
  properties: number;
  enumValues: number;
  namesLength: number;
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const stringsLength = (values: readonly JsonValue[]): number =>
  values.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);

function everyStrict(schemas: JsonValue | undefined, nesting: number, tally: Tally): boolean {
  if (schemas === undefined) return true;
  if (!isObject(schemas)) return false;
  return Object.entries(schemas).every(([name, schema]) => {
    tally.namesLength += name.length;
    return strictSchema(schema, nesting, tally);
  });
}

function strictObject(schema: JsonObject, nesting: number, tally: Tally): boolean {
  const properties = schema['properties'];
  const required = schema['required'];
  if (schema['additionalProperties'] !== false || !isObject(properties) || !Array.isArray(required)) return false;
  const names = Object.keys(properties);
  tally.properties += names.length;
  return names.every((name) => required.includes(name)) && everyStrict(properties, nesting + 1, tally);
}

function strictSchema(schema: JsonValue | undefined, nesting: number, tally: Tally): boolean {
  if (!isObject(schema) || nesting > MAX_NESTING) return false;
  if (!Object.keys(schema).every((keyword) => SUPPORTED_KEYWORDS.has(keyword))) return false;
  const { type, items, anyOf, enum: values, format } = schema;
  if (
    type === undefined &&
    anyOf === undefined &&
    values === undefined &&
    !('$ref' in schema) &&
    !('const' in schema)
  ) {
    return false;
  }
  if (format !== undefined && !SUPPORTED_FORMATS.has(format)) return false;
  if (values !== undefined) {
    if (!Array.isArray(values)) return false;
    tally.enumValues += values.length;
    tally.namesLength += stringsLength(values);
  }
  const types = Array.isArray(type) ? type : [type];
  if ((types.includes('object') || 'properties' in schema) && !strictObject(schema, nesting, tally)) return false;
  if (types.includes('array') && !strictSchema(items, nesting + 1, tally)) return false;
  if (anyOf !== undefined) {
    if (!Array.isArray(anyOf) || !anyOf.every((option) => strictSchema(option, nesting, tally))) return false;
  }
  return everyStrict(schema['$defs'], nesting, tally) && everyStrict(schema['definitions'], nesting, tally);
}

export function isStrictCompatible(schema: JsonObject): boolean {
  if (schema['type'] !== 'object' || 'anyOf' in schema) return false;
  const tally: Tally = { properties: 0, enumValues: 0, namesLength: 0 };
  // The dialect is named by nobody but the author.
  const { $schema: _dialect, ...root } = schema;
  return (
    strictSchema(root, 1, tally) &&
    tally.properties <= MAX_PROPERTIES &&
    tally.enumValues <= MAX_ENUM_VALUES &&
    tally.namesLength <= MAX_NAMES_LENGTH
  );
}
