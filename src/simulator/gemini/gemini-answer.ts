// The wire form of an answer of the Gemini API: one body, or a stream of bodies, as events or as an array, with what each
// of them bills. `promptTokenCount` includes cached tokens; `candidatesTokenCount` does not include thoughts.

import { joined, type Plan, type PlannedCall } from '../plan.ts';
import { signatureOf } from '../signature.ts';
import type { Json, JsonRecord } from '../types.ts';
import type { AnswerContext, Step, StreamFrames } from '../wire-format.ts';
import { usualError } from './gemini-errors.ts';
import type { GeminiView } from './gemini-request.ts';

const BROKEN = '{"candidates":[{"content":{"parts":[{"text":"';
const MISSHAPEN_CHUNK = '{"candidates":{"content":["what?"]},"usageMetadata":"none"}';
/** A whole body of JSON that has not the shape it should have. */
export const MISSHAPEN_BODY = MISSHAPEN_CHUNK;

const FINISH_REASONS: { readonly [finishReason: string]: string } = {
  stop: 'STOP',
  tool_calls: 'STOP',
  length: 'MAX_TOKENS',
  content_filter: 'SAFETY',
};
const HARMS: { readonly [category: string]: string } = {
  hate: 'HARM_CATEGORY_HATE_SPEECH',
  sexual: 'HARM_CATEGORY_SEXUALLY_EXPLICIT',
  harassment: 'HARM_CATEGORY_HARASSMENT',
};

export function plainBody(view: GeminiView, plan: Plan, context: AnswerContext): string {
  const usage = createUsage(view, plan, context);
  if (plan.blocked !== undefined) return JSON.stringify(blockedBody(usage, plan, context, plan.blocked));
  const thoughts = view.includesThoughts ? joined(plan.reasoning) : '';
  const text = joined(plan.text);
  const signature = signatureIn(plan);
  const calls = plan.calls.filter(isWhole);
  const parts: Json[] = [
    ...(thoughts === '' ? [] : [{ text: thoughts, thought: true }]),
    ...(text === '' ? [] : [{ text, ...(calls.length === 0 ? signature : {}) }]),
    ...calls.map((call, index) => callPart(call, index === 0 ? signature : {})),
  ];
  const candidate = { ...contentOf(parts), ...ending(plan), index: 0 };
  const { completionTokens, reasoningTokens } = plan.usage;
  const told = usage(completionTokens, reasoningTokens, true);
  return JSON.stringify({ candidates: [candidate], ...told, ...about(plan, context) });
}

export function streamFrames(view: GeminiView, plan: Plan, context: AnswerContext): StreamFrames {
  const { behaviour } = context;
  const line = behaviour.crlf === true ? '\r\n' : '\n';
  const before = behaviour.comments === true ? `: keep-alive${line}${line}data: ` : 'data: ';
  const frame = (json: string) => (view.eventStream ? `${before}${json}${line}${line}` : `,\r\n${json}`);
  const first = (json: string) => (view.eventStream ? frame(json) : `[${json}`);
  const end = view.eventStream || behaviour.omitDone === true ? '' : '\n]';
  const faults = {
    error: (error: JsonRecord | undefined) => frame(JSON.stringify({ error: usualError(500, error) })) + end,
    broken: frame(BROKEN),
    misshapen: frame(MISSHAPEN_CHUNK),
  };
  const usage = createUsage(view, plan, context);
  if (plan.blocked !== undefined) {
    const json = JSON.stringify(blockedBody(usage, plan, context, plan.blocked));
    return {
      steps: [{ frame: first(json), tokens: 0, reasoningTokens: 0, text: '' }],
      repeat: [],
      tail: end,
      ...faults,
    };
  }

  let written = 0;
  let thought = 0;
  const chunk = (parts: readonly Json[], more: JsonRecord = {}) => {
    const candidate = { ...contentOf(parts), ...more, index: 0 };
    return JSON.stringify({ candidates: [candidate], ...usage(written, thought, true), ...about(plan, context) });
  };
  const steps: Step[] = [{ frame: first(chunk([{ text: '' }])), tokens: 0, reasoningTokens: 0, text: '' }];
  // Thoughts that are not shown take their time all the same: they are billed with what comes next.
  let hidden = 0;
  const add = (part: Json, tokens: number, reasoningTokens: number, text: string) => {
    written += tokens;
    thought += reasoningTokens;
    steps.push({
      frame: frame(chunk([part])),
      tokens: tokens + hidden,
      reasoningTokens: reasoningTokens + hidden,
      text,
    });
    hidden = 0;
  };
  for (const { text, tokens } of plan.reasoning) {
    if (view.includesThoughts) add({ text, thought: true }, tokens, tokens, '');
    else {
      hidden += tokens;
      written += tokens;
      thought += tokens;
    }
  }
  const start = steps.length;
  for (const { text, tokens } of plan.text) add({ text }, tokens, 0, text);
  const repeat = steps.slice(start);
  const signature = signatureIn(plan);
  const calls = plan.calls.filter(isWhole);
  calls.forEach((call, index) => {
    const tokens = call.nameTokens + call.pieces.reduce((sum, piece) => sum + piece.tokens, 0);
    add(callPart(call, index === 0 ? signature : {}), tokens, 0, '');
  });
  if (hidden > 0) add({ text: '' }, 0, 0, '');

  written = plan.usage.completionTokens;
  thought = plan.usage.reasoningTokens;
  const last = chunk([{ text: '', ...(calls.length === 0 ? signature : {}) }], ending(plan));
  return { steps, repeat, tail: frame(last) + end, ...faults };
}

