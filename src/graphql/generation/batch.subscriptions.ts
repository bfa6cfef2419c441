// The subscription to a batch, made as generation.subscriptions.ts says.

import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { GraphQLContext } from '../context.ts';
import { Needs } from '../needs.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { toBatchProgress } from './batch.mapper.ts';
import { BatchProgress } from './batch.types.ts';
import { mapEvents } from './map-events.ts';

/** A resolver class for one set of services. */
export function createBatchSubscriptions({ generations }: ResolverServices) {
  @Resolver()
  class BatchSubscriptions {
    @Needs('CALLER')
    @Subscription(() => BatchProgress, {
      description:
        'Tells how a batch of yours gets on: at once where it stands at its start, then each item as it ends, in the order they end. Ends after the last. Those of others only with the scope `content:read` besides what `batch` needs.',
      subscribe: ({ args, context }) => {
        const { caller, closeStalledReader: onStalled } = context as GraphQLContext;
        const { batchId, after } = args as { batchId: string; after?: string | null };
        const reader = generations.followBatch(batchId, caller, { after: after ?? undefined, onStalled });
        return mapEvents(reader, (event) => toBatchProgress(event, batchId));
      },
    })
    batchEvents(
      @Root() event: BatchProgress,
      @Arg('batchId', () => ID, { description: 'Id of the batch.' }) _batchId?: string,
      @Arg('after', () => String, {
        nullable: true,
        description: 'Cursor of the last event you have seen; the stream goes on behind it. Left out: from the start.',
      })
      _after?: string,
    ): BatchProgress {
      return event;
    }
  }
  return BatchSubscriptions;
}
