// The schema as clients see it: the contract kept, everything described, nothing that costs money in a wrong place.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  buildASTSchema,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
  Lexer,
  parse,
  Source,
  TokenKind,
  validate,
} from 'graphql';
import { needOf } from '../../../src/graphql/needs.ts';
import { buildGraphQLSchema, printSluiceSchema } from '../../../src/graphql/schema.ts';
import { servicesWith } from '../../support/fake-generations.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

let schema: GraphQLSchema;
let ownTypes: GraphQLNamedType[];

beforeAll(async () => {
  schema = await buildGraphQLSchema(servicesWith({}));
  ownTypes = Object.values(schema.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  );
});

/** Every place of the schema as `Type.field(argument)`, with its type and its description. */
function placesOf(types: readonly GraphQLNamedType[]): Map<string, { type: string; description: string }> {
  const places = new Map<string, { type: string; description: string }>();
  const add = (place: string, type: unknown, description: string | null | undefined): void => {
    places.set(place, { type: String(type), description: description ?? '' });
  };
  for (const type of types) {
    const kind = type.constructor.name;
    const above = isObjectType(type) || isInterfaceType(type) ? type.getInterfaces().join(' & ') : '';
    add(type.name, above === '' ? kind : `${kind} implements ${above}`, type.description);
    if (isEnumType(type))
      for (const value of type.getValues()) add(`${type.name}.${value.name}`, '', value.description);
    if (isUnionType(type)) for (const member of type.getTypes()) add(`${type.name} | ${member.name}`, '', 'a member');
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields()))
        add(`${type.name}.${field.name}`, field.type, field.description);
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      add(`${type.name}.${field.name}`, field.type, field.description);
      for (const argument of field.args) {
        add(`${type.name}.${field.name}(${argument.name})`, argument.type, argument.description);
      }
    }
  }
  return places;
}

describe('the schema', () => {
  it('has every name and shape of the contract', () => {
    const contract = buildASTSchema(parse(read('test', 'fixtures', 'schema-contract.graphql')));
    const promised = Object.values(contract.getTypeMap()).filter(
      (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
    );
    const built = placesOf(ownTypes);
    const shapes = [...placesOf(promised)].map(([place, { type }]) => [place, type]);
    expect(shapes.map(([place = '']) => [place, built.get(place)?.type])).toEqual(shapes);
  });

  it('asks for nothing the contract leaves out: what is new in one of its inputs or fields is optional', () => {
    const contract = buildASTSchema(parse(read('test', 'fixtures', 'schema-contract.graphql')));
    const promised = placesOf(Object.values(contract.getTypeMap()));
    const inputs = ownTypes.filter(isInputObjectType).map((type) => type.name);
    // Those of fields and inputs that are new as a whole ask for what they need.
    const isOfContract = (place: string): boolean =>
      place.endsWith(')')
        ? promised.has(place.replace(/\(.*$/, ''))
        : contract.getType(place.split('.')[0] ?? '') !== undefined;
    const demanded = [...placesOf(ownTypes)]
      .filter(
        ([place, { type }]) =>
          type.endsWith('!') && (place.endsWith(')') || inputs.includes(place.split('.')[0] ?? '')),
      )
      .map(([place]) => place)
      .filter((place) => isOfContract(place) && !promised.has(place));
    expect(demanded).toEqual([]);
  });

  it('describes every type, field, argument and enum value', () => {
    const silent = [...placesOf(ownTypes)]
      .filter(([, { description }]) => description.trim() === '')
      .map(([place]) => place);
    expect(silent).toEqual([]);
  });

  it('takes a call only at the root of Mutation and Subscription, and in the estimate', () => {
    const callInputs = new Set(['GenerateInput', 'GenerateStreamInput', 'BatchGenerateInput']);
    const takers = ownTypes
      .filter((type) => isObjectType(type) || isInterfaceType(type))
      .flatMap((type) =>
        Object.values(type.getFields()).map((field) => ({ place: `${type.name}.${field.name}`, field })),
      )
      .filter(({ field }) => field.args.some((argument) => callInputs.has(getNamedType(argument.type).name)))
      .map(({ place }) => place);
    expect(takers.sort()).toEqual([
      'Mutation.batchGenerate',
      'Mutation.generate',
      'Mutation.startBatch',
      'Mutation.startGeneration',
      'Query.estimate',
      'Subscription.generateStream',
    ]);
  });

  it('says of every root field what it needs of its caller: one that says nothing would be refused to everybody', () => {
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const silent = roots.flatMap((type) =>
      Object.values(type?.getFields() ?? {})
        .filter((field) => needOf(field) === undefined)
        .map((field) => `${type?.name}.${field.name}`),
    );
    expect(silent).toEqual([]);
  });

  it('lets every field of Mutation be null, so that a failing sibling destroys no paid answer', () => {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
    expect(fields.filter((field) => String(field.type).endsWith('!'))).toEqual([]);
  });

  it('says of every scalar where it is specified, in print too', async () => {
    const scalars = ownTypes.filter(isScalarType);
    const printed = await printSluiceSchema();
    expect(scalars.map((scalar) => scalar.name).sort()).toEqual(['DateTime', 'Decimal', 'JSON', 'JSONObject']);
    for (const scalar of scalars) expect(printed).toContain(`scalar ${scalar.name} @specifiedBy(url: "https://`);
  });

  it('is the one that is committed', async () => {
    expect(read('schema', 'schema.graphql')).toBe(await printSluiceSchema());
  });
});

describe('the operations beside the schema', () => {
  const folder = join('schema', 'operations');
  const files = readdirSync(join(root, folder)).filter((file) => file.endsWith('.graphql'));
  const fragments = read(folder, 'fragments.graphql');

  it.each(files.filter((file) => file !== 'fragments.graphql'))(
    '%s fits the schema and the limit of 1,000 tokens',
    (file) => {
      const unused = 'Fragment "';
      const text = `${read(folder, file)}\n${fragments}`;
      const problems = validate(schema, parse(text)).filter((problem) => !problem.message.startsWith(unused));
      expect(problems).toEqual([]);
      expect(countTokens(text)).toBeLessThan(1000);
    },
  );
});

function countTokens(text: string): number {
  const lexer = new Lexer(new Source(text));
  let count = 0;
  while (lexer.advance().kind !== TokenKind.EOF) count += 1;
  return count;
}
