// Reads the content blocks of a Messages body, one by one.

import { type Image, imageFromAddress, imageFromBase64 } from '../images.ts';
import { isRecord } from '../json-record.ts';
import { isSignature } from '../signature.ts';
import type { Json, JsonRecord } from '../types.ts';
import { invalid, invalidRequest } from './anthropic-errors.ts';
import { readFlag, readList, readOption, readRecord, readText, refuseExtra } from './anthropic-values.ts';
import type { CacheMarks } from './cache-marks.ts';

export type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly image: Image }
  | { readonly type: 'thinking' | 'redacted_thinking' }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly arguments: string }
  | { readonly type: 'tool_result'; readonly id: string; readonly text: string; readonly images: readonly Image[] };

type Role = 'user' | 'assistant' | 'system';

const TYPES: { readonly [role in Role | 'tool_result']: readonly string[] } = {
  system: ['text'],
  user: ['image', 'text', 'tool_result'],
  assistant: ['redacted_thinking', 'text', 'thinking', 'tool_use'],
  tool_result: ['image', 'text'],
};
const FIELDS: { readonly [type: string]: readonly string[] } = {
  text: ['type', 'text', 'cache_control', 'citations'],
  image: ['type', 'source', 'cache_control', 'transformations'],
  thinking: ['type', 'thinking', 'signature'],
  redacted_thinking: ['type', 'data'],
  tool_use: ['type', 'id', 'name', 'input', 'cache_control', 'caller'],
  tool_result: ['type', 'tool_use_id', 'content', 'is_error', 'cache_control'],
};
const MEDIA_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;
const ID = /^[a-zA-Z0-9_-]+$/;

/** A string stands for one block of text. @throws Refused */
export function readBlocks(
  content: Json | undefined,
  role: Role | 'tool_result',
  at: string,
  marks: CacheMarks,
): readonly Block[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return readList(content, at).map((item, index) => readBlock(item, role, `${at}.${index}`, marks));
}

function readBlock(item: Json, role: Role | 'tool_result', at: string, marks: CacheMarks): Block {
  const block = readRecord(item, at);
  const type = readText(block['type'], `${at}.type`);
  if (!TYPES[role].includes(type)) {
    const tags = TYPES[role].map((one) => `'${one}'`).join(', ');
    throw invalid(at, `Input tag '${type}' found using 'type' does not match any of the expected tags: ${tags}`);
  }
  const here = `${at}.${type}`;
  refuseExtra(block, FIELDS[type] ?? [], here);
  const marked = marks.read(block['cache_control'], `${here}.cache_control`);
  switch (type) {
    case 'image':
      return { type, image: readImage(block['source'], `${here}.source`) };
    case 'thinking':
      if (
        !isSignature(readText(block['signature'], `${here}.signature`), readText(block['thinking'], `${here}.thinking`))
      ) {
        throw invalid(at, 'Invalid `signature` in `thinking` block');
      }
      return { type };
    case 'redacted_thinking':
      readText(block['data'], `${here}.data`);
      return { type };
    case 'tool_use':
      return readToolUse(block, here);
    case 'tool_result':
      return readToolResult(block, here, marks);
    default:
      return readTextBlock(block, here, marked);
  }
}

function readTextBlock(block: JsonRecord, at: string, marked: boolean): Block {
  const text = readText(block['text'], `${at}.text`);
  if (text === '' && marked) {
    throw invalidRequest(`${at}: cache_control cannot be set for empty text blocks`);
  }
  if (text === '') throw invalid('messages', 'text content blocks must be non-empty');
  if (text.trim() === '') throw invalid('messages', 'text content blocks must contain non-whitespace text');
  return { type: 'text', text };
}

function readToolUse(block: JsonRecord, at: string): Block {
  const id = readId(block['id'], `${at}.id`);
  const name = readText(block['name'], `${at}.name`);
  return { type: 'tool_use', id, name, arguments: JSON.stringify(readRecord(block['input'], `${at}.input`)) };
}

function readToolResult(block: JsonRecord, at: string, marks: CacheMarks): Block {
  const id = readId(block['tool_use_id'], `${at}.tool_use_id`);
  readFlag(block['is_error'], false, `${at}.is_error`);
  const content = block['content'];
  const blocks = content === undefined ? [] : readBlocks(content, 'tool_result', `${at}.content`, marks);
  return {
    type: 'tool_result',
    id,
    text: blocks.flatMap((one) => (one.type === 'text' ? [one.text] : [])).join('\n'),
    images: blocks.flatMap((one) => (one.type === 'image' ? [one.image] : [])),
  };
}

function readId(value: Json | undefined, at: string): string {
  const id = readText(value, at);
  if (!ID.test(id)) throw invalid(at, "String should match pattern '^[a-zA-Z0-9_-]+$'");
  return id;
}

function readImage(value: Json | undefined, at: string): Image {
  const source = readRecord(value, at);
  const type = readOption(source['type'], ['base64', 'url'], `${at}.type`);
  const here = `${at}.${type}`;
  if (type === 'url') {
    refuseExtra(source, ['type', 'url'], here);
    const url = readText(source['url'], `${here}.url`);
    const image = /^https:/i.test(url) ? imageFromAddress(url) : undefined;
    if (image === undefined) throw invalid(`${here}.url`, 'Only HTTPS URLs are supported.');
    return image;
  }
  refuseExtra(source, ['type', 'media_type', 'data'], here);
  const mediaType = readOption(source['media_type'], MEDIA_TYPES, `${here}.media_type`);
  const data = readText(source['data'], `${here}.data`);
  const image = imageFromBase64(mediaType, data);
  if (image === undefined) throw invalid(`${here}.data`, 'invalid base64 data');
  const seen = seenType(data);
  if (seen !== undefined && seen !== mediaType) {
    throw invalid(`${here}.data`, `Image does not match the provided media type ${mediaType}`);
  }
  return image;
}

/** What the first bytes say. */
function seenType(base64: string): (typeof MEDIA_TYPES)[number] | undefined {
  if (base64.startsWith('iVBORw0KGgo')) return 'image/png';
  if (base64.startsWith('/9j/')) return 'image/jpeg';
  if (base64.startsWith('R0lGOD')) return 'image/gif';
  return base64.startsWith('UklGR') ? 'image/webp' : undefined;
}

/** Text of what a user said, as far as it is well formed. */
export function peekText(content: Json | undefined): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return undefined;
  const texts = (content as readonly Json[]).flatMap((block) =>
    isRecord(block) && block['type'] === 'text' && typeof block['text'] === 'string' ? [block['text']] : [],
  );
  return texts.length === 0 ? undefined : texts.join('\n');
}
