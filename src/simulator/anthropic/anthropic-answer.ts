// The wire form of an answer of the Messages API: one JSON body, or the events of a stream with what each of them bills.
// `input_tokens` tells what is neither read from nor written to the prompt cache; `output_tokens` includes thinking.

import { joined, type Plan, type UsageCounts } from '../plan.ts';
import { signatureOf } from '../signature.ts';
import type { Json } from '../types.ts';
import type { AnswerContext, Step, StreamFrames } from '../wire-format.ts';
import { errorBody } from './anthropic-errors.ts';
import type { AnthropicView } from './anthropic-request.ts';

const BROKEN = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"';
const MISSHAPEN_DELTA = '{"type":"content_block_delta","index":"first","delta":["what?"]}';
/** A whole body of JSON that has not the shape it should have. */
export const MISSHAPEN_BODY = '{"type":"message","role":"assistant","content":{"text":["what?"]},"usage":"none"}';

const STOP_REASONS: { readonly [finishReason: string]: string } = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
};
/** Categories the API has; whatever else a script names is a harm of the general kind. */
const REFUSAL_CATEGORIES: readonly string[] = ['cyber', 'bio', 'frontier_llm', 'reasoning_extraction', 'general_harms'];

export function plainBody(view: AnthropicView, plan: Plan, context: AnswerContext): string {
  const thinking = joined(plan.reasoning);
  const text = joined(plan.text);
  const content = [
    ...(thinking === '' ? [] : [JSON.stringify(thinkingBlock(view, thinking))]),
    ...(text === '' && plan.calls.length > 0 ? [] : text === '' ? [] : [JSON.stringify(textBlock(text))]),
    // Arguments go as they are, so that what a script breaks is broken on the wire.
    ...plan.calls.map((call) => {
      const { id, name } = call;
      const start = JSON.stringify({ type: 'tool_use', id, name, caller: { type: 'direct' } }).slice(0, -1);
      return `${start},"input":${joined(call.pieces)}}`;
    }),
  ];
  const { content: _, ...message } = messageObject(plan, context, stop(plan), usageOf(plan.usage));
  return `${JSON.stringify(message).slice(0, -1)},"content":[${content.join(',')}]}`;
}

export function streamFrames(view: AnthropicView, plan: Plan, context: AnswerContext): StreamFrames {
  const { behaviour, id } = context;
  const line = behaviour.crlf === true ? '\r\n' : '\n';
  const before = behaviour.comments === true ? `: keep-alive${line}${line}` : '';
  const event = (name: string, data: string) => `${before}event: ${name}${line}data: ${data}${line}${line}`;
  const steps: Step[] = [];
  const add = (name: string, data: string, tokens = 0, reasoningTokens = 0, text = '') => {
    steps.push({ frame: event(name, data), tokens, reasoningTokens, text });
  };
  let index = -1;
  const block = (content: Json, tokens = 0) => {
    index += 1;
    add('content_block_start', JSON.stringify({ type: 'content_block_start', index, content_block: content }), tokens);
    if (index === 0) add('ping', '{"type":"ping"}');
  };
  const delta = (content: string, tokens = 0, reasoningTokens = 0, text = '') => {
    const data = `{"type":"content_block_delta","index":${index},"delta":${content}}`;
    add('content_block_delta', data, tokens, reasoningTokens, text);
  };
  const endBlock = () => add('content_block_stop', `{"type":"content_block_stop","index":${index}}`);

  const begun = { ...plan.usage, completionTokens: Math.min(1, plan.usage.completionTokens), reasoningTokens: 0 };
  const message = messageObject(plan, context, NOT_STOPPED, usageOf(begun));
  add('message_start', JSON.stringify({ type: 'message_start', message }));

  if (plan.reasoning.length > 0) {
    block({ type: 'thinking', thinking: '', signature: '' });
    let hidden = 0;
    for (const { text, tokens } of plan.reasoning) {
      if (view.hidesThinking) hidden += tokens;
      else delta(`{"type":"thinking_delta","thinking":${JSON.stringify(text)}}`, tokens, tokens);
    }
    const signature = JSON.stringify(signatureOf(joined(plan.reasoning)));
    delta(`{"type":"signature_delta","signature":${signature}}`, hidden, hidden);
    endBlock();
  }

  const repeat: Step[] = [];
  if (plan.text.length > 0) {
    const start = steps.length;
    block(textBlock(''));
    for (const { text, tokens } of plan.text) {
      delta(`{"type":"text_delta","text":${JSON.stringify(text)}}`, tokens, 0, text);
    }
    endBlock();
    // The whole block: what comes behind its end belongs to no block.
    repeat.push(...steps.slice(start));
  }
  for (const call of plan.calls) {
    const { id: callId, name } = call;
    block({ type: 'tool_use', id: callId, name, input: {}, caller: { type: 'direct' } }, call.nameTokens);
    delta('{"type":"input_json_delta","partial_json":""}');
    for (const { text, tokens } of call.pieces) {
      delta(`{"type":"input_json_delta","partial_json":${JSON.stringify(text)}}`, tokens);
    }
    endBlock();
  }

  const usage = behaviour.usage === 'omit' ? {} : { usage: usageOfDelta(plan.usage) };
  const end = { type: 'message_delta', delta: { ...stop(plan), container: null }, ...usage };
  const done = behaviour.omitDone === true ? '' : event('message_stop', '{"type":"message_stop"}');
  return {
    steps,
    repeat,
    tail: event('message_delta', JSON.stringify(end)) + done,
    error: (error) => event('error', JSON.stringify(errorBody(500, error, id))),
    broken: event('content_block_delta', BROKEN),
    misshapen: event('content_block_delta', MISSHAPEN_DELTA),
  };
}

