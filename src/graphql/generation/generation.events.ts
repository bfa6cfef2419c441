// What a subscription tells of a generation. An interface, so that clients read `sequence` and `cursor` without
// fragments and a new event type breaks nobody.

import { Field, ID, Int, InterfaceType, ObjectType } from 'type-graphql';
import type * as core from '../../core/generation.ts';
import { DateTime } from '../scalars.ts';
import { FinishReason, GenerationFailureCode } from './generation.enums.ts';
import { Generation, TokenUsage } from './generation.types.ts';

@InterfaceType({
  description:
    'One event of a generation. `GenerationStarted` is the first; exactly one of `GenerationCompleted`, `GenerationFailed`, `GenerationBlocked` and `GenerationCancelled` is the last.',
})
export abstract class GenerationEvent {
  @Field(() => ID, { description: 'The generation it belongs to.' })
  generationId!: string;

  @Field(() => Int, {
    description: 'Place in the generation, from 1 without gaps. Drop what you have seen already, save the last event.',
  })
  sequence!: number;

  @Field(() => String, { description: 'Give it as `after` to go on behind this event. Opaque.' })
  cursor!: string;
}

@ObjectType({ simpleResolvers: true, implements: GenerationEvent, description: 'The generation began.' })
export class GenerationStarted extends GenerationEvent {
  readonly __typename!: 'GenerationStarted';

  @Field(() => String, { description: 'The model, by the name it was asked for.' })
  model!: string;

  @Field(() => DateTime, { description: 'When it was accepted.' })
  createdAt!: number;

  @Field(() => Boolean, {
    description: 'True when the generation had ended already and is told again: the model does not run, cost 0.',
  })
  replayed!: boolean;
}

@ObjectType({ simpleResolvers: true, implements: GenerationEvent, description: 'The next piece of the answer.' })
export class TextDelta extends GenerationEvent {
  readonly __typename!: 'TextDelta';

  @Field(() => String, { description: 'The piece. All pieces in order are the whole text.' })
  text!: string;

  @Field(() => Int, { description: 'Where it begins in the whole text, in UTF-16 units (JavaScript string index).' })
  offset!: number;
}

@ObjectType({
  simpleResolvers: true,
  implements: GenerationEvent,
  description: 'The next piece of what the model thinks before it answers.',
})
export class ReasoningDelta extends GenerationEvent {
  readonly __typename!: 'ReasoningDelta';

  @Field(() => String, { description: 'The piece.' })
  text!: string;
}

@ObjectType({
  simpleResolvers: true,
  implements: GenerationEvent,
  description: 'The next piece of a tool call. The finished calls are in the generation of the last event.',
})
export class ToolCallDelta extends GenerationEvent {
  readonly __typename!: 'ToolCallDelta';

  @Field(() => Int, { description: 'Which tool call of the answer, from 0.' })
  index!: number;

  @Field(() => ID, { nullable: true, description: 'Id of the call, with its first piece.' })
  id!: string | undefined;

  @Field(() => String, { nullable: true, description: 'Name of the tool, with the first piece.' })
  name!: string | undefined;

  @Field(() => String, { description: 'The next piece of the arguments: JSON text once all pieces are put together.' })
  argumentsText!: string;
}

@ObjectType({ simpleResolvers: true, implements: GenerationEvent, description: 'Last event: the answer is whole.' })
export class GenerationCompleted extends GenerationEvent {
  readonly __typename!: 'GenerationCompleted';

  @Field(() => FinishReason, { description: 'Why the model stopped.' })
  finishReason!: core.FinishReason | undefined;

  @Field(() => TokenUsage, { description: 'What it used; a replay costs 0.' })
  usage!: TokenUsage | undefined;

  @Field(() => Generation, { description: 'The whole generation.' })
  generation!: Generation;
}

@ObjectType({ simpleResolvers: true, implements: GenerationEvent, description: 'Last event: the generation failed.' })
export class GenerationFailed extends GenerationEvent {
  readonly __typename!: 'GenerationFailed';

  @Field(() => GenerationFailureCode, { description: 'Why, for programs.' })
  code!: core.GenerationFailureCode;

  @Field(() => String, { description: 'What happened, in plain words.' })
  message!: string;

  @Field(() => Boolean, { description: 'Whether the same call may work when sent again.' })
  retryable!: boolean;

  @Field(() => Int, { nullable: true, description: 'Milliseconds until a retry makes sense. Null when unknown.' })
  retryAfterMs!: number | undefined;

  @Field(() => TokenUsage, { nullable: true, description: 'What it used until then.' })
  usage!: TokenUsage | undefined;

  @Field(() => Generation, { nullable: true, description: 'The generation as far as it came.' })
  generation!: Generation | undefined;
}

@ObjectType({
  simpleResolvers: true,
  implements: GenerationEvent,
  description: 'Last event: a safety rule refused the input or the output.',
})
export class GenerationBlocked extends GenerationEvent {
  readonly __typename!: 'GenerationBlocked';

  @Field(() => String, { description: "Where it was refused, e.g. `PROVIDER` for the provider's own safety system." })
  stage!: string;

  @Field(() => [String], { description: 'What it was refused for, as the rule names it. May be empty.' })
  categories!: readonly string[];

  @Field(() => TokenUsage, { nullable: true, description: 'What it used until then.' })
  usage!: TokenUsage | undefined;
}

@ObjectType({
  simpleResolvers: true,
  implements: GenerationEvent,
  description: 'Last event: it was cancelled, or everybody who listened had gone.',
})
export class GenerationCancelled extends GenerationEvent {
  readonly __typename!: 'GenerationCancelled';

  @Field(() => TokenUsage, { nullable: true, description: 'What it used until then; it is charged.' })
  usage!: TokenUsage | undefined;

  @Field(() => Generation, { nullable: true, description: 'The generation as far as it came.' })
  generation!: Generation | undefined;
}

export type AnyGenerationEvent =
  | GenerationStarted
  | TextDelta
  | ReasoningDelta
  | ToolCallDelta
  | GenerationCompleted
  | GenerationFailed
  | GenerationBlocked
  | GenerationCancelled;
