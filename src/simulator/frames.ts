// The wire form of an answer: one JSON body, or the frames of a stream with what each of them bills.

import type { Plan } from './plan.ts';
import { wireUsage } from './plan.ts';
import type { Behaviour, Json } from './types.ts';

/** A frame of a stream. */
export interface Step {
  readonly frame: string;
  readonly tokens: number;
  readonly reasoningTokens: number;
  /** Its part of the answer's text. */
  readonly text: string;
}

export interface StreamFrames {
  readonly steps: readonly Step[];
  /** Where the answer itself begins in `steps`: what an endless stream repeats. */
  readonly bodyStart: number;
  /** Finish reason, usage and `[DONE]`. */
  readonly tail: string;
  /** Any JSON, or anything that should be, as one frame. */
  frame(data: string): string;
}

const FINGERPRINT = 'fp_simulator';

export function streamFrames(
  plan: Plan,
  behaviour: Behaviour,
  id: string,
  createdSeconds: number,
  includeUsage: boolean,
): StreamFrames {
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

  const finish = JSON.stringify(plan.finishReason);
  let tail = `${open}{},"logprobs":null,"finish_reason":${finish}}]${noUsage}}${after}`;
  if (includeUsage) tail += `${before}${head}"choices":[],"usage":${JSON.stringify(wireUsage(plan.usage))}}${after}`;
  if (behaviour.omitDone !== true) tail += `${before}[DONE]${after}`;
  return { steps, bodyStart, tail, frame: (data) => before + data + after };
}

export function plainBody(plan: Plan, id: string, createdSeconds: number, withUsage: boolean): string {
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
        finish_reason: plan.finishReason,
      },
    ],
    ...(withUsage ? { usage: wireUsage(plan.usage) } : {}),
    service_tier: 'default',
    system_fingerprint: FINGERPRINT,
  };
  return JSON.stringify(body);
}

export function joined(pieces: readonly { readonly text: string }[]): string {
  let text = '';
  for (const piece of pieces) text += piece.text;
  return text;
}
