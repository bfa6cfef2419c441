// Our messages → `system` and `messages`. The API wants turns of user and assistant, a user's at both ends, the results of
// tools first in the turn after their calls, and no blank text.
// Reference: https://platform.claude.com/docs/en/api/messages/create

import type { Message, Part } from '../../core/chat.ts';

export interface Conversation {
  readonly system: readonly object[];
  readonly messages: readonly object[];
  /** Names of the tools that were called in it. */
  readonly calledTools: readonly string[];
  /** Its last assistant turn calls tools, so the answer belongs to that turn. */
  readonly endsInToolCalls: boolean;
  /** Its last message is the assistant's, and the model is to go on writing it. */
  readonly continuesAssistant: boolean;
}

interface Block {
  readonly wire: Readonly<Record<string, unknown>>;
  readonly cacheBreakpoint: boolean;
}

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly blocks: Block[];
}

/** https://platform.claude.com/docs/en/build-with-claude/prompt-caching#when-to-use-multiple-breakpoints */
const MOST_BREAKPOINTS = 4;
/** Said for a user where the API wants one and there is none. */
const FILLER = 'Continue.';

const isBlank = (part: Part): boolean => part.type === 'text' && part.text.trim() === '';

/** The API takes letters, digits, "_" and "-" only; a conversation may come from another provider. */
const wireToolId = (id: string): string =>
  id.replaceAll(/[^A-Za-z0-9_-]/g, (character) => `_${character.charCodeAt(0).toString(16)}`);

function wirePart(part: Part): Block['wire'] {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image-url':
      return { type: 'image', source: { type: 'url', url: part.url } };
    case 'image-data':
      return { type: 'image', source: { type: 'base64', media_type: part.mediaType, data: part.base64 } };
  }
}

function wireBlocks({ role, parts, toolCalls, toolCallId }: Message): Block['wire'][] {
  const content = parts.filter((part) => !isBlank(part)).map(wirePart);
  if (role === 'TOOL') {
    const result = { type: 'tool_result', tool_use_id: wireToolId(toolCallId ?? '') };
    return [content.length === 0 ? result : { ...result, content }];
  }
  const calls = toolCalls.map((call) => ({
    type: 'tool_use',
    id: wireToolId(call.id),
    name: call.name,
    input: call.arguments,
  }));
  return [...content, ...calls];
}

const isToolResult = ({ wire }: Block): boolean => wire['type'] === 'tool_result';
const isToolUse = ({ wire }: Block): boolean => wire['type'] === 'tool_use';

/** `mayContinue`: whether the model may be left to go on writing an ASSISTANT message at the end. */
export function readConversation(
  messages: readonly Message[],
  mayContinue: boolean,
  warn: (warning: string) => void,
): Conversation {
  const system: Block[] = [];
  const turns: Turn[] = [];

  function blocksOf(message: Message): Block[] {
    const wires = wireBlocks(message);
    if (message.cacheBreakpoint && wires.length === 0) {
      warn('cacheBreakpoint was not sent: its message is blank, and blank text is not sent.');
    }
    return wires.map((wire, index) => ({
      wire,
      cacheBreakpoint: message.cacheBreakpoint && index === wires.length - 1,
    }));
  }

  let misplaced = false;
  for (const message of messages) {
    const blocks = blocksOf(message);
    if (message.role === 'SYSTEM') {
      misplaced ||= turns.length > 0;
      system.push(...blocks);
      continue;
    }
    const role = message.role === 'ASSISTANT' ? 'assistant' : 'user';
    const last = turns.at(-1);
    if (blocks.length === 0) continue;
    if (last?.role === role) last.blocks.push(...blocks);
    else turns.push({ role, blocks });
  }
  if (misplaced) {
    warn(
      'A SYSTEM message from within the conversation was moved to its beginning, where this provider wants them all.',
    );
  }

  if (turns[0]?.role !== 'user') {
    turns.unshift(fillerTurn());
    warn(`"${FILLER}" was put before the conversation: this provider wants it to begin with a USER message.`);
  }
  const continuesAssistant = turns.at(-1)?.role === 'assistant' && mayContinue;
  if (continuesAssistant) trimLast(turns);
  else if (turns.at(-1)?.role === 'assistant') {
    turns.push(fillerTurn());
    warn(`"${FILLER}" was put after the conversation: this model does not go on writing an ASSISTANT message.`);
  }

  const inOrder = turns.map(({ role, blocks }) => ({
    role,
    blocks: [...blocks.filter(isToolResult), ...blocks.filter((block) => !isToolResult(block))],
  }));
  const sent = breakpointsToSend([...system, ...inOrder.flatMap(({ blocks }) => blocks)], warn);
  const wireOf = (block: Block): object =>
    sent.has(block) ? { ...block.wire, cache_control: { type: 'ephemeral' } } : block.wire;
  return {
    system: system.map(wireOf),
    messages: inOrder.map(({ role, blocks }) => ({ role, content: blocks.map(wireOf) })),
    calledTools: [...new Set(messages.flatMap(({ toolCalls }) => toolCalls.map(({ name }) => name)))],
    endsInToolCalls: turns.findLast(({ role }) => role === 'assistant')?.blocks.some(isToolUse) ?? false,
    continuesAssistant,
  };
}

const fillerTurn = (): Turn => ({
  role: 'user',
  blocks: [{ wire: { type: 'text', text: FILLER }, cacheBreakpoint: false }],
});

/** The API refuses white space at the end of what the model is to go on writing. */
function trimLast(turns: readonly Turn[]): void {
  const blocks = turns.at(-1)?.blocks ?? [];
  const last = blocks.at(-1);
  const text = last?.wire['text'];
  if (last !== undefined && typeof text === 'string') {
    blocks[blocks.length - 1] = { ...last, wire: { ...last.wire, text: text.trimEnd() } };
  }
}

/** The last are worth most: each keeps all that stands before it. */
function breakpointsToSend(blocks: readonly Block[], warn: (warning: string) => void): ReadonlySet<Block> {
  const asked = blocks.filter(({ cacheBreakpoint }) => cacheBreakpoint);
  if (asked.length > MOST_BREAKPOINTS) {
    warn(
      `Only the last ${MOST_BREAKPOINTS} of ${asked.length} cacheBreakpoints were sent: this provider takes no more.`,
    );
  }
  return new Set(asked.slice(-MOST_BREAKPOINTS));
}
