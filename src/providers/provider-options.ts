// The options callers may send past us to a provider. Each kind of provider has a list; an operator may add names to it.
// Nothing on a list changes what a call costs per token, what we count, or how an answer is read.

import type { ChatRequest } from '../core/chat.ts';
import type { JsonObject } from '../core/json.ts';
import type { RefusedOption } from './provider.ts';

export interface OptionList {
  /** As in `providerOptions.<kind>`. */
  readonly kind: string;
  /** The caller's options of this kind that may be sent, ready to be laid under our own fields. */
  select(request: ChatRequest): JsonObject;
  refused(request: ChatRequest): readonly RefusedOption[];
  /** What options of other kinds are told as: whole sentences. */
  unsent(request: ChatRequest): readonly string[];
}

const NONE: JsonObject = {};

/**
 * `reserved`: fields of the wire format that this server fills in or counts on; they stay refused even where the
 * configuration allows them.
 */
export function createOptionList(
  kind: string,
  names: readonly string[],
  more: readonly string[] = [],
  reserved: readonly string[] = [],
): OptionList {
  const allowed = new Set([...names, ...more].filter((name) => !reserved.includes(name)));
  const given = (request: ChatRequest): JsonObject =>
    Object.hasOwn(request.providerOptions, kind) ? (request.providerOptions[kind] ?? NONE) : NONE;
  return {
    kind,
    select: (request) => {
      const options = given(request);
      return options === NONE
        ? NONE
        : Object.fromEntries(Object.entries(options).filter(([name]) => allowed.has(name)));
    },
    unsent: (request) =>
      Object.keys(request.providerOptions)
        .filter((other) => other !== kind)
        .map((other) => `providerOptions.${other} was not sent: ${kind} answers this model.`),
    refused: (request) =>
      Object.keys(given(request))
        .filter((name) => !allowed.has(name))
        .map((name) => ({
          path: [kind, name],
          message: `This option may not be sent to ${kind}. Allowed: ${allowed.size === 0 ? 'none' : [...allowed].join(', ')}.`,
        })),
  };
}
