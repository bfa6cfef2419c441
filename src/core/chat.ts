// The one vocabulary for a chat with a model. Providers translate it to their wire format and back;
// no wire type leaves a provider's folder, and nothing here knows a provider.

import type { JsonObject } from './json.ts';

export type Role = 'SYSTEM' | 'USER' | 'ASSISTANT' | 'TOOL';

export type Part =
  | { readonly type: 'text'; readonly text: string }
  /** An image the provider fetches itself. */
  | { readonly type: 'image-url'; readonly url: string }
  /** An image sent along; `base64` without a `data:` prefix. */
  | { readonly type: 'image-data'; readonly base64: string; readonly mediaType: string };

export interface Message {
  readonly role: Role;
  readonly parts: readonly Part[];
  /** Only on ASSISTANT messages: the calls the model asked for in an earlier turn. */
  readonly toolCalls: readonly ToolCall[];
  /** Only on TOOL messages: the call this message answers. */
  readonly toolCallId: string | undefined;
  /** The prompt up to and with this message is worth keeping in the provider's prompt cache. */
  readonly cacheBreakpoint: boolean;
}

export interface Tool {
  readonly name: string;
  readonly description: string | undefined;
  /** JSON Schema of the arguments. */
  readonly parameters: JsonObject;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: JsonObject;
}

export type ToolChoice =
  | { readonly mode: 'AUTO' | 'NONE' | 'REQUIRED' }
  | { readonly mode: 'TOOL'; readonly name: string };

export type OutputFormat =
  | { readonly format: 'TEXT' }
  /** JSON without a schema asks for any JSON value; `name` labels the schema upstream. */
  | { readonly format: 'JSON'; readonly schema: JsonObject | undefined; readonly name: string };

/** How much the model is to think before it answers; what is undefined is left to the provider. */
export interface Reasoning {
  readonly effort: 'LOW' | 'MEDIUM' | 'HIGH' | undefined;
  /** Most tokens to think with; part of the output cap. */
  readonly maxTokens: number | undefined;
}

/** Everything that decides what a model answers. A new generation parameter belongs here. */
export interface ChatRequest {
  readonly messages: readonly Message[];
  /** Output cap sent upstream, in tokens. */
  readonly maxOutputTokens: number;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly stop: readonly string[];
  readonly seed: number | undefined;
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice | undefined;
  readonly output: OutputFormat;
  /** undefined: as the provider does it by itself. */
  readonly reasoning: Reasoning | undefined;
  /**
   * Parameters only some providers have, by kind of provider (`openai`, `anthropic`, ...), then by the provider's own
   * name of the parameter. Each provider reads its own kind and lets through what its allow-list names.
   */
  readonly providerOptions: Readonly<Record<string, JsonObject>>;
}

/**
 * Tokens by class, each counted once: `inputTokens` includes `cachedInputTokens` (read from the provider's prompt
 * cache) and `cacheWriteTokens`; `outputTokens` includes `reasoningTokens`. Adapters normalise to this.
 */
export interface TokenCounts {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

/** Why a model stopped, as a provider can tell it. */
export type ModelFinishReason = 'STOP' | 'LENGTH' | 'TOOL_CALLS' | 'CONTENT_FILTER';

export type Capability = 'TEXT' | 'STREAM' | 'TOOLS' | 'JSON_SCHEMA' | 'IMAGES' | 'REASONING' | 'EMBEDDINGS';
