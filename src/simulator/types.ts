// What the simulator takes and tells: its options, the script that makes it misbehave, and its bill. Types only.

import type { Clock } from '../core/clock.ts';

export type Json = string | number | boolean | null | readonly Json[] | JsonRecord;

export interface JsonRecord {
  readonly [key: string]: Json;
}

/** The wire formats spoken. */
export type WireName = 'openai' | 'anthropic' | 'gemini';

/** A place in an answer: before the status line, right after the head, before the end, or after N tokens. */
export type FaultPlace = 'before-head' | 'after-head' | 'before-end' | { readonly afterTokens: number };

/** Usage told to the client and put on the bill instead of what was counted; absent classes stay as counted. */
export interface UsageOverride {
  /** Includes `cachedTokens` and `cacheWriteTokens`. */
  readonly promptTokens?: number;
  readonly cachedTokens?: number;
  /** Written to the prompt cache. 0 where the wire format cannot tell it (Gemini's). */
  readonly cacheWriteTokens?: number;
  /** Includes `reasoningTokens`. */
  readonly completionTokens?: number;
  readonly reasoningTokens?: number;
}

/**
 * `truncated` (or true): JSON that breaks off, though the body ends properly. `wrong-shape`: JSON of another shape.
 * `garbage`: bytes that are no text. `html`: a web page in place of all of it, billed like an error: 0.
 */
export type Malformed = 'truncated' | 'wrong-shape' | 'garbage' | 'html';

export interface ScriptedToolCall {
  readonly id?: string;
  readonly name: string;
  /** A string is sent as it is, so that it may be broken JSON. */
  readonly arguments: JsonRecord | string;
}

/**
 * How one request is answered; what is absent is as the model does it. Sent in a rule, in an `x-simulate` header or
 * in a `[[sim: {...}]]` directive in the last user message.
 */
export interface Behaviour {
  // --- time
  /** Milliseconds before the head. */
  readonly latencyMs?: number;
  /** Milliseconds from the head to the first token; a plain answer adds it before its head. */
  readonly firstTokenMs?: number;
  /** 0 = as fast as the client reads. */
  readonly tokensPerSecond?: number;
  /** One socket write per so many tokens of a stream; without it, all tokens that are due go together. */
  readonly tokensPerWrite?: number;

  // --- answer
  readonly text?: string;
  /** The text as exactly these deltas; each counts as one token; output limits and `stop` do not apply. */
  readonly tokens?: readonly string[];
  readonly reasoning?: string;
  readonly toolCalls?: readonly ScriptedToolCall[];
  /** `stop`, `length`, `tool_calls` and `content_filter` are put in the words of each format; others are sent as they are. */
  readonly finishReason?: string;
  readonly usage?: 'omit' | UsageOverride;
  /** Tokens the model can read and write in all. */
  readonly contextWindow?: number;
  /** Tokens the model can write. */
  readonly outputLimit?: number;

  // --- refusals
  /** ≥ 400: refuses with an error body (429 brings retry-after and rate-limit headers). Below: the status of the answer. */
  readonly status?: number;
  /** Fields of the error object, over the ones usual for the status. With no status it goes out under a 200. */
  readonly error?: JsonRecord;
  /** Response headers, over the usual ones; null leaves one out. */
  readonly headers?: { readonly [name: string]: string | null };
  /** When to come back: the `retry-after` header; in Gemini's format RetryInfo in the error. */
  readonly retryAfterSeconds?: number;
  /**
   * Refuses the prompt, for the categories that were hit, or true for `violence`: a 400 as of Azure's content filter, an
   * answer that ends with `refusal` (Anthropic), or one with `promptFeedback.blockReason` and no candidate (Gemini).
   */
  readonly contentFilter?: true | readonly string[];
  /** Refuses requests that have `stream_options` with a 400; OpenAI's format only. */
  readonly refusesStreamOptions?: boolean;

  // --- faults
  /** Sends nothing more from here on, and keeps the connection open. */
  readonly hang?: FaultPlace;
  /** Destroys the connection here. */
  readonly cut?: FaultPlace;
  /** With `cut: { afterTokens }`: half of the next frame still goes out. */
  readonly cutMidFrame?: boolean;
  /** An error object as a frame of the stream, after which it ends without its end mark. Streams only. */
  readonly streamError?: { readonly afterTokens: number; readonly error?: JsonRecord };
  /** What stands in place of a plain body, or half-way in a stream. */
  readonly malformed?: Malformed | boolean;
  readonly emptyBody?: boolean;
  readonly contentType?: string;
  /** Never ends: tokens forever, or a plain body that grows forever. */
  readonly endless?: boolean;

  // --- bytes
  /** The whole body, exactly. `base64:` + base64 sends bytes that are no text. Billed like an error: 0. */
  readonly rawBody?: string;
  /** The body drips: so many bytes a second. */
  readonly bytesPerSecond?: number;
  /** The body goes out in pieces of these byte lengths, repeated until its end, one write and one turn each. */
  readonly chunkBytes?: readonly number[];
  /** Lines of a stream end with CRLF. */
  readonly crlf?: boolean;
  /** A `: keep-alive` comment frame before every frame of a stream. */
  readonly comments?: boolean;
  /**
   * The stream ends without its end mark: `[DONE]`, `message_stop`, or the bracket that closes Gemini's array. Gemini's
   * server-sent events have none.
   */
  readonly omitDone?: boolean;
}

