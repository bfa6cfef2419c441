// JSON Schemas that callers send for a model's output: compiled once, bounded, patterns on RE2 so that no pattern of a
// caller can stall the process.

import { createHash } from 'node:crypto';
import { Ajv, type Options, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { LRUCache } from 'lru-cache';
import { RE2JS } from 're2js';
import type { JsonObject, JsonValue } from '../../core/json.ts';

const MAX_SCHEMA_CHARACTERS = 65_536;
const MAX_POINTERS = 20;

export type OutputCheck =
  | { readonly valid: true }
  /** JSON pointers to the places that do not fit, `''` for the whole, with what was expected there. */
  | { readonly valid: false; readonly pointers: readonly string[]; readonly message: string };

export interface OutputSchemas {
  /** undefined when the schema can be used, else what is wrong with it, in words for the caller. */
  problemOf(schema: JsonObject): string | undefined;
  check(schema: JsonObject, value: JsonValue): OutputCheck;
}

type Compiled = { readonly validate: ValidateFunction } | { readonly problem: string };

export function createOutputSchemas(maxCompiled = 1000): OutputSchemas {
  const compiled = new LRUCache<string, Compiled>({ max: maxCompiled });

  function compile(schema: JsonObject): Compiled {
    const text = JSON.stringify(schema);
    if (text.length > MAX_SCHEMA_CHARACTERS) {
      return {
        problem: `The schema may have at most ${MAX_SCHEMA_CHARACTERS} characters of JSON; it has ${text.length}.`,
      };
    }
    const key = createHash('sha256').update(text).digest('base64');
    let known = compiled.get(key);
    if (known === undefined) {
      known = compileAnew(schema);
      compiled.set(key, known);
    }
    return known;
  }

  return {
    problemOf(schema) {
      const result = compile(schema);
      return 'problem' in result ? result.problem : undefined;
    },
    check(schema, value) {
      const result = compile(schema);
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

/** A fresh Ajv per schema: an instance would keep every schema it ever saw, and let one reach another's `$id`. */
function compileAnew(schema: JsonObject): Compiled {
  const options: Options = {
    strict: false,
    allErrors: true,
    // `format` is an annotation, as the specification has it by default.
    validateFormats: false,
    logger: false,
    code: { regExp: safeRegExp },
  };
  const draft7 = typeof schema.$schema === 'string' && schema.$schema.includes('draft-07');
  try {
    const ajv = draft7 ? new Ajv(options) : new Ajv2020(options);
    return { validate: ajv.compile(schema) };
  } catch (error) {
    return { problem: `This is not a JSON Schema we can check against: ${reasonOf(error)}.` };
  }
}

/** What is wrong and where, without the text of references and patterns, which is the caller's. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : '';
  if (/^(?:can't resolve reference|no schema with key or ref|reference )/.test(text)) {
    return 'a reference in it ("$ref", "$schema" or "$id") cannot be followed: refer to places inside the schema only';
  }
  const pattern = /^error parsing regexp: ([^`]*?)(?:: `|$)/s.exec(text)?.[1];
  if (pattern !== undefined) return `a "pattern" in it is no regular expression of RE2: ${pattern}`;
  return text.startsWith('schema is invalid: ') ? text.slice(0, 300) : 'it cannot be compiled';
}

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
