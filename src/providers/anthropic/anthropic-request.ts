// ChatRequest → the body of POST /messages, and what of it is not sent as asked: one function, so that they agree.
// Reference: https://platform.claude.com/docs/en/api/messages/create

import type { ChatRequest, OutputFormat } from '../../core/chat.ts';
import type { JsonObject } from '../../core/json.ts';
import { jsonInWords } from '../json-in-words.ts';
import type { OptionList } from '../provider-options.ts';
import { readConversation } from './anthropic-messages.ts';
import { type ModelTraits, modelTraits } from './anthropic-models.ts';
import { fitSchema } from './anthropic-schema.ts';
import { wireSampling, wireThinking } from './anthropic-thinking.ts';
import { wireTools } from './anthropic-tools.ts';

/** Neither changes a price, nor what is counted, nor how the answer is read. */
export const ANTHROPIC_OPTIONS: readonly string[] = ['disable_parallel_tool_use', 'metadata', 'top_k'];
/**
 * Ours to fill in; or they make the same tokens cost otherwise (tiers, speed, region, caches kept longer), have another
 * model or a tool of the provider answer, or bring answers of another form.
 */
export const ANTHROPIC_RESERVED: readonly string[] = [
  'cache_control',
  'compaction',
  'container',
  'context_management',
  'fallbacks',
  'inference_geo',
  'max_tokens',
  'mcp_servers',
  'messages',
  'model',
  'output_config',
  'output_format',
  'service_tier',
  'speed',
  'stop_sequences',
  'stream',
  'system',
  'temperature',
  'thinking',
  'thread',
  'tool_choice',
  'tools',
  'top_p',
];

export interface AnthropicRequest {
  /** All but `stream`. */
  readonly body: Readonly<Record<string, unknown>>;
  /** JSON was only asked for in words: it may come in a code fence. */
  readonly mayBeFenced: boolean;
  /** Whole sentences for the caller. */
  readonly warnings: readonly string[];
}

export function anthropicRequest(request: ChatRequest, model: string, optionList: OptionList): AnthropicRequest {
  const warnings: string[] = [];
  const warn = (warning: string): void => {
    warnings.push(warning);
  };
  const traits = modelTraits(model);
  const { top_k: askedTopK, disable_parallel_tool_use: disableParallel, ...options } = optionList.select(request);

  const output = wireOutput(request.output, traits, warn);
  // Held to a schema, no model goes on writing what it did not begin.
  const mayContinue = traits.continuesAssistant && output.schema === undefined;
  const conversation = readConversation(request.messages, mayContinue, warn);
  const { calledTools } = conversation;
  const { tools, toolChoice, forced } = wireTools({ request, calledTools, disableParallel, traits }, warn);
  const { thinking, effort } = wireThinking({ request, traits, conversation, forcedTools: forced }, warn);
  const asked = { temperature: request.temperature, topP: request.topP, topK: askedTopK };
  const { temperature, topP, topK } = wireSampling(asked, traits.sampling, thinking !== undefined, warn);
  const stop = request.stop.filter((sequence) => sequence.trim() !== '');
  if (stop.length < request.stop.length) {
    warn('A stop sequence of nothing but white space was not sent: this provider takes none.');
  }
  if (request.seed !== undefined) warn('seed was not sent: this provider takes none.');

  const system = [
    ...conversation.system,
    ...(output.instruction === undefined ? [] : [{ type: 'text', text: output.instruction }]),
  ];
  const format = output.schema && { type: 'json_schema', schema: output.schema };
  // JSON.stringify leaves out what is undefined.
  const body = {
    ...options,
    model,
    max_tokens: request.maxOutputTokens,
    system: system.length === 0 ? undefined : system,
    messages: conversation.messages,
    temperature,
    top_p: topP,
    top_k: topK,
    stop_sequences: stop.length === 0 ? undefined : stop,
    tools,
    tool_choice: toolChoice,
    thinking,
    output_config: format === undefined && effort === undefined ? undefined : { effort, format },
  };
  return { body, mayBeFenced: output.instruction !== undefined, warnings };
}

interface WireOutput {
  /** The answer is held to it. */
  readonly schema: JsonObject | undefined;
  /** A wish in words, where there is no other way to ask. */
  readonly instruction: string | undefined;
}

/** The API knows JSON with a schema only. */
function wireOutput(output: OutputFormat, traits: ModelTraits, warn: (warning: string) => void): WireOutput {
  if (output.format === 'TEXT') return { schema: undefined, instruction: undefined };
  if (output.schema === undefined) return { schema: undefined, instruction: jsonInWords(undefined) };
  const schema = traits.schemas ? fitSchema(output.schema) : undefined;
  if (schema !== undefined) return { schema, instruction: undefined };
  const why = traits.schemas ? 'this provider cannot hold an answer to it' : 'this model cannot be held to one';
  warn(`output.schema was sent in words: ${why}. The answer is checked all the same.`);
  return { schema: undefined, instruction: jsonInWords(output.schema) };
}
