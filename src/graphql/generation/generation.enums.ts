// The enums of calling models. The unions they mirror stand in core/.

import type { Role as CoreRole } from '../../core/chat.ts';
import type * as core from '../../core/generation.ts';
import { describeEnum } from '../describe-enum.ts';

export const Role = describeEnum<CoreRole>('Role', 'Who speaks in a message.', {
  SYSTEM: 'Instructions that stand above the conversation.',
  USER: 'The person or program that asks. Only these messages may carry images.',
  ASSISTANT: 'The model, in an earlier turn.',
  TOOL: 'The result of a tool the model called; needs `toolCallId`.',
});

export const ToolChoiceMode = describeEnum<'AUTO' | 'NONE' | 'REQUIRED' | 'TOOL'>(
  'ToolChoiceMode',
  'Whether the model may, must or must not call a tool.',
  {
    AUTO: 'The model decides. The default when tools are given.',
    NONE: 'The model must not call a tool.',
    REQUIRED: 'The model must call at least one tool.',
    TOOL: 'The model must call the tool named beside.',
  },
);

export const ReasoningEffort = describeEnum<'LOW' | 'MEDIUM' | 'HIGH'>(
  'ReasoningEffort',
  'How hard the model thinks before it answers.',
  {
    LOW: 'A little: quick and cheap.',
    MEDIUM: 'As much as most questions need.',
    HIGH: 'Long: for hard problems. Thinking is billed as output.',
  },
);

export const OutputFormat = describeEnum<'TEXT' | 'JSON'>('OutputFormat', 'What the answer has to be.', {
  TEXT: 'Free text. The default.',
  JSON: 'One JSON value, checked against the schema if one is given; read it from `Generation.json`.',
});

export const UsageSource = describeEnum<core.UsageSource>('UsageSource', 'Where the token counts come from.', {
  PROVIDER: 'As the model provider reported them.',
  ESTIMATED: 'Counted by the gateway from what was delivered, because the provider told nothing.',
});

export const FinishReason = describeEnum<core.FinishReason>('FinishReason', 'Why the model stopped writing.', {
  STOP: 'It was done, or wrote one of the stop sequences.',
  LENGTH: 'It reached the output cap: the answer is cut.',
  TOOL_CALLS: 'It wants the results of the tools it called.',
  CONTENT_FILTER: "The provider's safety system stopped it.",
  CANCELLED: 'It was told to stop, or nobody was listening any more.',
  ERROR: 'The call failed.',
});

export const GenerationStatus = describeEnum<core.GenerationStatus>(
  'GenerationStatus',
  'How far a generation, or a batch of them, has come.',
  {
    QUEUED: 'Accepted, not begun.',
    RUNNING: 'The model is at work.',
    SUCCEEDED: 'Ended with an answer. A batch: all items have ended, each with its own result.',
    FAILED: 'Ended without a usable answer.',
    BLOCKED: 'Ended because a safety rule refused the input or the output.',
    CANCELLED: 'Ended before its time, by the caller or because nobody was listening.',
  },
);

export const ContentState = describeEnum<core.ContentState>(
  'ContentState',
  'Whether the content (text, json, reasoning, tool calls) can be read.',
  {
    AVAILABLE: 'It is here, as far as the model has written it.',
    EXPIRED: 'It was kept for its time and is gone; usage and times remain.',
    NOT_STORED: 'It was never kept.',
    FORBIDDEN:
      'It is not yours, and you may not read it: that takes the scope `content:read`. Whether it is kept is not told.',
  },
);

export const AttemptOutcome = describeEnum<core.AttemptOutcome>(
  'AttemptOutcome',
  'How one request to a model provider ended.',
  {
    SUCCEEDED: 'The provider answered.',
    FAILED: 'The provider failed or refused; see `errorCode`.',
    CANCELLED: 'It was stopped from our side.',
    TIMED_OUT: 'One of the time-outs passed: connect, first token, idle or total.',
    LOST: 'The server that ran it went away.',
    SKIPPED:
      'Never sent, because the provider was known to be down, or was switched off by an operator, or its model was.',
  },
);

export const ClampReason = describeEnum<'MODEL'>(
  'ClampReason',
  'Why the output cap is lower than what was asked for.',
  {
    MODEL: '`maxOutputTokens` was above what the model can write and was lowered to it.',
  },
);

export const InvalidInputCode = describeEnum<core.InvalidInputCode>(
  'InvalidInputCode',
  'What is wrong with the input.',
  {
    INVALID: 'A value is missing, malformed or out of range; `path` says which.',
    MODEL_NOT_FOUND: 'No model of this name is offered to you. Ask `models` for the names.',
    MODEL_UNPRICED: 'No price is known for the model, so a limit on money cannot be kept.',
    CONTEXT_TOO_LONG: 'The input is longer than the model can read.',
    CAPABILITY_MISSING: 'The model cannot do what was asked, e.g. tools or images.',
    MAX_PRICE_EXCEEDED: 'The call could cost more than the ceiling given for it.',
  },
);

export const GenerationFailureCode = describeEnum<core.GenerationFailureCode>(
  'GenerationFailureCode',
  'Why a generation failed.',
  {
    UPSTREAM_ERROR:
      'The model provider failed, was unreachable or throttled us, or an operator switched it or the model off.',
    UPSTREAM_REJECTED: 'The model provider refuses this request; sending it again does not help.',
    DEADLINE_EXCEEDED: 'A time-out passed: `timeoutMs` or one of the model.',
    CANCELLED: 'It was cancelled, or everybody who waited for it had gone.',
    NODE_LOST: 'The server that ran it stopped before the end.',
    OUTPUT_INVALID: 'The model answered, but not in the form that was asked for.',
    GUARD_FAILED: 'A safety rule could not be checked.',
    OVERLOADED: 'The server was too busy to run it.',
    INTERNAL: 'Something went wrong on our side.',
  },
);

export const IdempotencyErrorCode = describeEnum<core.IdempotencyErrorCode>(
  'IdempotencyErrorCode',
  'Why an idempotency key cannot be served.',
  {
    KEY_PARAMETER_MISMATCH: 'The key was used with other input. A new question needs a new key.',
    IN_PROGRESS_ELSEWHERE: 'The key is being run on another server that cannot be followed from here; ask again.',
    RESULT_EXPIRED: 'The key is done and its result is no longer kept.',
  },
);
