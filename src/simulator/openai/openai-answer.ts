// The wire form of an answer of chat completions: one JSON body, or the frames of a stream with what each of them bills.

import { joined, type Plan, type UsageCounts } from '../plan.ts';
import type { Json } from '../types.ts';
import type { AnswerContext, Step, StreamFrames } from '../wire-format.ts';
import { usualError } from './openai-errors.ts';
import type { OpenAiView } from './openai-request.ts';

const FINGERPRINT = 'fp_simulator';
const BROKEN = '{"id":"chatcmpl-broken","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"';
const MISSHAPEN_CHUNK = '{"object":"chat.completion.chunk","choices":{"delta":["what?"]},"usage":"none"}';
/** A whole body of JSON that has not the shape it should have. */
export const MISSHAPEN_BODY = '{"object":"chat.completion","choices":{"message":["what?"]},"usage":"none"}';

export function streamFrames(view: OpenAiView, plan: Plan, context: AnswerContext): StreamFrames {
  const { behaviour, id, createdSeconds } = context;
  const includeUsage = view.includeUsage && behaviour.usage !== 'omit';
  const line = behaviour.crlf === true ? '\r\n' : '\n';
  const before = behaviour.comments === true ? `: keep-alive${line}${line}data: ` : 'data: ';
  const after = line + line;
  const head = `{"id":${JSON.stringify(`chatcmpl-${id}`)},"object":"chat.completion.chunk","created":${createdSeconds},"model":${JSON.stringify(plan.model)},"system_fingerprint":"${FINGERPRINT}",`;
  const open = `${before}${head}"choices":[{"index":0,"delta":`;
  // With usage asked for, every frame but the last has `usage: null`.
  const noUsage = includeUsage ? ',"usage":null' : '';
  const close = `,"logprobs":null,"finish_reason":null}]${noUsage}}${after}`;
  const steps: Step[] = [];
  const add = (delta: string, tokens: number, reasoningTokens: number, text: string) => {
    steps.push({ frame: open + delta + close, tokens, reasoningTokens, text });
  };

  add('{"role":"assistant","content":""}', 0, 0, '');
  for (const piece of plan.reasoning) {
    add(`{"reasoning_content":${JSON.stringify(piece.text)}}`, piece.tokens, piece.tokens, '');
  }
  const bodyStart = steps.length;
  for (const piece of plan.text) add(`{"content":${JSON.stringify(piece.text)}}`, piece.tokens, 0, piece.text);
  plan.calls.forEach((call, index) => {
    const first = { index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } };
    add(`{"tool_calls":[${JSON.stringify(first)}]}`, call.nameTokens, 0, '');
    for (const piece of call.pieces) {
      const text = JSON.stringify(piece.text);
      add(`{"tool_calls":[{"index":${index},"function":{"arguments":${text}}}]}`, piece.tokens, 0, '');
    }
  });

  const finish = JSON.stringify(finishReason(view, plan, context));
  let tail = `${open}{},"logprobs":null,"finish_reason":${finish}}]${noUsage}}${after}`;
  if (includeUsage) tail += `${before}${head}"choices":[],"usage":${JSON.stringify(wireUsage(plan.usage))}}${after}`;
  if (behaviour.omitDone !== true) tail += `${before}[DONE]${after}`;
  const frame = (data: string) => before + data + after;
  return {
    steps,
    repeat: steps.slice(bodyStart),
    tail,
    error: (error) => frame(JSON.stringify({ error: usualError(500, error) })),
    broken: frame(BROKEN),
    misshapen: frame(MISSHAPEN_CHUNK),
  };
}

export function plainBody(view: OpenAiView, plan: Plan, context: AnswerContext): string {
  const { behaviour, id, createdSeconds } = context;
  const reasoning = joined(plan.reasoning);
  const calls: readonly Json[] = plan.calls.map((call) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: joined(call.pieces) },
  }));
  const body: Json = {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: createdSeconds,
    model: plan.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: calls.length > 0 && plan.text.length === 0 ? null : joined(plan.text),
          refusal: null,
          annotations: [],
          ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: finishReason(view, plan, context),
      },
    ],
    ...(behaviour.usage !== 'omit' ? { usage: wireUsage(plan.usage) } : {}),
    service_tier: 'default',
    system_fingerprint: FINGERPRINT,
  };
  return JSON.stringify(body);
}

/** A named tool was asked for, not chosen: the real API then says `stop`. */
function finishReason(view: OpenAiView, plan: Plan, { behaviour }: AnswerContext): string {
  const asked = view.toolChoice.mode === 'named' && plan.finishReason === 'tool_calls';
  return asked && behaviour.finishReason === undefined ? 'stop' : plan.finishReason;
}

function wireUsage(usage: UsageCounts): Json {
  const { promptTokens, completionTokens, cacheWriteTokens } = usage;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedTokens,
      ...(cacheWriteTokens === 0 ? {} : { cache_write_tokens: cacheWriteTokens }),
      audio_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
