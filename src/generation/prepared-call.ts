// What prepare.ts makes of a call's input, and all that the phases after it know of it.

import type { Caller } from '../core/caller.ts';
import type { ChatRequest } from '../core/chat.ts';
import type { Prices } from '../core/money.ts';
import type { Model } from '../features/routing/model-catalog.ts';
import type { Provider } from '../providers/provider.ts';

/** A call that passed validation and waits to be run: nothing in it refers to GraphQL any more. */
export interface PreparedCall {
  readonly type: 'PREPARED';
  readonly caller: Caller;
  readonly model: Model;
  /** The one the model's target names, taken when the call was prepared: a reload does not touch calls that run. */
  readonly provider: Provider;
  readonly request: ChatRequest;
  /** As they are now: prices may change by date and hour while the call runs. undefined: none known. */
  readonly prices: Prices | undefined;
  readonly idempotency: PreparedKey | undefined;
  /** All attempts together end by then. */
  readonly timeoutMs: number;
  /** Whom the caller made it for, where it said so. Personal: never logged, never sent to the provider. */
  readonly endUserId: string | undefined;
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  readonly clampedBy: 'MODEL' | undefined;
  readonly warnings: readonly string[];
  /** Estimate of the input, tokens. */
  readonly inputTokens: number;
}

export interface PreparedKey {
  readonly key: string;
  /** Keys of batch items live in a namespace of their batch's key. */
  readonly namespace: string;
  /** Equal for equal input. */
  readonly fingerprint: string;
}
