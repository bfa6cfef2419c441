// Counts tokens before the provider does: bytes ÷ 3 times a factor per model, learned from what providers report.
// Linear and cheap on any text; a real tokenizer is exact, but can take seconds on text made to hurt it.

import type { ChatRequest, Message } from '../../core/chat.ts';
import type { JsonObject } from '../../core/json.ts';

/** What of a request is read by the model. */
export type EstimatedRequest = Pick<ChatRequest, 'messages' | 'tools' | 'output'>;

export interface TokenEstimator {
  /** Tokens of the input, at least 1. */
  estimateInput(modelName: string, request: EstimatedRequest): number;
  /** Tokens of a piece of text; 0 for an empty one. */
  estimateText(modelName: string, text: string): number;
  /** Corrects the model's factor by what a provider reported for this request. */
  learn(modelName: string, request: EstimatedRequest, actualInputTokens: number): void;
}

const BYTES_PER_TOKEN = 3;
/** Role and separators around a message, in tokens. */
const TOKENS_PER_MESSAGE = 4;
/** What a provider writes around the schema of a tool. */
const TOKENS_PER_TOOL = 12;
/** A picture of 1024 × 1024 at most providers; its true cost depends on its size, which is not known here. */
const TOKENS_PER_IMAGE = 800;

const LEAST_FACTOR = 0.3;
const MOST_FACTOR = 3;
/** Weight of the newest observation, once there are some. */
const WEIGHT = 0.1;
/** Requests shorter than this say little: their fixed parts weigh too much. */
const TELLING_BYTES = 300;
const MOST_MODELS = 1_000;

interface Size {
  /** UTF-8 bytes of all text. */
  readonly bytes: number;
  /** Tokens that do not depend on text. */
  readonly fixedTokens: number;
  readonly hasImages: boolean;
}

interface Learned {
  readonly factor: number;
  readonly observations: number;
}

export function createTokenEstimator(): TokenEstimator {
  // In the order of their last lesson, so that the first is the one to forget.
  const learned = new Map<string, Learned>();
  const factorOf = (modelName: string): number => learned.get(modelName)?.factor ?? 1;

  return {
    estimateInput(modelName, request) {
      const { bytes, fixedTokens } = sizeOf(request);
      return Math.max(1, fixedTokens + Math.ceil((bytes / BYTES_PER_TOKEN) * factorOf(modelName)));
    },
    estimateText: (modelName, text) => Math.ceil((Buffer.byteLength(text) / BYTES_PER_TOKEN) * factorOf(modelName)),
    learn(modelName, request, actualInputTokens) {
      const { bytes, fixedTokens, hasImages } = sizeOf(request);
      // What a picture cost is not known, so what the text cost is not known either.
      if (hasImages || bytes === 0 || !Number.isFinite(actualInputTokens) || actualInputTokens <= 0) return;
      const observed = clamp((actualInputTokens - fixedTokens) / (bytes / BYTES_PER_TOKEN));
      const { factor, observations } = learned.get(modelName) ?? { factor: 1, observations: 0 };
      const weight = Math.max(WEIGHT, 1 / (observations + 2)) * Math.min(1, bytes / TELLING_BYTES);
      learned.delete(modelName);
      learned.set(modelName, { factor: clamp(factor + (observed - factor) * weight), observations: observations + 1 });
      if (learned.size <= MOST_MODELS) return;
      for (const oldest of learned.keys()) {
        learned.delete(oldest);
        break;
      }
    },
  };
}

const clamp = (factor: number): number => Math.min(MOST_FACTOR, Math.max(LEAST_FACTOR, factor));

function sizeOf({ messages, tools, output }: EstimatedRequest): Size {
  let bytes = 0;
  let images = 0;
  for (const message of messages) {
    bytes += textBytes(message);
    for (const part of message.parts) if (part.type !== 'text') images++;
  }
  for (const { name, description, parameters } of tools) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(description ?? '') + jsonBytes(parameters);
  }
  if (output.format === 'JSON' && output.schema !== undefined) bytes += jsonBytes(output.schema);
  const fixedTokens = messages.length * TOKENS_PER_MESSAGE + tools.length * TOKENS_PER_TOOL + images * TOKENS_PER_IMAGE;
  return { bytes, fixedTokens, hasImages: images > 0 };
}

function textBytes({ parts, toolCalls }: Message): number {
  let bytes = 0;
  for (const part of parts) if (part.type === 'text') bytes += Buffer.byteLength(part.text);
  for (const call of toolCalls) bytes += Buffer.byteLength(call.name) + jsonBytes(call.arguments);
  return bytes;
}

const jsonBytes = (value: JsonObject): number => Buffer.byteLength(JSON.stringify(value));
