// Who asks.

import { Ctx, Query, Resolver } from 'type-graphql';
import type { GraphQLContext } from '../context.ts';
import { Needs } from '../needs.ts';
import { toOrganization, toProject } from './viewer.mapper.ts';
import { Viewer } from './viewer.types.ts';

@Resolver()
export class ViewerResolver {
  @Needs('CALLER')
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
