// What a prompt costs, counted as the OpenAI API counts chat messages: a little for each message, the rest by the text.
// The same for the same question in every wire format.

import type { ChatView, ViewMessage } from './chat-view.ts';
import type { Tokenizer } from './tokenizer.ts';

const TOKENS_PER_MESSAGE = 4;
const TOKENS_BEFORE_ANSWER = 3;
const TOKENS_PER_TOOL = 8;
const TOKENS_PER_CALL = 8;

export function countPrompt(view: ChatView, tokenizer: Tokenizer): number {
  let tokens = TOKENS_BEFORE_ANSWER;
  for (const message of view.messages) tokens += countMessage(message, tokenizer);
  for (const tool of view.tools) {
    tokens += TOKENS_PER_TOOL + tokenizer.count(tool.name) + tokenizer.count(tool.description);
    tokens += tokenizer.count(JSON.stringify(tool.parameters));
  }
  if (view.format.type === 'json_schema') tokens += tokenizer.count(JSON.stringify(view.format.schema));
  return tokens;
}

function countMessage(message: ViewMessage, tokenizer: Tokenizer): number {
  let tokens = TOKENS_PER_MESSAGE + tokenizer.count(message.text);
  for (const image of message.images) tokens += image.tokens;
  for (const call of message.toolCalls) {
    tokens += TOKENS_PER_CALL + tokenizer.count(call.name) + tokenizer.count(call.arguments);
  }
  return tokens;
}
