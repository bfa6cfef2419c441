// Roles of users who sign in with tokens.

import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { RoleGrantRecord } from '../../core/access.ts';
import type { AccessRole as CoreAccessRole } from '../../core/caller.ts';
import { Node } from '../node.types.ts';
import { DateTime } from '../scalars.ts';
import { AccessRole } from './access.enums.ts';
import { createConnectionType } from './connection.ts';
import { Organization, organizationOf } from './organization.types.ts';
import { Project, projectOf } from './project.types.ts';

const ISSUER = 'Who vouches for the user: `iss` of their tokens.';
const SUBJECT = 'The user: `sub` of their tokens, or what the configuration takes instead.';

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: 'Roles given to a user who signs in with tokens, besides those the tokens bring.',
})
export class RoleGrant extends Node {
  readonly __typename!: 'RoleGrant';

  @Field(() => Organization, { description: 'Where it counts.' })
  organization!: Organization;

  @Field(() => Project, { nullable: true, description: 'The project it counts in. Null: all of the organization.' })
  project!: Project | undefined;

  @Field(() => String, { description: ISSUER })
  issuer!: string;

  @Field(() => String, { description: SUBJECT })
  subject!: string;

  @Field(() => [AccessRole], { description: 'The roles.' })
  roles!: readonly CoreAccessRole[];

  @Field(() => [String], { description: 'content:read, or nothing: other scopes come with the token.' })
  scopes!: readonly string[];

  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: number;

  @Field(() => String, { description: 'Who made it: their `viewer.principal`.' })
  createdBy!: string;
}

export function toRoleGrant(record: RoleGrantRecord): RoleGrant {
  const { organizationId, projectId } = record;
  return {
    __typename: 'RoleGrant',
    id: record.id,
    organization: organizationOf(organizationId),
    project: projectId === undefined ? undefined : projectOf(projectId, organizationId),
    issuer: record.issuer,
    subject: record.subject,
    roles: record.roles,
    scopes: record.scopes,
    createdAt: record.createdAtMs,
    createdBy: record.createdBy,
  };
}

export const RoleGrantConnection = createConnectionType('RoleGrant', () => RoleGrant, 'role grants');

@InputType({ description: 'Which role grants. What is left out does not count.' })
export class RoleGrantFilterInput {
  @Field(() => ID, { nullable: true, description: 'In this organization.' })
  organizationId?: string | null;

  @Field(() => ID, { nullable: true, description: 'In this project alone.' })
  projectId?: string | null;

  @Field(() => String, { nullable: true, description: ISSUER })
  issuer?: string | null;

  @Field(() => String, { nullable: true, description: SUBJECT })
  subject?: string | null;
}

@InputType({ description: 'Roles for a user.' })
export class GrantRoleInput {
  @Field(() => ID, { nullable: true, description: "In which organization. Default: the project's, else your own." })
  organizationId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      'In which project: only tokens for it bring the roles then. What ADMIN reaches is all of the organization even so. Default: in all of the organization.',
  })
  projectId?: string | null;

  @Field(() => String, { description: ISSUER })
  issuer!: string;

  @Field(() => String, { description: SUBJECT })
  subject!: string;

  @Field(() => [AccessRole], { description: 'None that you do not have yourself.' })
  roles!: CoreAccessRole[];

  @Field(() => [String], { nullable: true, description: 'content:read, only from an OPERATOR. Default: none.' })
  scopes?: string[] | null;
}

@ObjectType({ simpleResolvers: true, description: 'Roles that were given.' })
export class GrantRolePayload {
  @Field(() => RoleGrant, { description: 'As they are now.' })
  roleGrant!: RoleGrant;
}

@InputType({ description: 'One role grant.' })
export class RevokeRoleInput {
  @Field(() => ID, { description: 'Which one.' })
  id!: string;
}

@ObjectType({ simpleResolvers: true, description: 'Roles that were taken away.' })
export class RevokeRolePayload {
  @Field(() => ID, { description: 'Id of the grant that was.' })
  revokedId!: string;
}
