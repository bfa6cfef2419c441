// Reads the body of a chat completions call: refuses what the real API refuses, in its words, and keeps what decides
// the answer.

import { type Image, readImage } from './images.ts';
import type { Json, JsonRecord } from './types.ts';
import { invalidRequest } from './wire-errors.ts';

export interface WireTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonRecord;
}

export interface WireMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly text: string;
  readonly images: readonly Image[];
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly toolCallId: string | undefined;
}

export type WireToolChoice =
  | { readonly mode: 'none' | 'auto' | 'required' }
  | { readonly mode: 'named'; readonly name: string };

export type WireFormat =
  | { readonly type: 'text' | 'json_object' }
  | { readonly type: 'json_schema'; readonly schema: JsonRecord };

export interface ChatView {
  readonly model: string;
  readonly messages: readonly WireMessage[];
  readonly lastUser: WireMessage | undefined;
  readonly streamed: boolean;
  readonly includeUsage: boolean;
  readonly hasStreamOptions: boolean;
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  readonly tools: readonly WireTool[];
  readonly toolChoice: WireToolChoice;
  readonly parallelToolCalls: boolean;
  readonly format: WireFormat;
  readonly body: JsonRecord;
}

const KNOWN = new Set(
  `model messages stream stream_options max_tokens max_completion_tokens stop tools tool_choice parallel_tool_calls
  response_format temperature top_p seed n user metadata store frequency_penalty presence_penalty logit_bias logprobs
  top_logprobs reasoning_effort verbosity service_tier safety_identifier prompt_cache_key prompt_cache_retention
  modalities prediction web_search_options functions function_call audio`.split(/\s+/),
);
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const ROLES: { readonly [role: string]: WireMessage['role'] } = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
};

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The model a body asks for, before anything else of it is looked at. */
export function readModel(body: JsonRecord): string {
  const model = body['model'];
  if (model === undefined || model === null) throw invalidRequest('you must provide a model parameter');
  if (typeof model !== 'string') throw wrongType('model', 'a string', model);
  return model;
}

