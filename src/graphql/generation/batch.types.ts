// Batches: many independent calls in one.

import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { BatchStatus } from '../../core/batch.ts';
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
      'Makes it safe to send the batch twice: the same items again are the same batch, and each item gets a key of its own from it and its place. Items must not carry keys then. 1 to 255 printable ASCII characters.',
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

@ObjectType({ simpleResolvers: true, description: 'A batch: how far it has come, and what it came to.' })
export class BatchGeneratePayload {
  @Field(() => ID, { description: 'Id of the batch.' })
  batchId!: string;

  @Field(() => GenerationStatus, {
    description:
      'RUNNING; SUCCEEDED once all items have ended, whatever their results; CANCELLED when it was stopped before.',
  })
  status!: BatchStatus;

  @Field(() => [BatchGenerateItem], { description: 'The items, in the order of the input.' })
  items!: readonly BatchGenerateItem[];

  @Field(() => Int, { description: 'Items that ended with a `GenerateSuccess`, so far.' })
  succeededCount!: number;

  @Field(() => Int, { description: 'Items that ended otherwise, so far.' })
  failedCount!: number;

  @Field(() => TokenUsage, {
    description:
      'What all items that have ended used together; replayed items cost 0. `costUsd` is null when the cost of one is unknown.',
  })
  usage!: TokenUsage;
}

@InputType({ description: 'Which batch to cancel.' })
export class CancelBatchInput {
  @Field(() => ID, { description: 'Id of the batch.' })
  id!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: 'One event of a batch: where it stands, and which item has just ended.',
})
export class BatchProgress {
  @Field(() => ID, { description: 'The batch it belongs to.' })
  batchId!: string;

  @Field(() => Int, {
    description: 'Place in the batch, from 1 without gaps. Drop what you have seen already, save the last event.',
  })
  sequence!: number;

  @Field(() => String, { description: 'Give it as `after` to go on behind this event. Opaque.' })
  cursor!: string;

  @Field(() => Int, { description: 'How many items have ended. The last event is the one where it equals `total`.' })
  completed!: number;

  @Field(() => Int, { description: 'How many items there are.' })
  total!: number;

  @Field(() => BatchGenerateItem, {
    nullable: true,
    description: 'The item that has ended, with its result. Null in the first event, before any has.',
  })
  item!: BatchGenerateItem | undefined;
}
