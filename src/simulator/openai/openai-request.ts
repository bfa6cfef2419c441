// Reads the body of a chat completions call: refuses what the real API refuses, in its words, and keeps what decides
// the answer.

import { type ChatView, thinksAsUsual, type ViewThinking } from '../chat-view.ts';
import { isRecord } from '../json-record.ts';
import type { Behaviour, JsonRecord } from '../types.ts';
import type { Glance, WireRequest } from '../wire-format.ts';
import { invalidRequest } from './openai-errors.ts';
import { readMessages } from './openai-messages.ts';
import { readFormat, readToolChoice, readTools } from './openai-tools.ts';
import { readBoolean, readNumber, readStop, readWhole, wrongType } from './openai-values.ts';

export interface OpenAiView extends ChatView {
  readonly includeUsage: boolean;
}

const KNOWN = new Set(
  `model messages stream stream_options max_tokens max_completion_tokens stop tools tool_choice parallel_tool_calls
  response_format temperature top_p seed n user metadata store frequency_penalty presence_penalty logit_bias logprobs
  top_logprobs reasoning_effort verbosity service_tier safety_identifier prompt_cache_key prompt_cache_retention
  modalities prediction web_search_options functions function_call audio`.split(/\s+/),
);
const EFFORTS: readonly unknown[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];

/** @throws WireError 400 */
export function glanceAt({ body }: WireRequest): Glance {
  const streamed = body['stream'] === true;
  return {
    model: readModel(body),
    streamed,
    contentType: streamed ? 'text/event-stream; charset=utf-8' : 'application/json',
    lastUserText: readLastUserText(body),
  };
}

function readModel(body: JsonRecord): string {
  const model = body['model'];
  if (model === undefined || model === null) throw invalidRequest('you must provide a model parameter');
  if (typeof model !== 'string') throw wrongType('model', 'a string', model);
  return model;
}

function readLastUserText(body: JsonRecord): string {
  const messages = body['messages'];
  if (!Array.isArray(messages)) return '';
  for (let index = messages.length - 1; index >= 0; index--) {
    const message: unknown = messages[index];
    if (!isRecord(message) || message['role'] !== 'user') continue;
    const content = message['content'];
    if (typeof content === 'string') return content;
    if (!Array.isArray(content)) return '';
    return content.map((part) => (isRecord(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('\n');
  }
  return '';
}

/** @throws WireError 400 */
export function readChat({ body }: WireRequest, { refusesStreamOptions }: Behaviour): OpenAiView {
  if (refusesStreamOptions === true && (body['stream_options'] ?? null) !== null) {
    throw invalidRequest("Unknown parameter: 'stream_options'.", 'stream_options', 'unknown_parameter');
  }
  for (const name of Object.keys(body)) {
    if (!KNOWN.has(name)) throw invalidRequest(`Unknown parameter: '${name}'.`, name, 'unknown_parameter');
  }
  const model = readModel(body);
  const messages = readMessages(body['messages']);
  const streamed = readBoolean(body, 'stream', false);
  const temperature = readNumber(body, 'temperature', 0, 2);
  const topP = readNumber(body, 'top_p', 0, 1);
  readNumber(body, 'frequency_penalty', -2, 2);
  readNumber(body, 'presence_penalty', -2, 2);
  const seed = body['seed'] ?? undefined;
  if (seed !== undefined && (typeof seed !== 'number' || !Number.isInteger(seed))) {
    throw wrongType('seed', 'an integer', seed);
  }
  const choices = body['n'] ?? 1;
  if (choices !== 1) throw invalidRequest("Only 'n': 1 is offered here.", 'n', 'unsupported_value');
  const tools = readTools(body['tools']);
  return {
    model,
    messages,
    streamed,
    includeUsage: readIncludeUsage(body, streamed),
    maxTokens: readMaxTokens(body),
    stop: readStop(body['stop']),
    tools,
    toolChoice: readToolChoice(body['tool_choice'], tools),
    parallelToolCalls: readBoolean(body, 'parallel_tool_calls', true),
    format: readFormat(body['response_format'], messages),
    thinking: readThinking(body),
    sampling: { seed, temperature, topP },
  };
}

function readIncludeUsage(body: JsonRecord, streamed: boolean): boolean {
  const options = body['stream_options'] ?? undefined;
  if (options === undefined) return false;
  if (!isRecord(options)) throw wrongType('stream_options', 'an object', options);
  if (!streamed) {
    throw invalidRequest("The 'stream_options' parameter is only allowed when 'stream' is enabled.", 'stream_options');
  }
  return options['include_usage'] === true;
}

function readThinking(body: JsonRecord): ViewThinking {
  const effort = body['reasoning_effort'] ?? undefined;
  if (effort === undefined) return thinksAsUsual;
  if (!EFFORTS.includes(effort)) {
    throw invalidRequest(
      `Invalid value for 'reasoning_effort'. Supported values are: ${EFFORTS.map((one) => `'${one}'`).join(', ')}.`,
      'reasoning_effort',
      'invalid_value',
    );
  }
  return { wanted: effort !== 'none', maxTokens: undefined };
}

function readMaxTokens(body: JsonRecord): number | undefined {
  const old = readWhole(body, 'max_tokens');
  const current = readWhole(body, 'max_completion_tokens');
  if (old !== undefined && current !== undefined) {
    throw invalidRequest(
      "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
      'max_tokens',
      'invalid_parameter_combination',
    );
  }
  return current ?? old;
}
