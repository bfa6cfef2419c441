// Queries and mutations about batches. As in generation.resolver.ts, what runs is what the admission gate planned.

import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, ID, Info, Mutation, Query, Resolver } from 'type-graphql';
import { SluiceError } from '../../core/errors.ts';
import type { GraphQLContext } from '../context.ts';
import { Needs, TO_GENERATE } from '../needs.ts';
import { planOf } from '../plan-of.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { toBatchPayload } from './batch.mapper.ts';
import { BatchGenerateInput, BatchGeneratePayload, CancelBatchInput } from './batch.types.ts';

@Resolver()
export class BatchResolver {
  readonly #services: ResolverServices;

  constructor(services: ResolverServices) {
    this.#services = services;
  }

  @Needs('CALLER')
  @Query(() => BatchGeneratePayload, {
    nullable: true,
    description:
      'One of your batches, running or ended, with the results it has so far. An ADMIN with the scope `usage:read` sees those of the own organization too, an OPERATOR those of all; what was said in them only with `content:read`. Null with a NOT_FOUND error when none that you may see has this id.',
  })
  batch(
    @Ctx() { caller }: GraphQLContext,
    @Arg('id', () => ID, { description: 'Id of the batch.' }) id: string,
  ): BatchGeneratePayload {
    const found = this.#services.generations.findBatch(id, caller);
    if (found === undefined) throw new SluiceError('NOT_FOUND', undefined, { inputPath: ['id'] });
    return toBatchPayload(found);
  }

  @Needs(TO_GENERATE)
  @Mutation(() => BatchGeneratePayload, {
    nullable: true,
    description:
      'Makes up to 100 calls side by side and waits for all of them. Each item has a result of its own. Without an idempotency key it stops when you hang up.',
  })
  async batchGenerate(
    @Ctx() context: GraphQLContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('input', () => BatchGenerateInput, { description: 'The calls.' }) _input?: BatchGenerateInput,
  ): Promise<BatchGeneratePayload> {
    const { batch } = planOf(context, info, 'BATCH');
    return toBatchPayload(await this.#services.generations.batch(batch, context.signal));
  }

  @Needs(TO_GENERATE)
  @Mutation(() => BatchGeneratePayload, {
    nullable: true,
    description:
      'Starts up to 100 calls and answers at once; they run to their ends whether you listen or not. Follow them with `batchEvents` or ask `batch(id)`. One item that is not valid refuses the whole batch, and nothing runs. The same key and items again give the same batch.',
  })
  startBatch(
    @Ctx() context: GraphQLContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('input', () => BatchGenerateInput, { description: 'The calls.' }) _input?: BatchGenerateInput,
  ): BatchGeneratePayload {
    const { batch } = planOf(context, info, 'START_BATCH');
    return toBatchPayload(this.#services.generations.startBatch(batch));
  }

  @Needs('CALLER')
  @Mutation(() => BatchGeneratePayload, {
    nullable: true,
    description:
      'Stops one of your batches: what runs of it is stopped and charged as far as it came, what has not begun never begins. Waits until all items have ended. One that had ended already is returned as it is. With the scopes `usage:read` and `admin` an ADMIN may stop those of the own organization, an OPERATOR any. Null with a NOT_FOUND error when none that you may stop has this id.',
  })
  async cancelBatch(
    @Ctx() { caller }: GraphQLContext,
    @Arg('input', () => CancelBatchInput, { description: 'Which one.' }) { id }: CancelBatchInput,
  ): Promise<BatchGeneratePayload> {
    const cancelled = await this.#services.generations.cancelBatch(id, caller);
    if (cancelled === undefined) throw new SluiceError('NOT_FOUND', undefined, { inputPath: ['input', 'id'] });
    return toBatchPayload(cancelled);
  }
}
