// `node(id)`: anything the caller may see by its id; the prefix says what it is.

import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import { SluiceError } from '../core/errors.ts';
import type { Asker } from '../generation/upstreams.ts';
import { ORGANIZATION_ID_PREFIX, PROJECT_ID_PREFIX, toOrganization, toProject } from './access/viewer.mapper.ts';
import type { GraphQLContext } from './context.ts';
import { toGeneration } from './generation/generation.mapper.ts';
import { MODEL_ID_PREFIX, toModel } from './models/model.mapper.ts';
import { Needs } from './needs.ts';
import { Node } from './node.types.ts';
import type { ResolverServices } from './resolver-services.ts';

@Resolver()
export class NodeResolver {
  readonly #services: ResolverServices;

  constructor(services: ResolverServices) {
    this.#services = services;
  }

  @Needs('CALLER')
  @Query(() => Node, {
    nullable: true,
    description:
      'Anything by its id: a generation you may see, a model you may call, your organization, your project. Null with a NOT_FOUND error when nothing that you may see has this id.',
  })
  node(@Ctx() context: GraphQLContext, @Arg('id', () => ID, { description: 'Its id.' }) id: string): Node {
    const found = this.#find(id, context);
    if (found === undefined) throw new SluiceError('NOT_FOUND', undefined, { inputPath: ['id'] });
    return found;
  }

  #find(id: string, { caller, upstreams }: Asker): Node | undefined {
    if (id.startsWith(MODEL_ID_PREFIX)) {
      const model = upstreams.models.find(id.slice(MODEL_ID_PREFIX.length), caller);
      return model && toModel(model, this.#services.generations.stateOf(model));
    }
    if (id === ORGANIZATION_ID_PREFIX + caller.organizationId) return toOrganization(caller.organizationId);
    if (id === PROJECT_ID_PREFIX + caller.projectId) return toProject(caller.projectId);
    const generation = this.#services.generations.find(id, caller);
    return generation && toGeneration(generation);
  }
}
