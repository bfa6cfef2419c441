// How much the model is to think, and what of sampling goes with that.
// References: https://platform.claude.com/docs/en/build-with-claude/thinking, .../extended-thinking (budgets), .../effort

import type { ChatRequest } from '../../core/chat.ts';
import type { JsonValue } from '../../core/json.ts';
import { effortShare } from '../effort-share.ts';
import type { Conversation } from './anthropic-messages.ts';
import type { ModelTraits } from './anthropic-models.ts';

export interface WireThinking {
  readonly thinking: object | undefined;
  readonly effort: string | undefined;
}

export interface ThinkingToSend {
  readonly request: Pick<ChatRequest, 'reasoning' | 'maxOutputTokens'>;
  readonly traits: ModelTraits;
  readonly conversation: Pick<Conversation, 'endsInToolCalls' | 'continuesAssistant'>;
  /** The model has to call a tool. */
  readonly forcedTools: boolean;
}

const EFFORTS = { LOW: 'low', MEDIUM: 'medium', HIGH: 'high' } as const;
const LEAST_BUDGET = 1_024;
/** Above it the provider advises against waiting for an answer; a caller's own number may be higher. */
const MOST_BUDGET_BY_EFFORT = 32_000;

const NO_THINKING: WireThinking = { thinking: undefined, effort: undefined };
/** The newest models leave the text of their thinking out unless asked, and say nothing for minutes while they think. */
const ADAPTIVE = { type: 'adaptive', display: 'summarized' };

export function wireThinking(toSend: ThinkingToSend, warn: (warning: string) => void): WireThinking {
  const { request, traits } = toSend;
  const { reasoning } = request;
  if (reasoning === undefined) {
    return traits.thinksUnasked ? { thinking: ADAPTIVE, effort: undefined } : NO_THINKING;
  }
  switch (traits.thinking) {
    case 'NONE':
      warn('reasoning was not sent: this model does not think.');
      return NO_THINKING;
    case 'ADAPTIVE':
      if (reasoning.maxTokens !== undefined) {
        warn('reasoning.maxTokens was not sent: this model takes an effort only, and maxOutputTokens bounds both.');
      }
      return { thinking: ADAPTIVE, effort: reasoning.effort && EFFORTS[reasoning.effort] };
    case 'BUDGET': {
      const obstacle = obstacleTo(toSend);
      if (obstacle === undefined) {
        return { thinking: { type: 'enabled', budget_tokens: budgetOf(request, warn) }, effort: undefined };
      }
      warn(`reasoning was not sent: ${obstacle}.`);
      return NO_THINKING;
    }
  }
}

/** Why a model that takes a budget must not think now: the API would refuse the whole request. */
function obstacleTo({ request, conversation, forcedTools }: ThinkingToSend): string | undefined {
  if (request.maxOutputTokens <= LEAST_BUDGET) {
    return `this model thinks with ${LEAST_BUDGET} tokens or more, and maxOutputTokens is ${request.maxOutputTokens}`;
  }
  if (forcedTools) return 'this model does not think where toolChoice makes it call a tool';
  if (conversation.endsInToolCalls) {
    return 'this model goes on thinking after tool calls only with the signed thinking before them, which is not kept';
  }
  if (conversation.continuesAssistant) return 'this model does not think while it goes on writing an ASSISTANT message';
  return undefined;
}

function budgetOf({ reasoning, maxOutputTokens }: ThinkingToSend['request'], warn: (warning: string) => void): number {
  const asked = reasoning?.maxTokens;
  if (asked !== undefined && asked < LEAST_BUDGET) {
    warn(`reasoning.maxTokens was raised to ${LEAST_BUDGET}, the least this model thinks with.`);
  }
  const share =
    reasoning?.effort === undefined
      ? maxOutputTokens
      : Math.min(MOST_BUDGET_BY_EFFORT, effortShare(reasoning.effort, maxOutputTokens));
  return Math.min(Math.max(LEAST_BUDGET, Math.min(asked ?? share, share)), maxOutputTokens - 1);
}

export interface WireSampling {
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly topK: JsonValue | undefined;
}

/** What Claude does by itself; where it would be refused, not sending it leaves nothing out. */
const USUAL = 1;
const LEAST_TOP_P_THINKING = 0.95;

/** `topK`: `top_k` of the caller's options. */
export function wireSampling(
  asked: WireSampling,
  sampling: ModelTraits['sampling'],
  thinks: boolean,
  warn: (warning: string) => void,
): WireSampling {
  let { temperature, topP, topK } = asked;
  if (sampling !== 'BOTH' || thinks) {
    if (temperature === USUAL) temperature = undefined;
    if (topP === USUAL) topP = undefined;
  }
  const leaveOut = (why: string, names: readonly [string, unknown][]): void => {
    for (const [name, value] of names) if (value !== undefined) warn(`${name} was not sent: ${why}.`);
  };

  if (sampling === 'NONE') {
    leaveOut('this model takes no such parameter', [
      ['temperature', temperature],
      ['topP', topP],
      ['top_k', topK],
    ]);
    return { temperature: undefined, topP: undefined, topK: undefined };
  }
  if (thinks) {
    const lowTopP = topP !== undefined && topP < LEAST_TOP_P_THINKING ? topP : undefined;
    leaveOut('this model does not take it while it thinks', [
      ['temperature', temperature],
      ['top_k', topK],
    ]);
    leaveOut(`this model takes ${LEAST_TOP_P_THINKING} or more while it thinks`, [['topP', lowTopP]]);
    return { temperature: undefined, topP: lowTopP === undefined ? topP : undefined, topK: undefined };
  }
  if (temperature !== undefined && temperature > 1) {
    warn('temperature was lowered to 1, the highest this provider takes.');
    temperature = 1;
  }
  if (sampling === 'ONE' && temperature !== undefined && topP !== undefined) {
    warn('topP was not sent: this model takes temperature or topP, not both.');
    topP = undefined;
  }
  return { temperature, topP, topK };
}
