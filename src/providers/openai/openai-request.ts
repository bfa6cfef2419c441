// ChatRequest → the body of POST /chat/completions.
// Reference: https://platform.openai.com/docs/api-reference/chat/create

import type { ChatRequest, Message, OutputFormat, Part, ToolChoice } from '../../core/chat.ts';
import type { OptionList } from '../provider-options.ts';
import { isStrictCompatible } from './strict-schema.ts';

export type OpenAiKind = 'openai' | 'openai-compatible';

export interface OpenAiRequestOptions {
  readonly kind: OpenAiKind;
  readonly model: string;
  readonly streamed: boolean;
  /** Ask for usage at the end of a stream; some compatible servers refuse the question. */
  readonly usageInStream: boolean;
  readonly optionList: OptionList;
}

/** What OpenAI documents and what neither changes the price nor the form of the answer. */
export const OPENAI_OPTIONS: readonly string[] = [
  'frequency_penalty',
  'logit_bias',
  'metadata',
  'parallel_tool_calls',
  'prediction',
  'presence_penalty',
  'prompt_cache_key',
  'safety_identifier',
  'user',
  'verbosity',
];
/** Samplers of vLLM, llama.cpp, Ollama, OpenRouter and their like, besides. */
export const COMPATIBLE_OPTIONS: readonly string[] = [
  ...OPENAI_OPTIONS,
  'chat_template_kwargs',
  'min_p',
  'mirostat',
  'mirostat_eta',
  'mirostat_tau',
  'repeat_penalty',
  'repetition_penalty',
  'top_a',
  'top_k',
  'typical_p',
];
/** Ours to fill in, or what would change how the answer is read. */
export const OPENAI_RESERVED: readonly string[] = [
  'functions',
  'function_call',
  'logprobs',
  'max_completion_tokens',
  'max_tokens',
  'messages',
  'modalities',
  'model',
  'n',
  'reasoning_effort',
  'response_format',
  'seed',
  // Another tier is another price for the same tokens.
  'service_tier',
  'stop',
  'stream',
  'stream_options',
  'temperature',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
];

const ROLES = { SYSTEM: 'system', USER: 'user', ASSISTANT: 'assistant', TOOL: 'tool' } as const;
const EFFORTS = { LOW: 'low', MEDIUM: 'medium', HIGH: 'high' } as const;
const TOOL_CHOICES = { AUTO: 'auto', NONE: 'none', REQUIRED: 'required' } as const;

function wirePart(part: Part): object {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image-url':
      return { type: 'image_url', image_url: { url: part.url } };
    case 'image-data':
      return { type: 'image_url', image_url: { url: `data:${part.mediaType};base64,${part.base64}` } };
  }
}

/** One text goes out as a plain string, which every compatible server takes; more than that as a list. */
function wireContent(message: Message): string | object[] | null {
  const { parts, toolCalls } = message;
  const only = parts.length === 1 ? parts[0] : undefined;
  if (only?.type === 'text') return only.text;
  if (parts.length === 0) return toolCalls.length > 0 ? null : '';
  return parts.map(wirePart);
}

function wireMessage(message: Message): object {
  const { role, toolCalls, toolCallId } = message;
  return {
    role: ROLES[role],
    content: wireContent(message),
    ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
    ...(toolCalls.length === 0
      ? {}
      : {
          tool_calls: toolCalls.map((call) => ({
            id: call.id,
            type: 'function',
            function: { name: call.name, arguments: JSON.stringify(call.arguments) },
          })),
        }),
  };
}

const wireToolChoice = (choice: ToolChoice): string | object =>
  choice.mode === 'TOOL' ? { type: 'function', function: { name: choice.name } } : TOOL_CHOICES[choice.mode];

function wireResponseFormat(output: OutputFormat): object | undefined {
  if (output.format === 'TEXT') return undefined;
  const { schema } = output;
  if (schema === undefined) return { type: 'json_object' };
  // The only characters the API takes in a name.
  const name = output.name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64) || 'answer';
  const strict = isStrictCompatible(schema) ? { strict: true } : {};
  return { type: 'json_schema', json_schema: { name, schema, ...strict } };
}

/** The API refuses `json_object` unless some message says "JSON". */
function asksForJson(request: ChatRequest): boolean {
  return request.messages.some(({ parts }) => parts.some((part) => part.type === 'text' && /json/i.test(part.text)));
}

export function openAiRequestBody(request: ChatRequest, options: OpenAiRequestOptions): string {
  const { kind, model, streamed, usageInStream, optionList } = options;
  const { messages, maxOutputTokens, temperature, topP, stop, seed, tools, toolChoice, output, reasoning } = request;
  const wireMessages = messages.map(wireMessage);
  if (output.format === 'JSON' && output.schema === undefined && !asksForJson(request)) {
    wireMessages.unshift({ role: 'system', content: 'Answer with JSON.' });
  }
  // JSON.stringify leaves out what is undefined.
  return JSON.stringify({
    ...optionList.select(request),
    model,
    messages: wireMessages,
    // Newer OpenAI models refuse `max_tokens`; many compatible servers know nothing else.
    [kind === 'openai' ? 'max_completion_tokens' : 'max_tokens']: maxOutputTokens,
    temperature,
    top_p: topP,
    stop: stop.length > 0 ? stop : undefined,
    seed,
    tools:
      tools.length > 0
        ? tools.map(({ name, description, parameters }) => ({
            type: 'function',
            function: { name, description, parameters },
          }))
        : undefined,
    // Refused by the API when there are no tools to choose from.
    tool_choice: toolChoice !== undefined && tools.length > 0 ? wireToolChoice(toolChoice) : undefined,
    reasoning_effort: reasoning?.effort === undefined ? undefined : EFFORTS[reasoning.effort],
    response_format: wireResponseFormat(output),
    stream: streamed ? true : undefined,
    stream_options: streamed && usageInStream ? { include_usage: true } : undefined,
  });
}