/** Text of the last user message, for matching; '' while it is not known to be well formed. */
export function readLastUserText(body: JsonRecord): string {
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
export function readChat(body: JsonRecord): ChatView {
  for (const name of Object.keys(body)) {
    if (!KNOWN.has(name)) throw invalidRequest(`Unknown parameter: '${name}'.`, name, 'unknown_parameter');
  }
  const model = readModel(body);
  const messages = readMessages(body['messages']);
  const streamed = readBoolean(body, 'stream', false);
  const streamOptions = body['stream_options'] ?? undefined;
  if (streamOptions !== undefined) {
    if (!isRecord(streamOptions)) throw wrongType('stream_options', 'an object', streamOptions);
    if (!streamed) {
      throw invalidRequest(
        "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        'stream_options',
      );
    }
  }
  readNumber(body, 'temperature', 0, 2);
  readNumber(body, 'top_p', 0, 1);
  readNumber(body, 'frequency_penalty', -2, 2);
  readNumber(body, 'presence_penalty', -2, 2);
  const seed = body['seed'] ?? undefined;
  if (seed !== undefined && !Number.isInteger(seed)) throw wrongType('seed', 'an integer', seed);
  const choices = body['n'] ?? 1;
  if (choices !== 1) throw invalidRequest("Only 'n': 1 is offered here.", 'n', 'unsupported_value');
  const tools = readTools(body['tools']);
  return {
    model,
    messages,
    lastUser: messages.findLast((message) => message.role === 'user'),
    streamed,
    includeUsage: streamOptions?.['include_usage'] === true,
    hasStreamOptions: streamOptions !== undefined,
    maxTokens: readMaxTokens(body),
    stop: readStop(body['stop']),
    tools,
    toolChoice: readToolChoice(body['tool_choice'], tools),
    parallelToolCalls: readBoolean(body, 'parallel_tool_calls', true),
    format: readFormat(body['response_format'], messages),
    body,
  };
}

function readMessages(value: Json | undefined): readonly WireMessage[] {
  if (value === undefined) {
    throw invalidRequest("Missing required parameter: 'messages'.", 'messages', 'missing_required_parameter');
  }
  if (!Array.isArray(value)) throw wrongType('messages', 'an array of objects', value);
  if (value.length === 0) {
    throw invalidRequest(
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      'messages',
      'empty_array',
    );
  }
  let awaited = new Set<string>();
  const messages = value.map((item: Json, index) => {
    const message = readMessage(item, index);
    if (message.role === 'tool') {
      if (!awaited.delete(message.toolCallId ?? '')) {
        throw invalidRequest(
          "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
          `messages.[${index}].role`,
        );
      }
    } else {
      refuseUnanswered(awaited, index);
      awaited = new Set(message.toolCalls.map((call) => call.id));
    }
    return message;
  });
  refuseUnanswered(awaited, messages.length);
  return messages;
}

function refuseUnanswered(awaited: ReadonlySet<string>, index: number): void {
  if (awaited.size === 0) return;
  throw invalidRequest(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...awaited].join(', ')}`,
    `messages.[${index}].role`,
  );
}

function readMessage(item: Json, index: number): WireMessage {
  const at = `messages[${index}]`;
  if (!isRecord(item)) throw wrongType(at, 'an object', item);
  const role = typeof item['role'] === 'string' ? ROLES[item['role']] : undefined;
  if (role === undefined) {
    throw invalidRequest(
      `Invalid value for '${at}.role'. Supported values are: 'system', 'assistant', 'user', 'tool', and 'developer'.`,
      `${at}.role`,
      'invalid_value',
    );
  }
  const calls = role === 'assistant' ? readCalls(item['tool_calls'], at) : [];
  const content = item['content'] ?? undefined;
  if (content === undefined && calls.length === 0 && role !== 'assistant') {
    throw invalidRequest(`Invalid value for 'content': expected a string, got null.`, `${at}.content`);
  }
  const toolCallId = item['tool_call_id'];
  if (role === 'tool' && typeof toolCallId !== 'string') {
    throw invalidRequest(
      `Missing required parameter: '${at}.tool_call_id'.`,
      `${at}.tool_call_id`,
      'missing_required_parameter',
    );
  }
  const { text, images } = readContent(content, `${at}.content`, role);
  return { role, text, images, toolCalls: calls, toolCallId: typeof toolCallId === 'string' ? toolCallId : undefined };
}

function readContent(
  content: Json | undefined,
  at: string,
  role: WireMessage['role'],
): { readonly text: string; readonly images: readonly Image[] } {
  if (content === undefined) return { text: '', images: [] };
  if (typeof content === 'string') return { text: content, images: [] };
  if (!Array.isArray(content)) throw wrongType(at, 'one of an array of objects or string', content);
  const texts: string[] = [];
  const images: Image[] = [];
  content.forEach((part: Json, index) => {
    const type = isRecord(part) ? part['type'] : undefined;
    if (isRecord(part) && type === 'text' && typeof part['text'] === 'string') texts.push(part['text']);
    else if (isRecord(part) && type === 'image_url' && role === 'user') {
      images.push(readImage(part['image_url'], `${at}[${index}].image_url`));
    } else {
      throw invalidRequest(
        `Invalid value for '${at}[${index}]': a ${role} message takes parts of type 'text'${role === 'user' ? " and 'image_url'" : ''} with their content.`,
        `${at}[${index}].type`,
        'invalid_value',
      );
    }
  });
  return { text: texts.join('\n'), images };
}

function readCalls(value: Json | undefined, at: string): WireMessage['toolCalls'] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrongType(`${at}.tool_calls`, 'an array of objects', value);
  return value.map((call: Json, index) => {
    const wanted = isRecord(call) && isRecord(call['function']) ? call['function'] : undefined;
    const id = isRecord(call) ? call['id'] : undefined;
    const name = wanted?.['name'];
    const text = wanted?.['arguments'];
    if (typeof id !== 'string' || typeof name !== 'string' || typeof text !== 'string') {
      throw invalidRequest(
        `Invalid '${at}.tool_calls[${index}]': expected { id, type: 'function', function: { name, arguments } } with strings.`,
        `${at}.tool_calls[${index}]`,
        'invalid_type',
      );
    }
    return { id, name, arguments: text };
  });
}

function readTools(value: Json | undefined): readonly WireTool[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrongType('tools', 'an array of objects', value);
  if (value.length === 0) {
    throw invalidRequest("Invalid 'tools': empty array.", 'tools', 'empty_array');
  }
  return value.map((tool: Json, index) => {
    const at = `tools[${index}].function`;
    const wanted = isRecord(tool) && tool['type'] === 'function' ? tool['function'] : undefined;
    if (!isRecord(wanted))
      throw invalidRequest(`Missing required parameter: '${at}'.`, at, 'missing_required_parameter');
    const name = readName(wanted['name'], `${at}.name`);
    const parameters = wanted['parameters'] ?? {};
    if (!isRecord(parameters)) throw wrongType(`${at}.parameters`, 'an object', parameters);
    const type = parameters['type'];
    if (type !== undefined && type !== 'object') {
      throw invalidRequest(
        `Invalid schema for function '${name}': schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(type)}'.`,
        `${at}.parameters`,
        'invalid_function_parameters',
      );
    }
    if (wanted['strict'] === true) refuseLoose(parameters, `function '${name}'`, `${at}.parameters`);
    const description = wanted['description'];
    return { name, description: typeof description === 'string' ? description : '', parameters };
  });
}

function readToolChoice(value: Json | undefined, tools: readonly WireTool[]): WireToolChoice {
  if (value === undefined || value === null) return { mode: tools.length === 0 ? 'none' : 'auto' };
  if (value === 'none' || value === 'auto' || value === 'required') {
    if (tools.length === 0 && value !== 'none') {
      throw invalidRequest(
        "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
        'tool_choice',
      );
    }
    return { mode: value };
  }
  const wanted = isRecord(value) && value['type'] === 'function' ? value['function'] : undefined;
  const name = isRecord(wanted) ? wanted['name'] : undefined;
  if (typeof name !== 'string' || !tools.some((tool) => tool.name === name)) {
    throw invalidRequest(
      `Invalid value for 'tool_choice': no function named ${JSON.stringify(name ?? null)} was specified in the 'tools' parameter.`,
      'tool_choice',
    );
  }
  return { mode: 'named', name };
}

