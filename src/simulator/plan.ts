// From an answer to what is sent: cut at stop sequences and at the output limit, split into tokens, counted, paced.

import type { Answer } from './answer.ts';
import type { SimulatedModel } from './models.ts';
import type { ChatView } from './read-request.ts';
import type { Piece, Tokenizer } from './tokenizer.ts';
import type { Behaviour, Json } from './types.ts';
import { invalidRequest } from './wire-errors.ts';

export interface PlannedCall {
  readonly id: string;
  readonly name: string;
  readonly nameTokens: number;
  readonly pieces: readonly Piece[];
}

/** Tokens by class, as billed and told. Cached and reasoning tokens are part of prompt and completion tokens. */
export interface UsageCounts {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
}

export interface Plan {
  readonly model: string;
  readonly reasoning: readonly Piece[];
  readonly text: readonly Piece[];
  readonly calls: readonly PlannedCall[];
  readonly finishReason: string;
  readonly usage: UsageCounts;
  readonly latencyMs: number;
  readonly firstTokenMs: number;
  /** 0 = as fast as the client reads. */
  readonly tokensPerSecond: number;
}

/** Tokens the answer may take. @throws WireError 400 when prompt or wish do not fit the model */
export function outputBudget(
  view: ChatView,
  model: SimulatedModel,
  behaviour: Behaviour,
  promptTokens: number,
): number {
  const contextWindow = behaviour.contextWindow ?? model.contextWindow;
  const outputLimit = behaviour.outputLimit ?? model.outputLimit;
  const wanted = view.maxTokens;
  if (wanted !== undefined && wanted > outputLimit) {
    throw invalidRequest(
      `max_tokens is too large: ${wanted}. This model supports at most ${outputLimit} completion tokens, whereas you provided ${wanted}.`,
      'max_tokens',
      'invalid_value',
    );
  }
  if (promptTokens + (wanted ?? 1) > contextWindow) {
    const requested =
      wanted === undefined
        ? `your messages resulted in ${promptTokens} tokens. Please reduce the length of the messages.`
        : `you requested ${promptTokens + wanted} tokens (${promptTokens} in the messages, ${wanted} in the completion). Please reduce the length of the messages or completion.`;
    throw invalidRequest(
      `This model's maximum context length is ${contextWindow} tokens. However, ${requested}`,
      'messages',
      'context_length_exceeded',
    );
  }
  return wanted ?? Math.min(outputLimit, contextWindow - promptTokens);
}

export function createPlan(
  view: ChatView,
  model: SimulatedModel,
  behaviour: Behaviour,
  answer: Answer,
  budget: number,
  promptTokens: number,
  tokenizer: Tokenizer,
): Plan {
  const meter = createMeter(budget);
  const reasoning = meter.take(tokenizer.cut(behaviour.reasoning ?? answer.reasoning));
  const reasoningTokens = meter.used();
  const text =
    behaviour.tokens === undefined
      ? meter.take(tokenizer.cut(cutAtStop(answer.text, view.stop)))
      : behaviour.tokens.map((token) => ({ text: token, tokens: 1 }));
  const exactTokens = behaviour.tokens === undefined ? 0 : behaviour.tokens.length;
  const calls = answer.calls
    .map((call): PlannedCall => {
      const nameTokens = meter.take([{ text: call.name, tokens: tokenizer.count(call.name) }])[0]?.tokens ?? 0;
      return { id: call.id, name: call.name, nameTokens, pieces: meter.take(tokenizer.cut(call.arguments)) };
    })
    .filter((call) => call.nameTokens > 0);
  const counted = {
    promptTokens,
    cachedTokens: 0,
    completionTokens: meter.used() + exactTokens,
    reasoningTokens,
  };
  const usage = typeof behaviour.usage === 'object' ? { ...counted, ...behaviour.usage } : counted;
  return {
    model: view.model,
    reasoning,
    text,
    calls,
    finishReason: behaviour.finishReason ?? finishReason(view, meter.exhausted(), calls.length),
    usage,
    latencyMs: behaviour.latencyMs ?? model.latencyMs,
    firstTokenMs: behaviour.firstTokenMs ?? model.firstTokenMs,
    tokensPerSecond: behaviour.tokensPerSecond ?? pace(model, counted.completionTokens),
  };
}

export function wireUsage(usage: UsageCounts): Json {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** A named tool was asked for, not chosen: the real API then says `stop`. */
function finishReason(view: ChatView, exhausted: boolean, calls: number): string {
  if (exhausted) return 'length';
  return calls > 0 && view.toolChoice.mode !== 'named' ? 'tool_calls' : 'stop';
}

/** Gives out pieces until the budget is gone; from then on nothing, not even a smaller piece. */
function createMeter(budget: number) {
  let used = 0;
  let exhausted = false;
  return {
    used: () => used,
    exhausted: () => exhausted,
    take: (pieces: readonly Piece[]): readonly Piece[] => {
      for (let index = 0; index < pieces.length; index++) {
        const tokens = pieces[index]?.tokens ?? 0;
        if (exhausted || used + tokens > budget) {
          exhausted = true;
          return pieces.slice(0, index);
        }
        used += tokens;
      }
      return pieces;
    },
  };
}

function cutAtStop(text: string, stop: readonly string[]): string {
  let end = text.length;
  for (const sequence of stop) {
    const at = sequence === '' ? -1 : text.indexOf(sequence);
    if (at >= 0) end = Math.min(end, at);
  }
  return text.slice(0, end);
}

/** The model's speed, or faster where the answer would take too long. */
function pace(model: SimulatedModel, tokens: number): number {
  if (model.tokensPerSecond === 0 || model.maxWritingMs === 0) return model.tokensPerSecond;
  return Math.max(model.tokensPerSecond, (tokens * 1000) / model.maxWritingMs);
}
