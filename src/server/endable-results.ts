// Results that can be cut short from outside, also while their source is waited for: one last result, then nothing.

import type { FormattedExecutionResult } from 'graphql';
import type { ResultSource } from './event-stream.ts';

export interface EndableResults extends ResultSource {
  /** The source is left at once. Again is nothing. */
  end(last: FormattedExecutionResult): void;
}

type Next = IteratorResult<FormattedExecutionResult, unknown>;

export function endableResults(source: ResultSource): EndableResults {
  const over: Next = { done: true, value: undefined };
  let isRunning = true;
  let last: FormattedExecutionResult | undefined;
  /** Answers the `next()` that waits for the source. */
  let answer: ((next: Next) => void) | undefined;

  function takeLast(): Next {
    const value = last;
    last = undefined;
    return value === undefined ? over : { done: false, value };
  }

  return {
    next() {
      if (!isRunning) return Promise.resolve(takeLast());
      // No race against a promise of the end: that would hold on to each result for as long as the stream lasts.
      return new Promise((resolve, reject) => {
        const once =
          <T>(settle: (value: T) => void) =>
          (value: T): void => {
            if (answer !== resolve) return;
            answer = undefined;
            settle(value);
          };
        answer = resolve;
        source.next().then(once(resolve), once(reject));
      });
    },
    async return() {
      isRunning = false;
      return source.return?.();
    },
    end(result) {
      if (!isRunning) return;
      isRunning = false;
      last = result;
      // A source that fails to stop has nobody left to hear of it.
      source.return?.().catch(() => undefined);
      const waiting = answer;
      answer = undefined;
      waiting?.(takeLast());
    },
  };
}
