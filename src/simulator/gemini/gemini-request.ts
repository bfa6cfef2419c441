// Reads a generateContent call: refuses what the real API refuses, in its words, and keeps what decides the answer.

import { type ChatView, thinksAsUsual, type ViewFormat, type ViewThinking } from '../chat-view.ts';
import { isRecord } from '../json-record.ts';
import { modelInPath, type SimulatedModel } from '../models.ts';
import { Refused } from '../refusal.ts';
import type { Behaviour, Json, JsonRecord } from '../types.ts';
import type { Glance, WireRequest } from '../wire-format.ts';
import { readContents, readSystem } from './gemini-contents.ts';
import { invalid, invalidField, isEventStream } from './gemini-errors.ts';
import { peekText } from './gemini-parts.ts';
import { readSchema } from './gemini-schema.ts';
import { readToolConfig, readTools } from './gemini-tools.ts';
import {
  readFields,
  readFlag,
  readList,
  readNumber,
  readOption,
  readStruct,
  readText,
  readWhole,
} from './gemini-values.ts';

export interface GeminiView extends ChatView {
  readonly eventStream: boolean;
  readonly includesThoughts: boolean;
}

/** Both versions of the API take and answer the same here. */
export const VERSIONS = ['/v1beta', '/v1'] as const;
const METHOD = /:(generateContent|streamGenerateContent)$/;
const FIELDS =
  `contents tools toolConfig safetySettings systemInstruction generationConfig cachedContent serviceTier store labels
  model`.split(/\s+/);
const CONFIG_FIELDS =
  `stopSequences responseMimeType responseSchema responseJsonSchema responseModalities candidateCount maxOutputTokens
  temperature topP topK seed presencePenalty frequencyPenalty responseLogprobs logprobs enableEnhancedCivicAnswers
  speechConfig thinkingConfig imageConfig mediaResolution`.split(/\s+/);
