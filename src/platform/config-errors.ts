// How problems of the configuration are told: all at once, each with its place, what was found and what was expected.
// Nothing here prints a value that might be a secret.

/** One thing that is wrong. */
export interface ConfigProblem {
  /** The file as the operator knows it, or `environment`. */
  readonly place: string;
  /** From 1; undefined for the environment and for files that cannot be read. */
  readonly line: number | undefined;
  /** Path of the field, e.g. `models[0].prices.input`, or the name of the variable; empty: the whole file. */
  readonly field: string;
  /** undefined where the problem says it all (unknown keys, syntax). */
  readonly found: string | undefined;
  /** What would be right, or what the problem is where nothing was found wrong in value. */
  readonly expected: string;
}

/** The configuration cannot be used. The message lists every problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super([`The configuration has ${count}:`, ...problems.map((problem) => `  ${formatProblem(problem)}`)].join('\n'));
    this.problems = problems;
  }
}

/** On one line. */
export function formatProblem({ place, line, field, found, expected }: ConfigProblem): string {
  const where = [line === undefined ? place : `${place}:${line}`, field].filter((part) => part !== '').join(' ');
  return found === undefined ? `${where}: ${expected}` : `${where}: found ${found}, expected ${expected}`;
}

/** `['models', 0, 'id']` → `models[0].id`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

const LONGEST_SHOWN = 32;
const LOOKS_SECRET = /^(?:sk|pk|rk|gsk|xai|hf|key|ghp|glpat)[-_]|^AIza|^eyJ/i;

/** What was found, in words that betray no secret: long texts and what looks like a key are only measured. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 1 ? 'a list of one item' : `a list of ${value.length} items`;
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  if (value === '') return 'an empty text';
  if (/^https?:\/\//i.test(value)) return describeUrl(value);
  if (value.length > LONGEST_SHOWN || LOOKS_SECRET.test(value)) return describeLength(value);
  return JSON.stringify(value);
}

/** For fields that hold secrets: only how long it is. */
export function describeLength(value: string): string {
  return value.length === 1 ? 'a text of one character' : `a text of ${value.length} characters`;
}

function describeUrl(text: string): string {
  if (!URL.canParse(text)) return 'an address that is not valid';
  const url = new URL(text);
  const hidden = url.username !== '' || url.password !== '' ? ' (with a user name or password)' : '';
  return `"${`${url.protocol}//${url.host}${url.pathname}`.slice(0, 100)}"${hidden}`;
}

/** The known name that is most likely meant, if one is near: at most a third of it differs. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase().slice(0, 64), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best !== undefined && bestDistance <= Math.max(1, Math.floor(best.length / 3)) ? best : undefined;
}

/** Insertions, deletions, replacements and swaps of neighbours count one each. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}
