// Messages of graphql-js, made safe to send: it quotes what it found, and what it finds may be a prompt. Names of
// fields, arguments, types, variables and fragments stay (they are the program); values and keys of values go.

const name = '[_A-Za-z][_0-9A-Za-z]*';
const quoted = /"([^"]*)"/g;
const isName = new RegExp(`^(?:[@$]?\\[*${name}(?:\\.${name})?[!\\]]*)$`);

/** Shapes of messages that quote nothing but names. `_` stands for a name. */
const shapesOfNames = new Set([
  'Cannot query field "_" on type "_".',
  'Unknown argument "_" on field "_".',
  'Unknown argument "_" on directive "_".',
  'Unknown type "_".',
  'Unknown fragment "_".',
  'Unknown directive "_".',
  'Variable "_" is not defined.',
  'Variable "_" is not defined by operation "_".',
  'Variable "_" is never used.',
  'Variable "_" is never used in operation "_".',
  'Variable "_" of type "_" used in position expecting type "_".',
  'Variable "_" cannot be non-input type "_".',
  'Fragment "_" is never used.',
  'Cannot spread fragment "_" within itself.',
  'Fragment "_" cannot condition on non composite type "_".',
  'Fragment cannot condition on non composite type "_".',
  'Fragment "_" cannot be spread here as objects of type "_" can never be of type "_".',
  'Fragment cannot be spread here as objects of type "_" can never be of type "_".',
  'Field "_" of type "_" must have a selection of subfields.',
  'Field "_" must not have a selection since type "_" has no subfields.',
  'Field "_" argument "_" of type "_" is required, but it was not provided.',
  'Directive "_" argument "_" of type "_" is required, but it was not provided.',
  'Field "_" of required type "_" was not provided.',
  'This anonymous operation must be the only defined operation.',
  'There can be only one operation named "_".',
  'There can be only one fragment named "_".',
  'There can be only one argument named "_".',
  'There can be only one variable named "_".',
  'There can be only one input field named "_".',
  'The directive "_" can only be used once at this location.',
  'Fields "_" conflict because they have differing arguments. Use different aliases on the fields to fetch both if this was intentional.',
  'Fields "_" conflict because "_" and "_" are different fields. Use different aliases on the fields to fetch both if this was intentional.',
  'Fields "_" conflict because they return conflicting types "_" and "_". Use different aliases on the fields to fetch both if this was intentional.',
  'Subscription "_" must select only one top level field.',
  'Anonymous Subscription must select only one top level field.',
  'Maximum introspection depth exceeded',
  'GraphQL introspection has been disabled, but the requested query contained the field "_".',
]);

const directiveLocation = /^Directive "@[_0-9A-Za-z]+" may not be used on [A-Z_]+\.$/;
const expectedType = /^Expected value of type "([_0-9A-Za-z![\]]+)", found /;
const enumType = /^(?:Value .* does not exist in|Enum) "([_0-9A-Za-z]+)" (?:enum\.|cannot represent )/s;
const scalarType = /^(Int|Float|String|Boolean|ID) cannot represent /;
const unknownKey = /^Field ".*" is not defined by type "([_0-9A-Za-z]+)"\.$/s;
const expectedToken =
  /^Syntax Error: Expected (Name|String|Int|Float|<EOF>|"[!$&().:=@[\]{|}]+"|"[a-z]{2,12}"), found /;

interface Place {
  readonly line: number;
  readonly column: number;
}

const at = (place: Place | undefined): string =>
  place === undefined ? '' : ` at line ${place.line}, column ${place.column}`;

/** What the type system says of a value, without the value. undefined: not a message about a value. */
export function describeTypeMismatch(message: string): string | undefined {
  const type = expectedType.exec(message)?.[1] ?? scalarType.exec(message)?.[1];
  if (type === 'Int') return 'expected a whole number between -2147483648 and 2147483647 (Int)';
  if (type === 'Float') return 'expected a finite number (Float)';
  if (type !== undefined) return `expected a value of type "${type}"`;
  const enumName = enumType.exec(message)?.[1];
  if (enumName !== undefined) return `expected one of the values of enum "${enumName}"`;
  const owner = unknownKey.exec(message)?.[1];
  if (owner !== undefined) return `there is a field here that type "${owner}" does not have`;
  return undefined;
}

export function safeParseMessage(message: string, place: Place | undefined): string {
  const expected = expectedToken.exec(message)?.[1];
  const wish = expected === undefined ? '' : `: expected ${expected}`;
  return `Syntax error${at(place)}${wish}.`;
}

export function safeValidationMessage(message: string, place: Place | undefined): string {
  const bare = message.replace(/ ?Did you mean.*$/s, '');
  const names = [...bare.matchAll(quoted)].map((match) => match[1] ?? '');
  if (shapesOfNames.has(bare.replace(quoted, '"_"')) && names.every((word) => isName.test(word))) return bare;
  if (directiveLocation.test(bare)) return bare;
  const mismatch = describeTypeMismatch(bare);
  return mismatch === undefined
    ? `The document does not fit the schema${at(place)}.`
    : `The document does not fit the schema${at(place)}: ${mismatch}.`;
}
