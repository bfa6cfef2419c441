// Who asks.

import { Ctx, Query, Resolver } from 'type-graphql';
import type { GraphQLContext } from '../context.ts';
import { toOrganization, toProject } from './viewer.mapper.ts';
import { Viewer } from './viewer.types.ts';

@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, { description: 'Who you are to this server.' })
  viewer(@Ctx() { caller }: GraphQLContext): Viewer {
    return {
      organization: toOrganization(caller.organizationId),
      project: toProject(caller.projectId),
      principal: caller.principalId,
      roles: caller.roles,
      scopes: caller.scopes,
    };
  }
}
