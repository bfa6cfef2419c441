// What was planned is what ran: for random operations the calls on the simulator's bill are those that graphql-js, asked
// by itself, would have made. The two share nothing but the document: the oracle executes it with resolvers that count.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, execute, parse, validate } from 'graphql';
import { propertyRun } from '../support/property.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const model = 'sim-instant';
const schema = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));

let gateway: TestGateway;
beforeAll(async () => {
  // Only the shape of operations is in question here, not their size.
  const limits = 'aliases: 10000, rootFields: 1000, directives: 10000, fields: 100000, tokens: 100000';
  gateway = await startGateway({ yaml: `operationLimits: { ${limits} }\n` });
});
afterAll(() => gateway[Symbol.asyncDispose]());

// ---- what an operation is made of

type FieldName = 'generate' | 'startGeneration' | 'batchGenerate' | 'startBatch';
const isBatch = (field: FieldName): boolean => field === 'batchGenerate' || field === 'startBatch';

/** How the prompt of a call reaches it. */
type Wording = 'LITERAL' | 'VARIABLE' | 'DEFAULT' | 'WHOLE_VARIABLE' | 'MESSAGE_BESIDE_ABSENT_VARIABLE';

interface Call {
  readonly prompt: string;
  readonly wording: Wording;
}

/** What stands behind one response key: the same wherever the key occurs, so that its occurrences merge. */
interface Slot {
  readonly key: string;
  readonly field: FieldName;
  readonly calls: readonly Call[];
  readonly wholeInput: boolean;
}

type Condition = { readonly directive: 'skip' | 'include'; readonly by: boolean | number };
type Selection =
  | { readonly type: 'FIELD'; readonly slot: number; readonly wide: boolean; readonly conditions: readonly Condition[] }
  | {
      readonly type: 'INLINE';
      readonly typed: boolean;
      readonly inner: readonly Selection[];
      readonly conditions: readonly Condition[];
    }
  | { readonly type: 'SPREAD'; readonly fragment: number; readonly conditions: readonly Condition[] };

interface Operation {
  readonly slots: readonly Slot[];
  readonly fragments: readonly (readonly Selection[])[];
  readonly root: readonly Selection[];
  /** Boolean variables; those by default are not sent. */
  readonly switches: readonly { readonly value: boolean; readonly byDefault: boolean }[];
}

const fieldNames: readonly FieldName[] = ['generate', 'startGeneration', 'batchGenerate', 'startBatch'];
const keys = ['a', 'b', 'c', 'd', ...fieldNames];
const switchCount = 3;
const fragmentCount = 3;

const call: fc.Arbitrary<Call> = fc.record({
  prompt: fc.constantFrom('red', 'green', 'blue', 'snow ☃ "quoted"'),
  wording: fc.constantFrom<Wording>(
    'LITERAL',
    'VARIABLE',
    'DEFAULT',
    'WHOLE_VARIABLE',
    'MESSAGE_BESIDE_ABSENT_VARIABLE',
  ),
});

const slots: fc.Arbitrary<Slot[]> = fc.tuple(
  ...keys.map((key) =>
    fc
      .record({
        field: fc.constantFrom(...fieldNames),
        calls: fc.array(call, { minLength: 1, maxLength: 3 }),
        wholeInput: fc.boolean(),
      })
      .map((slot): Slot => {
        // Without an alias the key is the field's own name.
        const field = fieldNames.find((name) => name === key) ?? slot.field;
        return { ...slot, key, field, calls: isBatch(field) ? slot.calls : slot.calls.slice(0, 1) };
      }),
  ),
);

const conditions: fc.Arbitrary<Condition[]> = fc.uniqueArray(
  fc.record({
    directive: fc.constantFrom('skip' as const, 'include' as const),
    by: fc.oneof(fc.boolean(), fc.nat(switchCount - 1)),
  }),
  { maxLength: 2, selector: ({ directive }) => directive },
);

/** Fragments spread only those behind them: no circles. */
function selections(firstFragment: number, depth: number): fc.Arbitrary<Selection[]> {
  const field = fc.record({
    type: fc.constant('FIELD' as const),
    slot: fc.nat(keys.length - 1),
    wide: fc.boolean(),
    conditions,
  });
  const kinds: fc.Arbitrary<Selection>[] = [field, field];
  if (firstFragment < fragmentCount) {
    const fragment = fc.integer({ min: firstFragment, max: fragmentCount - 1 });
    kinds.push(fc.record({ type: fc.constant('SPREAD' as const), fragment, conditions }));
  }
  if (depth > 0) {
    const inner = selections(firstFragment, depth - 1);
    kinds.push(fc.record({ type: fc.constant('INLINE' as const), typed: fc.boolean(), inner, conditions }));
  }
  return fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 4 });
}

const operation: fc.Arbitrary<Operation> = fc.record({
  slots,
  fragments: fc.tuple(...Array.from({ length: fragmentCount }, (_, index) => selections(index + 1, 1))),
  root: selections(0, 2),
  switches: fc.array(fc.record({ value: fc.boolean(), byDefault: fc.boolean() }), {
    minLength: switchCount,
    maxLength: switchCount,
  }),
});

// ---- writing it down

