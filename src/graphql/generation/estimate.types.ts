// What a call would take, told before it is made.

import { Field, Int, ObjectType } from 'type-graphql';
import { Decimal } from '../scalars.ts';

@ObjectType({ simpleResolvers: true, description: 'What a call would take. Nothing is sent, nothing is charged.' })
export class Estimate {
  @Field(() => Int, { description: 'Tokens the model would read: an estimate, on the high side.' })
  inputTokens!: number;

  @Field(() => Int, { description: 'Most tokens the model could write: the cap that would be sent.' })
  maxOutputTokens!: number;

  @Field(() => Decimal, {
    nullable: true,
    description:
      'What the call could cost at most, US dollars: the estimated input and the whole output cap. Null without a known price.',
  })
  maxCostUsd!: string | undefined;

  @Field(() => Boolean, {
    description: 'Whether the call would be begun now. False while an operator has switched the model off.',
  })
  admitted!: boolean;
}
