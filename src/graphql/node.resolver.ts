// `node(id)`: anything the caller may see by its id; the prefix says what it is.

import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import { SluiceError } from '../core/errors.ts';
import { toApiKey } from './access/api-key.types.ts';
import { toAuditEntry } from './access/audit-log.types.ts';
import { organizationOf, toOrganization } from './access/organization.types.ts';
import { projectOf, toProject } from './access/project.types.ts';
import { readOrganizationId, readProjectId } from './access/record-ids.ts';
import { toRoleGrant } from './access/role-grant.types.ts';
import type { GraphQLContext } from './context.ts';
import { toGeneration } from './generation/generation.mapper.ts';
import type { OperationLoaders } from './loaders.ts';
import { MODEL_ID_PREFIX, toModel } from './models/model.mapper.ts';
import { Needs } from './needs.ts';
import { Node } from './node.types.ts';
import type { ResolverServices } from './resolver-services.ts';

@Resolver()
export class NodeResolver {
  readonly #services: ResolverServices;

  readonly #loaders: OperationLoaders;

  constructor(services: ResolverServices, loaders: OperationLoaders) {
    this.#services = services;
    this.#loaders = loaders;
  }

  @Needs('CALLER')
  @Query(() => Node, {
    nullable: true,
    description:
      'Anything by its id: a generation you may see, a model you may call, your organization, your project; and what you administer. Null with a NOT_FOUND error when nothing that you may see has this id.',
  })
  async node(
    @Ctx() context: GraphQLContext,
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
  ): Promise<Node> {
    const found = this.#find(id, context) ?? (await this.#findRecord(id, context));
    if (found === undefined) throw new SluiceError('NOT_FOUND', undefined, { inputPath: ['id'] });
    return found;
  }

  #find(id: string, { caller, upstreams }: GraphQLContext): Node | undefined {
    if (id.startsWith(MODEL_ID_PREFIX)) {
      const model = upstreams.models.find(id.slice(MODEL_ID_PREFIX.length), caller);
      return model && toModel(model, this.#services.generations.stateOf(model));
    }
    // Their own is everybody's to see, where there is no database, too.
    if (readOrganizationId(id) === caller.organizationId) return organizationOf(caller.organizationId);
    if (readProjectId(id) === caller.projectId) return projectOf(caller.projectId, caller.organizationId);
    const generation = this.#services.generations.find(id, caller);
    return generation && toGeneration(generation);
  }

  /** What is there for those who administer it. */
  async #findRecord(id: string, context: GraphQLContext): Promise<Node | undefined> {
    const loaders = this.#loaders.of(context);
    const load = async <Item, Shown extends Node>(
      found: Promise<Item | undefined>,
      show: (item: Item) => Shown,
    ): Promise<Shown | undefined> => {
      const item = await found;
      return item === undefined ? undefined : show(item);
    };
    const [, kind] = /^(organization:|project:|key_|grt_|aud_)[a-z0-9_]{1,64}$/.exec(id) ?? [];
    switch (kind) {
      case 'organization:':
        return load(loaders.organization.load(readOrganizationId(id) ?? ''), toOrganization);
      case 'project:':
        return load(loaders.project.load(readProjectId(id) ?? ''), toProject);
      case 'key_':
        return load(loaders.apiKey.load(id), (key) => toApiKey(key, this.#services.access.now()));
      case 'grt_':
        return load(loaders.roleGrant.load(id), toRoleGrant);
      case 'aud_':
        return load(loaders.auditEntry.load(id), toAuditEntry);
      default:
        return undefined;
    }
  }
}