interface Written {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

function write({ slots: all, fragments, root, switches }: Operation): Written {
  const declared = new Map<string, string>();
  const variables: Record<string, unknown> = {};
  const spread = new Map<number, string>();
  const text = (value: string): string => JSON.stringify(value);

  function declare(name: string, type: string, value: unknown): string {
    declared.set(name, `$${name}: ${type}`);
    if (value !== undefined) variables[name] = value;
    return `$${name}`;
  }

  function writeCall({ prompt, wording }: Call, name: string): string {
    const withPrompt = (value: string): string => `{ model: "${model}", prompt: ${value} }`;
    switch (wording) {
      case 'LITERAL':
        return withPrompt(text(prompt));
      case 'VARIABLE':
        return withPrompt(declare(name, 'String!', prompt));
      case 'DEFAULT':
        return withPrompt(declare(name, `String! = ${text(prompt)}`, undefined));
      case 'WHOLE_VARIABLE':
        return declare(name, 'GenerateInput!', { model, prompt });
      case 'MESSAGE_BESIDE_ABSENT_VARIABLE': {
        const absent = declare(name, 'String', undefined);
        return `{ model: "${model}", prompt: ${absent}, messages: [{ role: USER, content: ${text(prompt)} }] }`;
      }
    }
  }

  function writeInput({ key, field, calls, wholeInput }: Slot): string {
    const [first] = calls;
    if (!isBatch(field)) return first ? writeCall(first, `in_${key}`) : '';
    if (!wholeInput)
      return `{ items: [${calls.map((each, index) => writeCall(each, `in_${key}_${index}`)).join(', ')}] }`;
    return declare(`in_${key}`, 'BatchGenerateInput!', { items: calls.map(({ prompt }) => ({ model, prompt })) });
  }

  function writeConditions(list: readonly Condition[]): string {
    return list
      .map(({ directive, by }) => {
        if (typeof by === 'boolean') return ` @${directive}(if: ${by})`;
        const { value, byDefault } = switches[by] ?? { value: true, byDefault: false };
        const type = byDefault ? `Boolean = ${value}` : 'Boolean!';
        return ` @${directive}(if: ${declare(`switch_${by}`, type, byDefault ? undefined : value)})`;
      })
      .join('');
  }

  function writeSelection(selection: Selection): string {
    const when = writeConditions(selection.conditions);
    switch (selection.type) {
      case 'FIELD': {
        const slot = all[selection.slot];
        if (slot === undefined) return '';
        const { key, field } = slot;
        const alias = key === field ? '' : `${key}: `;
        const narrow = isBatch(field) ? 'failedCount' : '__typename';
        const wide = isBatch(field) ? 'succeededCount' : '... on UserError { message }';
        return `${alias}${field}(input: ${writeInput(slot)})${when} { ${narrow} ${selection.wide ? wide : ''} }`;
      }
      case 'INLINE':
        return `...${selection.typed ? ' on Mutation' : ''}${when} { ${writeSelections(selection.inner)} }`;
      case 'SPREAD': {
        const { fragment } = selection;
        if (!spread.has(fragment)) {
          spread.set(fragment, '');
          spread.set(fragment, `fragment F${fragment} on Mutation { ${writeSelections(fragments[fragment] ?? [])} }`);
        }
        return `...F${fragment}${when}`;
      }
    }
  }
  const writeSelections = (list: readonly Selection[]): string => list.map(writeSelection).join(' ');

  const body = writeSelections(root);
  const definitions = declared.size === 0 ? '' : `(${[...declared.values()].join(', ')})`;
  return { query: [`mutation ${definitions} { ${body} }`, ...spread.values()].join('\n'), variables };
}

// ---- the oracle

interface GivenCall {
  readonly prompt?: string | null;
  readonly messages?: readonly { readonly content: string }[];
}

async function oracle({ query, variables }: Written): Promise<{ prompts: string[]; keys: string[] }> {
  const prompts: string[] = [];
  const count = ({ prompt, messages }: GivenCall): void => void prompts.push(prompt ?? messages?.[0]?.content ?? '');
  const one = ({ input }: { input: GivenCall }) => {
    count(input);
    return { __typename: 'InvalidInputError', message: '' };
  };
  const many = ({ input }: { input: { items: readonly GivenCall[] } }) => {
    input.items.forEach(count);
    return { succeededCount: 0, failedCount: 0 };
  };
  const rootValue = {
    generate: one,
    startGeneration: one,
    batchGenerate: many,
    startBatch: many,
  };
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const { data, errors } = await execute({ schema, document, rootValue, variableValues: variables });
  expect(errors).toBeUndefined();
  return { prompts: prompts.sort(), keys: Object.keys(data ?? {}) };
}

function promptsOnBill(): string[] {
  return gateway.simulator
    .bill()
    .requests.map(({ request }) => (request?.['messages'] as { content: string }[] | undefined)?.at(-1)?.content ?? '')
    .sort();
}

describe('the planned calls of an operation', () => {
  it('are those that execution makes, for any aliases, fragments, variables, conditions and batches', async () => {
    let most = 0;
    let none = 0;
    await fc.assert(
      fc.asyncProperty(operation, async (random) => {
        const written = write(random);
        const expected = await oracle(written);
        gateway.simulator.reset();
        const answer = await gateway.send(written);
        expect(answer.errors).toEqual([]);
        expect(answer.status).toBe(200);
        expect(Object.keys(answer.data)).toEqual(expected.keys);
        // Started generations and batches run on behind the answer.
        await gateway.simulator.waitFor(
          ({ requests, inFlight }) => inFlight === 0 && requests.length >= expected.prompts.length,
        );
        expect(promptsOnBill()).toEqual(expected.prompts);
        most = Math.max(most, expected.prompts.length);
        none += expected.prompts.length === 0 ? 1 : 0;
      }),
      propertyRun(40),
    );
    // The operations were not all alike: some ran much, not all ran nothing.
    expect(most).toBeGreaterThan(4);
    expect(none).toBeLessThan(30);
  });
});
