// The scalars of the schema, each with the text that specifies it. Money crosses the wire as a decimal string: a float
// would lose nano-dollars, and clients must not be tempted.

import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { GraphQLDateTime, GraphQLJSON, GraphQLJSONObject } from 'graphql-scalars';

const ECMA_404 = 'https://ecma-international.org/publications-and-standards/standards/ecma-404/';
const PLAIN_DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d{1,9})?$/;

/** Milliseconds since the epoch inside, RFC 3339 in UTC outside. */
export const DateTime = new GraphQLScalarType<number, string>({
  name: 'DateTime',
  description: 'A point in time as RFC 3339 text in UTC with milliseconds, e.g. `2026-01-31T09:30:00.000Z`.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  serialize: (value) => new Date(value as number).toISOString(),
  parseValue: (value) => requireYear(GraphQLDateTime.parseValue(value) as Date),
  parseLiteral: (node) => requireYear(GraphQLDateTime.parseLiteral(node) as Date),
});

/** A string inside and outside, as `core/money` formats it. */
export const Decimal = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  description:
    'An exact decimal number as a string: no exponent, at most 9 decimals, `"0"` for zero. US dollars where it is money.',
  specifiedByURL: 'https://www.w3.org/TR/xmlschema-2/#decimal',
  serialize: (value) => value as string,
  parseValue: parseDecimal,
  parseLiteral: (node) => parseDecimal(node.kind === Kind.STRING ? node.value : undefined),
});

/** Any JSON value. */
export const Json = new GraphQLScalarType({
  ...GraphQLJSON.toConfig(),
  description: 'Any JSON value: object, list, string, number, true, false or null.',
  specifiedByURL: ECMA_404,
});

/** A JSON object; anything else is refused without being repeated in the message. */
export const JsonObject = new GraphQLScalarType({
  ...GraphQLJSONObject.toConfig(),
  description: 'A JSON object, written as an object, not as a string holding one.',
  specifiedByURL: ECMA_404,
  parseValue: requireObject,
  parseLiteral: (node, variables) => {
    if (node.kind !== Kind.OBJECT) return requireObject(undefined);
    return GraphQLJSONObject.parseLiteral(node, variables);
  },
});

/** Databases know no year 0, and RFC 3339 none beyond 9999; an offset may lead there from a year that is one. */
function requireYear(time: Date): number {
  const year = time.getUTCFullYear();
  if (year >= 1 && year <= 9999) return time.getTime();
  throw new GraphQLError('A DateTime lies in the years 0001 to 9999, in UTC.');
}

function parseDecimal(value: unknown): string {
  if (typeof value === 'string' && PLAIN_DECIMAL.test(value)) return value;
  throw new GraphQLError('A Decimal is a string such as "0.25": no exponent, at most 9 decimals.');
}

function requireObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new GraphQLError('A JSONObject is a JSON object: { "name": value }.');
}
