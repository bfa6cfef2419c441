// The kill switches of models and providers.

import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { GraphQLContext } from '../context.ts';
import { toModel } from '../models/model.mapper.ts';
import { Needs, TO_OPERATE } from '../needs.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { adminRequestOf } from './admin-request.ts';
import { given } from './input-changes.ts';
import {
  SetModelStateInput,
  SetModelStatePayload,
  SetProviderStateInput,
  SetProviderStatePayload,
  Switch,
  toSwitch,
} from './switch.types.ts';

@Resolver()
export class SwitchResolver {
  readonly #services: ResolverServices;

  constructor(services: ResolverServices) {
    this.#services = services;
  }

  @Needs(TO_OPERATE)
  @Query(() => [Switch], {
    description: 'All kill switches that were ever set; what was never set is ENABLED. For an OPERATOR.',
  })
  async switches(@Ctx() context: GraphQLContext): Promise<Switch[]> {
    const records = await this.#services.access.switches.list(adminRequestOf(context));
    return records.map(toSwitch);
  }

  @Needs(TO_OPERATE)
  @Mutation(() => SetModelStatePayload, {
    nullable: true,
    description:
      'Switches a model off for all callers, or on again. DRAINING takes no new calls; DISABLED ends what runs, too. For an OPERATOR.',
  })
  async setModelState(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => SetModelStateInput, { description: 'Which one, and how.' })
    { model: name, state, reason }: SetModelStateInput,
  ): Promise<SetModelStatePayload> {
    const { access, generations } = this.#services;
    const set = await access.switches.setModel({ name, state, reason: given(reason) }, adminRequestOf(context));
    const model = context.upstreams.models.find(name, context.caller);
    return { switch: toSwitch(set), model: model && toModel(model, generations.stateOf(model)) };
  }

  @Needs(TO_OPERATE)
  @Mutation(() => SetProviderStatePayload, {
    nullable: true,
    description: 'Switches all models of a provider off for all callers, or on again. For an OPERATOR.',
  })
  async setProviderState(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => SetProviderStateInput, { description: 'Which one, and how.' })
    { provider: name, state, reason }: SetProviderStateInput,
  ): Promise<SetProviderStatePayload> {
    const { access } = this.#services;
    const set = await access.switches.setProvider({ name, state, reason: given(reason) }, adminRequestOf(context));
    return { switch: toSwitch(set) };
  }
}
