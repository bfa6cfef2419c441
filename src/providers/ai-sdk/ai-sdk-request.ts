// ChatRequest → the call options of a language model, specification v4 or v3. What differs between the two is how files
// are given and whether there is a word for reasoning.
// Reference: the types of @ai-sdk/provider, language-model/v4 and v3.

import type {
  LanguageModelV4CallOptions,
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4TextPart,
  LanguageModelV4ToolResultOutput,
  SharedV4ProviderOptions,
} from '@ai-sdk/provider';
import type { ChatRequest, Message, Part, Reasoning, ToolChoice } from '../../core/chat.ts';
import type { JsonObject } from '../../core/json.ts';
import { effortShare } from '../effort-share.ts';
import type { OptionList } from '../provider-options.ts';
import { type AiSdkModel, optionsNameOf, type PackageFacts } from './ai-sdk-packages.ts';

export type AiSdkCallOptions = LanguageModelV4CallOptions;

/** Ours to fill in, whatever a package calls them. */
export const AI_SDK_RESERVED: readonly string[] = [
  'inferenceConfig',
  'maxCompletionTokens',
  'maxOutputTokens',
  'maxTokens',
  'max_completion_tokens',
  'max_output_tokens',
  'max_tokens',
  'messages',
  'model',
  'modelId',
  'n',
  'prompt',
  'responseFormat',
  'response_format',
  'stream',
  'stream_options',
  'system',
  'toolChoice',
  'toolConfig',
  'tool_choice',
  'tools',
];

const EFFORTS = { LOW: 'low', MEDIUM: 'medium', HIGH: 'high' } as const;
const TOOL_CHOICES = { AUTO: 'auto', NONE: 'none', REQUIRED: 'required' } as const;
/** Claude refuses a smaller one. */
const LEAST_BUDGET_TOKENS = 1_024;

/** A v3 file is the bare data, a v4 file says what it is. */
function filePart(part: Exclude<Part, { readonly type: 'text' }>, model: AiSdkModel): LanguageModelV4FilePart {
  const isUrl = part.type === 'image-url';
  const bare = isUrl ? new URL(part.url) : part.base64;
  const tagged = isUrl ? { type: 'url', url: new URL(part.url) } : { type: 'data', data: part.base64 };
  const data = model.specificationVersion === 'v3' ? bare : tagged;
  return { type: 'file', mediaType: isUrl ? 'image/*' : part.mediaType, data: data as LanguageModelV4FilePart['data'] };
}

const contentPart = (part: Part, model: AiSdkModel): LanguageModelV4TextPart | LanguageModelV4FilePart =>
  part.type === 'text' ? { type: 'text', text: part.text } : filePart(part, model);

const textOf = (parts: readonly Part[]): string =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('');

function toolOutput(parts: readonly Part[], model: AiSdkModel): LanguageModelV4ToolResultOutput {
  if (parts.every((part) => part.type === 'text')) return { type: 'text', value: textOf(parts) };
  const value = parts.map((part) => {
    if (part.type === 'text') return { type: 'text', text: part.text };
    if (model.specificationVersion !== 'v3') return filePart(part, model);
    return part.type === 'image-url'
      ? { type: 'image-url', url: part.url }
      : { type: 'image-data', data: part.base64, mediaType: part.mediaType };
  });
  return { type: 'content', value } as LanguageModelV4ToolResultOutput;
}

function toMessage(
  message: Message,
  model: AiSdkModel,
  toolNames: ReadonlyMap<string, string>,
): LanguageModelV4Message {
  const { role, parts, toolCalls, toolCallId = '' } = message;
  switch (role) {
    case 'SYSTEM':
      return { role: 'system', content: textOf(parts) };
    case 'USER':
      return { role: 'user', content: parts.map((part) => contentPart(part, model)) };
    case 'ASSISTANT':
      return {
        role: 'assistant',
        content: [
          ...parts.map((part) => contentPart(part, model)),
          ...toolCalls.map((call) => ({
            type: 'tool-call' as const,
            toolCallId: call.id,
            toolName: call.name,
            input: call.arguments,
          })),
        ],
      };
    case 'TOOL': {
      const toolName = toolNames.get(toolCallId) ?? '';
      return {
        role: 'tool',
        content: [{ type: 'tool-result', toolCallId, toolName, output: toolOutput(parts, model) }],
      };
    }
  }
}

