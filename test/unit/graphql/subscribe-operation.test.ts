// A subscription that does not start in time is refused, and ended should it start after all.

import { describe, expect, it } from '@jest/globals';
import { GraphQLInt, GraphQLObjectType, GraphQLSchema, parse } from 'graphql';
import { createFormatError } from '../../../src/graphql/format-error.ts';
import { createSubscribeOperation } from '../../../src/graphql/subscribe-operation.ts';
import { contextWith } from '../../support/fake-generations.ts';

function createSubscribe(start: () => Promise<AsyncIterableIterator<unknown>>) {
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { a: { type: GraphQLInt } } }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: { count: { type: GraphQLInt, subscribe: start } },
    }),
  });
  const plan = { generates: false, fields: new Map(), take: () => undefined as never };
  return createSubscribeOperation({
    schema,
    gate: { plan: () => plan },
    formatError: createFormatError({ logger: { error: () => undefined } }),
    limits: { timeoutMs: 20 },
  });
}

const text = 'subscription { count }';
const request = { found: { text, result: { type: 'VALID', document: parse(text) } } } as const;

describe('a subscription that takes too long to start', () => {
  it('is refused, and ended when it starts after all', async () => {
    const late = Promise.withResolvers<AsyncIterableIterator<unknown>>();
    const outcome = await createSubscribe(() => late.promise)(request, contextWith());
    expect(outcome).toMatchObject({
      type: 'REFUSED',
      errors: [{ message: expect.stringMatching(/longer than 20 ms to start/), extensions: { code: 'OVERLOADED' } }],
    });
    await new Promise<void>((resolve) => {
      const events: AsyncIterableIterator<unknown> = {
        next: () => Promise.reject(new Error('nobody asks any more')),
        return: async () => {
          resolve();
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]: () => events,
      };
      late.resolve(events);
    });
  });

  it('is refused once, also when it fails after all', async () => {
    const late = Promise.withResolvers<AsyncIterableIterator<unknown>>();
    const outcome = await createSubscribe(() => late.promise)(request, contextWith());
    late.reject(new Error('too late'));
    expect(outcome.type).toBe('REFUSED');
  });
});
