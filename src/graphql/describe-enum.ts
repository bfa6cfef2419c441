// Makes a GraphQL enum of a union of string literals: the compiler sees to it that every value is there and described.

import { registerEnumType } from 'type-graphql';

/** Registers the enum and returns the object that stands for it in type functions (`() => Role`). */
export function describeEnum<Value extends string>(
  name: string,
  description: string,
  values: { readonly [value in Value]: string },
): { readonly [value in Value]: value } {
  const entries = Object.entries<string>(values);
  const enumObject = Object.fromEntries(entries.map(([value]) => [value, value])) as { [value in Value]: value };
  registerEnumType(enumObject, {
    name,
    description,
    valuesConfig: Object.fromEntries(entries.map(([value, text]) => [value, { description: text }])) as {
      [value in Value]: { description: string };
    },
  });
  return enumObject;
}
