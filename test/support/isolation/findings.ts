// What was found, gathered so that one run tells all of it.

export interface Findings {
  add(where: string, what: string): void;
  /** One line each, most telling first; empty: nothing. */
  readonly all: readonly string[];
}

export function createFindings(): Findings {
  const all = new Set<string>();
  return {
    add: (where, what) => void all.add(`${where}: ${what.replaceAll(/"(?:requestId|retryAfterMs)":[^,}]+/g, '…')}`),
    get all() {
      return [...all];
    },
  };
}
