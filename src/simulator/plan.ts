// From an answer to what is sent: cut at stop sequences and at the output limit, split into tokens, counted, paced.

import type { Answer } from './answer.ts';
import type { ChatView } from './chat-view.ts';
import type { SimulatedModel } from './models.ts';
import { Refused } from './refusal.ts';
import type { Piece, Tokenizer } from './tokenizer.ts';
import type { Behaviour } from './types.ts';

export interface PlannedCall {
  readonly id: string;
  readonly name: string;
  readonly nameTokens: number;
  readonly pieces: readonly Piece[];
}

/** Tokens by class, as billed and told. Cached, cache-write and reasoning tokens are part of prompt and completion tokens. */
export interface UsageCounts {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
}

export interface Plan {
  readonly model: string;
  readonly reasoning: readonly Piece[];
  readonly text: readonly Piece[];
  readonly calls: readonly PlannedCall[];
  /** `stop`, `length`, `tool_calls`, `content_filter`, or what the script says. */
  readonly finishReason: string;
  /** The stop sequence that ended it. */
  readonly stopSequence: string | undefined;
  /** The cap that ended it was the end of the context window. */
  readonly windowExceeded: boolean;
  /** Categories for which the prompt was refused, where a format tells that in an answer. */
  readonly blocked: readonly string[] | undefined;
  readonly usage: UsageCounts;
  readonly firstTokenMs: number;
  /** 0 = as fast as the client reads. */
  readonly tokensPerSecond: number;
}

export interface OutputBudget {
  /** Tokens the answer may take. */
  readonly tokens: number;
  /** The context window leaves no more. */
  readonly byWindow: boolean;
}

/** @throws Refused when prompt or wish do not fit the model */
export function outputBudget(
  view: ChatView,
  model: SimulatedModel,
  behaviour: Behaviour,
  promptTokens: number,
  capBeyondWindow: 'REFUSED' | 'CUT' | 'ALLOWED',
): OutputBudget {
  const contextWindow = behaviour.contextWindow ?? model.contextWindow;
  const outputLimit = behaviour.outputLimit ?? model.outputLimit;
  const wanted = view.maxTokens;
  if (wanted !== undefined && wanted > outputLimit) {
    throw new Refused({ type: 'OUTPUT_CAP', model: view.model, wanted, outputLimit });
  }
  const least = capBeyondWindow === 'REFUSED' ? (wanted ?? 1) : 0;
  if (promptTokens + least > contextWindow) {
    throw new Refused({ type: 'CONTEXT', promptTokens, wanted, contextWindow });
  }
  const cap = wanted ?? outputLimit;
  if (capBeyondWindow === 'ALLOWED') return { tokens: cap, byWindow: false };
  const room = contextWindow - promptTokens;
  return { tokens: Math.min(cap, room), byWindow: room < cap };
}

export function createPlan(
  view: ChatView,
  model: SimulatedModel,
  behaviour: Behaviour,
  answer: Answer,
  budget: OutputBudget,
  promptTokens: number,
  tokenizer: Tokenizer,
): Plan {
  const meter = createMeter(budget.tokens);
  const thoughts = tokenizer.cut(behaviour.reasoning ?? answer.reasoning);
  const reasoning = meter.take(
    view.thinking.maxTokens === undefined ? thoughts : createMeter(view.thinking.maxTokens).take(thoughts),
  );
  const reasoningTokens = meter.used();
  const stopped = cutAtStop(answer.text, view.stop);
  const text =
    behaviour.tokens === undefined
      ? meter.take(tokenizer.cut(stopped.text))
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
    cacheWriteTokens: 0,
    completionTokens: meter.used() + exactTokens,
    reasoningTokens,
  };
  const exhausted = meter.exhausted();
  const usage = typeof behaviour.usage === 'object' ? { ...counted, ...behaviour.usage } : counted;
  return {
    model: view.model,
    reasoning,
    text,
    calls,
    finishReason: behaviour.finishReason ?? (exhausted ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop'),
    stopSequence: exhausted || behaviour.tokens !== undefined ? undefined : stopped.sequence,
    windowExceeded: exhausted && budget.byWindow,
    blocked: undefined,
    usage,
    firstTokenMs: behaviour.firstTokenMs ?? model.firstTokenMs,
    tokensPerSecond: behaviour.tokensPerSecond ?? pace(model, counted.completionTokens),
  };
}

/** The plan of an answer that refuses its prompt: nothing but what the prompt cost. */
export function blockedPlan(view: ChatView, behaviour: Behaviour, categories: readonly string[], prompt: number): Plan {
  const counted = {
    promptTokens: prompt,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    completionTokens: 0,
    reasoningTokens: 0,
  };
  return {
    model: view.model,
    reasoning: [],
    text: [],
    calls: [],
    finishReason: 'content_filter',
    stopSequence: undefined,
    windowExceeded: false,
    blocked: categories,
    usage: typeof behaviour.usage === 'object' ? { ...counted, ...behaviour.usage } : counted,
    firstTokenMs: behaviour.firstTokenMs ?? 0,
    tokensPerSecond: 0,
  };
}

export function joined(pieces: readonly { readonly text: string }[]): string {
  let text = '';
  for (const piece of pieces) text += piece.text;
  return text;
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

function cutAtStop(text: string, stop: readonly string[]): { readonly text: string; readonly sequence?: string } {
  let end = text.length;
  let sequence: string | undefined;
  for (const one of stop) {
    const at = one === '' ? -1 : text.indexOf(one);
    if (at < 0 || at >= end) continue;
    end = at;
    sequence = one;
  }
  return sequence === undefined ? { text } : { text: text.slice(0, end), sequence };
}

/** The model's speed, or faster where the answer would take too long. */
function pace(model: SimulatedModel, tokens: number): number {
  if (model.tokensPerSecond === 0 || model.maxWritingMs === 0) return model.tokensPerSecond;
  return Math.max(model.tokensPerSecond, (tokens * 1000) / model.maxWritingMs);
}
