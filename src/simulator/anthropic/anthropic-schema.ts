// What Anthropic's structured outputs ask of a JSON schema, and the keywords they do not take.

import { isRecord } from '../json-record.ts';
import type { Json, JsonRecord } from '../types.ts';
import { invalid } from './anthropic-errors.ts';

const UNSUPPORTED: { readonly [type: string]: readonly string[] } = {
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  string: ['minLength', 'maxLength'],
  array: ['maxItems', 'uniqueItems'],
  object: ['minProperties', 'maxProperties', 'patternProperties'],
};

/** @throws Refused */
export function refuseSchema(root: JsonRecord, at: string): void {
  const visit = (schema: Json | undefined, trail: readonly string[]): void => {
    if (!isRecord(schema)) return;
    const reference = schema['$ref'];
    if (typeof reference === 'string') {
      if (trail.includes(reference)) throw invalid(at, `Recursive schemas are not supported: ${reference}`);
      if (!reference.startsWith('#')) throw invalid(at, `External references are not supported: ${reference}`);
      visit(follow(root, reference), [...trail, reference]);
      return;
    }
    refuseKeywords(schema, at);
    for (const key of ['anyOf', 'allOf', 'oneOf']) {
      const branches = schema[key];
      if (Array.isArray(branches)) for (const branch of branches as readonly Json[]) visit(branch, trail);
    }
    const properties = schema['properties'];
    if (isRecord(properties)) for (const member of Object.values(properties)) visit(member, trail);
    visit(schema['items'], trail);
  };
  visit(root, []);
}

function refuseKeywords(schema: JsonRecord, at: string): void {
  for (const type of [schema['type']].flat()) {
    const found = (UNSUPPORTED[String(type)] ?? []).filter((key) => schema[key] !== undefined);
    if (found.length > 0) throw invalid(at, `For '${type}' type, properties ${found.join(', ')} are not supported`);
    if (type === 'array' && Number(schema['minItems'] ?? 0) > 1) {
      throw invalid(at, "For 'array' type, 'minItems' values other than 0 or 1 are not supported");
    }
    if (type === 'object' && schema['additionalProperties'] !== false) {
      throw invalid(at, "For 'object' type, 'additionalProperties' must be explicitly set to false");
    }
  }
}

function follow(root: JsonRecord, reference: string): Json | undefined {
  let at: Json | undefined = root;
  for (const step of reference.slice(1).split('/').slice(1)) {
    at = isRecord(at) ? at[decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  }
  return at;
}
