// ChatRequest → the body of POST /models/<model>:generateContent, and what of it is not sent as asked: one function, so
// that they agree.
// Reference: https://ai.google.dev/api/generate-content

import type { ChatRequest } from '../../core/chat.ts';
import type { JsonObject } from '../../core/json.ts';
import { jsonInWords } from '../json-in-words.ts';
import type { OptionList } from '../provider-options.ts';
import { type WireImages, wireConversation } from './gemini-contents.ts';
import { type ModelTraits, modelTraits } from './gemini-models.ts';
import { wireSampling, wireThinking } from './gemini-thinking.ts';
import { wireTools } from './gemini-tools.ts';

/** Neither changes the price of a token, nor what is counted, nor how the answer is read. */
export const GEMINI_OPTIONS: readonly string[] = [
  'enableEnhancedCivicAnswers',
  'frequencyPenalty',
  'mediaResolution',
  'presencePenalty',
  'topK',
];
/**
 * Ours to fill in; or they make the same tokens cost otherwise (tiers, caches), have a tool of the provider answer, or
 * bring answers of another form or more than one.
 */
export const GEMINI_RESERVED: readonly string[] = [
  'audioTranscriptionConfig',
  'cachedContent',
  'candidateCount',
  'contents',
  'continuationToken',
  'generationConfig',
  'imageConfig',
  'logprobs',
  'maxOutputTokens',
  'model',
  'responseFormat',
  'responseJsonSchema',
  'responseLogprobs',
  'responseMimeType',
  'responseModalities',
  'responseSchema',
  'seed',
  'serviceTier',
  'speechConfig',
  'stopSequences',
  'systemInstruction',
  'temperature',
  'thinkingConfig',
  'toolConfig',
  'tools',
  'topP',
];
/** Options an operator may allow that stand beside `generationConfig`, not in it. */
const TOP_LEVEL: readonly string[] = ['labels', 'safetySettings', 'store'];

const MOST_SEED = 2 ** 31 - 1;

export interface GeminiRequest {
  readonly body: Readonly<Record<string, unknown>>;
  readonly images: WireImages;
  /** JSON was only asked for in words: it may come in a code fence. */
  readonly mayBeFenced: boolean;
  /** Whole sentences for the caller. */
  readonly warnings: readonly string[];
}

export function geminiRequest(request: ChatRequest, model: string, optionList: OptionList): GeminiRequest {
  const warnings: string[] = [];
  const warn = (warning: string): void => {
    warnings.push(warning);
  };
  const traits = modelTraits(model);
  const output = wireOutput(request, traits, warn);
  const messages = [...output.instruction, ...request.messages];
  const { systemInstruction, contents, images } = wireConversation(messages, traits, warn);
  const sampling = wireSampling(request, optionList.select(request), traits, warn);
  const { seed, stop, maxOutputTokens } = request;
  const validSeed = seed === undefined || (Number.isInteger(seed) && seed >= -MOST_SEED - 1 && seed <= MOST_SEED);
  if (!validSeed) warn('seed was not sent: this provider takes whole numbers of 32 bits.');
  if (request.messages.some(({ cacheBreakpoint }) => cacheBreakpoint)) {
    warn('cacheBreakpoint was not sent: this provider decides by itself what of a prompt it caches.');
  }
  // JSON.stringify leaves out what is undefined.
  const body = {
    ...pick(sampling.options, (name) => TOP_LEVEL.includes(name)),
    systemInstruction,
    contents,
    ...wireTools(request),
    generationConfig: {
      ...pick(sampling.options, (name) => !TOP_LEVEL.includes(name)),
      maxOutputTokens,
      temperature: sampling.temperature,
      topP: sampling.topP,
      stopSequences: stop.length === 0 ? undefined : stop,
      seed: validSeed ? seed : undefined,
      responseMimeType: output.mimeType,
      responseJsonSchema: output.schema,
      thinkingConfig: wireThinking(request, traits, warn),
    },
  };
  return { body, images, mayBeFenced: output.instruction.length > 0, warnings };
}

const pick = (options: JsonObject, belongs: (name: string) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(options).filter(([name]) => belongs(name)));

interface WireOutput {
  readonly mimeType: string | undefined;
  /** The answer is held to it. */
  readonly schema: JsonObject | undefined;
  /** A wish in words, where there is no other way to ask: none, or one SYSTEM message. */
  readonly instruction: ChatRequest['messages'];
}

function wireOutput({ output, tools }: ChatRequest, traits: ModelTraits, warn: (warning: string) => void): WireOutput {
  if (output.format === 'TEXT') return { mimeType: undefined, schema: undefined, instruction: [] };
  const { schema } = output;
  if (tools.length === 0 || traits.jsonWithTools) return { mimeType: 'application/json', schema, instruction: [] };
  warn('output was sent in words: this model cannot be held to JSON beside tools. The answer is checked all the same.');
  const text = jsonInWords(schema);
  const message = { role: 'SYSTEM', parts: [{ type: 'text', text }] } as const;
  const instruction = [{ ...message, toolCalls: [], toolCallId: undefined, cacheBreakpoint: false }];
  return { mimeType: undefined, schema: undefined, instruction };
}
