// The generateContent wire format of Google's Gemini API.

import { findModel, modelInPath, type SimulatedModel } from '../models.ts';
import { Refused } from '../refusal.ts';
import type { Json } from '../types.ts';
import type { WireFormat, WireHead } from '../wire-format.ts';
import { MISSHAPEN_BODY, plainBody, streamFrames } from './gemini-answer.ts';
import { invalid, refuse } from './gemini-errors.ts';
import { type GeminiView, glanceAt, isCall, modelsPath, readChat, VERSIONS } from './gemini-request.ts';

const PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1000;

export const geminiFormat: WireFormat<GeminiView> = {
  name: 'gemini',
  // Its stable version shares its paths with others: there, its way to bring the key tells it apart.
  owns: (head) =>
    head.path.startsWith(`${VERSIONS[0]}/`) ||
    isCall(head.path) ||
    (head.path.startsWith('/v1/models') && credentialOf(head) !== undefined),
  isCall,
  models: (head, models) => {
    const { method, path } = head;
    const listPath = modelsPath(path);
    if (method !== 'GET' && (isCall(path) || path === listPath)) throw new Refused({ type: 'METHOD', method, path });
    if (path === listPath) return modelPage(models, head);
    const name = modelInPath(path, listPath);
    return method !== 'GET' || name === undefined ? undefined : modelObject(findModel(models, name));
  },
  credential: credentialOf,
  checkHead: () => {},
  glance: glanceAt,
  read: readChat,
  blockedPrompt: 'ANSWER',
  capBeyondWindow: 'ALLOWED',
  tellsCacheWrites: false,
  callId: (random) => random.code(8).toLowerCase(),
  plainBody,
  streamFrames,
  errorType: 'application/json; charset=UTF-8',
  misshapenBody: MISSHAPEN_BODY,
  headers: () => ({}),
  limitHeaders: () => ({}),
  refuse,
};

function credentialOf({ headers, search }: WireHead): string | undefined {
  const key = headers['x-goog-api-key'];
  if (typeof key === 'string') return key;
  return search === '' ? undefined : (new URLSearchParams(search).get('key') ?? undefined);
}

function modelPage(models: readonly SimulatedModel[], { search }: WireHead): Json {
  const query = new URLSearchParams(search);
  const size = Number(query.get('pageSize') ?? PAGE_SIZE);
  const start = Number(query.get('pageToken') ?? 0);
  if (!Number.isInteger(size) || size < 0 || size > MAX_PAGE_SIZE) throw invalid('Invalid page size.');
  if (!Number.isInteger(start) || start < 0) throw invalid('Invalid page token.');
  const end = start + (size === 0 ? PAGE_SIZE : size);
  return {
    models: models.slice(start, end).map(modelObject),
    ...(end < models.length ? { nextPageToken: String(end) } : {}),
  };
}

function modelObject({ name, contextWindow, outputLimit, reasons }: SimulatedModel): Json {
  return {
    name: `models/${name}`,
    version: '001',
    displayName: name,
    description: 'A simulated model.',
    inputTokenLimit: contextWindow,
    outputTokenLimit: outputLimit,
    supportedGenerationMethods: ['generateContent'],
    temperature: 1,
    topP: 0.95,
    topK: 64,
    maxTemperature: 2,
    thinking: reasons,
  };
}
