// What callers send. Only shapes and GraphQL types stand here; generation/prepare.ts checks the values. `implements`
// keeps these classes and the plain input types of generation/ the same.

import { Field, Float, ID, InputType, Int } from 'type-graphql';
import type { Role as CoreRole } from '../../core/chat.ts';
import type { JsonObject as JsonObjectValue } from '../../core/json.ts';
import type {
  CallInput,
  MessageInput as PlainMessageInput,
  PartInput as PlainPartInput,
} from '../../generation/call-input.ts';
import { JsonObject } from '../scalars.ts';
import { OutputFormat, ReasoningEffort, Role, ToolChoiceMode } from './generation.enums.ts';

@InputType({ description: 'A piece of a message: exactly one of `text`, `imageUrl` and `imageBase64`.' })
export class PartInput implements PlainPartInput {
  @Field(() => String, { nullable: true, description: 'Text, not empty.' })
  text?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'An https address of an image, which the provider fetches itself. At most 8,192 characters.',
  })
  imageUrl?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'An image as standard base64 with padding, without a `data:` prefix. Needs `mediaType`.',
  })
  imageBase64?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What `imageBase64` holds: `image/png`, `image/jpeg`, `image/gif` or `image/webp`.',
  })
  mediaType?: string | null;
}

@InputType({ description: 'A tool call the model made in an earlier turn, given back to it.' })
export class ToolCallInput {
  @Field(() => ID, { description: 'Its id, as the model gave it.' })
  id!: string;

  @Field(() => String, { description: 'Name of the tool.' })
  name!: string;

  @Field(() => JsonObject, { description: 'The arguments, as the model gave them.' })
  arguments!: JsonObjectValue;
}

@InputType({ description: 'One message of a conversation: `content` or `parts`, not both.' })
export class MessageInput implements PlainMessageInput {
  @Field(() => Role, { description: 'Who speaks.' })
  role!: CoreRole;

  @Field(() => String, { nullable: true, description: 'The message as plain text.' })
  content?: string | null;

  @Field(() => [PartInput], { nullable: true, description: 'The message in pieces: text and, from USER, images.' })
  parts?: PartInput[] | null;

  @Field(() => [ToolCallInput], {
    nullable: true,
    description: 'ASSISTANT only: the tool calls of that turn; `content` may then be left out.',
  })
  toolCalls?: ToolCallInput[] | null;

  @Field(() => ID, { nullable: true, description: 'TOOL only, and needed there: the call this is the result of.' })
  toolCallId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Ends a part of the prompt worth keeping in the provider's prompt cache: all up to and with this message. Where the provider caches by itself it is not sent, and a warning says so. Default false.",
  })
  cacheBreakpoint?: boolean | null;
}

@InputType({
  description: 'A tool the model may call. It is never run by this server: you run it and send the result.',
})
export class ToolInput {
  @Field(() => String, { description: 'Unique among the tools; 1 to 64 letters, digits, `_` or `-`.' })
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What the tool does and when to use it, for the model. At most 8,192 characters.',
  })
  description?: string | null;

  @Field(() => JsonObject, { description: 'JSON Schema of the arguments, of type `object`.' })
  parameters!: JsonObjectValue;
}

@InputType({ description: 'Whether and which tool the model calls.' })
export class ToolChoiceInput {
  @Field(() => ToolChoiceMode, { description: 'May, must, must not, or exactly this one.' })
  mode!: 'AUTO' | 'NONE' | 'REQUIRED' | 'TOOL';

  @Field(() => String, { nullable: true, description: 'The tool to call; with mode TOOL only, and needed there.' })
  name?: string | null;
}

@InputType({ description: 'The form of the answer.' })
export class OutputInput {
  @Field(() => OutputFormat, { description: 'Text or JSON.' })
  format!: 'TEXT' | 'JSON';

  @Field(() => JsonObject, {
    nullable: true,
    description:
      'JSON Schema the answer has to fit; with format JSON only. It is sent to the provider and checked afterwards. Without it any JSON value will do.',
  })
  schema?: JsonObjectValue | null;

  @Field(() => String, {
    nullable: true,
    description: 'A name for the schema, shown to the model: 1 to 64 letters, digits, `_` or `-`. Default `output`.',
  })
  name?: string | null;
}

