// What a language model of the AI SDK gives back, streamed or whole → deltas, then the end.
// Reference: language-model-v4-stream-part.ts and -generate-result.ts of @ai-sdk/provider; v3 has the same parts, fewer.

import type {
  LanguageModelV3GenerateResult,
  LanguageModelV3StreamPart,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import type { ModelFinishReason, TokenCounts } from '../../core/chat.ts';
import { createAnswerWriter, type ToolCallWriter } from '../answer-writer.ts';
import type { ProviderDelta } from '../provider.ts';
import { asRequestId } from '../retry-after.ts';
import { cutError, unreadableError } from '../upstream-errors.ts';
import { readAiSdkUsage } from './ai-sdk-usage.ts';
import { readAiSdkWarnings } from './ai-sdk-warnings.ts';

export type AiSdkPart = LanguageModelV4StreamPart | LanguageModelV3StreamPart;
export type AiSdkResult = LanguageModelV4GenerateResult | LanguageModelV3GenerateResult;

export interface AiSdkReader {
  /** Returns true with the last part. @throws UpstreamError, or the error that a part tells */
  readPart(part: AiSdkPart): boolean;
  /** A whole answer. @throws UpstreamError */
  readResult(result: AiSdkResult, wantsJson: boolean): void;
  /** Delivers what was still kept. @throws UpstreamError */
  end(): { readonly finishReason: ModelFinishReason };
  readonly begun: boolean;
  /** As the package told it, maybe before a failure. */
  readonly usage: TokenCounts | undefined;
  /** The answer's own id. */
  readonly answerId: string | undefined;
  readonly warnings: readonly string[];
}

/** What an error part tells: thrown as it is, for those who know how far the attempt got. */
export class AiSdkPartError extends Error {
  override readonly name = 'AiSdkPartError';
}

const FINISH_REASONS = {
  stop: 'STOP',
  length: 'LENGTH',
  'content-filter': 'CONTENT_FILTER',
  'tool-calls': 'TOOL_CALLS',
  other: 'STOP',
} as const;

export function createAiSdkReader(onDelta: (delta: ProviderDelta) => void, maxAnswerBytes: number): AiSdkReader {
  const writer = createAnswerWriter(onDelta, maxAnswerBytes);
  const toolCalls = new Map<string, { readonly call: ToolCallWriter; readonly inText: boolean; given: boolean }>();
  let finished: AiSdkResult['finishReason'] | undefined;
  let usage: TokenCounts | undefined;
  let answerId: string | undefined;
  let warnings: readonly string[] = [];

  function openCall(id: string, name: string, inText: boolean): void {
    const call = writer.toolCall();
    call.name(id === '' ? undefined : id, name, '');
    toolCalls.set(id, { call, inText, given: false });
  }

  function appendArguments(id: string, piece: string): void {
    const open = toolCalls.get(id);
    // Text is not JSON: the whole call says it in JSON.
    if (open === undefined || open.inText || piece === '') return;
    open.given = true;
    open.call.append(piece);
  }

  /** Whole, maybe after its pieces. */
  function readToolCall(id: string, name: string, input: string): void {
    if (!toolCalls.has(id)) openCall(id, name, false);
    const open = toolCalls.get(id);
    if (open !== undefined && !open.given) open.call.append(input);
    open?.call.end();
    // Ids may come again with another call.
    toolCalls.delete(id);
  }

  function readFinish(result: Pick<AiSdkResult, 'finishReason' | 'usage'>): void {
    usage = readAiSdkUsage(result.usage) ?? usage;
    finished = result.finishReason;
  }

  return {
    readPart: (part) => {
      switch (part.type) {
        case 'stream-start':
          warnings = readAiSdkWarnings(part.warnings);
          break;
        case 'response-metadata':
          answerId ??= asRequestId(part.id);
          break;
        case 'text-delta':
          writer.text(part.delta);
          break;
        case 'reasoning-delta':
          // An empty one brings a signature: the model writes what is not shown.
          if (part.delta === '') writer.begin();
          else writer.reasoning(part.delta);
          break;
        case 'tool-input-start':
          if (!part.providerExecuted)
            openCall(part.id, part.toolName, 'inputEncoding' in part && part.inputEncoding === 'text');
          break;
        case 'tool-input-delta':
          appendArguments(part.id, part.delta);
          break;
        case 'tool-call':
          if (!part.providerExecuted) readToolCall(part.toolCallId, part.toolName, part.input);
          break;
        case 'finish':
          readFinish(part);
          return true;
        case 'error':
          throw new AiSdkPartError('an error part', { cause: part.error });
        default:
          // Sources, files, what the provider ran itself, pings, and kinds that are still to be invented.
          break;
      }
      return false;
    },
    readResult: (result, wantsJson) => {
      warnings = readAiSdkWarnings(result.warnings);
      answerId ??= asRequestId(result.response?.id);
      const chosen = wantsJson && 'structuredOutputText' in result ? result.structuredOutputText : undefined;
      for (const part of result.content) {
        if (part.type === 'text' && chosen === undefined) writer.text(part.text);
        else if (part.type === 'reasoning') writer.reasoning(part.text);
        else if (part.type === 'tool-call' && !part.providerExecuted) {
          readToolCall(part.toolCallId, part.toolName, part.input);
        }
      }
      if (chosen !== undefined) writer.text(chosen);
      readFinish(result);
    },
    end: () => {
      const reason = finished?.unified;
      if (reason === undefined) throw cutError(writer.begun ? 'PARTIAL' : 'NO_ANSWER');
      if (reason === 'error') throw unreadableError('gave up on its answer', 'PARTIAL');
      if (reason === 'interrupted') throw cutError('PARTIAL');
      writer.end();
      const told = FINISH_REASONS[reason] ?? 'STOP';
      // A forced tool call ends with "stop" with some.
      return { finishReason: told === 'STOP' && writer.toolCalls > 0 ? 'TOOL_CALLS' : told };
    },
    get begun() {
      return writer.begun;
    },
    get usage() {
      return usage;
    },
    get answerId() {
      return answerId;
    },
    get warnings() {
      return warnings;
    },
  };
}