function readFormat(value: Json | undefined, messages: readonly WireMessage[]): WireFormat {
  if (value === undefined || value === null) return { type: 'text' };
  const type = isRecord(value) ? value['type'] : undefined;
  if (type === 'text') return { type };
  if (type === 'json_object') {
    if (!messages.some((message) => /json/i.test(message.text))) {
      throw invalidRequest(
        "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
        'messages',
      );
    }
    return { type };
  }
  if (!isRecord(value) || type !== 'json_schema') {
    throw invalidRequest(
      "Invalid value for 'response_format.type'. Supported values are: 'json_object', 'json_schema', and 'text'.",
      'response_format.type',
      'invalid_value',
    );
  }
  const wrapper = value['json_schema'];
  const at = 'response_format.json_schema';
  if (!isRecord(wrapper))
    throw invalidRequest(`Missing required parameter: '${at}'.`, at, 'missing_required_parameter');
  const name = readName(wrapper['name'], `${at}.name`);
  const schema = wrapper['schema'] ?? {};
  if (!isRecord(schema)) throw wrongType(`${at}.schema`, 'an object', schema);
  if (wrapper['strict'] === true) refuseLoose(schema, `response_format '${name}'`, 'response_format');
  return { type, schema };
}

/** What strict mode asks of a schema: its root an object, and every object closed with all its properties required. */
function refuseLoose(schema: JsonRecord, of: string, param: string): void {
  const refuse = (context: string, problem: string) =>
    invalidRequest(`Invalid schema for ${of}: In context=(${context}), ${problem}`, param, 'invalid_json_schema');
  if (schema['type'] !== 'object') throw refuse('', `schema must be a JSON Schema of 'type: "object"'.`);
  const visit = (value: Json | undefined, context: string): void => {
    if (Array.isArray(value)) {
      for (const item of value as readonly Json[]) visit(item, context);
      return;
    }
    if (!isRecord(value)) return;
    const properties = value['properties'];
    if (value['type'] === 'object') {
      if (value['additionalProperties'] !== false) {
        throw refuse(context, "'additionalProperties' is required to be supplied and to be false.");
      }
      const required = Array.isArray(value['required']) ? value['required'] : [];
      const missing = Object.keys(isRecord(properties) ? properties : {}).find((name) => !required.includes(name));
      if (missing !== undefined) {
        throw refuse(
          context,
          `'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`,
        );
      }
    }
    for (const key of ['properties', '$defs', 'definitions']) {
      const members = value[key];
      if (!isRecord(members)) continue;
      for (const [name, member] of Object.entries(members)) visit(member, `'${key}', '${name}'`);
    }
    for (const key of ['items', 'anyOf']) visit(value[key], `'${key}'`);
  };
  visit(schema, '');
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

function readWhole(body: JsonRecord, name: string): number | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(name, 'an integer', value);
  if (value < 1) {
    throw invalidRequest(
      `Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${value} instead.`,
      name,
      'integer_below_min_value',
    );
  }
  return value;
}

function readStop(value: Json | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  const list: readonly Json[] = Array.isArray(value) ? value : [value as Json];
  if (list.length > 4) {
    throw invalidRequest(
      `Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length ${list.length} instead.`,
      'stop',
      'array_above_max_length',
    );
  }
  return list.map((item) => {
    if (typeof item !== 'string') throw wrongType('stop', 'a string or an array of strings', item);
    return item;
  });
}

function readNumber(body: JsonRecord, name: string, low: number, high: number): void {
  const value = body[name] ?? undefined;
  if (value === undefined) return;
  if (typeof value !== 'number') throw wrongType(name, 'a decimal', value);
  if (value >= low && value <= high) return;
  const [side, sign, bound] = value < low ? ['below minimum', '>=', low] : ['above maximum', '<=', high];
  throw invalidRequest(
    `Invalid '${name}': decimal ${side} value. Expected a value ${sign} ${bound}, but got ${value} instead.`,
    name,
    value < low ? 'decimal_below_min_value' : 'decimal_above_max_value',
  );
}

function readBoolean(body: JsonRecord, name: string, otherwise: boolean): boolean {
  const value = body[name] ?? otherwise;
  if (typeof value !== 'boolean') throw wrongType(name, 'a boolean', value);
  return value;
}

function readName(value: Json | undefined, at: string): string {
  if (typeof value === 'string' && NAME.test(value)) return value;
  throw invalidRequest(
    `Invalid '${at}': expected a string of 1 to 64 characters that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
    at,
    'invalid_value',
  );
}

function wrongType(at: string, expected: string, value: unknown) {
  const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
  return invalidRequest(`Invalid type for '${at}': expected ${expected}, but got ${got} instead.`, at, 'invalid_type');
}
