// Who asks, as they see themselves.

import { Field, ObjectType } from 'type-graphql';
import type { AccessRole as CoreAccessRole } from '../../core/caller.ts';
import { AccessRole } from './access.enums.ts';
import { Organization } from './organization.types.ts';
import { Project } from './project.types.ts';

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
