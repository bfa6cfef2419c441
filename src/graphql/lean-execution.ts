// Takes out of a type-graphql schema what the hot path would pay for and nobody needs: the conversion of arguments into
// class instances where resolvers never read them (on a subscription even once per event), and the promise or instanceof
// chain that tells the members of a union apart where the data says its __typename.

import { type GraphQLFieldResolver, type GraphQLSchema, isAbstractType } from 'graphql';
import type { GraphQLContext } from './context.ts';
import type { BatchResolver } from './generation/batch.resolver.ts';
import type { GenerationResolver } from './generation/generation.resolver.ts';

type RootResolver = GraphQLFieldResolver<unknown, GraphQLContext>;

/** Changes the schema in place. */
export function makeExecutionLean(schema: GraphQLSchema, generation: GenerationResolver, batches: BatchResolver): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isAbstractType(type)) type.resolveType = typenameOf;
  }
  const planned: Record<string, RootResolver> = {
    generate: (_root, _args, context, info) => generation.generate(context, info),
    startGeneration: (_root, _args, context, info) => generation.startGeneration(context, info),
    startBatch: (_root, _args, context, info) => batches.startBatch(context, info),
    batchGenerate: (_root, _args, context, info) => batches.batchGenerate(context, info),
  };
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const resolve = planned[field.name];
    if (resolve !== undefined) field.resolve = resolve;
  }
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    field.resolve = (event) => event;
  }
}

const typenameOf = (value: { readonly __typename: string }): string => value.__typename;
