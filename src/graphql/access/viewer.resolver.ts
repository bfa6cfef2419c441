// Who asks.

import { Ctx, Query, Resolver } from 'type-graphql';
import type { GraphQLContext } from '../context.ts';
import { Needs } from '../needs.ts';
import { organizationOf } from './organization.types.ts';
import { projectOf } from './project.types.ts';
import { Viewer } from './viewer.types.ts';

@Resolver()
export class ViewerResolver {
  @Needs('CALLER')
  @Query(() => Viewer, { description: 'Who you are to this server.' })
  viewer(@Ctx() { caller }: GraphQLContext): Viewer {
    return {
      organization: organizationOf(caller.organizationId),
      project: projectOf(caller.projectId, caller.organizationId),
      principal: caller.principalId,
      roles: caller.roles,
      scopes: caller.scopes,
    };
  }
}
