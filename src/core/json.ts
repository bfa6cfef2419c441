// JSON as a type: what may cross a wire unchanged.

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Of a model's answer. What walks JSON by calling itself, writing it included, must not run out of stack. */
export const MAX_ANSWER_DEPTH = 512;

/** Whether lists and objects are nested in each other deeper than `levels`. Does not call itself. */
export function isNestedDeeper(value: unknown, levels: number): boolean {
  let open: object[] = typeof value === 'object' && value !== null ? [value] : [];
  for (let depth = 1; open.length > 0; depth++) {
    if (depth > levels) return true;
    const next: object[] = [];
    for (const item of open) {
      for (const inner of Array.isArray(item) ? item : Object.values(item)) {
        if (typeof inner === 'object' && inner !== null) next.push(inner);
      }
    }
    open = next;
  }
  return false;
}
