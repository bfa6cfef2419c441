// The scalars: what goes in, what comes out, and that what is refused is not repeated.

import { describe, expect, it } from '@jest/globals';
import { parseValue } from 'graphql';
import { DateTime, Decimal, Json, JsonObject } from '../../../src/graphql/scalars.ts';

describe('Decimal', () => {
  it.each(['0', '12', '0.000000001', '-1.5', '9007199254740993.25'])('takes %s as it stands', (text) => {
    expect(Decimal.parseValue(text)).toBe(text);
    expect(Decimal.parseLiteral(parseValue(`"${text}"`))).toBe(text);
    expect(Decimal.serialize(text)).toBe(text);
  });

  it.each([0.1, '1e3', '.5', '01', '', 'NaN', '0.0000000001', null])('refuses %p', (value) => {
    expect(() => Decimal.parseValue(value)).toThrow('A Decimal is a string such as "0.25"');
  });

  it('refuses a number in a document', () => {
    expect(() => Decimal.parseLiteral(parseValue('0.5'))).toThrow('A Decimal is a string');
  });
});

describe('DateTime', () => {
  it('is milliseconds inside and RFC 3339 text outside', () => {
    const text = '2026-01-31T09:30:00.125Z';
    expect(DateTime.serialize(Date.parse(text))).toBe(text);
    expect(DateTime.parseValue(text)).toBe(Date.parse(text));
    expect(DateTime.parseLiteral(parseValue('"2026-01-31T10:30:00.125+01:00"'))).toBe(Date.parse(text));
  });

  it('refuses what is no point in time', () => {
    expect(() => DateTime.parseValue('yesterday')).toThrow();
    expect(() => DateTime.parseValue(5)).toThrow();
    for (const text of ['0000-06-01T00:00:00Z', '0001-01-01T00:00:00+14:00', '9999-12-31T23:59:59-14:00']) {
      expect(() => DateTime.parseValue(text)).toThrow('0001 to 9999');
      expect(() => DateTime.parseLiteral(parseValue(`"${text}"`))).toThrow('0001 to 9999');
    }
    expect(DateTime.parseValue('0001-01-01T00:00:00Z')).toBe(Date.parse('0001-01-01T00:00:00Z'));
  });
});

describe('JSONObject', () => {
  it('takes objects, from variables and from documents with variables inside', () => {
    expect(JsonObject.parseValue({ a: [1, null] })).toEqual({ a: [1, null] });
    expect({ ...(JsonObject.parseLiteral(parseValue('{ a: $x, b: [true] }'), { x: 7 }) as object) }).toEqual({
      a: 7,
      b: [true],
    });
  });

  it.each(['a secret text', ['a secret text'], 7, null])('refuses %p without repeating it', (value) => {
    expect(() => JsonObject.parseValue(value)).toThrow(/^A JSONObject is a JSON object: \{ "name": value }\.$/);
  });

  it('refuses a string in a document without repeating it', () => {
    expect(() => JsonObject.parseLiteral(parseValue('"a secret text"'))).toThrow(/^A JSONObject is a JSON object/);
  });
});

describe('JSON', () => {
  it.each([null, 0, 'text', [1], { a: 1 }, false])('passes %p on', (value) => {
    expect(Json.serialize(value)).toEqual(value);
    expect(Json.parseValue(value)).toEqual(value);
  });
});
