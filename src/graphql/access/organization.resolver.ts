// Organizations: reading and changing them.

import { Arg, Args, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { OrganizationRecord } from '../../core/access.ts';
import type { GraphQLContext } from '../context.ts';
import type { OperationLoaders } from '../loaders.ts';
import { Needs, TO_ADMINISTER, TO_OPERATE } from '../needs.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { DateTime } from '../scalars.ts';
import { adminRequestOf, requireAdmin } from './admin-request.ts';
import { type Connection, PageArgs, toConnection, toPageRequest } from './connection.ts';
import { given, setOnly, setOrClear } from './input-changes.ts';
import {
  ALLOWED_MODELS,
  CreateOrganizationInput,
  Organization,
  OrganizationConnection,
  OrganizationFilterInput,
  OrganizationPayload,
  SetOrganizationDisabledInput,
  toOrganization,
  UpdateOrganizationInput,
} from './organization.types.ts';
import { requireOrganizationId } from './record-ids.ts';

@Resolver(() => Organization)
export class OrganizationResolver {
  readonly #services: ResolverServices;
  readonly #loaders: OperationLoaders;

  constructor(services: ResolverServices, loaders: OperationLoaders) {
    this.#services = services;
    this.#loaders = loaders;
  }

  @FieldResolver(() => String, { description: 'Its name.' })
  async name(@Root() organization: Organization, @Ctx() context: GraphQLContext): Promise<string> {
    // Without a database there are no names: then, and when it is gone, its id stands for it.
    return (await this.#recordOf(organization, context))?.name ?? organization.recordId;
  }

  @FieldResolver(() => [String], { nullable: true, description: `For administrators. ${ALLOWED_MODELS}` })
  async allowedModels(
    @Root() organization: Organization,
    @Ctx() context: GraphQLContext,
  ): Promise<readonly string[] | undefined> {
    requireAdmin(context);
    return (await this.#recordOf(organization, context))?.allowedModels;
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: 'For administrators. Since when nobody of it gets in. Null: it is enabled.',
  })
  async disabledAt(@Root() organization: Organization, @Ctx() context: GraphQLContext): Promise<number | undefined> {
    requireAdmin(context);
    return (await this.#recordOf(organization, context))?.disabledAtMs;
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: 'For administrators. When it was made. Null where no database was made yet.',
  })
  async createdAt(@Root() organization: Organization, @Ctx() context: GraphQLContext): Promise<number | undefined> {
    requireAdmin(context);
    return (await this.#recordOf(organization, context))?.createdAtMs;
  }

  @FieldResolver(() => Int, { nullable: true, description: 'For administrators. How many projects it has.' })
  async projectCount(@Root() { recordId }: Organization, @Ctx() context: GraphQLContext): Promise<number | undefined> {
    requireAdmin(context);
    return (await this.#loaders.of(context).organizationCounts.load(recordId))?.projects;
  }

  @FieldResolver(() => Int, { nullable: true, description: 'For administrators. How many API keys it has.' })
  async apiKeyCount(@Root() { recordId }: Organization, @Ctx() context: GraphQLContext): Promise<number | undefined> {
    requireAdmin(context);
    return (await this.#loaders.of(context).organizationCounts.load(recordId))?.apiKeys;
  }

  #recordOf({ record, recordId }: Organization, context: GraphQLContext): Promise<OrganizationRecord | undefined> {
    return record === undefined ? this.#loaders.of(context).organization.load(recordId) : Promise.resolve(record);
  }

  @Needs(TO_ADMINISTER)
  @Query(() => OrganizationConnection, {
    description: 'The organizations you administer, in the order they were made: all for an OPERATOR, else your own.',
  })
  async organizations(
    @Ctx() context: GraphQLContext,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => OrganizationFilterInput, { nullable: true, description: 'Which ones. Default: all.' })
    filter?: OrganizationFilterInput | null,
  ): Promise<Connection<Organization>> {
    const wanted = { nameContains: given(filter?.nameContains), disabled: given(filter?.disabled) };
    const request = toPageRequest('organizations', page);
    const found = await this.#services.access.reading.listOrganizations(wanted, request, context);
    return toConnection('organizations', found, toOrganization);
  }

  @Needs(TO_OPERATE)
  @Mutation(() => OrganizationPayload, { nullable: true, description: 'Makes an organization. For an OPERATOR.' })
  async createOrganization(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => CreateOrganizationInput, { description: 'The organization.' })
    { name, allowedModels }: CreateOrganizationInput,
  ): Promise<OrganizationPayload> {
    const organization = { name, allowedModels: given(allowedModels) };
    return this.#changed(context, this.#admin.create(organization, adminRequestOf(context)));
  }

  @Needs(TO_OPERATE)
  @Mutation(() => OrganizationPayload, {
    nullable: true,
    description: 'Renames an organization, or says which models it may use. For an OPERATOR.',
  })
  async updateOrganization(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => UpdateOrganizationInput, { description: 'Which one, and what to change.' })
    { id, name, allowedModels }: UpdateOrganizationInput,
  ): Promise<OrganizationPayload> {
    const changes = { ...setOnly('name', name), ...setOrClear('allowedModels', allowedModels) };
    return this.#changed(context, this.#admin.update(requireOrganizationId(id), changes, adminRequestOf(context)));
  }

  @Needs(TO_OPERATE)
  @Mutation(() => OrganizationPayload, {
    nullable: true,
    description:
      'Disables an organization, or enables it again. While it is disabled nobody of it gets in, and what runs for them is ended within five seconds. For an OPERATOR.',
  })
  async setOrganizationDisabled(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => SetOrganizationDisabledInput, { description: 'Which one, and whether.' })
    { id, disabled }: SetOrganizationDisabledInput,
  ): Promise<OrganizationPayload> {
    return this.#changed(
      context,
      this.#admin.setDisabled(requireOrganizationId(id), disabled, adminRequestOf(context)),
    );
  }

  get #admin() {
    return this.#services.access.organizations;
  }

  async #changed(context: GraphQLContext, change: Promise<OrganizationRecord>): Promise<OrganizationPayload> {
    const organization = toOrganization(await change);
    this.#loaders.forget(context);
    return { organization };
  }
}
