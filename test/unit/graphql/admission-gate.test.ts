// What the gate plans is what execution would run: response keys, arguments, conditions; and what it refuses.

import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type GraphQLSchema, parse } from 'graphql';
import { SluiceError } from '../../../src/core/errors.ts';
import type { InvalidInput } from '../../../src/core/generation.ts';
import type { CallInput } from '../../../src/generation/call-input.ts';
import { createAdmissionGate, type PlannedOperation } from '../../../src/graphql/admission-gate.ts';
import { selectOperation } from '../../../src/graphql/documents.ts';
import { buildGraphQLSchema } from '../../../src/graphql/schema.ts';
import { call, caller, servicesWith, upstreams } from '../../support/fake-generations.ts';

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await buildGraphQLSchema(servicesWith({}));
});

interface Asked {
  readonly input: CallInput;
  readonly path: readonly string[];
  readonly fallbackKey: string | undefined;
}

/** Plans an operation with a `prepare` that remembers what it was asked. */
function plan(
  source: string,
  variables: Record<string, unknown> = {},
  { header, refusal, keyFault }: { header?: string; refusal?: InvalidInput; keyFault?: SluiceError } = {},
): PlannedOperation & { readonly asked: readonly Asked[] } {
  const asked: Asked[] = [];
  const remember = (input: CallInput, path: readonly string[], fallbackKey: string | undefined): void =>
    void asked.push({ input, path, fallbackKey });
  const gate = createAdmissionGate({
    schema,
    generations: {
      prepare(input, _asker, path, fallbackKey) {
        remember(input, path, fallbackKey);
        return refusal ?? call;
      },
      prepareBatch(input, _asker, path, fallbackKey) {
        for (const item of input.items) remember(item, path, fallbackKey);
        return { caller, items: input.items.map(() => refusal ?? call), concurrency: 10, idempotency: undefined };
      },
      checkStart() {
        if (keyFault !== undefined) throw keyFault;
      },
    },
  });
  const document = parse(source);
  const operation = selectOperation(document, undefined);
  const planned = gate.plan({ document, operation, variables }, { caller, upstreams, idempotencyKeyHeader: header });
  return { ...planned, asked };
}

