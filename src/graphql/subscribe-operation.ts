// One subscription from its request to its results, the same for WebSocket, SSE and multipart: limits, gate,
// graphql-js, errors mapped. The results are an explicit iterator whose `return()` reaches the source at once.

import {
  type ExecutionResult,
  type FormattedExecutionResult,
  type GraphQLFormattedError,
  type GraphQLSchema,
  subscribe,
} from 'graphql';
import { SluiceError } from '../core/errors.ts';
import type { AdmissionGate } from './admission-gate.ts';
import type { GraphQLContext } from './context.ts';
import { selectOperation } from './documents.ts';
import type { FoundDocument } from './find-document.ts';
import type { FormatError } from './format-error.ts';
import type { OperationLimits } from './operation-limits.ts';

export interface SubscriptionRequest {
  readonly found: FoundDocument;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface SubscriptionResults extends AsyncIterableIterator<FormattedExecutionResult> {
  next(): Promise<IteratorResult<FormattedExecutionResult, undefined>>;
  return(): Promise<IteratorResult<FormattedExecutionResult, undefined>>;
}

export type SubscriptionOutcome =
  /** Nothing was started. */
  | { readonly type: 'REFUSED'; readonly errors: readonly GraphQLFormattedError[] }
  | { readonly type: 'STARTED'; readonly results: SubscriptionResults };

/** Never rejects. */
export type SubscribeOperation = (
  request: SubscriptionRequest,
  context: GraphQLContext,
) => Promise<SubscriptionOutcome>;

export interface SubscribeOperationOptions {
  readonly schema: GraphQLSchema;
  readonly gate: AdmissionGate;
  readonly formatError: FormatError;
  /** How long a subscription may take to start. */
  readonly limits: Pick<OperationLimits, 'timeoutMs'>;
}

type Started = AsyncIterable<ExecutionResult> | readonly unknown[];

export function createSubscribeOperation(options: SubscribeOperationOptions): SubscribeOperation {
  const { schema, gate, formatError, limits } = options;

  async function start(request: SubscriptionRequest, context: GraphQLContext): Promise<Started> {
    const { result } = request.found;
    if (result.type === 'INVALID') return result.errors;
    const { document } = result;
    const operation = selectOperation(document, request.operationName);
    if (operation.operation !== 'subscription') {
      throw new SluiceError(
        'BAD_USER_INPUT',
        `Only subscriptions run here, this is a ${operation.operation}: send it by HTTP POST.`,
      );
    }
    context.plan = gate.plan({ document, operation, variables: request.variables }, context);
    const started = await subscribe({
      schema,
      document,
      operationName: request.operationName,
      variableValues: request.variables,
      contextValue: context,
    });
    return Symbol.asyncIterator in started ? started : (started.errors ?? []);
  }

  return async (request, context) => {
    const present = (error: unknown): GraphQLFormattedError => formatError(error, context.requestId);
    try {
      const started = await inTime(start(request, context), limits.timeoutMs);
      if (!(Symbol.asyncIterator in started)) return { type: 'REFUSED', errors: started.map(present) };
      return { type: 'STARTED', results: formatResults(started[Symbol.asyncIterator](), present) };
    } catch (error) {
      return { type: 'REFUSED', errors: [present(error)] };
    }
  };
}

/** What starts too late is ended at once: nobody waits for it any more. */
function inTime(starting: Promise<Started>, timeoutMs: number): Promise<Started> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new SluiceError('OVERLOADED', `The subscription took longer than ${timeoutMs} ms to start.`));
    }, timeoutMs);
    starting.then(
      (started) => {
        clearTimeout(timer);
        if (!isLate) resolve(started);
        // Nobody is left who could be told that it does not end.
        else if (Symbol.asyncIterator in started)
          started[Symbol.asyncIterator]()
            .return?.()
            .catch(() => undefined);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

function formatResults(
  source: AsyncIterator<ExecutionResult>,
  present: (error: unknown) => GraphQLFormattedError,
): SubscriptionResults {
  const end = { done: true, value: undefined } as const;
  let hasEnded = false;

  const results: SubscriptionResults = {
    async next() {
      if (hasEnded) return end;
      try {
        const { done, value } = await source.next();
        if (done || hasEnded) {
          hasEnded = true;
          return end;
        }
        if (value.errors === undefined) return { done: false, value: value as FormattedExecutionResult };
        return { done: false, value: { ...value, errors: value.errors.map(present) } };
      } catch (error) {
        // A source that breaks still ends its stream with something a client can read.
        if (hasEnded) return end;
        hasEnded = true;
        return { done: false, value: { data: null, errors: [present(error)] } };
      }
    },
    async return() {
      hasEnded = true;
      await source.return?.();
      return end;
    },
    [Symbol.asyncIterator]: () => results,
  };
  return results;
}
