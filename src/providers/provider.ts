// The port to a model provider. One folder per wire format implements it; generation/ is its only user.

import type { ChatRequest, ModelFinishReason, TokenCounts } from '../core/chat.ts';

export interface ProviderTimeouts {
  /** Until the connection stands, TLS included. */
  readonly connectMs: number;
  /** From sending until the first token. Streamed bodies only: a plain body sends nothing until it is done. */
  readonly firstTokenMs: number;
  /** Between two chunks after the first token. Streamed bodies only. */
  readonly idleMs: number;
  /** From the start of the attempt to its end. */
  readonly totalMs: number;
}

export interface ProviderCall {
  /** The provider's name of the model. */
  readonly model: string;
  readonly request: ChatRequest;
  /** Ask for a streamed body. The deltas of a plain body come all at once, at its end. */
  readonly streamed: boolean;
  readonly timeouts: ProviderTimeouts;
  /** Aborting closes the upstream socket at once, streamed or not; the call then rejects with CANCELLED. */
  readonly signal: AbortSignal;
}

/** A piece of the answer, in the order the model wrote it. Whole code points only. */
export type ProviderDelta =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | {
      readonly type: 'tool-call';
      /** Which call of the answer, from 0. */
      readonly index: number;
      /** id and name come with the first piece of a call. */
      readonly id: string | undefined;
      readonly name: string | undefined;
      /** The next piece of the arguments, JSON text. */
      readonly argumentsText: string;
    };

export interface ProviderEnd {
  readonly finishReason: ModelFinishReason;
  /** undefined: the provider told none; the caller counts what was delivered. */
  readonly usage: TokenCounts | undefined;
  readonly providerRequestId: string | undefined;
  /** What was left out of the request, known only once it was made: whole sentences for the caller. Default: nothing. */
  readonly warnings?: readonly string[];
}

/** What of a request a provider will not send as it was asked. Found without side effects, before anything runs. */
export interface RequestReview {
  /** Asked for and left out: whole sentences for the caller. */
  readonly warnings: readonly string[];
  /** Entries of `providerOptions` that may not be sent; `path` starts at the kind of provider. */
  readonly refusedOptions: readonly RefusedOption[];
}

export interface RefusedOption {
  readonly path: readonly string[];
  /** A whole sentence: what is wrong and what may be given. */
  readonly message: string;
}

export interface Provider {
  /** As named in the configuration. */
  readonly id: string;
  /** Pure and cheap: asked for every call. `model`: the provider's name of it. */
  review(request: ChatRequest, model: string): RequestReview;
  /**
   * Sends one attempt, no retries. Calls `onDelta` synchronously for each piece, then resolves.
   * @throws UpstreamError for everything that goes wrong, never anything else.
   */
  chat(call: ProviderCall, onDelta: (delta: ProviderDelta) => void): Promise<ProviderEnd>;
  /** Closes idle connections and waits for busy ones. */
  close(): Promise<void>;
}