const MEDIA_TYPES = ['text/plain', 'application/json', 'application/xml', 'application/yaml', 'text/x.enum'];
const LEVELS = ['THINKING_LEVEL_UNSPECIFIED', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH'] as const;
const MAX_STOP_SEQUENCES = 5;

/** Where the models are listed, in the version of the API a path belongs to. */
export const modelsPath = (path: string): string =>
  `${VERSIONS.find((version) => path.startsWith(`${version}/`)) ?? VERSIONS[0]}/models`;

export const isCall = (path: string) => METHOD.test(path) && path.startsWith(`${modelsPath(path)}/`);

/** @throws Refused */
export function glanceAt({ path, search, body }: WireRequest): Glance {
  const name = modelInPath(path.replace(METHOD, ''), modelsPath(path));
  if (name === undefined) throw new Refused({ type: 'PATH', method: 'POST', path });
  const streamed = path.endsWith(':streamGenerateContent');
  return {
    model: name,
    streamed,
    contentType: streamed && isEventStream(search) ? 'text/event-stream' : 'application/json; charset=UTF-8',
    lastUserText: peekLastUserText(body['contents']),
  };
}

/** Of a turn that brings nothing but responses, the one before. */
function peekLastUserText(contents: Json | undefined): string {
  if (!Array.isArray(contents)) return '';
  for (const content of (contents as readonly Json[]).toReversed()) {
    if (!isRecord(content) || content['role'] === 'model') continue;
    const text = peekText(content);
    if (text !== undefined) return text;
  }
  return '';
}

/** @throws Refused */
export function readChat(request: WireRequest, model: SimulatedModel, behaviour: Behaviour): GeminiView {
  const fields = readFields(request.body, FIELDS, '');
  const config = readFields(fields['generationConfig'] ?? {}, CONFIG_FIELDS, 'generation_config');
  const messages = [...readSystem(fields['systemInstruction']), ...readContents(fields['contents'], model.reasons)];
  checkRest(fields, config);
  const { includesThoughts, thinking } = readThinking(config['thinkingConfig']);
  return {
    model: model.name,
    messages,
    streamed: request.path.endsWith(':streamGenerateContent'),
    eventStream: isEventStream(request.search),
    includesThoughts: includesThoughts || behaviour.reasoning !== undefined,
    maxTokens: readMaxTokens(config),
    stop: readStop(config['stopSequences']),
    ...readToolConfig(fields['toolConfig'], readTools(fields['tools'])),
    parallelToolCalls: true,
    format: readFormat(config),
    thinking,
    sampling: {
      seed: readWhole(config['seed'], 'generation_config.seed'),
      temperature: readRange(config, 'temperature', 'temperature', 2),
      topP: readRange(config, 'topP', 'top_p', 1),
    },
  };
}

function readRange(config: JsonRecord, name: string, snake: string, high: number): number | undefined {
  const value = readNumber(config[name], `generation_config.${snake}`);
  if (value === undefined || (value >= 0 && value <= high)) return value;
  throw invalidField(`generation_config.${snake}`, `${snake} must be in the range [0.0, ${high}.0].`);
}

function readMaxTokens(config: JsonRecord): number | undefined {
  const value = readWhole(config['maxOutputTokens'], 'generation_config.max_output_tokens');
  if (value === undefined || value > 0) return value;
  throw invalidField('generation_config.max_output_tokens', 'max_output_tokens must be positive.');
}

function readStop(value: Json | undefined): readonly string[] {
  const at = 'generation_config.stop_sequences';
  const list = readList(value, at).map((item, index) => readText(item, `${at}[${index}]`) ?? '');
  if (list.length > MAX_STOP_SEQUENCES) {
    throw invalidField(at, `the number of stop_sequences must not be greater than ${MAX_STOP_SEQUENCES}.`);
  }
  if (list.includes('')) throw invalidField(at, 'stop_sequences must not be empty.');
  return list;
}

function readFormat(config: JsonRecord): ViewFormat {
  const { responseSchema, responseJsonSchema } = config;
  const at = 'generation_config.response_schema';
  const mediaType = readText(config['responseMimeType'], 'generation_config.response_mime_type') ?? 'text/plain';
  if (!MEDIA_TYPES.includes(mediaType)) {
    throw invalidField(
      'generation_config.response_mime_type',
      'allowed mimetypes are `text/plain`, `application/json`, `application/xml`, `application/yaml` and `text/x.enum`.',
    );
  }
  if (mediaType !== 'application/json') {
    if (responseSchema !== undefined || responseJsonSchema !== undefined) {
      throw invalidField(at, 'only allowed when response_mime_type is `application/json`.');
    }
    return { type: 'text' };
  }
  if (responseSchema !== undefined && responseJsonSchema !== undefined) {
    throw invalidField(at, 'response_schema and response_json_schema are mutually exclusive.');
  }
  if (responseSchema !== undefined) return { type: 'json_schema', schema: readSchema(responseSchema, at) };
  if (responseJsonSchema === undefined) return { type: 'json_object' };
  return { type: 'json_schema', schema: readStruct(responseJsonSchema, 'generation_config.response_json_schema') };
}

function readThinking(value: Json | undefined): {
  readonly includesThoughts: boolean;
  readonly thinking: ViewThinking;
} {
  if (value === undefined) return { includesThoughts: false, thinking: thinksAsUsual };
  const at = 'generation_config.thinking_config';
  const fields = readFields(value, ['includeThoughts', 'thinkingBudget', 'thinkingLevel'], at);
  const includesThoughts = readFlag(fields['includeThoughts'], `${at}.include_thoughts`) ?? false;
  const budget = readWhole(fields['thinkingBudget'], `${at}.thinking_budget`);
  const level = readOption(fields['thinkingLevel'], LEVELS, 'ThinkingConfig.ThinkingLevel', `${at}.thinking_level`);
  if (budget !== undefined && level !== undefined) {
    throw invalid('You can only set only one of thinking budget and thinking level.');
  }
  if (budget !== undefined && budget < -1) {
    throw invalid(`The thinking budget ${budget} is invalid. Please choose a value of -1 or above.`);
  }
  if (budget === 0) return { includesThoughts, thinking: { wanted: false, maxTokens: undefined } };
  // Showing thoughts makes no model think that does not do it by itself.
  const wanted = budget !== undefined || level !== undefined ? true : undefined;
  return { includesThoughts, thinking: { wanted, maxTokens: (budget ?? -1) > 0 ? budget : undefined } };
}

function checkRest(fields: JsonRecord, config: JsonRecord): void {
  if (fields['cachedContent'] !== undefined) throw invalid('CachedContent not found (or permission denied)');
  if ((readWhole(config['candidateCount'], 'generation_config.candidate_count') ?? 1) !== 1) {
    throw invalid('Multiple candidates is not enabled for this model');
  }
  readNumber(config['topK'], 'generation_config.top_k');
  for (const modality of readList(config['responseModalities'], 'generation_config.response_modalities')) {
    if (modality !== 'TEXT') {
      throw invalid(`The requested combination of response modalities is not supported by the model.`);
    }
  }
  readList(fields['safetySettings'], 'safety_settings').forEach((item, index) => {
    readFields(item, ['category', 'threshold'], `safety_settings[${index}]`);
  });
}
