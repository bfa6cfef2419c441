// The subscriptions. Everything happens in `subscribe`: what is refused there is refused before the stream begins, and
// type-graphql calls it without a `this`, so the class closes over its services. The events come out ready-made;
// lean-execution.ts sees to it that nothing is done to them again.

import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { GraphQLContext } from '../context.ts';
import { Needs, TO_GENERATE } from '../needs.ts';
import { planOf } from '../plan-of.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { toEventStream } from './event.mapper.ts';
import { type AnyGenerationEvent, GenerationEvent } from './generation.events.ts';
import { GenerateStreamInput } from './generation.inputs.ts';

const AFTER = 'Cursor of the last event you have seen; the stream goes on behind it. Left out: from the start.';

/** A resolver class for one set of services. */
export function createGenerationSubscriptions({ generations }: ResolverServices) {
  @Resolver()
  class GenerationSubscriptions {
    @Needs(TO_GENERATE)
    @Subscription(() => GenerationEvent, {
      description:
        'Calls a model and tells the answer as it is written. Subscribing again with the same key and input attaches to the same generation; it is cancelled when nobody has listened for a while.',
      subscribe: ({ context, info }) => {
        const { closeStalledReader: onStalled } = context as GraphQLContext;
        const { call, after } = planOf(context as GraphQLContext, info, 'STREAM');
        return toEventStream(generations.stream(call, { after, onStalled }));
      },
    })
    generateStream(
      @Root() event: AnyGenerationEvent,
      @Arg('input', () => GenerateStreamInput, { description: 'The call and its key.' }) _input?: GenerateStreamInput,
      @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
    ): AnyGenerationEvent {
      return event;
    }

    @Needs('CALLER')
    @Subscription(() => GenerationEvent, {
      description:
        'Tells a generation of yours: what has happened so far, then what happens until it ends. Those of others only with the scope `content:read` besides what `generation` needs.',
      subscribe: ({ args, context }) => {
        const { caller, closeStalledReader: onStalled } = context as GraphQLContext;
        const { generationId, after } = args as { generationId: string; after?: string | null };
        return toEventStream(generations.follow(generationId, caller, { after: after ?? undefined, onStalled }));
      },
    })
    generationEvents(
      @Root() event: AnyGenerationEvent,
      @Arg('generationId', () => ID, { description: 'Id of the generation.' }) _generationId?: string,
      @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
    ): AnyGenerationEvent {
      return event;
    }
  }
  return GenerationSubscriptions;
}
