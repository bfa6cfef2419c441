// A subscription over a plain HTTP answer, for as long as its caller may have it: when that ends, the stream says so as
// its last event.

import type { ServerResponse } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import type { Caller } from '../core/caller.ts';
import type { SluiceError } from '../core/errors.ts';
import type { SubscriptionOutcome } from '../graphql/subscribe-operation.ts';
import type { SentFrom } from './authenticate.ts';
import { type EndableResults, endableResults } from './endable-results.ts';
import type { EventStreamOptions, WriteEventStream } from './event-stream.ts';
import type { LiveCallers } from './live-callers.ts';
import type { StreamAnswer } from './negotiate.ts';

export interface StreamToCallerOptions {
  readonly liveCallers: LiveCallers;
  readonly writeEventStream: WriteEventStream;
  readonly lastEventMs?: EventStreamOptions['lastEventMs'];
}

export interface CallerStream {
  readonly caller: Caller;
  readonly from: SentFrom;
  readonly response: ServerResponse;
  readonly kind: StreamAnswer;
  /** Never rejects. */
  readonly start: () => Promise<SubscriptionOutcome>;
  /** Aborted when the caller ends before it has started. */
  readonly gone: AbortController;
  readonly format: (error: SluiceError) => GraphQLFormattedError;
}

/** Gives the errors of one that was refused, unanswered as yet. @throws SluiceError UNAUTHENTICATED when the caller ended before it started. */
export type StreamToCaller = (stream: CallerStream) => Promise<readonly GraphQLFormattedError[] | undefined>;

export function createStreamToCaller(options: StreamToCallerOptions): StreamToCaller {
  const { liveCallers, writeEventStream, lastEventMs = 1_000 } = options;

  function cutUnlessRead(response: ServerResponse): void {
    const timer = setTimeout(() => response.destroy(), lastEventMs);
    response.once('close', () => clearTimeout(timer));
  }

  return async ({ caller, from, response, kind, start, gone, format }) => {
    const { promise: ended, reject: markEnded } = Promise.withResolvers<never>();
    ended.catch(() => undefined);
    let error: SluiceError | undefined;
    let results: EndableResults | undefined;
    const leave = liveCallers.join(caller, from, (change) => {
      if (change.type !== 'ENDED') return;
      error = change.error;
      markEnded(error);
      if (results === undefined || response.destroyed) return;
      results.end({ data: null, errors: [format(error)] });
      cutUnlessRead(response);
    });
    try {
      const starting = start();
      const started = await Promise.race([starting, ended]).catch((reason: unknown) => {
        gone.abort(reason);
        void starting.then(leaveUnread);
        throw reason;
      });
      if (started.type === 'REFUSED') return started.errors;
      results = endableResults(started.results);
      // It may have ended in the turn in which it started.
      if (error !== undefined) {
        await leaveUnread(started);
        throw error;
      }
      await writeEventStream(response, kind, results);
      return undefined;
    } finally {
      leave();
    }
  };
}

async function leaveUnread(started: SubscriptionOutcome): Promise<void> {
  // Nobody is left who could be told that it does not end.
  if (started.type === 'STARTED') await started.results.return().catch(() => undefined);
}