/** A call goes out as one object: arguments that are no JSON cannot be told, and end the answer instead. */
function isWhole(call: PlannedCall): boolean {
  try {
    JSON.parse(joined(call.pieces));
    return true;
  } catch {
    return false;
  }
}

function callPart(call: PlannedCall, signature: JsonRecord): Json {
  const args: Json = JSON.parse(joined(call.pieces));
  return { functionCall: { name: call.name, args, ...(call.id === '' ? {} : { id: call.id }) }, ...signature };
}

/** The signature of the thoughts behind an answer goes with its first call, or with the last of its text. */
const signatureIn = (plan: Plan): JsonRecord =>
  plan.reasoning.length === 0 ? {} : { thoughtSignature: signatureOf(joined(plan.reasoning)) };

const contentOf = (parts: readonly Json[]) => ({
  content: { ...(parts.length === 0 ? {} : { parts }), role: 'model' },
});

function ending(plan: Plan): JsonRecord {
  const { finishReason } = plan;
  if (finishReason !== 'length' && !plan.calls.every(isWhole)) {
    return { finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: 'Malformed function call' };
  }
  const reason = FINISH_REASONS[finishReason] ?? finishReason;
  return { finishReason: reason, ...(reason === 'SAFETY' ? { safetyRatings: ratings(['violence']) } : {}) };
}

function ratings(categories: readonly string[]): readonly Json[] {
  const harms = categories.map((one) =>
    one.startsWith('HARM_CATEGORY_') ? one : (HARMS[one] ?? 'HARM_CATEGORY_DANGEROUS_CONTENT'),
  );
  return [...new Set(harms)].map((category) => ({ category, probability: 'HIGH', blocked: true }));
}

function blockedBody(usage: UsageTeller, plan: Plan, context: AnswerContext, categories: readonly string[]): Json {
  return {
    promptFeedback: { blockReason: 'SAFETY', safetyRatings: ratings(categories) },
    ...usage(0, 0, false),
    ...about(plan, context),
  };
}

const about = (plan: Plan, { id }: AnswerContext) => ({ modelVersion: plan.model, responseId: id });

type UsageTeller = (completionTokens: number, reasoningTokens: number, answered: boolean) => JsonRecord;

/** What is told of tokens, all but what grows while an answer is written looked at once. */
function createUsage(view: GeminiView, plan: Plan, { behaviour }: AnswerContext): UsageTeller {
  if (behaviour.usage === 'omit') return () => ({});
  const { promptTokens, cachedTokens } = plan.usage;
  const images = view.messages.flatMap((message) => message.images).reduce((sum, image) => sum + image.tokens, 0);
  const imageTokens = Math.min(images, promptTokens);
  const promptTokensDetails = [
    { modality: 'TEXT', tokenCount: promptTokens - imageTokens },
    ...(imageTokens === 0 ? [] : [{ modality: 'IMAGE', tokenCount: imageTokens }]),
  ];
  return (completion, reasoning, answered) => ({
    usageMetadata: {
      promptTokenCount: promptTokens,
      ...(answered ? { candidatesTokenCount: completion - reasoning } : {}),
      totalTokenCount: promptTokens + completion,
      ...(cachedTokens === 0 ? {} : { cachedContentTokenCount: cachedTokens }),
      promptTokensDetails,
      ...(reasoning === 0 ? {} : { thoughtsTokenCount: reasoning }),
    },
  });
}
