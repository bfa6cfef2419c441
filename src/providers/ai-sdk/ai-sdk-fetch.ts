// The `fetch` that packages of the AI SDK are handed: their requests go over our own pools of connections, so that
// proxies, authorities, time-outs, bounds and aborts are the same as everywhere. It follows no redirects.

import type { Dispatcher } from 'undici';
import { UpstreamError } from '../../core/upstream-error.ts';
import { isLoopbackHost } from '../../platform/loopback-host.ts';
import { type AnswerHeaders, headerValue } from '../retry-after.ts';
import { unreadableError } from '../upstream-errors.ts';
import { type AnswerBounds, type UpstreamExchange, wasStale } from '../upstream-exchange.ts';
import { createUpstreamPool, type PoolRequest, type UpstreamNetwork, type UpstreamPool } from '../upstream-pool.ts';
import { type AnswerBody, createAnswerBody } from './ai-sdk-answer-body.ts';
import { type AiSdkAttempt, createAttempt } from './ai-sdk-attempt.ts';

export interface AiSdkFetchOptions extends AnswerBounds {
  readonly network: UpstreamNetwork;
  /** Whether prompts and keys may go out unencrypted, to other machines than this one. */
  readonly allowInsecure: boolean;
  /** The attempt that a request belongs to; undefined: it belongs to no call. */
  readonly currentAttempt: () => AiSdkAttempt | undefined;
}

export interface AiSdkFetch {
  readonly fetch: typeof globalThis.fetch;
  /** Closes idle connections and waits for busy ones. */
  close(): Promise<void>;
}

/** Of an error body nobody needs more; and nobody waits long for its end. */
const MAX_ERROR_BODY_BYTES = 65_536;
const ERROR_BODY_WAIT_MS = 1_000;
/** For what a package fetches outside of any call. */
const USUAL_TIMEOUTS = { connectMs: 5_000, firstTokenMs: 60_000, idleMs: 30_000, totalMs: 120_000 };
/** A package talks to an address or two; one that makes up more must not fill the memory. */
const MAX_POOLS = 16;
/** Of a connection, or of undici itself. */
const OURS: ReadonlySet<string> = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive']);
const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304]);

export function createAiSdkFetch(options: AiSdkFetchOptions): AiSdkFetch {
  const { network, allowInsecure, currentAttempt } = options;
  const pools = new Map<string, UpstreamPool>();
  const closings = new Set<Promise<void>>();
  let closing: Promise<unknown> | undefined;

  function poolOf(url: URL): UpstreamPool {
    const known = pools.get(url.origin);
    if (known !== undefined) return known;
    for (const [origin, oldest] of pools) {
      if (pools.size < MAX_POOLS) break;
      pools.delete(origin);
      const closed = oldest.close().finally(() => closings.delete(closed));
      closings.add(closed);
    }
    const pool = createUpstreamPool(url, network);
    pools.set(url.origin, pool);
    return pool;
  }

  async function aiSdkFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const ofCall = currentAttempt();
    const signal = init.signal ?? new AbortController().signal;
    const attempt = ofCall ?? createAttempt({ streamed: false, timeouts: USUAL_TIMEOUTS, signal });
    try {
      const { url, ...request } = await readRequest(input, init);
      const insecure = url.protocol === 'http:' && (allowInsecure || isLoopbackHost(url.hostname));
      if (url.protocol !== 'https:' && !insecure) throw addressError('is not https', ', or to set allowInsecure');
      return await exchange(
        poolOf(url),
        request,
        attempt,
        options,
        ofCall === undefined ? attempt.end : () => undefined,
      );
    } catch (error) {
      if (ofCall === undefined) attempt.end();
      if (error instanceof UpstreamError) attempt.broke(error, false);
      throw error;
    }
  }

  return {
    fetch: aiSdkFetch,
    close: async () => {
      closing ??= Promise.all([...pools.values()].map((pool) => pool.close()).concat(...closings));
      await closing;
    },
  };
}

const addressError = (what: string, or = ''): UpstreamError => {
  const message = `The address of this provider ${what}. An operator has to correct its settings${or}.`;
  return new UpstreamError('UPSTREAM_ERROR', message, { phase: 'NOT_SENT', retryable: false });
};

