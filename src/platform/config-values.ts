// The configuration file as read, whole or not: looked into without trust in its shape.

import { isSubstitutedText } from './config-file.ts';

export type Mapping = Readonly<Record<string, unknown>>;
export type Report = (path: readonly PropertyKey[], found: string | undefined, expected: string) => void;

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isSubstitutedText(value);
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const valueAt = (root: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((current, key) => (isMapping(current) ? current[key] : undefined), root);

/** What is no mapping counts as an empty one: its shape is told elsewhere. */
const asMapping = (value: unknown): Mapping => (isMapping(value) ? value : {});
export const mappingAt = (root: unknown, path: readonly string[]): Mapping => asMapping(valueAt(root, path));

/** The entries of a list, by their index. */
export function itemsOf(root: unknown, path: readonly string[]): readonly Mapping[] {
  return listOf(valueAt(root, path)).map(asMapping);
}

export function textOf(value: unknown): string | undefined {
  if (isSubstitutedText(value)) return value.text;
  return typeof value === 'string' ? value : undefined;
}

export const textsOf = (items: readonly Mapping[], field: string): readonly string[] =>
  items.map((item) => textOf(item[field])).filter((text) => text !== undefined);

export const numberOf = (value: unknown): number | undefined => {
  // An empty text is no zero: its variable may not be set.
  const number = isSubstitutedText(value) ? Number(value.text.trim() || Number.NaN) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};
export const isTrue = (value: unknown): boolean => value === true || textOf(value) === 'true';
