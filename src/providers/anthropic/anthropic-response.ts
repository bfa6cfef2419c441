// The answer of POST /messages, streamed or whole → deltas, then the end.
// References: https://platform.claude.com/docs/en/build-with-claude/streaming and .../handling-stop-reasons

import type { ModelFinishReason, TokenCounts } from '../../core/chat.ts';
import { createAnswerWriter, type ToolCallWriter } from '../answer-writer.ts';
import { isFields, readErrorBody } from '../error-body.ts';
import { createJsonFence } from '../json-fence.ts';
import type { ProviderDelta } from '../provider.ts';
import { type AnswerReader, finishReasonOf, parseBody, parseEvent, progressOf } from '../read-answer.ts';
import { asRequestId } from '../retry-after.ts';
import { blockedError, errorFromBody, unreadableError } from '../upstream-errors.ts';
import { createAnthropicUsage } from './anthropic-usage.ts';

export interface AnthropicReaderOptions {
  readonly maxAnswerBytes: number;
  /** Text may be JSON in a code fence, which is taken away. */
  readonly mayBeFenced: boolean;
}

const STOP_REASONS: Readonly<Record<string, ModelFinishReason>> = {
  end_turn: 'STOP',
  stop_sequence: 'STOP',
  max_tokens: 'LENGTH',
  model_context_window_exceeded: 'LENGTH',
  // A long turn that could go on: not whole, as one that was cut.
  pause_turn: 'LENGTH',
  tool_use: 'TOOL_CALLS',
  refusal: 'CONTENT_FILTER',
};

/** Far more than an answer has; each takes up memory, be it empty. */
const MOST_BLOCKS = 10_000;

const NOTHING: TokenCounts = {
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
};

type Fields = Readonly<Record<string, unknown>>;

interface OpenBlock {
  readonly type: unknown;
  readonly call: ToolCallWriter | undefined;
  /** Arguments that came whole with the block; pieces win over them. */
  input: unknown;
}

