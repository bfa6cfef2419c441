// Reads the body of a Messages call: refuses what the real API refuses, in its words, and keeps what decides the answer.

import { type ChatView, thinksAsUsual, type ViewThinking } from '../chat-view.ts';
import { isRecord } from '../json-record.ts';
import type { Json, JsonRecord } from '../types.ts';
import type { Glance, WireRequest } from '../wire-format.ts';
import { peekText } from './anthropic-blocks.ts';
import { invalid, invalidRequest } from './anthropic-errors.ts';
import { readMessages, readSystem } from './anthropic-messages.ts';
import { readOutputConfig, readToolChoice, readTools } from './anthropic-tools.ts';
import {
  readFlag,
  readList,
  readNumber,
  readOption,
  readRecord,
  readText,
  readWhole,
  refuseExtra,
} from './anthropic-values.ts';
import { createCacheMarks } from './cache-marks.ts';

export interface AnthropicView extends ChatView {
  /** Thinking is told by its signature alone. */
  readonly hidesThinking: boolean;
}

/** From this version of the API on there are no sampling parameters. */
export const LATEST_VERSION = '2026-10-21';
const FIELDS =
  `model messages max_tokens cache_control container diagnostics inference_geo metadata output_config service_tier speed
  stop_sequences stream system thinking tool_choice tools`.split(/\s+/);
const SAMPLING_FIELDS = ['temperature', 'top_p', 'top_k'];
const LEAST_BUDGET = 1024;
const SEE_THINKING = 'Please consult our documentation on extended thinking.';

/** @throws Refused */
export function glanceAt({ body }: WireRequest): Glance {
  const streamed = body['stream'] === true;
  return {
    model: readText(body['model'], 'model'),
    streamed,
    contentType: streamed ? 'text/event-stream; charset=utf-8' : 'application/json',
    lastUserText: peekLastUserText(body['messages']),
  };
}

/** Of a turn that brings nothing but results of tools, the one before. */
function peekLastUserText(messages: Json | undefined): string {
  if (!Array.isArray(messages)) return '';
  for (const message of (messages as readonly Json[]).toReversed()) {
    if (!isRecord(message) || message['role'] !== 'user') continue;
    const text = peekText(message['content']);
    if (text !== undefined) return text;
  }
  return '';
}

/** @throws Refused */
export function readChat({ body, headers }: WireRequest): AnthropicView {
  const latest = headers['anthropic-version'] === LATEST_VERSION;
  refuseExtra(body, latest ? FIELDS : [...FIELDS, ...SAMPLING_FIELDS], '');
  const marks = createCacheMarks();
  const maxTokens = readWhole(body['max_tokens'], 0, 'max_tokens');
  const tools = readTools(body['tools'], marks);
  const choice = readToolChoice(body['tool_choice'], tools);
  const thinking = readThinking(body['thinking'], maxTokens);
  const system = readSystem(body['system'], marks);
  const messages = readMessages(body['messages'], thinking.maxTokens !== undefined, marks);
  marks.read(body['cache_control'], 'cache_control');
  marks.check();
  const sampling = {
    seed: undefined,
    temperature: readNumber(body['temperature'], 0, 1, 'temperature'),
    topP: readNumber(body['top_p'], 0, 1, 'top_p'),
  };
  checkRest(body);
  if (thinking.wanted === true) checkBesideThinking(body, thinking, choice.toolChoice.mode);
  return {
    model: readText(body['model'], 'model'),
    messages: [...system, ...messages],
    streamed: readFlag(body['stream'], false, 'stream'),
    maxTokens,
    stop: readStop(body['stop_sequences']),
    tools,
    ...choice,
    format: readOutputConfig(body['output_config']),
    thinking,
    hidesThinking: isRecord(body['thinking']) && body['thinking']['display'] === 'omitted',
    sampling,
  };
}

function readThinking(value: Json | undefined, maxTokens: number): ViewThinking {
  if (value === undefined) return thinksAsUsual;
  const config = readRecord(value, 'thinking');
  const type = readOption(config['type'], ['adaptive', 'between_tools', 'disabled', 'enabled'], 'thinking.type');
  const at = `thinking.${type}`;
  const display = type === 'enabled' || type === 'adaptive' ? ['display'] : [];
  refuseExtra(config, ['type', ...display, ...(type === 'enabled' ? ['budget_tokens'] : [])], at);
  if ((config['display'] ?? undefined) !== undefined) {
    readOption(config['display'], ['summarized', 'omitted'], `${at}.display`);
  }
  if (type === 'disabled') return { wanted: false, maxTokens: undefined };
  if (type === 'between_tools') return thinksAsUsual;
  if (type === 'adaptive') return { wanted: true, maxTokens: undefined };
  const budget = readWhole(config['budget_tokens'], LEAST_BUDGET, `${at}.budget_tokens`);
  if (budget >= maxTokens) {
    throw invalidRequest(`\`max_tokens\` must be greater than \`thinking.budget_tokens\`. ${SEE_THINKING}`);
  }
  return { wanted: true, maxTokens: budget };
}

function checkBesideThinking(body: JsonRecord, { maxTokens: budget }: ViewThinking, mode: string): void {
  // Adaptive thinking goes with forced tools: https://platform.claude.com/docs/en/build-with-claude/thinking#thinking-with-tool-use
  if (budget !== undefined && (mode === 'required' || mode === 'named')) {
    throw invalidRequest('Thinking may not be enabled when tool_choice forces tool use.');
  }
  if ((body['temperature'] ?? 1) !== 1) {
    throw invalidRequest(`\`temperature\` may only be set to 1 when thinking is enabled. ${SEE_THINKING}`);
  }
  if (Number(body['top_p'] ?? 1) < 0.95) {
    throw invalidRequest(
      `\`top_p\` must be greater than or equal to 0.95 or unset when thinking is enabled. ${SEE_THINKING}`,
    );
  }
  if ((body['top_k'] ?? undefined) !== undefined) {
    throw invalidRequest(`\`top_k\` must be unset when thinking is enabled. ${SEE_THINKING}`);
  }
}

function checkRest(body: JsonRecord): void {
  if ((body['top_k'] ?? undefined) !== undefined) readWhole(body['top_k'], 0, 'top_k');
  if ((body['service_tier'] ?? undefined) !== undefined) {
    readOption(body['service_tier'], ['auto', 'standard_only'], 'service_tier');
  }
  if (body['metadata'] === undefined) return;
  const metadata = readRecord(body['metadata'], 'metadata');
  refuseExtra(metadata, ['user_id'], 'metadata');
  if ((metadata['user_id'] ?? undefined) !== undefined) readText(metadata['user_id'], 'metadata.user_id');
}

function readStop(value: Json | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  return readList(value, 'stop_sequences').map((item, index) => {
    const sequence = readText(item, `stop_sequences.${index}`);
    if (sequence.trim() === '') {
      throw invalid('stop_sequences', 'each stop sequence must contain non-whitespace');
    }
    return sequence;
  });
}
