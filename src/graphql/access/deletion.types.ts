// Deleting: what goes with it is shown first, and what was shown is confirmed.

import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { AuditTarget as CoreTarget } from '../../core/access.ts';
import { AuditTarget } from './access.enums.ts';

@ObjectType({ simpleResolvers: true, description: 'Things of one kind that would be deleted, too.' })
export class DeletionDependents {
  @Field(() => AuditTarget, { description: 'Their kind.' })
  kind!: CoreTarget;

  @Field(() => Int, { description: 'How many.' })
  count!: number;

  @Field(() => [String], { description: 'Names of the first few.' })
  names!: readonly string[];
}

@ObjectType({ simpleResolvers: true, description: 'What a deletion would take.' })
export class DeletionPreview {
  @Field(() => ID, { description: 'What would be deleted.' })
  id!: string;

  @Field(() => AuditTarget, { description: 'Its kind.' })
  kind!: CoreTarget;

  @Field(() => String, { description: 'Its name.' })
  name!: string;

  @Field(() => [DeletionDependents], { description: 'What depends on it, and would be deleted with it.' })
  dependents!: readonly DeletionDependents[];

  @Field(() => String, {
    description: 'To be given with the deletion: that this was seen. It is good as long as nothing of it changes.',
  })
  confirmation!: string;
}

@InputType({ description: 'What to delete, and that what depends on it was seen.' })
export class DeleteInput {
  @Field(() => ID, { description: 'Which one.' })
  id!: string;

  @Field(() => String, { description: '`confirmation` of `deletionPreview`.' })
  confirmation!: string;
}

@ObjectType({ simpleResolvers: true, description: 'What was deleted.' })
export class DeletePayload {
  @Field(() => ID, { description: 'Id of what was.' })
  deletedId!: string;
}
