// Every field, argument and id of the schema, tried as a caller of another organization and as one of the same who may do
// less; made up from the schema as the gateway tells it, so that what is new is tried as well.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Check, createCheck } from '../support/isolation/check.ts';
import { shapesOf } from '../support/isolation/shape.ts';
import { startWorld, type TestWorld } from '../support/isolation/world.ts';

const maxDepth = 8;
/** Thousands of requests, on a machine that may have other things to do. */
const patienceMs = 240_000;
let world: TestWorld | undefined;
let check: Check;
let lost: readonly string[];

beforeAll(async () => {
  world = await startWorld();
  check = createCheck(world, shapesOf(world.schema, maxDepth));
  lost = await check.controls();
}, patienceMs);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

it('every field answers its owner with data', () => {
  expect(lost.join('\n')).toBe('');
});

it(
  'every argument and every field of an input takes a value, and its owner gets data with it',
  async () => {
    expect((await check.optional()).join('\n')).toBe('');
  },
  patienceMs,
);

it('every output field has had a value for its owner', () => {
  expect(check.unseen().join('\n')).toBe('');
});

it(
  'another organization sees nothing, changes nothing, and learns nothing of what exists',
  async () => {
    expect((await check.foreign()).join('\n')).toBe('');
  },
  patienceMs,
);

it(
  'who may do less in the same organization is refused, and is shown nothing beyond',
  async () => {
    const found: string[] = [];
    for (const caller of world?.lower ?? []) found.push(...(await check.lower(caller)));
    expect(found.join('\n')).toBe('');
  },
  patienceMs,
);
