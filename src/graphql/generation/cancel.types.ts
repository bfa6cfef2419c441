// The answer to a cancellation.

import { Field, ObjectType } from 'type-graphql';
import { Generation } from './generation.types.ts';

@ObjectType({ simpleResolvers: true, description: 'What cancelling came to.' })
export class CancelGenerationPayload {
  @Field(() => Generation, {
    nullable: true,
    description: 'The generation once it has ended: CANCELLED, or as it ended before the cancellation reached it.',
  })
  generation!: Generation | undefined;
}
