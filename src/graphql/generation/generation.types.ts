// A generation as clients see it. Plain data: generation.mapper.ts fills these shapes from core/, and graphql-js reads
// the properties without a resolver in between.

import { Field, ID, Int, ObjectType } from 'type-graphql';
import type * as core from '../../core/generation.ts';
import type { JsonObject as JsonObjectValue, JsonValue } from '../../core/json.ts';
import { Node } from '../node.types.ts';
import { DateTime, Decimal, Json, JsonObject } from '../scalars.ts';
import {
  AttemptOutcome,
  ClampReason,
  ContentState,
  FinishReason,
  GenerationStatus,
  UsageSource,
} from './generation.enums.ts';

@ObjectType({ simpleResolvers: true, description: 'Tokens by class, each counted once, and what they cost.' })
export class TokenUsage {
  @Field(() => Int, { description: 'Tokens the model read, cached and cache-write tokens included.' })
  inputTokens!: number;

  @Field(() => Int, { description: "Part of `inputTokens` that was read from the provider's prompt cache." })
  cachedInputTokens!: number;

  @Field(() => Int, { description: "Part of `inputTokens` that was written to the provider's prompt cache." })
  cacheWriteTokens!: number;

  @Field(() => Int, { description: 'Tokens the model wrote, reasoning included.' })
  outputTokens!: number;

  @Field(() => Int, { description: 'Part of `outputTokens` that was reasoning.' })
  reasoningTokens!: number;

  @Field(() => Int, { description: '`inputTokens` + `outputTokens`.' })
  totalTokens!: number;

  @Field(() => Decimal, {
    nullable: true,
    description: 'What it cost, US dollars. Null when no price is known for the model; `"0"` for a replay.',
  })
  costUsd!: string | undefined;

  @Field(() => Decimal, { description: 'What a replay did not cost again, US dollars.' })
  savedUsd!: string;

  @Field(() => UsageSource, { description: 'Who counted the tokens.' })
  source!: core.UsageSource;
}

@ObjectType({ simpleResolvers: true, description: 'A tool the model wants called.' })
export class ToolCall {
  @Field(() => ID, { description: 'Give it back as `toolCallId` of the TOOL message with the result.' })
  id!: string;

  @Field(() => String, { description: 'Name of the tool, one of those given.' })
  name!: string;

  @Field(() => JsonObject, { description: 'Its arguments. The model wrote them: check them before you act.' })
  arguments!: JsonObjectValue;
}

@ObjectType({ simpleResolvers: true, description: 'One request to a model provider.' })
export class Attempt {
  @Field(() => Int, { description: 'Which attempt of the generation, from 1.' })
  number!: number;

  @Field(() => String, { description: 'The provider, as the operator named it.' })
  provider!: string;

  @Field(() => String, { description: "The provider's name of the model." })
  model!: string;

  @Field(() => AttemptOutcome, { description: 'How it ended.' })
  outcome!: core.AttemptOutcome;

  @Field(() => String, { nullable: true, description: 'What went wrong, if anything did, e.g. `UPSTREAM_ERROR`.' })
  errorCode!: string | undefined;

  @Field(() => Int, { description: 'From its start to its end, milliseconds.' })
  latencyMs!: number;

  @Field(() => Int, {
    nullable: true,
    description:
      'From its start to the first piece of the answer, milliseconds. Null when the answer came in one piece.',
  })
  firstTokenMs!: number | undefined;

  @Field(() => TokenUsage, { nullable: true, description: 'What this attempt used when it ran. Null when unknown.' })
  usage!: TokenUsage | undefined;

  @Field(() => String, { nullable: true, description: "The provider's own id of the request, for its support." })
  providerRequestId!: string | undefined;
}

@ObjectType({
  simpleResolvers: true,
  implements: Node,
  description: 'One logical call of a model: what was answered, what it used, how it went.',
})
export class Generation extends Node {
  readonly __typename!: 'Generation';

  @Field(() => GenerationStatus, { description: 'How far it has come.' })
  status!: core.GenerationStatus;

  @Field(() => String, { description: 'The model, by the name it was asked for.' })
  model!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The answer as text, as far as it is written. Null when there is none.',
  })
  text!: string | undefined;

  @Field(() => Json, {
    nullable: true,
    description: 'The answer as JSON, parsed and checked, when format JSON was asked for.',
  })
  json!: JsonValue | undefined;

  @Field(() => String, {
    nullable: true,
    description: 'What the model thought before it answered, where the provider tells it.',
  })
  reasoning!: string | undefined;

  @Field(() => [ToolCall], { description: 'The tools the model wants called, in its order.' })
  toolCalls!: readonly ToolCall[];

  @Field(() => ContentState, { description: 'Whether text, json, reasoning and toolCalls can be read.' })
  contentState!: core.ContentState;

  @Field(() => FinishReason, { nullable: true, description: 'Why the model stopped. Null while it runs.' })
  finishReason!: core.FinishReason | undefined;

  @Field(() => TokenUsage, { nullable: true, description: 'What it used, all attempts together. Null while it runs.' })
  usage!: TokenUsage | undefined;

  @Field(() => [Attempt], { description: 'The requests sent to model providers for it, in order.' })
  attempts!: readonly Attempt[];

  @Field(() => ClampReason, { nullable: true, description: 'Why the output cap was lowered. Null when it was not.' })
  clampedBy!: 'MODEL' | undefined;

  @Field(() => [String], {
    description:
      'What you should know though the call worked, in plain words. Empty where you may not read the content.',
  })
  warnings!: readonly string[];

  @Field(() => DateTime, { description: 'When it was accepted.' })
  createdAt!: number;

  @Field(() => DateTime, { nullable: true, description: 'When it ended. Null while it runs.' })
  completedAt!: number | undefined;

  @Field(() => Int, { nullable: true, description: 'From acceptance to the end, milliseconds. Null while it runs.' })
  latencyMs!: number | undefined;

  @Field(() => Int, {
    nullable: true,
    description:
      'From acceptance to the first piece of the answer, milliseconds. Null when the answer came in one piece.',
  })
  firstTokenMs!: number | undefined;
}
