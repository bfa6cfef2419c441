// Checks the messages of one call, and turns them into our words.

import type { Message, Part } from '../core/chat.ts';
import { type OutboundHosts, parseOutboundUrl } from '../platform/outbound-hosts.ts';
import type { CallInput, MessageInput, PartInput } from './call-input.ts';
import { InputProblem, NAME, requireObject, TOOL_NAME_RULE } from './input-problem.ts';

const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const MAX_URL_CHARACTERS = 8192;

/** @throws InputProblem */
export function validateMessages(input: CallInput, hosts: OutboundHosts): readonly Message[] {
  const { prompt, messages } = input;
  if (prompt !== null && prompt !== undefined) {
    if (messages !== null && messages !== undefined) {
      throw new InputProblem(['messages'], 'Give either prompt or messages, not both.');
    }
    if (prompt.trim() === '') throw new InputProblem(['prompt'], 'The prompt is empty.');
    const parts = [{ type: 'text', text: prompt }] as const;
    return [{ role: 'USER', parts, toolCalls: [], toolCallId: undefined, cacheBreakpoint: false }];
  }
  if (messages === null || messages === undefined) {
    throw new InputProblem([], 'Give a prompt or messages.');
  }
  if (messages.length === 0) throw new InputProblem(['messages'], 'messages is empty: give at least one.');
  const knownCalls = new Set<string>();
  const result = messages.map((message, index) => validateMessage(message, index, knownCalls, hosts));
  if (result.every((message) => message.role === 'SYSTEM')) {
    throw new InputProblem(['messages'], 'Besides SYSTEM messages a call needs at least one message to answer.');
  }
  return result;
}

function validateMessage(message: MessageInput, index: number, knownCalls: Set<string>, hosts: OutboundHosts): Message {
  const at = (...rest: (string | number)[]): (string | number)[] => ['messages', index, ...rest];
  const toolCalls = message.toolCalls ?? [];
  if (toolCalls.length > 0 && message.role !== 'ASSISTANT') {
    throw new InputProblem(at('toolCalls'), 'Only ASSISTANT messages carry toolCalls.');
  }
  toolCalls.forEach((call, position) => {
    if (call.id === '') throw new InputProblem(at('toolCalls', position, 'id'), 'A tool call needs an id.');
    if (!NAME.test(call.name)) throw new InputProblem(at('toolCalls', position, 'name'), TOOL_NAME_RULE);
    requireObject(call.arguments, at('toolCalls', position, 'arguments'));
    if (toolCalls.findIndex(({ id }) => id === call.id) < position) {
      throw new InputProblem(at('toolCalls', position, 'id'), 'Another call of this message has this id.');
    }
    knownCalls.add(call.id);
  });
  const toolCallId = message.toolCallId ?? undefined;
  if (message.role === 'TOOL') {
    if (toolCallId === undefined) {
      throw new InputProblem(at('toolCallId'), 'A TOOL message says by toolCallId which call it answers.');
    }
    if (!knownCalls.has(toolCallId)) {
      throw new InputProblem(at('toolCallId'), 'No earlier ASSISTANT message made a tool call with this id.');
    }
  } else if (toolCallId !== undefined) {
    throw new InputProblem(at('toolCallId'), 'Only TOOL messages carry a toolCallId.');
  }
  return {
    role: message.role,
    parts: validateParts(message, at, toolCalls.length > 0, hosts),
    toolCalls,
    toolCallId,
    cacheBreakpoint: message.cacheBreakpoint ?? false,
  };
}

function validateParts(
  message: MessageInput,
  at: (...rest: (string | number)[]) => (string | number)[],
  mayBeEmpty: boolean,
  hosts: OutboundHosts,
): readonly Part[] {
  const content = message.content ?? undefined;
  const parts = message.parts ?? undefined;
  if (content !== undefined && parts !== undefined) {
    throw new InputProblem(at('parts'), 'Give either content or parts, not both.');
  }
  if (parts !== undefined && parts.length > 0) {
    return parts.map((part, position) => validatePart(part, message.role === 'USER', at('parts', position), hosts));
  }
  // An empty tool result says something: the tool ran and had nothing to tell.
  if (content !== undefined && (content.trim() !== '' || message.role === 'TOOL'))
    return [{ type: 'text', text: content }];
  if (mayBeEmpty) return [];
  throw new InputProblem(at(content === undefined ? 'parts' : 'content'), 'The message is empty.');
}

function validatePart(part: PartInput, mayHoldImages: boolean, path: (string | number)[], hosts: OutboundHosts): Part {
  const given = [part.text, part.imageUrl, part.imageBase64].filter((value) => value !== null && value !== undefined);
  if (given.length !== 1) throw new InputProblem(path, 'Give exactly one of text, imageUrl and imageBase64.');
  if (part.text !== null && part.text !== undefined) {
    if (part.text === '') throw new InputProblem([...path, 'text'], 'The text is empty.');
    return { type: 'text', text: part.text };
  }
  if (!mayHoldImages) throw new InputProblem(path, 'Images may stand in USER messages only.');
  if (part.imageUrl !== null && part.imageUrl !== undefined) {
    checkImageUrl(part.imageUrl, [...path, 'imageUrl'], hosts);
    return { type: 'image-url', url: part.imageUrl };
  }
  if (!IMAGE_TYPES.includes(part.mediaType ?? '')) {
    throw new InputProblem([...path, 'mediaType'], `imageBase64 needs a mediaType, one of ${IMAGE_TYPES.join(', ')}.`);
  }
  const base64 = part.imageBase64 ?? '';
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) {
    throw new InputProblem(
      [...path, 'imageBase64'],
      'imageBase64 must be standard base64 with padding, without "data:".',
    );
  }
  return { type: 'image-data', base64, mediaType: part.mediaType ?? '' };
}

/** Whoever fetches the image, we or a model server beside us, is not to be led into our own network. */
function checkImageUrl(text: string, path: (string | number)[], hosts: OutboundHosts): void {
  const url = text.length > MAX_URL_CHARACTERS ? undefined : parseOutboundUrl(text);
  const isWeb = url?.protocol === 'https:' || (url?.protocol === 'http:' && hosts.allows(url));
  if (url === undefined || !isWeb || url.username !== '' || url.password !== '') {
    throw new InputProblem(path, 'imageUrl must be an https:// address without user name or password.');
  }
  if (hosts.refuses(url)) {
    throw new InputProblem(
      path,
      'imageUrl leads to a private network. Give a public address; an operator may allow a host by name (outbound.allowedHosts).',
    );
  }
}
