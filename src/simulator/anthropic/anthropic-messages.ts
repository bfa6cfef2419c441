// Reads the conversation of a Messages body: turns, and the results that have to follow the use of tools.

import type { ViewMessage } from '../chat-view.ts';
import type { Json } from '../types.ts';
import { type Block, readBlocks } from './anthropic-blocks.ts';
import { invalid, invalidRequest } from './anthropic-errors.ts';
import { readList, readOption, readRecord, refuseExtra, required } from './anthropic-values.ts';
import type { CacheMarks } from './cache-marks.ts';

/** Messages of the same role in a row are one turn. */
interface Turn {
  readonly role: 'user' | 'assistant' | 'system';
  /** Of its first message. */
  readonly index: number;
  readonly blocks: readonly Block[];
}

/** @throws Refused */
export function readSystem(value: Json | undefined, marks: CacheMarks): readonly ViewMessage[] {
  if (value === undefined) return [];
  const text = textOf(readBlocks(value, 'system', 'system', marks));
  return text === '' ? [] : [{ role: 'system', text, images: [], toolCalls: [], toolCallId: undefined }];
}

/**
 * @param thinks thinking with a budget is on, so that a turn in the middle of tool use has to begin with its thinking
 * @throws Refused
 */
export function readMessages(value: Json | undefined, thinks: boolean, marks: CacheMarks): readonly ViewMessage[] {
  const list = readList(value, 'messages');
  if (list.length === 0) throw invalid('messages', 'at least one message is required');
  const turns = joinTurns(list.map((item, index) => readTurn(item, index, marks)));
  if (turns[0]?.role !== 'user') throw invalid('messages', 'first message must use the "user" role');
  if (turns.at(-1)?.role === 'assistant') {
    throw invalidRequest(
      'This model does not support assistant message prefill. The conversation must end with a user message.',
    );
  }
  checkSystemTurns(turns);
  checkToolUse(turns);
  if (thinks) checkThinking(turns);
  return turns.flatMap(flatten);
}

function readTurn(item: Json, index: number, marks: CacheMarks): Turn {
  const at = `messages.${index}`;
  const message = readRecord(item, at);
  refuseExtra(message, ['role', 'content'], at);
  const role = readOption(message['role'], ['user', 'assistant', 'system'], `${at}.role`);
  const blocks = readBlocks(required(message['content'], `${at}.content`), role, `${at}.content`, marks);
  if (blocks.length === 0) {
    throw invalid(
      at,
      role === 'assistant'
        ? 'all messages must have non-empty content except for the optional final assistant message'
        : `${role} messages must have non-empty content`,
    );
  }
  return { role, index, blocks };
}

function joinTurns(turns: readonly Turn[]): readonly Turn[] {
  const joined: Turn[] = [];
  for (const turn of turns) {
    const last = joined.at(-1);
    if (last?.role === turn.role) joined[joined.length - 1] = { ...last, blocks: [...last.blocks, ...turn.blocks] };
    else joined.push(turn);
  }
  return joined;
}

function checkSystemTurns(turns: readonly Turn[]): void {
  turns.forEach((turn, position) => {
    if (turn.role === 'system' && turns[position - 1]?.role !== 'user') {
      throw invalid(`messages.${turn.index}`, "role 'system' must follow a user turn");
    }
  });
}

function checkToolUse(turns: readonly Turn[]): void {
  const seen = new Set<string>();
  turns.forEach((turn, position) => {
    const calls = turn.blocks.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
    for (const id of calls) {
      if (seen.has(id)) throw invalid('messages', '`tool_use` ids must be unique');
      seen.add(id);
    }
    const before = turns[position - 1];
    checkResults(turn, before?.role === 'assistant' ? before : undefined);
    if (calls.length > 0 && position === turns.length - 1) throw unanswered(turn, calls);
  });
}

/** Results come first in their turn, one for each call of the turn before, and for no other. */
function checkResults(turn: Turn, before: Turn | undefined): void {
  const calls = new Set(before?.blocks.flatMap((block) => (block.type === 'tool_use' ? [block.id] : [])));
  const leading = turn.blocks.findIndex((block) => block.type !== 'tool_result');
  const answered = new Set<string>();
  turn.blocks.forEach((block, position) => {
    if (block.type !== 'tool_result') return;
    if (!calls.has(block.id)) {
      throw invalid(
        `messages.${turn.index}.content.${position}`,
        `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${block.id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      );
    }
    if (answered.has(block.id)) {
      throw invalid(
        `messages.${turn.index}.content.${position}`,
        `each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${block.id}`,
      );
    }
    if (leading < 0 || position < leading) answered.add(block.id);
  });
  const missing = [...calls].filter((id) => !answered.has(id));
  if (before !== undefined && missing.length > 0) throw unanswered(before, missing);
}

const unanswered = (turn: Turn, ids: readonly string[]) =>
  invalid(
    `messages.${turn.index}`,
    `\`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
  );

function checkThinking(turns: readonly Turn[]): void {
  const last = turns.findLast((turn) => turn.role === 'assistant');
  const first = last?.blocks[0]?.type;
  const inToolUse = turns.at(-1)?.blocks.some((block) => block.type === 'tool_result') === true;
  if (!inToolUse || last === undefined || first === 'thinking' || first === 'redacted_thinking') return;
  throw invalid(
    `messages.${last.index}.content.0.type`,
    `Expected \`thinking\` or \`redacted_thinking\`, but found \`${first}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks). To avoid this requirement, disable \`thinking\`.`,
  );
}

/** Results of tools are messages of their own in the common view, before what the user says besides. */
function flatten({ role, blocks }: Turn): readonly ViewMessage[] {
  const messages: ViewMessage[] = blocks.flatMap((block) =>
    block.type === 'tool_result'
      ? [{ role: 'tool', text: block.text, images: block.images, toolCalls: [], toolCallId: block.id }]
      : [],
  );
  const images = blocks.flatMap((block) => (block.type === 'image' ? [block.image] : []));
  const toolCalls = blocks.flatMap((block) => (block.type === 'tool_use' ? [block] : []));
  const text = textOf(blocks);
  if (text !== '' || images.length > 0 || toolCalls.length > 0 || messages.length === 0) {
    messages.push({ role, text, images, toolCalls, toolCallId: undefined });
  }
  return messages;
}

const textOf = (blocks: readonly Block[]) =>
  blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
