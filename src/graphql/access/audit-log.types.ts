// The log of changes.

import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type {
  AuditEntry as AuditRecord,
  AuditAction as CoreAction,
  AuditTarget as CoreTarget,
} from '../../core/access.ts';
import { Node } from '../node.types.ts';
import { DateTime, JsonObject } from '../scalars.ts';
import { AuditAction, AuditTarget } from './access.enums.ts';
import { createConnectionType } from './connection.ts';
import { Organization, organizationOf } from './organization.types.ts';
import { targetIdOf } from './record-ids.ts';

@ObjectType({ simpleResolvers: true, description: 'Who made a change.' })
export class AuditActor {
  @Field(() => String, { description: 'Key or user: their `viewer.principal`.' })
  principal!: string;

  @Field(() => Organization, { description: 'The organization they belong to.' })
  organization!: Organization;
}

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: 'One change: who made it, when, and what was before and after. Holds no secret.',
})
export class AuditEntry extends Node {
  readonly __typename!: 'AuditEntry';

  @Field(() => DateTime, { description: 'When it was made.' })
  at!: number;

  @Field(() => AuditActor, { description: 'Who made it.' })
  actor!: AuditActor;

  @Field(() => AuditAction, { description: 'What was done.' })
  action!: CoreAction;

  @Field(() => AuditTarget, { description: 'To what kind of thing.' })
  target!: CoreTarget;

  @Field(() => ID, { description: 'To which one.' })
  targetId!: string;

  @Field(() => Organization, { nullable: true, description: 'Whose it is. Null: it concerns the server as a whole.' })
  organization!: Organization | undefined;

  @Field(() => JsonObject, { nullable: true, description: 'As it was. Null: it was not there.' })
  before!: Readonly<Record<string, unknown>> | undefined;

  @Field(() => JsonObject, { nullable: true, description: 'As it was then. Null: it is no longer there.' })
  after!: Readonly<Record<string, unknown>> | undefined;

  @Field(() => String, {
    nullable: true,
    description: 'The request it came by, as in `X-Request-Id` and the log. Null: the server itself.',
  })
  requestId!: string | undefined;
}

export function toAuditEntry(record: AuditRecord): AuditEntry {
  const { actor, organizationId } = record;
  return {
    __typename: 'AuditEntry',
    id: record.id,
    at: record.atMs,
    actor: { principal: actor.principalId, organization: organizationOf(actor.organizationId) },
    action: record.action,
    target: record.target,
    targetId: targetIdOf(record),
    organization: organizationId === undefined ? undefined : organizationOf(organizationId),
    before: record.before,
    after: record.after,
    requestId: actor.requestId,
  };
}

export const AuditEntryConnection = createConnectionType('AuditEntry', () => AuditEntry, 'changes');

@InputType({ description: 'Which changes. What is left out does not count.' })
export class AuditFilterInput {
  @Field(() => ID, { nullable: true, description: 'In this organization.' })
  organizationId?: string | null;

  @Field(() => String, { nullable: true, description: 'Made by this key or user: their `viewer.principal`.' })
  principal?: string | null;

  @Field(() => [AuditAction], { nullable: true, description: 'One of these.' })
  actions?: CoreAction[] | null;

  @Field(() => [AuditTarget], { nullable: true, description: 'Made to one of these kinds of things.' })
  targets?: CoreTarget[] | null;

  @Field(() => ID, { nullable: true, description: 'Made to this very one.' })
  targetId?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Made then or later.' })
  from?: number | null;

  @Field(() => DateTime, { nullable: true, description: 'Made before then.' })
  to?: number | null;
}
