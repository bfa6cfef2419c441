// What several allow together: nothing that one of them does not.

/** Of lists; undefined: all. */
export function intersectionOf(lists: readonly (Iterable<string> | undefined)[]): ReadonlySet<string> | undefined {
  let common: ReadonlySet<string> | undefined;
  for (const list of lists) {
    if (list === undefined) continue;
    const names = new Set(list);
    const before = common;
    common = before === undefined ? names : new Set([...before].filter((name) => names.has(name)));
  }
  return common;
}

/** Of ends in time; undefined: never. */
export const earliestOf = (left: number | undefined, right: number | undefined): number | undefined =>
  left === undefined || right === undefined ? (left ?? right) : Math.min(left, right);
