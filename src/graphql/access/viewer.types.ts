// Who asks, as they see themselves.

import { Field, ObjectType } from 'type-graphql';
import type { AccessRole as CoreAccessRole } from '../../core/caller.ts';
import { describeEnum } from '../describe-enum.ts';
import { Node } from '../node.types.ts';

const AccessRole = describeEnum<CoreAccessRole>(
  'AccessRole',
  'What a caller may do, as far as the scopes of its key or token go. Each role holds those before it.',
  {
    MEMBER: 'Call models; see and cancel their own generations.',
    ADMIN: 'Run the organization: its projects, keys and limits; see usage and cost of all its generations.',
    OPERATOR: 'Run this server: what an ADMIN may do, in every organization, and the organizations themselves.',
  },
);

@ObjectType({ simpleResolvers: true, implements: Node, description: 'A tenant of this server.' })
export class Organization extends Node {
  readonly __typename!: 'Organization';

  @Field(() => String, { description: 'Its name.' })
  name!: string;
}

@ObjectType({ simpleResolvers: true, implements: Node, description: 'A part of an organization with keys of its own.' })
export class Project extends Node {
  readonly __typename!: 'Project';

  @Field(() => String, { description: 'Its name.' })
  name!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: 'You: whose key or token came with the request, and what it may do.',
})
export class Viewer {
  @Field(() => Organization, { description: 'The organization you belong to.' })
  organization!: Organization;

  @Field(() => Project, { nullable: true, description: 'The project your calls belong to.' })
  project!: Project | undefined;

  @Field(() => String, {
    description:
      'Your key or user. It stays the same when the key is rotated. Idempotency keys and generations belong to it.',
  })
  principal!: string;

  @Field(() => [AccessRole], { description: 'Your roles.' })
  roles!: readonly CoreAccessRole[];

  @Field(() => [String], {
    description:
      'What your key or token may be used for, whatever your roles: `generate`, `usage:read`, `admin`, `content:read`.',
  })
  scopes!: readonly string[];
}
