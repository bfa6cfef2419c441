// Reads the configuration file: YAML to plain values, with the line of every field and `${NAME}` filled in.
// Substitution happens in parsed string scalars, so that a value with quotes or newlines stays one scalar.

import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLError } from 'yaml';
import { type ConfigProblem, formatPath } from './config-errors.ts';

/** A scalar that came from the environment, in part or whole. Numbers and flags may be written this way too. */
export interface SubstitutedText {
  readonly text: string;
  /** The variables it names, as written in the file; for error messages. */
  readonly source: string;
}

const substitutedTexts = new WeakSet<object>();

export function isSubstitutedText(value: unknown): value is SubstitutedText {
  return typeof value === 'object' && value !== null && substitutedTexts.has(value);
}

export interface ConfigFile {
  /** Name for error messages. */
  readonly name: string;
  /** Plain objects, lists and scalars; SubstitutedText for what came from the environment. undefined: empty, or unreadable. */
  readonly value: unknown;
  /** Syntax errors and missing variables. */
  readonly problems: readonly ConfigProblem[];
  /** Line of the field, or of the nearest field around it. */
  lineOf(path: readonly PropertyKey[]): number;
}

/** What stands at a path of the file, whatever its shape; undefined: nothing. */
export function valueAt(file: ConfigFile | undefined, path: readonly string[]): unknown {
  return path.reduce<unknown>((current, key) => {
    const isMapping = typeof current === 'object' && current !== null && !Array.isArray(current);
    return isMapping && !isSubstitutedText(current) ? (current as Readonly<Record<string, unknown>>)[key] : undefined;
  }, file?.value);
}

/** The same where it is a text that is not empty. */
export function textAt(file: ConfigFile | undefined, path: readonly string[]): string | undefined {
  const value = valueAt(file, path);
  const text = isSubstitutedText(value) ? value.text : value;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

// A file of the operator's own, but anchors let a short file unfold into a huge one by mistake.
const DEEPEST = 32;
const MOST_NODES = 50_000;

export function parseConfigFile(name: string, text: string, env: NodeJS.ProcessEnv): ConfigFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const lines = new Map<string, number>();
  const problems: ConfigProblem[] = [];
  let nodes = 0;

  const lineAt = (offset: number): number => Math.max(1, lineCounter.linePos(offset).line);
  const report = (line: number, path: readonly PropertyKey[], expected: string, found?: string): void => {
    problems.push({ place: name, line, field: formatPath(path), found, expected });
  };

  const read = (node: Node | null | undefined, path: readonly PropertyKey[], line: number): unknown => {
    if (node === null || node === undefined) return undefined;
    if (++nodes > MOST_NODES || path.length > DEEPEST) {
      if (nodes <= MOST_NODES + 1) report(line, path, 'the file is nested too deeply or unfolds to too many values');
      nodes = MOST_NODES + 1;
      return undefined;
    }
    if (isAlias(node)) return read(node.resolve(document), path, line);
    if (isMap(node)) {
      const result: Record<string, unknown> = {};
      for (const pair of node.items) {
        const key = isScalar(pair.key) ? String(pair.key.value) : undefined;
        const keyLine = isScalar(pair.key) && pair.key.range ? lineAt(pair.key.range[0]) : line;
        if (key === undefined) {
          report(keyLine, path, 'a key is a plain name');
          continue;
        }
        const keyPath = [...path, key];
        lines.set(formatPath(keyPath), keyLine);
        const value = read(pair.value as Node | null, keyPath, keyLine);
        // Not an assignment: a key named __proto__ must stay a key.
        Object.defineProperty(result, key, { value, enumerable: true, writable: true, configurable: true });
      }
      return result;
    }
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        const itemNode = item as Node | null;
        const itemPath = [...path, index];
        const itemLine = itemNode?.range ? lineAt(itemNode.range[0]) : line;
        lines.set(formatPath(itemPath), itemLine);
        return read(itemNode, itemPath, itemLine);
      });
    }
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value !== 'string') return value ?? undefined;
    const substituted = substitute(value, env);
    for (const problem of substituted.problems) report(line, path, problem.expected, problem.found);
    return substituted.value;
  };

  for (const error of [...document.errors, ...document.warnings]) {
    report(lineAt(error.pos[0]), [], syntaxProblem(error));
  }
  // After a syntax error the tree is a guess: what is read from it would only add noise.
  const content = document.errors.length > 0 ? undefined : read(document.contents as Node | null, [], 1);
  // The same goes for a tree that was cut off.
  const value = nodes > MOST_NODES ? undefined : content;
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(formatPath(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
  return { name, value, problems, lineOf };
}

const REFERENCE = /\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?/g;

interface Substitution {
  readonly value: string | SubstitutedText;
  readonly problems: readonly { readonly found?: string; readonly expected: string }[];
}

/** `${NAME}`, `${NAME:-default}` (also for an empty variable); `$${` stands for a plain `${`. Not recursive. */
function substitute(text: string, env: NodeJS.ProcessEnv): Substitution {
  if (!text.includes('${')) return { value: text, problems: [] };
  const problems: { found?: string; expected: string }[] = [];
  const names: string[] = [];
  const result = text.replace(REFERENCE, (match: string, name: string | undefined, fallback: string | undefined) => {
    if (match === '$${') return '${';
    if (name === undefined) {
      problems.push({
        expected: `\${ starts a variable: write \${NAME} or \${NAME:-default}, or $\${ for a plain \${`,
      });
      return '';
    }
    names.push(`\${${name}}`);
    const value = env[name];
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined) {
      problems.push({ found: `\${${name}}, which is not set`, expected: `the environment to have ${name}` });
    }
    return value ?? '';
  });
  if (names.length === 0) return { value: result, problems };
  const substituted: SubstitutedText = { text: result, source: names.join(' ') };
  substitutedTexts.add(substituted);
  return { value: substituted, problems };
}

/** The parser's own messages can quote the file, secrets included: these do not. */
function syntaxProblem(error: YAMLError): string {
  const known: Partial<Record<YAMLError['code'], string>> = {
    DUPLICATE_KEY: 'this key is given twice in the same mapping',
    BAD_INDENT: 'the indentation does not fit the lines around it',
    TAB_AS_INDENT: 'a tab indents this line: YAML wants spaces',
    MISSING_CHAR: 'a bracket, quote, colon or comma is missing here',
    MULTIPLE_DOCS: 'the file holds more than one document',
    BAD_ALIAS: 'an alias (*name) names no anchor (&name) above it',
    BAD_DQ_ESCAPE: 'unknown escape in a double-quoted text',
    BAD_SCALAR_START: 'a plain text cannot start with this character: put it in quotes',
    MULTILINE_IMPLICIT_KEY: 'a key must stand on one line, followed by a colon',
    TAG_RESOLVE_FAILED: 'unknown tag (!name)',
    UNEXPECTED_TOKEN: 'something stands here that does not belong',
  };
  return `not valid YAML: ${known[error.code] ?? `${error.code.toLowerCase().replaceAll('_', ' ')}`}`;
}
