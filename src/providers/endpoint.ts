// What an adapter is made with: where it posts to, and how much it takes back.

import type { AnswerBounds } from './upstream-exchange.ts';
import type { UpstreamNetwork } from './upstream-pool.ts';

/** What every adapter of a wire format is made with. */
export interface AdapterOptions {
  readonly id: string;
  /** Without the path of a call; its path prefix and its query string are kept. */
  readonly baseUrl: string;
  /** undefined for servers that ask for none. */
  readonly apiKey: string | undefined;
  /** Bytes of text, reasoning and tool arguments of one answer. Default 4 MiB. */
  readonly maxAnswerBytes?: number;
  /** Names in `providerOptions` that may be sent besides the usual ones. */
  readonly allowedOptions?: readonly string[];
  /** Default: no proxy, and the authorities that Node trusts. */
  readonly network?: UpstreamNetwork;
}

/** Bytes of text, reasoning and tool arguments of one answer. */
export const DEFAULT_MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** A character may take six bytes in JSON (`\u00e9` for two bytes of text); the rest of a body is small. */
const JSON_EXPANSION = 4;

/** `baseUrl` with `path` at its end; its path prefix and its query string are kept. */
export function endpointUrl(baseUrl: string, path: string): URL {
  const url = new URL(baseUrl);
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  url.hash = '';
  return url;
}

export function answerBounds(maxAnswerBytes: number): AnswerBounds {
  return { maxBodyBytes: maxAnswerBytes * JSON_EXPANSION, maxEventLength: maxAnswerBytes * JSON_EXPANSION };
}
