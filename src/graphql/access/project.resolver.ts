// Projects: reading and changing them.

import { Arg, Args, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { ProjectRecord } from '../../core/access.ts';
import type { GraphQLContext } from '../context.ts';
import type { OperationLoaders } from '../loaders.ts';
import { Needs, TO_ADMINISTER } from '../needs.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { DateTime } from '../scalars.ts';
import { adminRequestOf, requireAdmin } from './admin-request.ts';
import { type Connection, PageArgs, toConnection, toPageRequest } from './connection.ts';
import { given, setOnly, setOrClear } from './input-changes.ts';
import { ALLOWED_MODELS, Organization, organizationOf } from './organization.types.ts';
import {
  CreateProjectInput,
  Project,
  ProjectConnection,
  ProjectFilterInput,
  ProjectPayload,
  SetProjectDisabledInput,
  toProject,
  UpdateProjectInput,
} from './project.types.ts';
import { readFilterId, requireOrganizationId, requireProjectId } from './record-ids.ts';

@Resolver(() => Project)
export class ProjectResolver {
  readonly #services: ResolverServices;
  readonly #loaders: OperationLoaders;

  constructor(services: ResolverServices, loaders: OperationLoaders) {
    this.#services = services;
    this.#loaders = loaders;
  }

  @FieldResolver(() => String, { description: 'Its name.' })
  async name(@Root() project: Project, @Ctx() context: GraphQLContext): Promise<string> {
    return (await this.#recordOf(project, context))?.name ?? project.recordId;
  }

  @FieldResolver(() => Organization, { description: 'The organization it is part of.' })
  organization(@Root() { organizationId }: Project): Organization {
    return organizationOf(organizationId);
  }

  @FieldResolver(() => [String], { nullable: true, description: `For administrators. ${ALLOWED_MODELS}` })
  async allowedModels(
    @Root() project: Project,
    @Ctx() context: GraphQLContext,
  ): Promise<readonly string[] | undefined> {
    requireAdmin(context);
    return (await this.#recordOf(project, context))?.allowedModels;
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: 'For administrators. Since when nobody of it gets in. Null: it is enabled.',
  })
  async disabledAt(@Root() project: Project, @Ctx() context: GraphQLContext): Promise<number | undefined> {
    requireAdmin(context);
    return (await this.#recordOf(project, context))?.disabledAtMs;
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: 'For administrators. When it was made. Null where no database was made yet.',
  })
  async createdAt(@Root() project: Project, @Ctx() context: GraphQLContext): Promise<number | undefined> {
    requireAdmin(context);
    return (await this.#recordOf(project, context))?.createdAtMs;
  }

  @FieldResolver(() => Int, { nullable: true, description: 'For administrators. How many API keys it has.' })
  async apiKeyCount(@Root() { recordId }: Project, @Ctx() context: GraphQLContext): Promise<number | undefined> {
    requireAdmin(context);
    return (await this.#loaders.of(context).projectCounts.load(recordId))?.apiKeys;
  }

  #recordOf({ record, recordId }: Project, context: GraphQLContext): Promise<ProjectRecord | undefined> {
    return record === undefined ? this.#loaders.of(context).project.load(recordId) : Promise.resolve(record);
  }

  @Needs(TO_ADMINISTER)
  @Query(() => ProjectConnection, {
    description:
      'The projects you administer, in the order they were made: all for an OPERATOR, else those of your organization.',
  })
  async projects(
    @Ctx() context: GraphQLContext,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => ProjectFilterInput, { nullable: true, description: 'Which ones. Default: all.' })
    filter?: ProjectFilterInput | null,
  ): Promise<Connection<Project>> {
    const wanted = {
      organizationId: readFilterId(filter?.organizationId, 'organization', ['filter', 'organizationId']),
      nameContains: given(filter?.nameContains),
      disabled: given(filter?.disabled),
    };
    const found = await this.#services.access.reading.listProjects(wanted, toPageRequest('projects', page), context);
    return toConnection('projects', found, toProject);
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => ProjectPayload, { nullable: true, description: 'Makes a project.' })
  async createProject(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => CreateProjectInput, { description: 'The project.' })
    { organizationId, name, allowedModels }: CreateProjectInput,
  ): Promise<ProjectPayload> {
    const wanted = given(organizationId);
    const project = {
      organizationId: wanted && requireOrganizationId(wanted, ['input', 'organizationId']),
      name,
      allowedModels: given(allowedModels),
    };
    return this.#changed(context, this.#admin.create(project, adminRequestOf(context)));
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => ProjectPayload, {
    nullable: true,
    description: 'Renames a project, or says which models it may use.',
  })
  async updateProject(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => UpdateProjectInput, { description: 'Which one, and what to change.' })
    { id, name, allowedModels }: UpdateProjectInput,
  ): Promise<ProjectPayload> {
    const changes = { ...setOnly('name', name), ...setOrClear('allowedModels', allowedModels) };
    return this.#changed(context, this.#admin.update(requireProjectId(id), changes, adminRequestOf(context)));
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => ProjectPayload, {
    nullable: true,
    description:
      'Disables a project, or enables it again. While it is disabled nobody of it gets in, and what runs for them is ended within five seconds.',
  })
  async setProjectDisabled(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => SetProjectDisabledInput, { description: 'Which one, and whether.' })
    { id, disabled }: SetProjectDisabledInput,
  ): Promise<ProjectPayload> {
    return this.#changed(context, this.#admin.setDisabled(requireProjectId(id), disabled, adminRequestOf(context)));
  }

  get #admin() {
    return this.#services.access.projects;
  }

  async #changed(context: GraphQLContext, change: Promise<ProjectRecord>): Promise<ProjectPayload> {
    const project = toProject(await change);
    this.#loaders.forget(context);
    return { project };
  }
}
