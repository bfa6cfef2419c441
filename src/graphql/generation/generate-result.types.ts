// What a call came to, as a union: clients switch on __typename.

import { createUnionType, Field, Int, InterfaceType, ObjectType } from 'type-graphql';
import type * as core from '../../core/generation.ts';
import { GenerationFailureCode, IdempotencyErrorCode, InvalidInputCode } from './generation.enums.ts';
import { Generation } from './generation.types.ts';

@InterfaceType({ description: 'Something that went wrong with one call, told as data.' })
abstract class UserError {
  @Field(() => String, { description: 'What happened and what to do, in plain words. Never holds your prompt.' })
  message!: string;

  @Field(() => [String], {
    nullable: true,
    description:
      'Where in the arguments, e.g. `["input", "messages", "0", "content"]`. Null when no one place is at fault.',
  })
  path!: readonly string[] | undefined;
}

@ObjectType({ simpleResolvers: true, description: 'The call worked, or was started and runs.' })
export class GenerateSuccess {
  readonly __typename!: 'GenerateSuccess';

  @Field(() => Generation, { description: 'The generation; RUNNING when it was only started.' })
  generation!: Generation;

  @Field(() => Boolean, {
    description:
      'True when an idempotency key led to a generation of an earlier call: the model did not run again, cost 0.',
  })
  replayed!: boolean;
}

@ObjectType({
  simpleResolvers: true,
  implements: UserError,
  description: 'The input cannot be run. Nothing was sent, nothing was charged.',
})
export class InvalidInputError extends UserError {
  readonly __typename!: 'InvalidInputError';

  @Field(() => InvalidInputCode, { description: 'What is wrong, for programs.' })
  code!: core.InvalidInputCode;
}

@ObjectType({
  simpleResolvers: true,
  implements: UserError,
  description: 'A safety rule refused the input or the output.',
})
export class ContentBlockedError extends UserError {
  readonly __typename!: 'ContentBlockedError';

  @Field(() => String, { description: "Where it was refused, e.g. `PROVIDER` for the provider's own safety system." })
  stage!: string;

  @Field(() => [String], { description: 'What it was refused for, as the rule names it. May be empty.' })
  categories!: readonly string[];

  @Field(() => Generation, { nullable: true, description: 'The generation, with what it used. Null when nothing ran.' })
  generation!: Generation | undefined;
}

@ObjectType({
  simpleResolvers: true,
  implements: UserError,
  description: 'The model answered, but not in the form that was asked for. It was charged.',
})
export class OutputInvalidError extends UserError {
  readonly __typename!: 'OutputInvalidError';

  @Field(() => [String], {
    description: 'JSON pointers to the wrong places of the answer; the empty string is the whole answer.',
  })
  pointers!: readonly string[];

  @Field(() => Generation, { description: 'The generation with the answer as text.' })
  generation!: Generation;
}

@ObjectType({
  simpleResolvers: true,
  implements: UserError,
  description:
    'No provider of the model could be reached, or an operator has switched it off. Nothing was charged; try again later.',
})
export class ModelUnavailableError extends UserError {
  readonly __typename!: 'ModelUnavailableError';

  @Field(() => Int, { nullable: true, description: 'Milliseconds until a retry makes sense. Null when unknown.' })
  retryAfterMs!: number | undefined;
}

@ObjectType({
  simpleResolvers: true,
  implements: UserError,
  description: 'The generation ran and failed, or was cancelled.',
})
export class GenerationFailedError extends UserError {
  readonly __typename!: 'GenerationFailedError';

  @Field(() => GenerationFailureCode, { description: 'Why, for programs.' })
  code!: core.GenerationFailureCode;

  @Field(() => Boolean, { description: 'Whether the same call may work when sent again.' })
  retryable!: boolean;

  @Field(() => Int, { nullable: true, description: 'Milliseconds until a retry makes sense. Null when unknown.' })
  retryAfterMs!: number | undefined;

  @Field(() => Generation, { nullable: true, description: 'The generation, with what it used until then.' })
  generation!: Generation | undefined;
}

@ObjectType({
  simpleResolvers: true,
  implements: UserError,
  description: 'The idempotency key cannot be served. Nothing ran, nothing was charged.',
})
export class IdempotencyError extends UserError {
  readonly __typename!: 'IdempotencyError';

  @Field(() => IdempotencyErrorCode, { description: 'Why, for programs.' })
  code!: core.IdempotencyErrorCode;

  @Field(() => Int, {
    nullable: true,
    description: 'Milliseconds until asking again makes sense. Null when it never will.',
  })
  retryAfterMs!: number | undefined;
}

export const GenerateResult = createUnionType({
  name: 'GenerateResult',
  description: 'What one call came to. Switch on `__typename`; every error member has `message` and `path`.',
  types: () =>
    [
      GenerateSuccess,
      InvalidInputError,
      ContentBlockedError,
      OutputInvalidError,
      ModelUnavailableError,
      GenerationFailedError,
      IdempotencyError,
    ] as const,
});

export type GenerateResult =
  | GenerateSuccess
  | InvalidInputError
  | ContentBlockedError
  | OutputInvalidError
  | ModelUnavailableError
  | GenerationFailedError
  | IdempotencyError;
