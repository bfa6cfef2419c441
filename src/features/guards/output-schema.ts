// JSON Schemas that callers send for a model's output. Before a call they are looked through, which is cheap; compiled
// only once an answer is to be checked. Bounded, and patterns run on RE2, so that no caller can stall the process.

import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Ajv, type Options, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { LRUCache } from 'lru-cache';
import { RE2JS } from 're2js';
import type { JsonObject, JsonValue } from '../../core/json.ts';

const MAX_SCHEMA_CHARACTERS = 65_536;
/** Objects in it, which decide how long compiling takes: about 0.1 ms each. */
const MAX_SCHEMA_OBJECTS = 1_000;
const MAX_PATTERNS = 50;
const MAX_PATTERN_CHARACTERS = 1_000;
const MAX_POINTERS = 20;
/** Characters of the schemas whose compiled form is kept. */
const KEPT_CHARACTERS = 4 * 1024 * 1024;

export type OutputCheck =
  | { readonly valid: true }
  /** JSON pointers to the places that do not fit, `''` for the whole, with what was expected there. */
  | { readonly valid: false; readonly pointers: readonly string[]; readonly message: string };

export interface OutputSchemas {
  /** undefined when the schema can be used, else what is wrong with it, in words for the caller. */
  problemOf(schema: JsonObject): string | undefined;
  /** Schemas not seen lately are compiled in turn, with room for other work between two. Never rejects. */
  check(schema: JsonObject, value: JsonValue): Promise<OutputCheck>;
}

type Compiled = { readonly validate: ValidateFunction } | { readonly problem: string };

const NO_SCHEMA = 'This is not a JSON Schema we can check against';

export interface OutputSchemasOptions {
  /** Schemas whose compiled form is kept: the smallest takes 14 KB. Default 1,000. */
  readonly maxKept?: number;
}

export function createOutputSchemas({ maxKept = 1_000 }: OutputSchemasOptions = {}): OutputSchemas {
  const compiled = new LRUCache<string, Compiled>({ max: maxKept, maxSize: KEPT_CHARACTERS });
  /** These know the schema of schemas, which takes tens of milliseconds to compile: once, not once per schema. */
  const judges = {
    draft7: new Ajv({ strict: false, logger: false }),
    current: new Ajv2020({ strict: false, logger: false }),
  };

  function problemOf(schema: JsonObject): string | undefined {
    const { length } = JSON.stringify(schema);
    if (length > MAX_SCHEMA_CHARACTERS) {
      return `The schema may have at most ${MAX_SCHEMA_CHARACTERS} characters of JSON; it has ${length}.`;
    }
    const draft = draftOf(schema);
    if (draft === undefined) return `${NO_SCHEMA}: "$schema" must name draft 2020-12 or draft-07, or be left out.`;
    const found = lookThrough(schema);
    if (found.objects > MAX_SCHEMA_OBJECTS) {
      return `The schema may have at most ${MAX_SCHEMA_OBJECTS} objects in it; it has ${found.objects}.`;
    }
    // The place in the schema is named by the caller's own keys, so only the sentence about it is told.
    const { $schema, ...rest } = schema;
    if (!judges[draft].validateSchema(rest)) {
      return `${NO_SCHEMA}: a keyword in it ${judges[draft].errors?.[0]?.message ?? 'is wrong'}.`;
    }
    return patternProblem(found.patterns) ?? referenceProblem(found, schema);
  }

  /** Resolves when whoever came before has compiled and the loop has turned. */
  let turn: Promise<void> = Promise.resolve();

  async function compile(schema: JsonObject): Promise<Compiled> {
    const text = JSON.stringify(schema);
    const key = createHash('sha256').update(text).digest('base64');
    const known = compiled.get(key);
    if (known !== undefined) return known;
    // One large schema takes tens of milliseconds: many in a row would keep everybody else waiting for seconds.
    turn = turn.then(() => nextTurn());
    await turn;
    const made = compiled.get(key) ?? compileAnew(schema);
    compiled.set(key, made, { size: text.length });
    return made;
  }

  return {
    problemOf,
    async check(schema, value) {
      const result = await compile(schema);
      if ('problem' in result) return { valid: false, pointers: [''], message: result.problem };
      if (result.validate(value)) return { valid: true };
      const errors = (result.validate.errors ?? []).slice(0, MAX_POINTERS);
      const pointers = [...new Set(errors.map((error) => error.instancePath))];
      const first = errors[0];
      const where = first?.instancePath ? `at ${first.instancePath}` : 'as a whole';
      return { valid: false, pointers, message: `The answer does not fit the schema ${where}: ${first?.message}.` };
    },
  };
}