function toPrompt(request: ChatRequest, model: AiSdkModel, facts: PackageFacts): LanguageModelV4Message[] {
  const toolNames = new Map<string, string>();
  for (const { toolCalls } of request.messages) for (const { id, name } of toolCalls) toolNames.set(id, name);
  const mark = facts.cacheMark && ({ [optionsNameOf(model, facts)]: facts.cacheMark } as SharedV4ProviderOptions);
  const prompt = request.messages.map((message) => {
    const result = toMessage(message, model, toolNames);
    return message.cacheBreakpoint && mark !== undefined ? { ...result, providerOptions: mark } : result;
  });
  const { output } = request;
  const saysJson = request.messages.some(({ parts }) => /json/i.test(textOf(parts)));
  // Without a schema some packages send no word of it, and some providers ask for the word.
  if (output.format === 'JSON' && output.schema === undefined && !saysJson) {
    prompt.unshift({ role: 'system', content: 'Answer with JSON.' });
  }
  return prompt;
}

interface Thinking {
  readonly maxOutputTokens: number;
  readonly effort?: (typeof EFFORTS)[keyof typeof EFFORTS];
  readonly options?: JsonObject;
}

/** Thinking is part of the output cap, also where a package would ask for it besides. */
function toThinking(reasoning: Reasoning | undefined, cap: number, model: AiSdkModel, facts: PackageFacts): Thinking {
  if (reasoning === undefined) return { maxOutputTokens: cap };
  const besidesCap = facts.thinksBesidesCap?.(model) === true;
  const { effort } = reasoning;
  const share = effort === undefined ? undefined : Math.max(LEAST_BUDGET_TOKENS, effortShare(effort, cap));
  const budget = reasoning.maxTokens ?? (besidesCap ? share : undefined);
  if (budget !== undefined && budget < cap && (!besidesCap || budget >= LEAST_BUDGET_TOKENS)) {
    const options = facts.thinkingOptions?.(model, budget);
    if (options !== undefined) return { maxOutputTokens: besidesCap ? cap - budget : cap, options };
  }
  // An effort alone would have the package add a budget of its own to the cap.
  if (effort === undefined || besidesCap || model.specificationVersion === 'v3') return { maxOutputTokens: cap };
  return { maxOutputTokens: cap, effort: EFFORTS[effort] };
}

/** What of the wish to think is not sent, as a sentence; the same rules as above. */
export function reasoningWarning(request: ChatRequest, model: AiSdkModel, facts: PackageFacts): string | undefined {
  const { reasoning, maxOutputTokens } = request;
  if (reasoning === undefined) return undefined;
  const { effort, options } = toThinking(reasoning, maxOutputTokens, model, facts);
  if (options !== undefined) return undefined;
  if (effort !== undefined) {
    if (reasoning.maxTokens === undefined) return undefined;
    return 'reasoning.maxTokens was not sent: this provider takes an effort only.';
  }
  if (facts.thinksBesidesCap?.(model) === true) {
    return `reasoning was not sent: this model thinks with at least ${LEAST_BUDGET_TOKENS} tokens, which reasoning.maxTokens or maxOutputTokens does not allow.`;
  }
  return 'reasoning was not sent: the package of this provider has no word for it.';
}

const toToolChoice = (choice: ToolChoice): NonNullable<AiSdkCallOptions['toolChoice']> =>
  choice.mode === 'TOOL' ? { type: 'tool', toolName: choice.name } : { type: TOOL_CHOICES[choice.mode] };

export interface AiSdkRequestOptions {
  readonly model: AiSdkModel;
  readonly facts: PackageFacts;
  readonly optionList: OptionList;
  readonly abortSignal: AbortSignal;
}

export function aiSdkCallOptions(
  request: ChatRequest,
  { model, facts, optionList, abortSignal }: AiSdkRequestOptions,
): AiSdkCallOptions {
  const { temperature, topP, stop, seed, tools, toolChoice, output } = request;
  const { maxOutputTokens, effort, options } = toThinking(request.reasoning, request.maxOutputTokens, model, facts);
  const packageOptions = { ...optionList.select(request), ...options };
  type Schema = NonNullable<Extract<NonNullable<AiSdkCallOptions['responseFormat']>, { type: 'json' }>['schema']>;
  return {
    prompt: toPrompt(request, model, facts),
    maxOutputTokens,
    abortSignal,
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop.length === 0 ? {} : { stopSequences: [...stop] }),
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, parameters }) => ({
            type: 'function' as const,
            name,
            ...(description === undefined ? {} : { description }),
            inputSchema: parameters as Schema,
          })),
        }),
    ...(toolChoice === undefined || tools.length === 0 ? {} : { toolChoice: toToolChoice(toolChoice) }),
    ...(output.format === 'TEXT'
      ? {}
      : {
          responseFormat: {
            type: 'json' as const,
            ...(output.schema === undefined ? {} : { schema: output.schema as Schema, name: output.name }),
          },
        }),
    ...(effort === undefined ? {} : { reasoning: effort }),
    ...(Object.keys(packageOptions).length === 0
      ? {}
      : { providerOptions: { [optionsNameOf(model, facts)]: packageOptions } as SharedV4ProviderOptions }),
  };
}
