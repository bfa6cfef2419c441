// Tokens for browsers, made by API keys.

import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { GraphQLContext } from '../context.ts';
import { Needs, TO_GENERATE } from '../needs.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { CreateClientTokenInput, CreateClientTokenPayload } from './client-token.types.ts';

@Resolver()
export class ClientTokenResolver {
  readonly #services: ResolverServices;

  constructor(services: ResolverServices) {
    this.#services = services;
  }

  @Needs(TO_GENERATE)
  @Mutation(() => CreateClientTokenPayload, {
    nullable: true,
    description:
      'Makes a short-lived token for the browser of one of your users, who may call models with it and see their own generations. Only API keys make them. It ends with its time, with the key, and with the very secret of the key that made it.',
  })
  async createClientToken(
    @Arg('input', () => CreateClientTokenInput, { description: 'Whom it is for, and how narrow it is.' })
    { user, ttlSeconds, models, origins }: CreateClientTokenInput,
    @Ctx() { caller, upstreams, requestId }: GraphQLContext,
  ): Promise<CreateClientTokenPayload> {
    const request = { user, ttlSeconds, models: models ?? undefined, origins: origins ?? undefined };
    const mayUse = (model: string): boolean => upstreams.models.find(model, caller) !== undefined;
    const { token, expiresAtMs } = await this.#services.createClientToken(caller, request, { requestId, mayUse });
    return { token, expiresAt: expiresAtMs };
  }
}