function draftOf(schema: JsonObject): 'draft7' | 'current' | undefined {
  const named = schema.$schema;
  if (named === undefined) return 'current';
  if (typeof named !== 'string') return undefined;
  if (/^https?:\/\/json-schema\.org\/draft-07\/schema#?$/.test(named)) return 'draft7';
  return /^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/.test(named) ? 'current' : undefined;
}

/** A fresh Ajv per schema: an instance would keep every schema it ever saw, and let one reach another's `$id`. */
function compileAnew(schema: JsonObject): Compiled {
  const options: Options = {
    strict: false,
    allErrors: true,
    // `format` is an annotation, as the specification has it by default.
    validateFormats: false,
    logger: false,
    // Judged before.
    meta: false,
    validateSchema: false,
    code: { regExp: safeRegExp, optimize: false },
  };
  // Nothing refers to it by its name: references stay inside.
  const { $schema, $id, ...rest } = schema;
  try {
    return { validate: (draftOf(schema) === 'draft7' ? new Ajv(options) : new Ajv2020(options)).compile(rest) };
  } catch {
    return { problem: `${NO_SCHEMA}: it cannot be compiled.` };
  }
}

interface Found {
  objects: number;
  readonly patterns: string[];
  readonly references: string[];
  readonly anchors: Set<string>;
  hasInnerId: boolean;
}

/** Counts, patterns and references, wherever they stand; what stands in an `enum` or `default` counts too, harmlessly. */
function lookThrough(schema: JsonObject): Found {
  const found: Found = { objects: 0, patterns: [], references: [], anchors: new Set(), hasInnerId: false };
  const open: JsonValue[] = [schema];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    if (isList(value)) {
      open.push(...value);
      continue;
    }
    found.objects++;
    const { pattern, patternProperties, $ref, $dynamicRef, $anchor, $id } = value;
    if (typeof pattern === 'string') found.patterns.push(pattern);
    if (typeof patternProperties === 'object' && patternProperties !== null) {
      found.patterns.push(...Object.keys(patternProperties));
    }
    if (typeof $ref === 'string') found.references.push($ref);
    if (typeof $dynamicRef === 'string') found.references.push($dynamicRef);
    if (typeof $anchor === 'string') found.anchors.add(`#${$anchor}`);
    if (typeof $id === 'string' && value !== schema) found.hasInnerId = true;
    open.push(...Object.values(value));
  }
  return found;
}

function patternProblem(patterns: readonly string[]): string | undefined {
  if (patterns.length > MAX_PATTERNS) return `The schema may have at most ${MAX_PATTERNS} patterns.`;
  for (const pattern of patterns) {
    if (pattern.length > MAX_PATTERN_CHARACTERS) {
      return `A pattern in the schema may have at most ${MAX_PATTERN_CHARACTERS} characters.`;
    }
    try {
      RE2JS.compile(pattern);
    } catch (error) {
      // The library says what is wrong and then, in back-quotes, repeats the pattern.
      const reason = /^error parsing regexp: ([^`]*?)(?:: `|$)/s.exec(error instanceof Error ? error.message : '')?.[1];
      return `${NO_SCHEMA}: a "pattern" in it is no regular expression of RE2 (${reason ?? 'it cannot be read'}).`;
    }
  }
  return undefined;
}

function referenceProblem({ references, anchors, hasInnerId }: Found, schema: JsonObject): string | undefined {
  if (hasInnerId) return `${NO_SCHEMA}: "$id" may stand at the top of a schema only.`;
  const isBroken = (reference: string): boolean =>
    !reference.startsWith('#') || (!anchors.has(reference) && follow(reference.slice(1), schema) === undefined);
  if (!references.some(isBroken)) return undefined;
  return `${NO_SCHEMA}: a reference in it cannot be followed; refer to places inside the schema only.`;
}

function follow(pointer: string, schema: JsonObject): JsonValue | undefined {
  let value: JsonValue | undefined = schema;
  for (const step of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    let name = step;
    try {
      name = decodeURIComponent(step);
    } catch {
      return undefined;
    }
    name = name.replaceAll('~1', '/').replaceAll('~0', '~');
    value = isList(value) ? value[Number(name)] : Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return pointer === '' || pointer.startsWith('/') ? value : undefined;
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

/** Ajv shares one compiled pattern among equal `toString()`s, so it must tell patterns apart. */
const safeRegExp = Object.assign(
  (pattern: string, flags: string) => {
    const expression = RE2JS.compile(pattern, flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0);
    return {
      test: (text: string): boolean => expression.matcher(text).find(),
      exec: (): null => null,
      toString: (): string => `/${pattern}/${flags}`,
    };
  },
  { code: 're2' },
);
