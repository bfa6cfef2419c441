// What a call asks for, in words that all wire formats share: everything behind the reading of a request knows only this.

import type { Image } from './images.ts';
import { hashText } from './random.ts';
import type { JsonRecord } from './types.ts';

export interface ViewTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonRecord;
}

export interface ViewCall {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

export interface ViewMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly text: string;
  readonly images: readonly Image[];
  readonly toolCalls: readonly ViewCall[];
  readonly toolCallId: string | undefined;
}

export type ViewToolChoice =
  | { readonly mode: 'none' | 'auto' | 'required' }
  | { readonly mode: 'named'; readonly name: string };

export type ViewFormat =
  | { readonly type: 'text' | 'json_object' }
  | { readonly type: 'json_schema'; readonly schema: JsonRecord };

export interface ViewThinking {
  /** undefined: as the model does it by itself. */
  readonly wanted: boolean | undefined;
  /** Most tokens to think with. */
  readonly maxTokens: number | undefined;
}

export interface ChatView {
  readonly model: string;
  /** The results of tools one message each, in the order of the conversation. */
  readonly messages: readonly ViewMessage[];
  readonly streamed: boolean;
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  readonly tools: readonly ViewTool[];
  readonly toolChoice: ViewToolChoice;
  readonly parallelToolCalls: boolean;
  readonly format: ViewFormat;
  readonly thinking: ViewThinking;
  readonly sampling: {
    readonly seed: number | undefined;
    readonly temperature: number | undefined;
    readonly topP: number | undefined;
  };
}

export const thinksAsUsual: ViewThinking = { wanted: undefined, maxTokens: undefined };

export const lastUser = (view: ChatView): ViewMessage | undefined =>
  view.messages.findLast((message) => message.role === 'user');

/**
 * What decides an answer: not how it is sent or where it is cut, nor ids, which are accidental, nor the letter of a schema,
 * which formats restrict in different ways.
 */
export function hashView(view: ChatView, seed: number): number {
  const messages = view.messages.map(({ role, text, images, toolCalls }) => [
    role,
    text,
    images.map(({ mediaType, bytes, host }) => [mediaType, bytes, host]),
    toolCalls.map(({ name, arguments: text }) => [name, text]),
  ]);
  const { model, tools, toolChoice, format, sampling } = view;
  const names = tools.map((tool) => tool.name);
  return hashText(JSON.stringify([model, messages, names, toolChoice, format.type, sampling]), seed);
}