interface Stop {
  readonly stop_reason: string | null;
  readonly stop_sequence: string | null;
  readonly stop_details: Json;
}

const NOT_STOPPED: Stop = { stop_reason: null, stop_sequence: null, stop_details: null };

function stop({ finishReason, stopSequence, windowExceeded, blocked }: Plan): Stop {
  if (finishReason === 'stop' && stopSequence !== undefined) {
    return { ...NOT_STOPPED, stop_reason: 'stop_sequence', stop_sequence: stopSequence };
  }
  if (finishReason === 'length' && windowExceeded) {
    return { ...NOT_STOPPED, stop_reason: 'model_context_window_exceeded' };
  }
  const reason = STOP_REASONS[finishReason] ?? finishReason;
  return { ...NOT_STOPPED, stop_reason: reason, stop_details: reason === 'refusal' ? refusalDetails(blocked) : null };
}

function refusalDetails(categories: readonly string[] | undefined): Json {
  const category = categories?.find((one) => REFUSAL_CATEGORIES.includes(one)) ?? 'general_harms';
  return {
    type: 'refusal',
    category: categories === undefined ? null : category,
    explanation: categories === undefined ? null : `This request was declined because of the policy on ${category}.`,
  };
}

function messageObject(plan: Plan, { id, behaviour }: AnswerContext, stopped: Stop, usage: Json) {
  return {
    id: `msg_${id.replace('req_', '')}`,
    type: 'message',
    role: 'assistant',
    model: plan.model,
    content: [] as Json,
    ...stopped,
    container: null,
    diagnostics: null,
    ...(behaviour.usage === 'omit' ? {} : { usage }),
  };
}

const textBlock = (text: string) => ({ type: 'text', text, citations: null });

function thinkingBlock(view: AnthropicView, thinking: string): Json {
  return { type: 'thinking', thinking: view.hidesThinking ? '' : thinking, signature: signatureOf(thinking) };
}

function usageOfDelta(usage: UsageCounts) {
  const { promptTokens, cachedTokens, cacheWriteTokens, completionTokens, reasoningTokens } = usage;
  return {
    input_tokens: Math.max(0, promptTokens - cachedTokens - cacheWriteTokens),
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cachedTokens,
    output_tokens: completionTokens,
    output_tokens_details: { thinking_tokens: reasoningTokens },
    server_tool_use: null,
  };
}

function usageOf(usage: UsageCounts): Json {
  return {
    ...usageOfDelta(usage),
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWriteTokens, ephemeral_1h_input_tokens: 0 },
    inference_geo: 'global',
    service_tier: 'standard',
    speed: 'standard',
  };
}
