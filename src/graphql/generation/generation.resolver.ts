// Queries and mutations about generations. The generating mutations run what the admission gate planned under their
// response key; the `input` they declare is there for the schema and never read again.

import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, ID, Info, Mutation, Query, Resolver } from 'type-graphql';
import { SluiceError } from '../../core/errors.ts';
import { formatNanoUsd } from '../../core/money.ts';
import type { GraphQLContext } from '../context.ts';
import { Needs, TO_GENERATE } from '../needs.ts';
import { planOf } from '../plan-of.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { CancelGenerationPayload } from './cancel.types.ts';
import { Estimate } from './estimate.types.ts';
import { GenerateResult } from './generate-result.types.ts';
import { CancelGenerationInput, GenerateInput } from './generation.inputs.ts';
import { toGenerateResult, toGeneration } from './generation.mapper.ts';
import { Generation } from './generation.types.ts';
import { toInvalidInputError } from './invalid-input-error.ts';

@Resolver()
export class GenerationResolver {
  readonly #services: ResolverServices;

  constructor(services: ResolverServices) {
    this.#services = services;
  }

  @Needs('CALLER')
  @Query(() => Generation, {
    nullable: true,
    description:
      'One of your generations, running or ended. An ADMIN with the scope `usage:read` sees those of the own organization too, an OPERATOR those of all; what was said in them only with `content:read`. Null with a NOT_FOUND error when none that you may see has this id.',
  })
  generation(
    @Ctx() { caller }: GraphQLContext,
    @Arg('id', () => ID, { description: 'Id of the generation.' }) id: string,
  ): Generation {
    const found = this.#services.generations.find(id, caller);
    if (found === undefined) throw new SluiceError('NOT_FOUND', undefined, { inputPath: ['id'] });
    return toGeneration(found);
  }

  @Needs(TO_GENERATE)
  @Query(() => Estimate, {
    description:
      'What a call would take: tokens and the most it could cost. The input is checked as `generate` checks it.',
  })
  estimate(
    @Ctx() { caller, upstreams }: GraphQLContext,
    @Arg('input', () => GenerateInput, { description: 'The call, as it would be made.' }) input: GenerateInput,
  ): Estimate {
    const { generations } = this.#services;
    const call = generations.prepare(input, { caller, upstreams }, ['input']);
    if (call.type === 'INVALID_INPUT') throw toInvalidInputError(call);
    const { inputTokens, maxOutputTokens, maxCostNanoUsd, admitted } = generations.estimate(call);
    const maxCostUsd = maxCostNanoUsd === undefined ? undefined : formatNanoUsd(maxCostNanoUsd);
    return { inputTokens, maxOutputTokens, maxCostUsd, admitted };
  }

  @Needs(TO_GENERATE)
  @Mutation(() => GenerateResult, {
    nullable: true,
    description: 'Calls a model and waits for the whole answer. Without an idempotency key it stops when you hang up.',
  })
  async generate(
    @Ctx() context: GraphQLContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('input', () => GenerateInput, { description: 'The call.' }) _input?: GenerateInput,
  ): Promise<GenerateResult> {
    const { call } = planOf(context, info, 'GENERATE');
    if (call.type === 'INVALID_INPUT') return toGenerateResult(call);
    return toGenerateResult(await this.#services.generations.generate(call, context.signal));
  }

  @Needs(TO_GENERATE)
  @Mutation(() => GenerateResult, {
    nullable: true,
    description:
      'Starts a call and answers at once; it runs to its end whether you listen or not. Follow it with `generationEvents` or ask `generation(id)`.',
  })
  startGeneration(
    @Ctx() context: GraphQLContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('input', () => GenerateInput, { description: 'The call.' }) _input?: GenerateInput,
  ): GenerateResult {
    const { call } = planOf(context, info, 'START');
    return toGenerateResult(call.type === 'INVALID_INPUT' ? call : this.#services.generations.start(call));
  }

  @Needs('CALLER')
  @Mutation(() => CancelGenerationPayload, {
    nullable: true,
    description:
      'Stops one of your generations and waits until it has ended. What it used until then is charged. One that had ended already is returned as it is. With the scopes `usage:read` and `admin` an ADMIN may stop those of the own organization, an OPERATOR any. Null with a NOT_FOUND error when none that you may stop has this id.',
  })
  async cancelGeneration(
    @Ctx() { caller }: GraphQLContext,
    @Arg('input', () => CancelGenerationInput, { description: 'Which one.' }) { id }: CancelGenerationInput,
  ): Promise<CancelGenerationPayload> {
    const cancelled = await this.#services.generations.cancel(id, caller);
    if (cancelled === undefined) throw new SluiceError('NOT_FOUND', undefined, { inputPath: ['input', 'id'] });
    return { generation: toGeneration(cancelled) };
  }
}
