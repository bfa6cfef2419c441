// The Messages wire format of Anthropic's API.

import { findModel, modelInPath, type SimulatedModel } from '../models.ts';
import { Refused } from '../refusal.ts';
import type { Json } from '../types.ts';
import { bearerToken, type WireFormat, type WireHead } from '../wire-format.ts';
import { MISSHAPEN_BODY, plainBody, streamFrames } from './anthropic-answer.ts';
import { invalid, limitHeaders, refuse } from './anthropic-errors.ts';
import { type AnthropicView, glanceAt, LATEST_VERSION, readChat } from './anthropic-request.ts';

const MESSAGES_PATH = '/v1/messages';
const MODELS_PATH = '/v1/models';
/** The last one takes no sampling parameters any more. */
const VERSIONS: readonly unknown[] = ['2023-01-01', '2023-06-01', LATEST_VERSION];

export const anthropicFormat: WireFormat<AnthropicView> = {
  name: 'anthropic',
  owns: ({ path, headers }) => path === MESSAGES_PATH || headers['anthropic-version'] !== undefined,
  isCall: (path) => path === MESSAGES_PATH,
  models: (head, models, startedAtMs) => {
    const { method, path } = head;
    if (path === MESSAGES_PATH || (path === MODELS_PATH && method !== 'GET')) {
      throw new Refused({ type: 'METHOD', method, path });
    }
    if (path === MODELS_PATH) return modelPage(models, head, startedAtMs);
    const name = modelInPath(path, MODELS_PATH);
    return method !== 'GET' || name === undefined ? undefined : modelObject(findModel(models, name), startedAtMs);
  },
  credential: ({ headers }) => {
    const key = headers['x-api-key'];
    return typeof key === 'string' ? key : bearerToken(headers);
  },
  checkHead: ({ headers }) => {
    const version = headers['anthropic-version'];
    if (version === undefined) throw invalid('anthropic-version', 'header is required');
    if (!VERSIONS.includes(version)) throw invalid('anthropic-version', `"${version}" is not a valid version`);
  },
  glance: glanceAt,
  read: readChat,
  blockedPrompt: 'ANSWER',
  capBeyondWindow: 'CUT',
  tellsCacheWrites: true,
  callId: (random) => `toolu_01${random.code(22)}`,
  plainBody,
  streamFrames,
  errorType: 'application/json',
  misshapenBody: MISSHAPEN_BODY,
  headers: (id, retryAfterSeconds) => ({
    'request-id': id,
    'anthropic-organization-id': '00000000-0000-4000-8000-000000000000',
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  }),
  limitHeaders,
  refuse,
};

function modelPage(models: readonly SimulatedModel[], { search }: WireHead, startedAtMs: number): Json {
  const query = new URLSearchParams(search);
  const limit = Number(query.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw invalid('limit', 'Input should be an integer from 1 to 1000');
  }
  const at = (name: string) => {
    const id = query.get(name);
    return id === null ? undefined : models.indexOf(findModel(models, id));
  };
  const after = at('after_id');
  const before = at('before_id');
  const start = after === undefined ? Math.max(0, (before ?? limit) - limit) : after + 1;
  const page = models.slice(start, Math.min(start + limit, before ?? models.length));
  return {
    data: page.map((model) => modelObject(model, startedAtMs)),
    has_more: before === undefined ? start + page.length < models.length : start > 0,
    first_id: page[0]?.name ?? null,
    last_id: page.at(-1)?.name ?? null,
  };
}

function modelObject({ name, contextWindow, outputLimit }: SimulatedModel, startedAtMs: number): Json {
  return {
    type: 'model',
    id: name,
    display_name: name,
    created_at: `${new Date(startedAtMs).toISOString().slice(0, 19)}Z`,
    lifecycle: 'active',
    line: null,
    deprecated_at: null,
    retires_at: null,
    max_input_tokens: contextWindow,
    max_tokens: outputLimit,
    capabilities: null,
  };
}