@InputType({ description: 'How much the model may think before it answers. Thinking is billed as output.' })
export class ReasoningInput {
  @Field(() => ReasoningEffort, { nullable: true, description: "How hard. Default: the provider's." })
  effort?: 'LOW' | 'MEDIUM' | 'HIGH' | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Most tokens to think with, from 1; part of the output cap and below it. Default: by the effort.',
  })
  maxTokens?: number | null;
}

@InputType({ description: 'A label on a call, for finding and grouping it later.' })
export class LabelInput {
  @Field(() => String, { description: '1 to 64 letters, digits, `.`, `_` or `-`; each name once a call.' })
  name!: string;

  @Field(() => String, { description: 'At most 256 characters. No secrets and nothing personal: labels are stored.' })
  value!: string;
}

@InputType({ description: 'One call of a model. Give `prompt` or `messages`, exactly one of them.' })
export class GenerateInput implements CallInput {
  @Field(() => String, { description: 'Name of the model, one of `models`.' })
  model!: string;

  @Field(() => String, { nullable: true, description: 'A single question: short for one USER message.' })
  prompt?: string | null;

  @Field(() => [MessageInput], { nullable: true, description: 'A conversation, oldest message first. At most 1,000.' })
  messages?: MessageInput[] | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Most tokens the model may write (the providers' max_tokens), from 1. Lowered to what the model can write; see `clampedBy`. Default: the model's own, usually 4,096.",
  })
  maxOutputTokens?: number | null;

  @Field(() => Float, { nullable: true, description: "Randomness, 0 to 2. Default: the provider's." })
  temperature?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Choose among the likeliest tokens that add up to this probability, 0 to 1. Default: the provider's.",
  })
  topP?: number | null;

  @Field(() => [String], {
    nullable: true,
    description: 'The model stops before it writes one of these. At most 4, each 1 to 256 characters.',
  })
  stop?: string[] | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Asks for the same answer to the same input, as far as the provider can keep that.',
  })
  seed?: number | null;

  @Field(() => [ToolInput], { nullable: true, description: 'Tools the model may call. At most 100.' })
  tools?: ToolInput[] | null;

  @Field(() => ToolChoiceInput, { nullable: true, description: 'Whether it may or must call a tool. Default AUTO.' })
  toolChoice?: ToolChoiceInput | null;

  @Field(() => OutputInput, { nullable: true, description: 'The form of the answer. Default: text.' })
  output?: OutputInput | null;

  @Field(() => ReasoningInput, {
    nullable: true,
    description:
      'How much the model may think first. Not sent to models without REASONING, nor the part of it a provider has no word for; a warning says so.',
  })
  reasoning?: ReasoningInput | null;

  @Field(() => JsonObject, {
    nullable: true,
    description:
      'Parameters only some providers have, grouped by kind of provider, by their names there: `{ "anthropic": { "top_k": 5 } }`. Each kind has a list of what it lets through; those of other kinds than the one that answers are left out.',
  })
  providerOptions?: JsonObjectValue | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Makes it safe to send the call twice: the same key with the same input attaches to the running call or replays its result at no cost. 1 to 255 printable ASCII characters; kept 24 hours. `timeoutMs` and `labels` may differ.',
  })
  idempotencyKey?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Give up after so many milliseconds, from 1 to 3,600,000. Never longer than the time-out of the model, the default.',
  })
  timeoutMs?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Whom the call is made for, as you name your users: for limits and usage per user. Only for API keys that may speak for end users. 1 to 256 printable characters. Never sent to the provider.',
  })
  endUserId?: string | null;

  @Field(() => [LabelInput], { nullable: true, description: 'Labels stored with the call. At most 16.' })
  labels?: LabelInput[] | null;
}

@InputType({ description: 'One streamed call of a model.' })
export class GenerateStreamInput {
  @Field(() => GenerateInput, { description: 'The call. It must not hold an `idempotencyKey` of its own.' })
  request!: GenerateInput;

  @Field(() => String, {
    description:
      'Names the stream, so that a client that lost its connection can subscribe again without paying twice: the same key with the same input attaches to the running generation or tells it again. 1 to 255 printable ASCII characters.',
  })
  idempotencyKey!: string;
}

@InputType({ description: 'Which generation to cancel.' })
export class CancelGenerationInput {
  @Field(() => ID, { description: 'Id of the generation.' })
  id!: string;
}
