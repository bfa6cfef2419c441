// The answer of POST /chat/completions, streamed or whole → deltas, then the end.
// References: https://platform.openai.com/docs/api-reference/chat/object and .../chat-streaming

import type { ModelFinishReason, TokenCounts } from '../../core/chat.ts';
import { createAnswerWriter } from '../answer-writer.ts';
import { isFields, readErrorBody } from '../error-body.ts';
import type { ProviderDelta } from '../provider.ts';
import { type AnswerReader, finishReasonOf, parseBody, parseEvent, progressOf } from '../read-answer.ts';
import { asRequestId } from '../retry-after.ts';
import { errorFromBody, unreadableError } from '../upstream-errors.ts';
import { createToolCallReader } from './openai-tool-calls.ts';
import { readOpenAiUsage } from './openai-usage.ts';

/** With the spellings of compatible servers. */
const FINISH_REASONS: Readonly<Record<string, ModelFinishReason>> = {
  stop: 'STOP',
  eos: 'STOP',
  end_turn: 'STOP',
  stop_sequence: 'STOP',
  length: 'LENGTH',
  max_tokens: 'LENGTH',
  model_length: 'LENGTH',
  tool_calls: 'TOOL_CALLS',
  function_call: 'TOOL_CALLS',
  tool_use: 'TOOL_CALLS',
  content_filter: 'CONTENT_FILTER',
};
/** The server gave up: OpenRouter and DeepSeek say so in place of a reason. */
const FAILED_REASONS: ReadonlySet<string> = new Set(['error', 'insufficient_system_resource']);

/** A string; with Mistral maybe a list of parts, those of type "thinking" with a list of parts of their own. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isFields(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('');
}

function thinkingText(content: unknown): string {
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isFields(part) ? contentText(part['thinking']) : '')).join('');
}

export function createOpenAiAnswerReader(
  onDelta: (delta: ProviderDelta) => void,
  maxAnswerBytes: number,
): AnswerReader {
  const writer = createAnswerWriter(onDelta, maxAnswerBytes);
  const toolCalls = createToolCallReader(writer);
  let refused = false;
  let finishReason: ModelFinishReason | undefined;
  let ended = false;
  let usage: TokenCounts | undefined;
  let answerId: string | undefined;

  const phase = (): 'ANSWERED' | 'PARTIAL' => (writer.begun ? 'PARTIAL' : 'ANSWERED');
  const isEmpty = (): boolean => !writer.begun && finishReason === undefined;

  /** A `delta` or a `message`: they have the same fields. */
  function readMessage(message: Readonly<Record<string, unknown>>): void {
    // DeepSeek, vLLM, xAI say reasoning_content; OpenRouter, Groq, Ollama say reasoning. Some say both.
    writer.reasoning(contentText(message['reasoning_content'] ?? message['reasoning']));
    writer.reasoning(thinkingText(message['content']));
    writer.text(contentText(message['content']));
    const refusal = contentText(message['refusal']);
    if (refusal !== '') refused = true;
    writer.text(refusal);
    if (Array.isArray(message['tool_calls'])) message['tool_calls'].forEach(toolCalls.read);
    if (message['function_call'] !== undefined) toolCalls.readFunctionCall(message['function_call']);
  }

  /** Everything a chunk and a body have in common. */
  function readAnswer(answer: unknown, messageField: 'delta' | 'message'): void {
    if (!isFields(answer)) throw unreadableError('sent JSON that is no answer', phase());
    const groq = answer['x_groq'];
    const told = readOpenAiUsage(answer['usage']) ?? (isFields(groq) ? readOpenAiUsage(groq['usage']) : undefined);
    usage = told ?? usage;
    answerId ??= asRequestId(answer['id']);
    const facts = readErrorBody(answer);
    if (facts !== undefined) throw errorFromBody(facts, phase());
    const choices = answer['choices'];
    if (!Array.isArray(choices)) return;
    for (const choice of choices) {
      // We ask for one choice; a second would be another answer.
      if (!isFields(choice) || (choice['index'] ?? 0) !== 0) continue;
      const message = choice[messageField];
      if (isFields(message)) readMessage(message);
      else if (typeof choice['text'] === 'string') writer.text(choice['text']);
      readFinishReason(choice['finish_reason']);
    }
  }

  function readFinishReason(reason: unknown): void {
    if (typeof reason !== 'string' || reason === '') return;
    if (FAILED_REASONS.has(reason)) throw unreadableError('gave up on its answer', 'PARTIAL');
    finishReason = FINISH_REASONS[reason] ?? 'STOP';
  }

  return {
    readEvent: (data) => {
      if (data === '[DONE]') {
        if (isEmpty()) throw unreadableError('sent an empty answer', 'NO_ANSWER', true);
        ended = true;
      } else if (data.trim() !== '') {
        readAnswer(parseEvent(data, writer.begun), 'delta');
      }
      return progressOf({ begun: writer.begun, finished: finishReason !== undefined, ended });
    },
    readBody: (body) => {
      readAnswer(parseBody(body), 'message');
      if (isEmpty()) throw unreadableError('sent JSON that is no answer', 'ANSWERED');
    },
    end: () => {
      writer.end();
      // A refusal ends with "stop"; to a caller it is the provider's safety system speaking.
      return { finishReason: refused ? 'CONTENT_FILTER' : finishReasonOf(finishReason, writer.toolCalls) };
    },
    get usage() {
      return usage;
    },
    get answerId() {
      return answerId;
    },
  };
}
