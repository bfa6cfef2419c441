// The answer of POST /chat/completions, streamed or whole → deltas, then the end.
// References: https://platform.openai.com/docs/api-reference/chat/object and .../chat-streaming

import type { ModelFinishReason, TokenCounts } from '../../core/chat.ts';
import { isFields, readErrorBody } from '../error-body.ts';
import type { ProviderDelta } from '../provider.ts';
import { asRequestId } from '../retry-after.ts';
import { errorFromBody, unreadableError } from '../upstream-errors.ts';
import type { StreamProgress } from '../upstream-exchange.ts';
import { createWholeCharacters } from '../whole-characters.ts';
import { createToolCallReader } from './openai-tool-calls.ts';
import { readOpenAiUsage } from './openai-usage.ts';

export interface OpenAiAnswerReader {
  /** One event of a stream. @throws UpstreamError */
  readEvent(data: string): StreamProgress;
  /** A whole body. @throws UpstreamError */
  readBody(body: string): void;
  /** Delivers what was still kept. @throws UpstreamError */
  end(): { readonly finishReason: ModelFinishReason };
  /** The last usage told, maybe before a failure. */
  readonly usage: TokenCounts | undefined;
  /** The answer's own id. */
  readonly answerId: string | undefined;
}

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
): OpenAiAnswerReader {
  const textCharacters = createWholeCharacters();
  const reasoningCharacters = createWholeCharacters();
  let answerBytes = 0;
  let delivered = false;
  let refused = false;
  let finishReason: ModelFinishReason | undefined;
  let ended = false;
  let usage: TokenCounts | undefined;
  let answerId: string | undefined;

  const phase = (): 'ANSWERED' | 'PARTIAL' => (delivered ? 'PARTIAL' : 'ANSWERED');

  function emit(delta: ProviderDelta): void {
    answerBytes += Buffer.byteLength(delta.type === 'tool-call' ? delta.argumentsText : delta.text);
    if (answerBytes > maxAnswerBytes) {
      throw unreadableError(`wrote an answer of more than ${maxAnswerBytes} bytes`, 'PARTIAL');
    }
    delivered = true;
    onDelta(delta);
  }

  const toolCalls = createToolCallReader(emit);

  function emitText(type: 'text' | 'reasoning', piece: string): void {
    if (piece === '') return;
    const text = (type === 'text' ? textCharacters : reasoningCharacters).take(piece);
    if (text !== '') emit({ type, text });
  }

  /** A `delta` or a `message`: they have the same fields. */
  function readMessage(message: Readonly<Record<string, unknown>>): void {
    // DeepSeek, vLLM, xAI say reasoning_content; OpenRouter, Groq, Ollama say reasoning. Some say both.
    emitText('reasoning', contentText(message['reasoning_content'] ?? message['reasoning']));
    emitText('reasoning', thinkingText(message['content']));
    emitText('text', contentText(message['content']));
    const refusal = contentText(message['refusal']);
    if (refusal !== '') refused = true;
    emitText('text', refusal);
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
      else if (typeof choice['text'] === 'string') emitText('text', choice['text']);
      readFinishReason(choice['finish_reason']);
    }
  }

  function readFinishReason(reason: unknown): void {
    if (typeof reason !== 'string' || reason === '') return;
    if (FAILED_REASONS.has(reason)) throw unreadableError('gave up on its answer', 'PARTIAL');
    finishReason = FINISH_REASONS[reason] ?? 'STOP';
  }

  function parse(json: string, what: string): unknown {
    try {
      return JSON.parse(json);
    } catch {
      // The parser's error quotes the text: it is not passed on.
      throw unreadableError(`sent ${what} that is not JSON`, delivered ? 'PARTIAL' : 'NO_ANSWER', !delivered);
    }
  }

  function progress(): StreamProgress {
    if (ended) return 'DONE';
    if (finishReason !== undefined) return 'FINISHED';
    return delivered ? 'WRITING' : 'WAITING';
  }

  return {
    readEvent: (data) => {
      if (data === '[DONE]') {
        if (!delivered && finishReason === undefined) throw unreadableError('sent an empty answer', 'NO_ANSWER', true);
        ended = true;
      } else if (data.trim() !== '') {
        readAnswer(parse(data, 'an event'), 'delta');
      }
      return progress();
    },
    readBody: (body) => {
      if (body.trim() === '') throw unreadableError('sent an empty answer', 'ANSWERED', true);
      let answer: unknown;
      try {
        answer = JSON.parse(body);
      } catch {
        throw unreadableError('sent a body that is not JSON', 'PARTIAL');
      }
      readAnswer(answer, 'message');
      if (!delivered && finishReason === undefined) {
        throw unreadableError('sent JSON that is no answer', 'ANSWERED');
      }
    },
    end: () => {
      const reasoning = reasoningCharacters.rest();
      if (reasoning !== '') emit({ type: 'reasoning', text: reasoning });
      const text = textCharacters.rest();
      if (text !== '') emit({ type: 'text', text });
      toolCalls.end();
      // A refusal ends with "stop"; to a caller it is the provider's safety system speaking. And a forced tool call
      // ends with "stop" as well.
      if (refused) return { finishReason: 'CONTENT_FILTER' };
      const reason = finishReason ?? 'STOP';
      return { finishReason: reason === 'STOP' && toolCalls.count > 0 ? 'TOOL_CALLS' : reason };
    },
    get usage() {
      return usage;
    },
    get answerId() {
      return answerId;
    },
  };
}
