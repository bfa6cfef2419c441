// JSON with more lists, objects and fields than parsing may cost: refused before it is parsed, on every transport, and
// exactly at the limit not.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { hasTooMuchStructure, maxJsonDepth, maxJsonParts } from '../../src/server/json-structure.ts';
import { startTestServer, type TestServer } from '../support/start-test-server.ts';
import { openSignedIn } from '../support/wire.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
afterEach(() => expect(server.log.filter(({ level }) => level === 'error')).toEqual([]));

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const lists = (count: number): string => `[${Array(count - 1).fill('[]')}]`;
const fields = (count: number): string => `{${Array.from({ length: count - 1 }, (_, index) => `"${index}":0`)}}`;
const filler = 'x'.repeat(2 * maxJsonDepth);
const isTooMuch = (text: string): boolean => hasTooMuchStructure(Buffer.from(text));

describe('the structure of JSON', () => {
  it.each([
    ['levels', maxJsonDepth, deep],
    ['lists', maxJsonParts, lists],
    ['fields', maxJsonParts, fields],
  ])('is too much one beyond the most %s, not before', (_name, most, write) => {
    // So much that it is looked into.
    const padded = (text: string): string => text + ' '.repeat(2 * maxJsonDepth);
    expect(isTooMuch(padded(write(most)))).toBe(false);
    expect(isTooMuch(padded(write(most + 1)))).toBe(true);
  });

  it('counts objects as it counts lists', () => {
    const objects = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    expect(isTooMuch(objects(maxJsonDepth))).toBe(false);
    expect(isTooMuch(objects(maxJsonDepth + 1))).toBe(true);
  });

  it('is nothing of what stands in a string', () => {
    const brackets = '[{:'.repeat(maxJsonParts);
    for (const text of [
      brackets,
      `"${brackets}`,
      `\\${brackets}`,
      `\\"${brackets}`,
      `\\\\"${brackets}\\`,
      `é"${brackets}`,
    ]) {
      expect(isTooMuch(JSON.stringify({ text }))).toBe(false);
      expect(isTooMuch(`[${JSON.stringify(text)},${deep(maxJsonDepth)}]`)).toBe(true);
    }
  });

  it('goes on behind a string that ends in escapes', () => {
    const inside = deep(maxJsonDepth);
    for (const end of ['\\\\', '\\"', '\\\\\\"', '\\\\\\\\', '\\u005c', '\\n']) {
      expect(isTooMuch(`["${filler}${end}",${inside}]`)).toBe(true);
      expect(isTooMuch(`["${filler}${end}${inside}"]`)).toBe(false);
    }
  });

  it('is one of levels, not of what was closed', () => {
    expect(isTooMuch(`[${Array(10).fill(deep(maxJsonDepth - 1))}]`)).toBe(false);
  });
});

const tooMuch: readonly (readonly [name: string, json: string])[] = [
  ['two million lists in each other', deep(2_000_000)],
  ['two million that never end', '['.repeat(2_000_000)],
  ['lists beside each other', lists(1_000_000)],
  ['one field of many', fields(maxJsonParts + 1)],
  ['a level too many', `{"query":"{ __typename }","variables":{"a":${deep(maxJsonDepth - 1)}}}`],
];

describe('a body of too many parts', () => {
  it.each(tooMuch)('is refused in words: %s', async (_name, json) => {
    const { status, body } = await server.post(json);
    expect({ status, code: body.errors?.[0]?.extensions['code'] }).toEqual({ status: 400, code: 'BAD_USER_INPUT' });
    expect(body.errors?.[0]?.message).toContain('at most 250000 lists, objects and fields');
  });

  it('is served at the most that is taken', async () => {
    const variables = `{"a":${deep(maxJsonDepth - 2)}}`;
    const { body } = await server.post(`{"query":"{ __typename }","variables":${variables}}`);
    expect(body).toEqual({ data: { __typename: 'Query' } });
  });
});

describe('a message of too many parts on a socket', () => {
  const url = (): string => server.url.replace('http', 'ws');

  it.each(tooMuch)('closes it with 4400: %s', async (_name, json) => {
    await using wire = await openSignedIn(url(), 'good');
    wire.send(json);
    expect(await wire.closed).toEqual({ code: 4400, reason: 'Too many parts in a message' });
  });

  it('is read at the most that is taken', async () => {
    await using wire = await openSignedIn(url(), 'good');
    wire.send(`{"type":"ping","payload":{"a":${deep(maxJsonDepth - 2)}}}`);
    expect((await wire.next()).type).toBe('pong');
    wire.send(`{"type":"ping","payload":{"a":${deep(maxJsonDepth - 1)}}}`);
    expect((await wire.closed).code).toBe(4400);
  });
});
