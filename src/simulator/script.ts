// The script: rules that say how requests are answered, read from code, from the admin API, from a header or from the
// prompt itself, and checked wherever they come from, so that a typing error in a test says so.

import { isRecord } from './json-record.ts';
import { createQuotaBook, type QuotaBook } from './quota.ts';
import type { Behaviour, Malformed, Quota, ScriptRule, UsageOverride } from './types.ts';

type Check = (value: unknown) => boolean;

const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isPositive: Check = (value) => isNumber(value) && value !== 0;
const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isPlace: Check = (value) =>
  value === 'before-head' ||
  value === 'after-head' ||
  value === 'before-end' ||
  (isRecord(value) && isNumber(value['afterTokens']));
const isCall: Check = (value) =>
  isRecord(value) && isText(value['name']) && (isText(value['arguments']) || isRecord(value['arguments']));

const USAGE: readonly (keyof UsageOverride)[] = [
  'promptTokens',
  'cachedTokens',
  'cacheWriteTokens',
  'completionTokens',
  'reasoningTokens',
];
const isUsage: Check = (value) =>
  isRecord(value) &&
  Object.entries(value).every(([name, count]) => USAGE.some((one) => one === name) && isNumber(count));
const MALFORMED: readonly Malformed[] = ['truncated', 'wrong-shape', 'garbage', 'html'];

const QUOTA: readonly (keyof Quota)[] = ['requests', 'tokens', 'windowMs'];
const isQuota: Check = (value) =>
  isRecord(value) &&
  Object.entries(value).every(([name, count]) => QUOTA.some((one) => one === name) && isPositive(count));

const FIELDS: { readonly [field in keyof Required<ScriptRule>]: readonly [check: Check, expected: string] } = {
  model: [isText, 'a string'],
  match: [isText, 'a string'],
  times: [isNumber, 'a number ≥ 0'],
  quota: [isQuota, '{ requests?, tokens?, windowMs? }, each > 0'],
  latencyMs: [isNumber, 'a number ≥ 0'],
  firstTokenMs: [isNumber, 'a number ≥ 0'],
  tokensPerSecond: [isNumber, 'a number ≥ 0'],
  tokensPerWrite: [isPositive, 'a number > 0'],
  text: [isText, 'a string'],
  tokens: [listOf(isText), 'an array of strings'],
  reasoning: [isText, 'a string'],
  toolCalls: [listOf(isCall), 'an array of { name, arguments, id? }'],
  finishReason: [isText, 'a string'],
  usage: [(value) => value === 'omit' || isUsage(value), `"omit" or { ${USAGE.map((name) => `${name}?`).join(', ')} }`],
  contextWindow: [isNumber, 'a number ≥ 0'],
  outputLimit: [isNumber, 'a number ≥ 0'],
  status: [(value) => Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599, 'an integer 200–599'],
  error: [isRecord, 'an object'],
  headers: [
    (value) => isRecord(value) && Object.values(value).every((one) => one === null || isText(one)),
    'an object of strings or nulls',
  ],
  retryAfterSeconds: [isNumber, 'a number ≥ 0'],
  contentFilter: [(value) => value === true || listOf(isText)(value), 'true or an array of strings'],
  refusesStreamOptions: [isFlag, 'a boolean'],
  hang: [isPlace, '"before-head", "after-head", "before-end" or { afterTokens }'],
  cut: [isPlace, '"before-head", "after-head", "before-end" or { afterTokens }'],
  cutMidFrame: [isFlag, 'a boolean'],
  streamError: [(value) => isRecord(value) && isNumber(value['afterTokens']), '{ afterTokens, error? }'],
  malformed: [
    (value) => isFlag(value) || MALFORMED.some((kind) => kind === value),
    `a boolean or one of ${MALFORMED.map((kind) => `"${kind}"`).join(', ')}`,
  ],
  emptyBody: [isFlag, 'a boolean'],
  contentType: [isText, 'a string'],
  endless: [isFlag, 'a boolean'],
  rawBody: [isText, 'a string'],
  bytesPerSecond: [isPositive, 'a number > 0'],
  chunkBytes: [
    (value) => listOf((one) => Number.isInteger(one) && Number(one) > 0)(value) && (value as unknown[]).length > 0,
    'a non-empty array of integers > 0',
  ],
  crlf: [isFlag, 'a boolean'],
  comments: [isFlag, 'a boolean'],
  omitDone: [isFlag, 'a boolean'],
};
/** What only a rule has. */
const RULE_FIELDS = new Set(['model', 'match', 'times', 'quota']);
const DIRECTIVE = '[[sim:';

