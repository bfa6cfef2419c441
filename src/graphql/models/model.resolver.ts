// Which models a caller may use.

import { Ctx, Query, Resolver } from 'type-graphql';
import type { GraphQLContext } from '../context.ts';
import { Needs } from '../needs.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { toModel } from './model.mapper.ts';
import { Model } from './model.types.ts';

@Resolver()
export class ModelResolver {
  readonly #services: ResolverServices;

  constructor(services: ResolverServices) {
    this.#services = services;
  }

  @Needs('CALLER')
  @Query(() => [Model], { description: 'The models you may call, in the order the operator lists them.' })
  models(@Ctx() { caller, upstreams }: GraphQLContext): Model[] {
    const { generations } = this.#services;
    return upstreams.models.list(caller).map((model) => toModel(model, generations.stateOf(model)));
  }
}
