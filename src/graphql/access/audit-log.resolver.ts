// Reading the log of changes.

import { Arg, Args, Ctx, Query, Resolver } from 'type-graphql';
import type { GraphQLContext } from '../context.ts';
import { Needs, TO_ADMINISTER } from '../needs.ts';
import type { ResolverServices } from '../resolver-services.ts';
import { type AuditEntry, AuditEntryConnection, AuditFilterInput, toAuditEntry } from './audit-log.types.ts';
import { type Connection, PageArgs, toConnection, toPageRequest } from './connection.ts';
import { given } from './input-changes.ts';
import { readFilterId, readTargetId } from './record-ids.ts';

@Resolver()
export class AuditLogResolver {
  readonly #services: ResolverServices;

  constructor(services: ResolverServices) {
    this.#services = services;
  }

  @Needs(TO_ADMINISTER)
  @Query(() => AuditEntryConnection, {
    description:
      'The log of changes, the newest first: all of it for an OPERATOR, else what was changed in your organization.',
  })
  async auditLog(
    @Ctx() context: GraphQLContext,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => AuditFilterInput, { nullable: true, description: 'Which changes. Default: all.' })
    filter?: AuditFilterInput | null,
  ): Promise<Connection<AuditEntry>> {
    const targetId = given(filter?.targetId);
    const wanted = {
      organizationId: readFilterId(filter?.organizationId, 'organization', ['filter', 'organizationId']),
      principalId: given(filter?.principal),
      actions: given(filter?.actions),
      targets: given(filter?.targets),
      targetId: targetId && readTargetId(targetId),
      fromMs: given(filter?.from),
      toMs: given(filter?.to),
    };
    const { reading } = this.#services.access;
    const found = await reading.listAuditLog(wanted, toPageRequest('auditLog', page), context);
    return toConnection('auditLog', found, toAuditEntry);
  }
}