export interface Script {
  /** @throws Error that names the field */
  add(rules: readonly unknown[]): () => void;
  /** The first rule that matches, used up once if it counts its uses. */
  take(model: string, lastUserText: string): Behaviour | undefined;
  /** The quotas of all rules that match. */
  quotas(model: string, lastUserText: string): readonly QuotaBook[];
  /** Models that exist because rules name them. */
  models(): readonly string[];
  clear(): void;
}

interface Entry {
  readonly rule: ScriptRule;
  readonly quota: QuotaBook | undefined;
  /** It says how to answer, and not only how much. */
  readonly decides: boolean;
  left: number;
}

const matches = ({ model, match }: ScriptRule, askedModel: string, lastUserText: string) =>
  (model === undefined || model === askedModel) && (match === undefined || lastUserText.includes(match));

export function createScript(): Script {
  let entries: Entry[] = [];
  return {
    add: (rules) => {
      const added = rules.map((rule): Entry => {
        checkFields(rule, 'a script rule', true);
        return createEntry(rule as ScriptRule);
      });
      entries.push(...added);
      return () => {
        entries = entries.filter((entry) => !added.includes(entry));
      };
    },
    take: (model, lastUserText) => {
      const found = entries.find(
        ({ rule, left, decides }) => decides && left > 0 && matches(rule, model, lastUserText),
      );
      if (found === undefined) return undefined;
      found.left -= 1;
      return found.rule;
    },
    quotas: (model, lastUserText) =>
      entries.flatMap(({ rule, quota }) => (quota !== undefined && matches(rule, model, lastUserText) ? [quota] : [])),
    models: () =>
      entries.length === 0
        ? []
        : [...new Set(entries.flatMap(({ rule }) => (rule.model === undefined ? [] : [rule.model])))],
    clear: () => {
      entries = [];
    },
  };
}

function createEntry(rule: ScriptRule): Entry {
  const { quota, times = Number.POSITIVE_INFINITY } = rule;
  return {
    rule,
    quota: quota === undefined ? undefined : createQuotaBook(quota),
    decides: quota === undefined || Object.keys(rule).some((field) => !RULE_FIELDS.has(field)),
    left: times,
  };
}

/** @throws Error that says what is wrong with it */
export function readBehaviour(json: string, where: string): Behaviour {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error(`${where} must hold JSON, such as {"status":500}.`);
  }
  checkFields(value, where, false);
  return value as Behaviour;
}

/** Finds `[[sim: {...}]]` and the text around it. @throws Error */
export function readDirective(text: string): { readonly behaviour: Behaviour; readonly rest: string } | undefined {
  const start = text.indexOf(DIRECTIVE);
  if (start < 0) return undefined;
  // `]]` may stand inside the JSON, so the first end that makes it whole is the right one.
  for (let end = text.indexOf(']]', start); end >= 0; end = text.indexOf(']]', end + 1)) {
    const json = text.slice(start + DIRECTIVE.length, end);
    if (!isJson(json)) continue;
    return {
      behaviour: readBehaviour(json, 'A [[sim: ...]] directive'),
      rest: `${text.slice(0, start).trimEnd()} ${text.slice(end + 2).trimStart()}`.trim(),
    };
  }
  throw new Error('A [[sim: ...]] directive must hold JSON, such as [[sim: {"status":500}]].');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function checkFields(value: unknown, where: string, matchers: boolean): void {
  if (!isRecord(value)) throw new Error(`${where} must be an object.`);
  for (const [field, content] of Object.entries(value)) {
    if (content === undefined) continue;
    const known = Object.hasOwn(FIELDS, field) && (matchers || !RULE_FIELDS.has(field));
    if (!known) {
      const names = Object.keys(FIELDS).filter((name) => matchers || !RULE_FIELDS.has(name));
      throw new Error(`${where} has no field "${field}". It has: ${names.join(', ')}.`);
    }
    const [check, expected] = FIELDS[field as keyof ScriptRule];
    if (!check(content)) throw new Error(`${where}: "${field}" must be ${expected}.`);
  }
}
