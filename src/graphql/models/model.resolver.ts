// Which models a caller may use.

import { Ctx, Query, Resolver } from 'type-graphql';
import type { GraphQLContext } from '../context.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { toModel } from './model.mapper.ts';
import { Model } from './model.types.ts';

@Resolver()
export class ModelResolver {
  readonly #services: ResolverServices;

  constructor(services: ResolverServices) {
    this.#services = services;
  }

  @Query(() => [Model], { description: 'The models you may call, in the order the operator lists them.' })
  models(@Ctx() { caller }: GraphQLContext): Model[] {
    return this.#services.models.list(caller).map(toModel);
  }
}