/** How much each credential may ask of each model; what is beyond is refused with a 429 and the limits in its headers. */
export interface Quota {
  readonly requests?: number;
  /** Of prompts and answers. A prompt that does not fit is refused; an answer may go beyond, and others wait for it. */
  readonly tokens?: number;
  /** A minute, unless it says otherwise. */
  readonly windowMs?: number;
}

/**
 * A behaviour and when it applies. The first rule that matches decides, in the order they were added. What the
 * request itself says (directive, then header) is laid over it, field by field.
 */
export interface ScriptRule extends Behaviour {
  /** The model asked for. A name the simulator does not know becomes a model of it. Absent: every model. */
  readonly model?: string;
  /** A part of the text of the last user message. */
  readonly match?: string;
  /** How many requests it answers before it is spent. Absent: all. */
  readonly times?: number;
  /** Quotas of all rules that match apply together; a rule with nothing else decides nothing else. */
  readonly quota?: Quota;
}

export type BillState =
  /** Not ended yet. */
  | 'RUNNING'
  /** The whole answer, or the whole error, went out. */
  | 'COMPLETED'
  /** The client closed before the end. */
  | 'ABORTED'
  /** The simulator destroyed the connection, as scripted or because it was closed. */
  | 'CUT';

/** One call of a model, in whichever format. A live record: it grows while the call runs. */
export interface BillEntry {
  /** From 1, in the order of arrival. */
  readonly number: number;
  /** Sent as `x-request-id`, `request-id` or `responseId`. */
  readonly id: string;
  readonly format: WireName;
  readonly state: BillState;
  readonly model: string | undefined;
  readonly streamed: boolean;
  /** Milliseconds since the epoch. */
  readonly receivedAtMs: number;
  /** Milliseconds from receipt to the end, however it ended. */
  readonly endedAfterMs: number | undefined;
  /** undefined: no head was sent. */
  readonly status: number | undefined;
  /** Includes `cachedTokens` and `cacheWriteTokens`. 0 for a refused call. */
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  /** Includes `reasoningTokens`. For an aborted call what was written before the close. */
  readonly completionTokens: number;
  readonly reasoningTokens: number;
  /** In OpenAI's words, whatever the format. */
  readonly finishReason: string | undefined;
  readonly aborted: boolean;
  /** Milliseconds from receipt until the client closed. */
  readonly abortedAfterMs: number | undefined;
  /** Tokens handed to the socket. */
  readonly tokensWritten: number;
  /** The text handed to the socket. */
  readonly text: string;
  /** The request's body; undefined when it was no JSON or bodies are not kept. */
  readonly request: JsonRecord | undefined;
}

/** Of the calls that have ended. */
export interface BillTotals {
  readonly requests: number;
  /** Answered with a status ≥ 400. */
  readonly refused: number;
  readonly aborted: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
}

export interface Bill {
  /** Oldest first; only the last `keepEntries`. The totals know all. */
  readonly requests: readonly BillEntry[];
  readonly totals: BillTotals;
  readonly totalsByModel: { readonly [model: string]: BillTotals };
  /** Calls that have not ended. */
  readonly inFlight: number;
  /** The most calls ever in flight at once since the last reset. */
  readonly maxInFlight: number;
}

export interface SimulatorOptions {
  /** 0 or absent: a free port. */
  readonly port?: number;
  /** When given, calls need it: as `Authorization: Bearer`, `x-api-key` (Anthropic), `x-goog-api-key` or `?key=` (Gemini). */
  readonly apiKey?: string;
  /** Equal seeds give equal answers to equal requests. Default 1. */
  readonly seed?: number;
  /** Bill entries kept. Default 10,000; 0 keeps totals only. */
  readonly keepEntries?: number;
  /** Keep request bodies and texts in the bill. Default true. */
  readonly keepContent?: boolean;
  /** The time that quotas and the bill go by; pauses are always real. */
  readonly clock?: Pick<Clock, 'now'>;
}

export interface Simulator {
  /** `http://127.0.0.1:<port>`; base URLs are this + `/v1` (OpenAI, Anthropic) or `/v1beta` (Gemini). */
  readonly url: string;
  readonly port: number;
  bill(): Bill;
  /**
   * Adds rules; the function returned takes them away again.
   * @throws Error that names the field when a rule has an unknown one or one of the wrong type.
   */
  script(...rules: readonly ScriptRule[]): () => void;
  /** From now on calls need one of these keys in place of `apiKey`; with none given they need none. */
  acceptKeys(...keys: readonly string[]): void;
  /** Empties the bill and drops all rules. Calls in flight go on but are not billed any more. */
  reset(): void;
  /**
   * Resolves to the bill once `predicate` holds; looks again whenever the bill changes.
   * @throws Error telling the bill when it did not hold within `limitMs` (default 10,000).
   */
  waitFor(predicate: (bill: Bill) => boolean, limitMs?: number): Promise<Bill>;
  /** Destroys all connections and resolves when the port is free. */
  close(): Promise<void>;
}
