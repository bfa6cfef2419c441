// Roles of users: reading, giving and taking them.

import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import { readScopes } from '../../features/access/admin-input.ts';
import type { GraphQLContext } from '../context.ts';
import type { OperationLoaders } from '../loaders.ts';
import { Needs, TO_ADMINISTER } from '../needs.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { adminRequestOf } from './admin-request.ts';
import { type Connection, PageArgs, toConnection, toPageRequest } from './connection.ts';
import { given } from './input-changes.ts';
import { readFilterId, requireOrganizationId, requireProjectId, requireRecordId } from './record-ids.ts';
import {
  GrantRoleInput,
  GrantRolePayload,
  RevokeRoleInput,
  RevokeRolePayload,
  type RoleGrant,
  RoleGrantConnection,
  RoleGrantFilterInput,
  toRoleGrant,
} from './role-grant.types.ts';

@Resolver()
export class RoleGrantResolver {
  readonly #services: ResolverServices;
  readonly #loaders: OperationLoaders;

  constructor(services: ResolverServices, loaders: OperationLoaders) {
    this.#services = services;
    this.#loaders = loaders;
  }

  @Needs(TO_ADMINISTER)
  @Query(() => RoleGrantConnection, {
    description:
      'Roles given to users of tokens, in the order they were given: all for an OPERATOR, else those of your organization.',
  })
  async roleGrants(
    @Ctx() context: GraphQLContext,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => RoleGrantFilterInput, { nullable: true, description: 'Which ones. Default: all.' })
    filter?: RoleGrantFilterInput | null,
  ): Promise<Connection<RoleGrant>> {
    const wanted = {
      organizationId: readFilterId(filter?.organizationId, 'organization', ['filter', 'organizationId']),
      projectId: readFilterId(filter?.projectId, 'project', ['filter', 'projectId']),
      issuer: given(filter?.issuer),
      subject: given(filter?.subject),
    };
    const { reading } = this.#services.access;
    const found = await reading.listRoleGrants(wanted, toPageRequest('roleGrants', page), context);
    return toConnection('roleGrants', found, toRoleGrant);
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => GrantRolePayload, {
    nullable: true,
    description:
      'Gives a user roles in an organization or one of its projects, instead of those given there before. They count within five seconds.',
  })
  async grantRole(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => GrantRoleInput, { description: 'To whom, where, and what.' }) input: GrantRoleInput,
  ): Promise<GrantRolePayload> {
    const { issuer, subject, roles } = input;
    const [organizationId, projectId] = [given(input.organizationId), given(input.projectId)];
    const grant = {
      organizationId: organizationId && requireOrganizationId(organizationId, ['input', 'organizationId']),
      projectId: projectId && requireProjectId(projectId, ['input', 'projectId']),
      issuer,
      subject,
      roles,
      scopes: readScopes(given(input.scopes) ?? [], ['input', 'scopes']),
    };
    const record = await this.#services.access.roleGrants.grant(grant, adminRequestOf(context));
    this.#loaders.forget(context);
    return { roleGrant: toRoleGrant(record) };
  }

  @Needs(TO_ADMINISTER)
  @Mutation(() => RevokeRolePayload, {
    nullable: true,
    description: 'Takes away what was given to a user. What they may do no longer is ended within five seconds.',
  })
  async revokeRole(
    @Ctx() context: GraphQLContext,
    @Arg('input', () => RevokeRoleInput, { description: 'Which grant.' }) { id }: RevokeRoleInput,
  ): Promise<RevokeRolePayload> {
    await this.#services.access.roleGrants.revoke(requireRecordId(id), adminRequestOf(context));
    this.#loaders.forget(context);
    return { revokedId: id };
  }
}
