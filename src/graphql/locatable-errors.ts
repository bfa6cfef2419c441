// graphql-js takes any error with a list named `path` for one that it has placed already, and hands it on without the
// response path and the place in the document. A SluiceError's `path` is a place in the input: root fields wrap it.

import { GraphQLError, type GraphQLField, type GraphQLSchema } from 'graphql';
import { SluiceError } from '../core/errors.ts';

/** Changes the root fields of the schema in place. */
export function makeErrorsLocatable(schema: GraphQLSchema): void {
  for (const root of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(root?.getFields() ?? {})) wrap(field, 'resolve');
  }
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) wrap(field, 'subscribe');
}

function wrap(field: GraphQLField<unknown, unknown>, step: 'resolve' | 'subscribe'): void {
  const inner = field[step];
  if (inner === undefined) return;
  field[step] = (root, args, context, info) => {
    try {
      const result: unknown = inner(root, args, context, info);
      return result instanceof Promise ? result.catch(rethrow) : result;
    } catch (error) {
      return rethrow(error);
    }
  };
}

function rethrow(error: unknown): never {
  throw error instanceof SluiceError ? new GraphQLError(error.message, { originalError: error }) : error;
}
