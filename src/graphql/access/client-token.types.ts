// Client tokens: what is asked for, and what is given.

import { Field, InputType, Int, ObjectType } from 'type-graphql';
import { DateTime } from '../scalars.ts';

@InputType({ description: 'A token for one user, worth no more than the key that asks for it.' })
export class CreateClientTokenInput {
  @Field(() => String, {
    description:
      'Whom it is for, as you know them: 1 to 256 printable characters. Generations and sockets of all tokens for this user are the same user’s.',
  })
  user!: string;

  @Field(() => Int, {
    defaultValue: 600,
    description: 'How long it is good for: 1 to 3600 seconds, and never longer than the key itself.',
  })
  ttlSeconds!: number;

  @Field(() => [String], {
    nullable: true,
    description: 'The models it may call, at most 50 of those the key may. Default: all that the key may at the time.',
  })
  models?: string[] | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'Web origins it works from, like `https://app.example.com`, at most 50 of those of the key. Default: those of the key. Anything else that sends no `Origin` is refused then.',
  })
  origins?: string[] | null;
}

@ObjectType({ simpleResolvers: true, description: 'A token that was made, shown this once.' })
export class CreateClientTokenPayload {
  @Field(() => String, {
    description: 'Sent like a key: `Authorization: Bearer <token>`, or in the payload of `connection_init`.',
  })
  token!: string;

  @Field(() => DateTime, { description: 'When it ends, unless its key ends before.' })
  expiresAt!: number;
}