/** Of what a refusal tells only the plain name of its category is passed on. */
const asCategory = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[a-z_]{1,64}$/.test(value) ? value : undefined;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export function createAnthropicAnswerReader(
  onDelta: (delta: ProviderDelta) => void,
  { maxAnswerBytes, mayBeFenced }: AnthropicReaderOptions,
): AnswerReader {
  const writer = createAnswerWriter(onDelta, maxAnswerBytes);
  const fence = mayBeFenced ? createJsonFence() : undefined;
  const blocks = new Map<unknown, OpenBlock>();
  const usage = createAnthropicUsage();
  let blocksSeen = 0;
  let outputTold = false;
  let finishReason: ModelFinishReason | undefined;
  let refusedFor: string | undefined;
  let ended = false;
  let answerId: string | undefined;

  const phase = (): 'ANSWERED' | 'PARTIAL' => (writer.begun ? 'PARTIAL' : 'ANSWERED');
  const isEmpty = (): boolean => blocksSeen === 0 && finishReason === undefined;
  /** By a classifier, before the model wrote anything. */
  const isRefused = (): boolean => blocksSeen === 0 && finishReason === 'CONTENT_FILTER';

  function write(piece: string): void {
    writer.text(fence === undefined ? piece : fence.take(piece));
  }

  /** Blocks of other types (thinking that is not shown, tools of the provider) are not for the caller. */
  function openBlock(index: unknown, block: unknown): void {
    if (!isFields(block)) return;
    if (++blocksSeen > MOST_BLOCKS) throw unreadableError(`sent more than ${MOST_BLOCKS} blocks`, phase());
    const { type } = block;
    const call = type === 'tool_use' ? writer.toolCall() : undefined;
    const name = text(block['name']);
    if (name !== '') call?.name(text(block['id']) || undefined, name, '');
    blocks.set(index, { type, call, input: block['input'] });
    if (type === 'text') write(text(block['text']));
    else if (type === 'thinking') writer.reasoning(text(block['thinking']));
    // Thinking may take minutes of which nothing is shown: the answer is under way all the same.
    if (type === 'thinking' || type === 'redacted_thinking') writer.begin();
  }

  function readDelta(index: unknown, delta: unknown): void {
    const block = blocks.get(index);
    if (!isFields(delta) || block === undefined) return;
    if (delta['type'] === 'text_delta' && block.type === 'text') write(text(delta['text']));
    else if (delta['type'] === 'thinking_delta' && block.type === 'thinking') writer.reasoning(text(delta['thinking']));
    else if (delta['type'] === 'input_json_delta' && block.call !== undefined) {
      const piece = text(delta['partial_json']);
      if (piece !== '') block.input = undefined;
      block.call.append(piece);
    }
  }

  function closeBlock(index: unknown): void {
    const block = blocks.get(index);
    blocks.delete(index);
    if (block?.call === undefined) return;
    if (isFields(block.input)) block.call.append(JSON.stringify(block.input));
    block.call.end();
  }

  function readStop(fields: Fields): void {
    const reason = fields['stop_reason'];
    if (typeof reason === 'string' && reason !== '') finishReason = STOP_REASONS[reason] ?? 'STOP';
    const details = fields['stop_details'];
    if (isFields(details)) refusedFor = asCategory(details['category']);
  }

  function readMessage(message: Fields): void {
    answerId ??= asRequestId(message['id']);
    usage.add(message['usage']);
    readStop(message);
  }

  function fail(answer: Fields): void {
    const facts = readErrorBody(answer);
    if (facts !== undefined) throw errorFromBody(facts, phase());
  }

  /** Unknown events are to be ignored: https://platform.claude.com/docs/en/build-with-claude/streaming#other-events */
  function readEvent(event: unknown): void {
    if (!isFields(event)) throw unreadableError('sent JSON that is no answer', phase());
    fail(event);
    const { type, index, message, delta } = event;
    if (type === 'message_start' && isFields(message)) {
      readMessage(message);
    } else if (type === 'content_block_start') {
      openBlock(index, event['content_block']);
    } else if (type === 'content_block_delta') {
      readDelta(index, delta);
    } else if (type === 'content_block_stop') {
      closeBlock(index);
    } else if (type === 'message_delta') {
      usage.add(event['usage']);
      outputTold ||= isFields(event['usage']);
      if (isFields(delta)) readStop(delta);
    } else if (type === 'message_stop') {
      if (isEmpty()) throw unreadableError('sent an empty answer', 'NO_ANSWER', true);
      ended = true;
    }
  }

  return {
    readEvent: (data) => {
      if (data.trim() !== '') readEvent(parseEvent(data, writer.begun));
      return progressOf({ begun: writer.begun, finished: finishReason !== undefined, ended });
    },
    readBody: (body) => {
      const message = parseBody(body);
      if (!isFields(message)) throw unreadableError('sent JSON that is no answer', 'ANSWERED');
      readMessage(message);
      outputTold = true;
      fail(message);
      const { content } = message;
      if (!Array.isArray(content)) throw unreadableError('sent JSON that is no answer', 'ANSWERED');
      content.forEach((block, index) => {
        openBlock(index, block);
        closeBlock(index);
      });
      if (isEmpty()) throw unreadableError('sent JSON that is no answer', 'ANSWERED');
    },
    end: () => {
      if (isRefused()) throw blockedError(refusedFor === undefined ? [] : [refusedFor]);
      for (const index of [...blocks.keys()]) closeBlock(index);
      if (fence !== undefined) writer.text(fence.rest());
      writer.end();
      return { finishReason: finishReasonOf(finishReason, writer.toolCalls) };
    },
    get usage() {
      const counts = usage.counts();
      // The tokens that a refusal before any output tells are not billed:
      // https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback#refusal-response
      return isRefused() && !(outputTold && counts !== undefined && counts.outputTokens > 0) ? NOTHING : counts;
    },
    get usageBeforeOutput() {
      return !outputTold && !isRefused();
    },
    get answerId() {
      return answerId;
    },
  };
}
