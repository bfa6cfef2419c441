// Batches: many independent calls in one.

import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type * as core from '../../core/generation.ts';
import { GenerateResult } from './generate-result.types.ts';
import { GenerationStatus } from './generation.enums.ts';
import { GenerateInput } from './generation.inputs.ts';
import { TokenUsage } from './generation.types.ts';

@InputType({ description: 'Up to 100 calls that run side by side; one that fails does not harm the others.' })
export class BatchGenerateInput {
  @Field(() => [GenerateInput], { description: 'The calls, 1 to 100.' })
  items!: GenerateInput[];

  @Field(() => Int, { nullable: true, description: 'How many run at the same time, 1 to 50. Default 10.' })
  concurrency?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Makes it safe to send the batch twice: each item gets a key of its own from it and its place. Items must not carry keys then. 1 to 255 printable ASCII characters.',
  })
  idempotencyKey?: string | null;
}

@ObjectType({ simpleResolvers: true, description: 'One item of a batch.' })
export class BatchGenerateItem {
  @Field(() => Int, { description: 'Place in `items` of the input, from 0.' })
  index!: number;

  @Field(() => GenerateResult, { nullable: true, description: 'What it came to. Null while it runs.' })
  result!: GenerateResult | undefined;
}

@ObjectType({ simpleResolvers: true, description: 'What a batch came to.' })
export class BatchGeneratePayload {
  @Field(() => ID, { description: 'Id of the batch.' })
  batchId!: string;

  @Field(() => GenerationStatus, { description: 'SUCCEEDED once all items have ended, whatever their results.' })
  status!: core.GenerationStatus;

  @Field(() => [BatchGenerateItem], { description: 'The items, in the order of the input.' })
  items!: readonly BatchGenerateItem[];

  @Field(() => Int, { description: 'Items that ended with a `GenerateSuccess`.' })
  succeededCount!: number;

  @Field(() => Int, { description: 'Items that ended otherwise.' })
  failedCount!: number;

  @Field(() => TokenUsage, {
    description:
      'What all items used together; replayed items cost 0. `costUsd` is null when the cost of one is unknown.',
  })
  usage!: TokenUsage;
}
