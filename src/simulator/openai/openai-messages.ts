// Reads the messages of a chat completions body, and refuses conversations the API would not take.

import type { ViewMessage } from '../chat-view.ts';
import { type Image, imageFromAddress, imageFromBase64 } from '../images.ts';
import { isRecord } from '../json-record.ts';
import type { Json } from '../types.ts';
import { invalidRequest } from './openai-errors.ts';
import { wrongType } from './openai-values.ts';

const DATA_URL = /^data:(image\/(?:png|jpeg|jpg|gif|webp));base64,(.*)$/s;
const ROLES: { readonly [role: string]: ViewMessage['role'] } = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
};

/** @throws WireError 400 */
export function readMessages(value: Json | undefined): readonly ViewMessage[] {
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

function readMessage(item: Json, index: number): ViewMessage {
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
  role: ViewMessage['role'],
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

function readCalls(value: Json | undefined, at: string): ViewMessage['toolCalls'] {
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

function readImage(value: Json | undefined, at: string): Image {
  const wrapper = isRecord(value) ? value : undefined;
  const url = wrapper?.['url'];
  const detail = wrapper?.['detail'] === 'low' ? 'low' : 'usual';
  if (typeof url !== 'string') {
    throw invalidRequest(`Missing required parameter: '${at}.url'.`, at, 'missing_required_parameter');
  }
  if (!url.startsWith('data:')) {
    const image = imageFromAddress(url, detail);
    if (image !== undefined) return image;
    throw invalidRequest(
      `Failed to download image: '${at}.url' is no http(s) address.`,
      `${at}.url`,
      'invalid_image_url',
    );
  }
  const match = DATA_URL.exec(url);
  const image = match === null ? undefined : imageFromBase64(match[1] ?? '', match[2] ?? '', detail);
  if (image !== undefined) return image;
  throw invalidRequest(
    "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg', 'gif', 'webp'].",
    `${at}.url`,
    'invalid_image_format',
  );
}