function refusalOf(...args: Parameters<typeof plan>): SluiceError {
  try {
    plan(...args);
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const generate = 'mutation ($input: GenerateInput!) { generate(input: $input) { __typename } }';
const input = { model: 'm', prompt: 'p' };

describe('the plan', () => {
  it('holds one call per response key, with merged duplicates, fragments, defaults and variables', () => {
    const planned = plan(
      `mutation ($input: GenerateInput!, $model: String! = "d") {
        a: generate(input: $input) { __typename }
        ...F
        ... on Mutation { c: startGeneration(input: { model: $model, prompt: "x" }) { __typename } }
        cancelGeneration(input: { id: "g" }) { __typename }
      }
      fragment F on Mutation { a: generate(input: $input) { __typename } b: batchGenerate(input: { items: [$input, { model: "n" }] }) { batchId } }`,
      { input },
    );
    expect([...planned.fields].map(([key, field]) => [key, field.kind])).toEqual([
      ['a', 'GENERATE'],
      ['b', 'BATCH'],
      ['c', 'START'],
    ]);
    expect(planned.asked.map((asked) => asked.input.model)).toEqual(['m', 'm', 'n', 'd']);
    expect(planned.asked[0]).toMatchObject({ input, path: ['input'] });
    expect(planned.take('a', 'GENERATE').call).toBe(call);
    expect(() => planned.take('a', 'BATCH')).toThrow('planned as GENERATE');
    expect(() => planned.take('z', 'GENERATE')).toThrow('planned as nothing');
  });

  it('keeps a refusal of one call for its typed member, and throws it for a stream', () => {
    const refusal: InvalidInput = {
      type: 'INVALID_INPUT',
      code: 'MODEL_NOT_FOUND',
      message: 'No.',
      path: ['input', 'request', 'model'],
    };
    expect(plan(generate, { input }, { refusal }).take('generate', 'GENERATE').call).toBe(refusal);
    const stream =
      'subscription { generateStream(input: { request: { model: "m" }, idempotencyKey: "k" }) { sequence } }';
    expect(refusalOf(stream, {}, { refusal })).toMatchObject({
      code: 'MODEL_NOT_FOUND',
      inputPath: ['input', 'request', 'model'],
    });
  });

  it('keeps refusals inside batchGenerate, and refuses startBatch whole before anything runs', () => {
    const path = ['input', 'items', '0', 'idempotencyKey'];
    const refusal: InvalidInput = { type: 'INVALID_INPUT', code: 'INVALID', message: 'No.', path };
    const keyFault = new SluiceError('KEY_PARAMETER_MISMATCH');
    const fields = (name: string): string => `mutation { ${name}(input: { items: [{ model: "m" }] }) { batchId } }`;
    const waiting = plan(fields('batchGenerate'), {}, { refusal, keyFault });
    expect(waiting.take('batchGenerate', 'BATCH').batch.items).toEqual([refusal]);
    expect(refusalOf(fields('startBatch'), {}, { refusal })).toMatchObject({ code: 'INVALID', inputPath: path });
    expect(refusalOf(fields('startBatch'), {}, { keyFault })).toBe(keyFault);
    expect(plan(fields('startBatch')).take('startBatch', 'START_BATCH').batch.items).toEqual([call]);
  });

  it('puts the key of a stream into its call and its cursor into the plan', () => {
    const source =
      'subscription { generateStream(input: { request: { model: "m", prompt: "p" }, idempotencyKey: "k" }, after: "c") { sequence } }';
    const planned = plan(source);
    expect(planned.asked).toMatchObject([{ input: { model: 'm', idempotencyKey: 'k' }, path: ['input', 'request'] }]);
    expect(planned.take('generateStream', 'STREAM').after).toBe('c');
  });

  it('equals what execution runs, whatever aliases, fragments and conditions say', () => {
    // Nested selections: a field under one of three keys, inline fragments and spreads, each maybe under a condition.
    type Node = {
      readonly kind: 'field' | 'inline' | 'spread';
      readonly key: string;
      readonly condition: string;
      readonly inner: readonly Node[];
    };
    const condition = fc.constantFrom(
      '',
      '@skip(if: $s)',
      '@include(if: $i)',
      '@skip(if: true)',
      '@include(if: $s) @skip(if: $i)',
    );
    const { node } = fc.letrec<{ node: Node; list: Node[] }>((tie) => ({
      list: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
      node: fc.record({
        kind: fc.constantFrom('field', 'field', 'inline', 'spread') as fc.Arbitrary<Node['kind']>,
        key: fc.constantFrom('a', 'b', 'generate'),
        condition,
        inner: fc.oneof({ maxDepth: 2 }, fc.constant([]), tie('list')) as fc.Arbitrary<Node[]>,
      }),
    }));
    const holds = (text: string, on: { s: boolean; i: boolean }): boolean =>
      [...text.matchAll(/@(skip|include)\(if: (\$?\w+)\)/g)].every(([, name, value]) => {
        const given = value === 'true' || (value === '$s' ? on.s : on.i);
        return name === 'include' ? given : !given;
      });
    fc.assert(
      fc.property(fc.array(node, { minLength: 1, maxLength: 4 }), fc.boolean(), fc.boolean(), (nodes, s, i) => {
        const fragments: string[] = [];
        const expected = new Set<string>();
        const print = (list: readonly Node[], isOn: boolean): string =>
          list
            .map((each) => {
              const on = isOn && holds(each.condition, { s, i });
              if (each.kind === 'field' || each.inner.length === 0) {
                if (on) expected.add(each.key);
                return `${each.key}: generate(input: $input) ${each.condition} { __typename }`;
              }
              const inside = print(each.inner, on);
              if (each.kind === 'inline') return `... on Mutation ${each.condition} { ${inside} }`;
              const name = `F${fragments.length}`;
              fragments.push(`fragment ${name} on Mutation { ${inside} }`);
              return `...${name} ${each.condition}`;
            })
            .join(' ');
        const body = print(nodes, true);
        const source = `mutation ($input: GenerateInput!, $s: Boolean!, $i: Boolean!) { __typename ${body} } ${fragments.join(' ')}`;
        const planned = plan(source, { input, s, i });
        expect([...planned.fields.keys()].sort()).toEqual([...expected].sort());
        expect(planned.asked).toHaveLength(expected.size);
      }),
      { seed: 20_261, numRuns: 150 },
    );
  });
});

describe('the idempotency key', () => {
  it('comes from the header when the operation has one generating field', () => {
    expect(plan(generate, { input }, { header: 'h' }).asked[0]?.fallbackKey).toBe('h');
    expect(plan(generate, { input: { ...input, idempotencyKey: 'h' } }, { header: 'h' }).asked).toHaveLength(1);
  });

  it('is refused when given twice and different, or for several fields, or inside the request of a stream', () => {
    expect(refusalOf(generate, { input: { ...input, idempotencyKey: 'k' } }, { header: 'h' })).toMatchObject({
      code: 'BAD_USER_INPUT',
      inputPath: ['input', 'idempotencyKey'],
    });
    const two =
      'mutation ($input: GenerateInput!) { a: generate(input: $input) { __typename } b: generate(input: $input) { __typename } }';
    expect(refusalOf(two, { input }, { header: 'h' }).message).toContain('several');
    const stream =
      'subscription ($r: GenerateInput!) { generateStream(input: { request: $r, idempotencyKey: "k" }) { sequence } }';
    expect(refusalOf(stream, { r: { ...input, idempotencyKey: 'k' } })).toMatchObject({
      code: 'INVALID',
      inputPath: ['input', 'request', 'idempotencyKey'],
    });
  });

  it('in the header is of no concern to an operation that generates nothing', () => {
    expect(plan('{ __typename }', {}, { header: 'h' }).generates).toBe(false);
  });
});

describe('variables', () => {
  const canary = 'CANARY prompt';
  it.each([
    ['a missing one', {}, '$input: is required'],
    ['null', { input: null }, '$input: must not be null'],
    ['no object', { input: canary }, '$input: expected a value of type "GenerateInput"'],
    ['a missing field', { input: { prompt: canary } }, '$input: needs the field "model"'],
    ['an unknown field', { input: { ...input, [canary]: canary } }, 'type "GenerateInput" does not have'],
    [
      'a text for a number',
      { input: { ...input, temperature: canary } },
      '$input.temperature: expected a finite number',
    ],
    [
      'a number out of range',
      { input: { ...input, maxOutputTokens: 1e12 } },
      '$input.maxOutputTokens: expected a whole number',
    ],
    [
      'a huge float',
      { input: { ...input, temperature: JSON.parse('1e999') } },
      '$input.temperature: expected a finite number',
    ],
    [
      'an unknown role',
      { input: { model: 'm', messages: [{ role: canary, content: canary }] } },
      '$input.messages[0].role: expected one of the values of enum "Role"',
    ],
    ['a number for a text', { input: { model: 'm', prompt: 5 } }, '$input.prompt: expected a value of type "String"'],
    [
      'too many stop texts',
      { input: { ...input, stop: Array(101).fill(canary) } },
      '$input.stop: has 101 items, at most 100',
    ],
    [
      'too many messages',
      { input: { model: 'm', messages: Array(1_001).fill({ role: 'USER', content: canary }) } },
      'at most 1000',
    ],
    [
      'no JSON object',
      { input: { ...input, tools: [{ name: 't', parameters: canary }] } },
      '$input.tools[0].parameters',
    ],
    [
      'JSON deeper than the stack',
      {
        input: {
          ...input,
          tools: [{ name: 't', parameters: { a: JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)) } }],
        },
      },
      'nested deeper',
    ],
  ])('are refused by place and type, never by value: %s', (_name, variables, told) => {
    const refused = refusalOf(generate, variables);
    expect(refused.code).toBe('BAD_USER_INPUT');
    expect(refused.message).toContain(told);
    expect(refused.message).not.toContain('CANARY');
  });

  it('list every problem, up to ten', () => {
    const refused = refusalOf(generate, { input: { temperature: 'x', topP: 'y', seed: 'z' } });
    expect(refused.message.match(/\$input/g)).toHaveLength(4);
    const messages = Array(50).fill({ role: 'NOBODY' });
    expect(refusalOf(generate, { input: { model: 'm', messages } }).message.match(/\$input/g)).toHaveLength(10);
  });

  it('as literals may be neither infinite nor too many', () => {
    const literal = (fields: string): string =>
      `mutation { generate(input: { model: "m", prompt: "p", ${fields} }) { __typename } }`;
    expect(refusalOf(literal('temperature: 1e999')).message).toContain('finite');
    expect(refusalOf(literal(`stop: [${'"a" '.repeat(101)}]`)).message).toContain('101 items');
  });

  it('allow 1,000 messages and long lists inside JSON', () => {
    const parameters = { enum: Array(500).fill('x') };
    const messages = Array(1_000).fill({ role: 'USER', content: 'c' });
    expect(plan(generate, { input: { model: 'm', messages, tools: [{ name: 't', parameters }] } }).asked).toHaveLength(
      1,
    );
  });
});

describe('the generating fields of the schema', () => {
  it('are those the gate knows, at the root of Mutation and Subscription', () => {
    const takesCalls = (args: readonly { type: { toString(): string } }[]): boolean =>
      args.some(({ type }) => /^(Generate|BatchGenerate|GenerateStream)Input!$/.test(String(type)));
    const found = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
      Object.values(type?.getFields() ?? {})
        .filter(({ args }) => takesCalls(args))
        .map(({ name }) => `${type?.name}.${name}`),
    );
    expect(found.sort()).toEqual([
      'Mutation.batchGenerate',
      'Mutation.generate',
      'Mutation.startBatch',
      'Mutation.startGeneration',
      'Query.estimate',
      'Subscription.generateStream',
    ]);
  });
});
