// How much the model is to think, and what of sampling it takes.
// Reference: https://ai.google.dev/gemini-api/docs/generate-content/thinking

import type { ChatRequest } from '../../core/chat.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { effortShare } from '../effort-share.ts';
import type { ModelTraits } from './gemini-models.ts';

type Warn = (warning: string) => void;

/** Else nothing is told of the thinking, and nothing at all for minutes while the model thinks. */
const TOLD = { includeThoughts: true } as const;

export function wireThinking(
  { reasoning, maxOutputTokens }: Pick<ChatRequest, 'reasoning' | 'maxOutputTokens'>,
  traits: ModelTraits,
  warn: Warn,
): object | undefined {
  if (reasoning === undefined) return traits.thinksUnasked ? TOLD : undefined;
  const { effort, maxTokens } = reasoning;
  switch (traits.thinking) {
    case 'NONE':
      warn('reasoning was not sent: this model does not think.');
      return undefined;
    case 'LEVEL':
      if (maxTokens !== undefined) {
        warn('reasoning.maxTokens was not sent: this model takes an effort only, and maxOutputTokens bounds both.');
      }
      if (effort === undefined) return TOLD;
      if (effort === 'MEDIUM' && !traits.mediumLevel) {
        warn('reasoning.effort MEDIUM was sent as HIGH: this model knows LOW and HIGH.');
        return { ...TOLD, thinkingLevel: 'HIGH' };
      }
      return { ...TOLD, thinkingLevel: effort };
    case 'BUDGET': {
      const { leastBudget, mostBudget } = traits;
      if (maxTokens !== undefined && (maxTokens < leastBudget || maxTokens > mostBudget)) {
        warn(`reasoning.maxTokens was moved into the range of this model, ${leastBudget} to ${mostBudget}.`);
      }
      const share = effort === undefined ? maxOutputTokens : effortShare(effort, maxOutputTokens);
      const budget = Math.min(maxTokens ?? share, share);
      return { ...TOLD, thinkingBudget: Math.min(Math.max(budget, leastBudget), mostBudget) };
    }
  }
}

export interface WireSampling {
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  /** The rest of the caller's options. */
  readonly options: JsonObject;
}

const SAMPLERS: readonly string[] = ['topK', 'presencePenalty', 'frequencyPenalty'];

export function wireSampling(
  { temperature, topP }: Pick<ChatRequest, 'temperature' | 'topP'>,
  options: JsonObject,
  traits: ModelTraits,
  warn: Warn,
): WireSampling {
  if (traits.sampling) return { temperature, topP, options };
  const leftOut: [string, JsonValue | undefined][] = [
    ['temperature', temperature],
    ['topP', topP],
    ...Object.entries(options).filter(([name]) => SAMPLERS.includes(name)),
  ];
  for (const [name, value] of leftOut) {
    if (value !== undefined) warn(`${name} was not sent: this model takes no such parameter.`);
  }
  const kept = Object.fromEntries(Object.entries(options).filter(([name]) => !SAMPLERS.includes(name)));
  return { temperature: undefined, topP: undefined, options: kept };
}