async function readRequest(
  input: string | URL | Request,
  init: RequestInit,
): Promise<PoolRequest & { readonly url: URL }> {
  const asked = typeof input === 'string' || input instanceof URL ? undefined : input;
  const address = asked === undefined ? String(input) : asked.url;
  if (!URL.canParse(address)) throw addressError('cannot be read');
  const url = new URL(address);
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  new Headers(init.headers ?? asked?.headers).forEach((value, name) => {
    if (!OURS.has(name)) headers[name] = value;
  });
  headers['accept-encoding'] = 'identity';
  const given = init.body ?? (asked?.body == null ? null : new Uint8Array(await asked.arrayBuffer()));
  let body: PoolRequest['body'];
  if (given === null || typeof given === 'string' || given instanceof Uint8Array) body = given;
  else {
    // Forms, blobs and streams: read whole, for a request has to be told from a connection that was closed under it.
    const whole = new Response(given);
    headers['content-type'] ??= whole.headers.get('content-type') ?? 'application/octet-stream';
    body = new Uint8Array(await whole.arrayBuffer());
  }
  const method = (init.method ?? asked?.method ?? 'GET').toUpperCase() as Dispatcher.HttpMethod;
  return { url, method, path: url.pathname + url.search, headers, body };
}

/** @throws UpstreamError for an answer that no package can read. */
function checkHead(status: number, headers: AnswerHeaders): void {
  if (status > 599) throw unreadableError(`answered with status ${status}, which is no answer`, 'ANSWERED');
  if (status >= 300) return;
  if ((headerValue(headers, 'content-encoding') ?? 'identity') !== 'identity') {
    throw unreadableError('compressed its answer although it was asked not to', 'ANSWERED');
  }
  if (/^\s*text\/html\b/i.test(headerValue(headers, 'content-type') ?? '')) {
    throw unreadableError('answered with "text/html" instead of JSON. Check the address in its settings', 'ANSWERED');
  }
}

function toHeaders(headers: AnswerHeaders): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const single of typeof value === 'string' ? [value] : (value ?? [])) result.append(name, single);
  }
  return result;
}

function exchange(
  pool: UpstreamPool,
  request: PoolRequest,
  attempt: AiSdkAttempt,
  { maxBodyBytes }: AnswerBounds,
  onEnd: () => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let body: AnswerBody | undefined;
    let firstByteSeen = false;
    let sentAtMs: number | undefined;
    let status = 0;
    let bodyBytes = 0;
    let errorTimer: NodeJS.Timeout | undefined;
    attempt.connecting();
    attempt.signal.addEventListener('abort', stop, { once: true });

    function stop(): void {
      const reason = new Error('The attempt is over.');
      fail(reason);
      controller?.abort(reason);
    }

    function settle(): void {
      clearTimeout(errorTimer);
      attempt.signal.removeEventListener('abort', stop);
      onEnd();
    }

    function fail(error: unknown): void {
      settle();
      if (body === undefined) reject(error);
      else body.fail(error);
    }

    /** Of an error it is enough to have its beginning. */
    function cutErrorBody(): void {
      settle();
      body?.end();
      controller?.abort(new Error('More of the error is not needed.'));
    }

    const handler: UpstreamExchange = {
      connection: undefined,
      onRequestStart(started) {
        controller = started;
        sentAtMs = performance.now();
        if (attempt.signal.aborted) started.abort(new Error('The attempt is over.'));
        else attempt.sent();
      },
      onResponseStarted() {
        firstByteSeen = true;
      },
      onResponseStart(_controller, answerStatus, headers) {
        if (answerStatus < 200 || attempt.signal.aborted) return;
        if (handler.connection !== undefined) handler.connection.answers += 1;
        status = answerStatus;
        attempt.answered(status, headers);
        try {
          checkHead(status, headers);
          body = createAnswerBody(
            () => controller?.resume(),
            () => controller?.abort(new Error('The package wants no more.')),
          );
          const content = BODYLESS.has(status) ? null : body.stream;
          resolve(new Response(content, { status, headers: toHeaders(headers) }));
        } catch (error) {
          attempt.giveUp(
            error instanceof UpstreamError ? error : unreadableError('answered with headers that are none', 'ANSWERED'),
          );
          return;
        }
        if (status >= 300) errorTimer = setTimeout(cutErrorBody, ERROR_BODY_WAIT_MS);
      },
      onResponseData(started, chunk) {
        if (body === undefined || attempt.signal.aborted) return;
        bodyBytes += chunk.length;
        const unreadBytes = attempt.received(chunk);
        if (!body.add(chunk)) started.pause();
        if (status >= 300) {
          if (bodyBytes > MAX_ERROR_BODY_BYTES) cutErrorBody();
        } else if (unreadBytes > maxBodyBytes) {
          attempt.giveUp(unreadableError(`sent more than ${maxBodyBytes} bytes`, attempt.phase()));
        }
      },
      onResponseEnd() {
        settle();
        body?.end();
      },
      onResponseError(_controller, error) {
        const staleConnection = !firstByteSeen && wasStale(handler.connection, sentAtMs);
        if (status < 300 && !attempt.signal.aborted) attempt.broke(error, staleConnection);
        if (status >= 300) body?.end();
        fail(error);
      },
    };
    pool.dispatch(request, handler);
  });
}
