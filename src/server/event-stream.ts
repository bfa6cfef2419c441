// Results over a plain HTTP answer, one after the other: server-sent events (graphql-sse, "distinct connections") or
// Apollo's multipart. One writer for both; a result is taken from its source only when the last one could be written.

import type { ServerResponse } from 'node:http';
import type { FormattedExecutionResult } from 'graphql';
import { drained } from './graphql-http.ts';
import type { StreamAnswer } from './negotiate.ts';

export interface EventStreamOptions {
  /** Between the comments (SSE) that keep proxies from closing an idle connection. Default 12,000. */
  readonly ssePingMs?: number;
  /** The same for multipart. Default 5,000. */
  readonly multipartHeartbeatMs?: number;
  /** How long the reader of a stream that is ended may take for its last event before it is cut. Default 1,000. */
  readonly lastEventMs?: number | undefined;
}

/** A source of results. `return()` is called at once when the caller leaves, also while `next()` waits. */
export interface ResultSource {
  next(): Promise<IteratorResult<FormattedExecutionResult, unknown>>;
  return?(): Promise<unknown>;
}

/** Resolves when the stream has ended or the caller has gone. Never rejects because of the caller. */
export type WriteEventStream = (response: ServerResponse, kind: StreamAnswer, results: ResultSource) => Promise<void>;

interface WireFormat {
  readonly contentType: string;
  readonly opening: string;
  readonly heartbeat: string;
  readonly closing: string;
  /** `json`: one serialized result. */
  frame(json: string): string;
}

const sse: WireFormat = {
  contentType: 'text/event-stream; charset=utf-8',
  opening: ':\n\n',
  heartbeat: ':\n\n',
  closing: 'event: complete\ndata: \n\n',
  frame: (json) => `event: next\ndata: ${json}\n\n`,
};

// A part counts as received when the boundary behind it has arrived, so each part brings its closing boundary along.
const part = (json: string): string => `\r\nContent-Type: application/json; charset=utf-8\r\n\r\n${json}\r\n--graphql`;
const multipart: WireFormat = {
  contentType: 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0',
  opening: '\r\n--graphql',
  heartbeat: part('{}'),
  closing: '--\r\n',
  frame: (json) => part(`{"payload":${json}}`),
};

export function createEventStreamWriter(options: EventStreamOptions = {}): WriteEventStream {
  const { ssePingMs = 12_000, multipartHeartbeatMs = 5_000 } = options;

  return async (response, kind, results) => {
    const format = kind === 'SSE' ? sse : multipart;
    // A stop that fails has nobody left to hear of it.
    const leave = (): void => void results.return?.().catch(() => undefined);
    if (response.destroyed) return leave();
    response.on('close', leave);
    response.writeHead(200, { 'Content-Type': format.contentType, 'X-Accel-Buffering': 'no' });
    response.write(format.opening);
    const heartbeat = setInterval(
      () => {
        // Behind bytes that nobody takes, a heartbeat would only pile up.
        if (!response.writableNeedDrain && !response.destroyed) response.write(format.heartbeat);
      },
      kind === 'SSE' ? ssePingMs : multipartHeartbeatMs,
    );
    try {
      for (;;) {
        const { done, value } = await results.next();
        if (done || response.destroyed) break;
        if (!response.write(format.frame(JSON.stringify(value)))) await drained(response);
      }
      if (!response.destroyed) response.end(format.closing);
    } finally {
      clearInterval(heartbeat);
      response.off('close', leave);
      if (!response.writableEnded) response.destroy();
      leave();
    }
  };
}

/** A result that is already there, as a source. */
export function singleResult(result: FormattedExecutionResult): ResultSource {
  let left: FormattedExecutionResult | undefined = result;
  return {
    async next() {
      const value = left;
      left = undefined;
      return value === undefined ? { done: true, value: undefined } : { done: false, value };
    },
  };
}
