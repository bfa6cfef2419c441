// What came back for an operation: whether it is data, which ids are in it, and what of it may differ from one answer to
// the next (ids, times, pieces of a stream) taken out, so that two answers can be compared.

import { type GraphQLSchema, getNamedType } from 'graphql';
import type { Outcome } from '../every-transport.ts';
import type { SelectedField, Shape } from './shape.ts';

/** A value by which something can be named. */
export interface Reference {
  /** Where it was found: `Project.id`. */
  readonly coordinate: string;
  readonly value: string;
  readonly kind: ReferenceKind;
}

/** CURSOR: a place in a list or a stream. NAME: a text that is unique somewhere. */
export type ReferenceKind = 'ID' | 'CURSOR' | 'NAME';

export const kindOf = (name: string, type: string): ReferenceKind =>
  /^(?:after|before)$|[cC]ursor$/.test(name) ? 'CURSOR' : type === 'ID' || /(?:^i|I)ds?$/.test(name) ? 'ID' : 'NAME';

export interface Reading {
  readonly hasData: boolean;
  /** Output fields that had a value. */
  readonly seen: ReadonlySet<string>;
  readonly references: readonly Reference[];
  /** At a field below the root. */
  hasDataAt(at: readonly string[]): boolean;
}

type Fields = Record<string, unknown>;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const namesReference = /(?:^id|Id|^cursor|Cursor|^name|^principal|Principal|^subject|^issuer|^actor|[pP]refix|By)$/;

export function readAnswer(schema: GraphQLSchema, { root }: Shape, { results, errors }: Outcome): Reading {
  const seen = new Set<string>();
  const references = new Map<string, Reference>();
  const found = new Map<string, boolean>();

  const isFailure = (type: string): boolean => {
    const object = schema.getType(type);
    return (
      object !== undefined &&
      'getInterfaces' in object &&
      object.getInterfaces().some(({ name }) => name === 'UserError')
    );
  };

  function visit(value: unknown, selected: SelectedField): boolean {
    const isData = visitValue(value, selected);
    if (isData) seen.add(selected.coordinate);
    const path = selected.at.join();
    found.set(path, (found.get(path) ?? false) || isData);
    return isData;
  }

  function visitValue(value: unknown, selected: SelectedField): boolean {
    if (value === null || value === undefined) return false;
    if (Array.isArray(value)) return value.map((item) => visitValue(item, selected)).includes(true);
    if (!isObject(value) || selected.selection === undefined) {
      const type = getNamedType(selected.field.type).name;
      if (
        typeof value === 'string' &&
        (type === 'ID' || (type === 'String' && namesReference.test(selected.field.name)))
      )
        references.set(`${selected.coordinate} ${value}`, {
          coordinate: selected.coordinate,
          value,
          kind: kindOf(selected.field.name, type),
        });
      return true;
    }
    const type = String(value['__typename']);
    const members = (selected.selection.get(type) ?? []).map((member) => visit(value[member.key], member));
    if (isFailure(type)) return false;
    for (const list of ['edges', 'nodes']) if (list in value) return isFilled(value[list]);
    return members.includes(true);
  }

  const isRefused = errors.length > 0;
  const data = results.map((result) => visit((result.data as Fields | null | undefined)?.[root.key], root));
  return {
    hasData: !isRefused && data.includes(true),
    seen,
    references: [...references.values()],
    hasDataAt: (at) => !isRefused && found.get(at.join()) === true,
  };
}

const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

const sortableId = /\b([a-z]{2,4}_)[0-9a-hjkmnp-tv-z]{26}\b/g;

/** The ids we make that stand in a text, cursors read. */
export function idsIn(text: string): ReadonlySet<string> {
  const ids = new Set([...text.matchAll(sortableId)].map(([id]) => id));
  for (const [word] of text.matchAll(/[A-Za-z0-9_-]{24,}/g)) {
    for (const [id] of Buffer.from(word, 'base64url').toString('latin1').matchAll(sortableId)) ids.add(id);
  }
  return ids;
}

/** Something of the same form that names nothing. */
export function unknownLike(value: string): string {
  const renamed = value.replaceAll(sortableId, (id) => id.slice(0, -16) + otherwise(id.slice(-16)));
  if (renamed !== value) return renamed;
  const inside = Buffer.from(value, 'base64url').toString('latin1');
  const renamedInside = inside.replaceAll(sortableId, (id) => id.slice(0, -16) + otherwise(id.slice(-16)));
  if (renamedInside !== inside) return Buffer.from(renamedInside, 'latin1').toString('base64url');
  return value.slice(0, -4) + otherwise(value.slice(-4));
}

/** Each letter and digit is another one. */
const otherwise = (text: string): string =>
  text.replaceAll(/[a-z0-9]/gi, (sign) =>
    sign === 'z'
      ? 'y'
      : sign === 'Z'
        ? 'Y'
        : sign === '9'
          ? '8'
          : sign < '9'
            ? String(Number(sign) + 1)
            : sign < 'Z'
              ? 'Z'
              : 'z',
  );

/**
 * The answer without what may differ: what was sent, ids, times, how a stream was cut into pieces, how many there are by
 * now; what it took as well, where other texts take more or less.
 */
export function comparable({ status, results }: Outcome, sent: readonly string[], isUsageTold: boolean): string {
  const differs = isUsageTold ? /Ms$|Count$|^sequence$|^offset$/ : /Ms$|Count$|^sequence$|^offset$|Tokens$|Usd$/;
  const mask = (value: unknown, key: string): unknown => {
    if (value !== null && differs.test(key)) return '<number>';
    if (Array.isArray(value)) return value.map((item) => mask(item, key));
    if (isObject(value))
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mask(member, name)]));
    if (typeof value !== 'string') return value;
    let text = value;
    for (const one of sent) text = text.replaceAll(one, '<sent>');
    const isCursor = /^[\w-]{24,}$/.test(text) && text.search(sortableId) < 0 && idsIn(text).size > 0;
    if (isCursor) return '<cursor>';
    return text
      .replaceAll(sortableId, '$1<id>')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replaceAll(/slk_[A-Za-z0-9]+(?:_[\w-]{43})?/g, '<key>')
      .replaceAll(/[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/g, '<token>')
      .replaceAll(/\b[0-9a-f]{32,}\b/g, '<digest>')
      .replaceAll(/\b(req_sim|call|msg)_\w+/g, '$1_<id>')
      .replaceAll(/sample-\d+/g, '<sample>');
  };
  return JSON.stringify([status, withoutCuts(results.map((result) => mask(result, '')))], undefined, 1);
}

/** Consecutive events of one type with a text are one with all of it. */
function withoutCuts(results: readonly unknown[]): readonly unknown[] {
  const whole: unknown[] = [];
  let before: Record<string, unknown> | undefined;
  for (const result of results) {
    const data = isObject(result) && isObject(result['data']) ? result['data'] : {};
    const [event] = Object.values(data);
    const isPiece = isObject(event) && typeof event['text'] === 'string';
    if (isPiece && before !== undefined && before['__typename'] === event['__typename']) {
      before['text'] = String(before['text']) + event['text'];
      continue;
    }
    before = isPiece ? event : undefined;
    whole.push(result);
  }
  return whole;
}

/** The first few lines in which two texts differ. */
export function differenceOf(one: string, other: string): string {
  const [ones, others] = [one.split('\n'), other.split('\n')];
  const lines = ones.flatMap((line, at) => (line === others[at] ? [] : [`${line} | ${others[at]}`]));
  return lines.length === 0 ? `${ones.length} lines | ${others.length} lines` : lines.slice(0, 4).join('\n');
}
