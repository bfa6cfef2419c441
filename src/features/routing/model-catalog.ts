// The models a gateway offers, by the names its callers use, each with the one target it is served by.

import type { Caller } from '../../core/caller.ts';
import type { Capability } from '../../core/chat.ts';
import type { Prices } from '../../core/money.ts';

export interface ModelTarget {
  /** Id of a configured provider. */
  readonly providerId: string;
  /** The provider's name of the model. */
  readonly model: string;
}

export interface ModelTimeouts {
  readonly connectMs: number;
  readonly firstTokenMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
}

export interface Model {
  readonly name: string;
  readonly target: ModelTarget;
  readonly capabilities: readonly Capability[];
  /** Tokens the model can read and write together. */
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  /** Sent upstream when the caller gives no cap. */
  readonly defaultMaxOutputTokens: number;
  /** undefined: no price known. */
  readonly prices: Prices | undefined;
  readonly timeouts: ModelTimeouts;
}

export interface ModelCatalog {
  /** The model of this name, if it exists and the caller may use it. */
  find(name: string, caller: Caller): Model | undefined;
  /** All the caller may use, in the order of the configuration. */
  list(caller: Caller): readonly Model[];
}

export function createModelCatalog(models: readonly Model[]): ModelCatalog {
  const byName = new Map(models.map((model) => [model.name, model]));
  const allowed = (name: string, caller: Caller): boolean =>
    caller.allowedModels === undefined || caller.allowedModels.has(name);
  return {
    find: (name, caller) => (allowed(name, caller) ? byName.get(name) : undefined),
    list: (caller) => models.filter((model) => allowed(model.name, caller)),
  };
}
