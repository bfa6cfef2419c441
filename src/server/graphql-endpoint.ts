// What happens to an HTTP request at `/graphql`, in order: method, identity, body, envelope, kind of answer; then
// Apollo Server for queries and mutations, the shared subscription path for streams.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { HeaderMap } from '@apollo/server';
import type { DocumentNode, FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { Caller } from '../core/caller.ts';
import { SluiceError } from '../core/errors.ts';
import type { HttpGraphQLContext } from '../graphql/apollo.ts';
import type { GraphQLContext } from '../graphql/context.ts';
import { selectOperation } from '../graphql/documents.ts';
import { answerErrors, discardBody } from './answer.ts';
import type { Arrival } from './arrival.ts';
import { hasCredentials, type SentFrom } from './authenticate.ts';
import type { EdgeThrottle } from './edge-throttle.ts';
import { type EventStreamOptions, singleResult, type WriteEventStream } from './event-stream.ts';
import { executeGraphQL, writeGraphQLResponse } from './graphql-http.ts';
import { type GraphQLRequestBody, readGraphQLRequest } from './graphql-request.ts';
import type { LastRequests } from './last-requests.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { LiveCallers } from './live-callers.ts';
import { type Negotiated, negotiate } from './negotiate.ts';
import { parseJson, readBytes, requireJson } from './read-body.ts';
import type { ServerSettings } from './server-settings.ts';
import { createStreamToCaller } from './stream-to-caller.ts';

export interface GraphQLEndpointOptions {
  readonly throttle: EdgeThrottle;
  readonly lastRequests: LastRequests;
  readonly writeEventStream: WriteEventStream;
  readonly lifecycle: Lifecycle;
  readonly liveCallers: LiveCallers;
  readonly lastEventMs?: EventStreamOptions['lastEventMs'];
}

/** What the request came to, for the log. */
export interface EndpointOutcome {
  readonly caller: Caller | undefined;
  /** Turned away unknown, for too many like it: told in sum elsewhere. */
  readonly isThrottledStranger: boolean;
}

export type GraphQLEndpoint = (
  request: IncomingMessage,
  response: ServerResponse,
  arrival: Arrival,
) => Promise<EndpointOutcome>;

export function createGraphQLEndpoint(options: GraphQLEndpointOptions): GraphQLEndpoint {
  const { throttle, lastRequests, writeEventStream, lifecycle, liveCallers } = options;
  const streamToCaller = createStreamToCaller({ liveCallers, writeEventStream, lastEventMs: options.lastEventMs });

  async function identify(
    request: IncomingMessage,
    response: ServerResponse,
    { client, settings }: Arrival,
    from: SentFrom,
  ): Promise<Caller> {
    const apiKey = request.headers['x-api-key'];
    const credentials = {
      ...from,
      authorization: request.headers.authorization,
      apiKey: typeof apiKey === 'string' ? apiKey : undefined,
    };
    if (!hasCredentials(credentials)) {
      // Said within this turn: what came in the same packet behind it is not even begun.
      if (throttle.isAnonymousRefused(client.address)) lastRequests.end(request, response);
      await throttle.countAnonymous(client.address);
      throw new SluiceError('UNAUTHENTICATED');
    }
    try {
      return await settings.authenticate(credentials);
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'UNAUTHENTICATED') {
        await throttle.countFailedSignIn(client.address);
      }
      throw error;
    }
  }

  async function readOperation(request: IncomingMessage, maxBodyBytes: number): Promise<GraphQLRequestBody> {
    requireJson(request);
    return readGraphQLRequest(parseJson(await readBytes(request, maxBodyBytes)));
  }

  async function serve(
    operation: GraphQLRequestBody,
    negotiated: Negotiated,
    exchange: Exchange,
  ): Promise<readonly GraphQLFormattedError[] | undefined> {
    const { core } = exchange.settings;
    const found = core.findDocument(operation, exchange.context.caller);
    const { text, result } = found;
    if (result.type === 'INVALID') {
      return result.errors.map((error) => core.formatError(error, exchange.context.requestId));
    }
    const { document } = result;
    const isSubscription = isSubscriptionNamed(document, operation.operationName) && negotiated.stream;
    if (!isSubscription) {
      await runOnApollo({ ...operation, query: text }, document, negotiated, exchange);
      return undefined;
    }
    const { context, response, from, gone } = exchange;
    return streamToCaller({
      caller: context.caller,
      from,
      response,
      kind: isSubscription,
      start: () => core.subscribe({ ...operation, found }, context),
      gone,
      format: (error) => core.formatError(error, context.requestId),
    });
  }

  async function runOnApollo(
    operation: GraphQLRequestBody,
    document: DocumentNode,
    negotiated: Negotiated,
    exchange: Exchange,
  ): Promise<void> {
    const { request, response, context, settings } = exchange;
    const { core } = settings;
    const headers = new HeaderMap([['content-type', 'application/json']]);
    const { json } = negotiated;
    if (json.legacy || json.mediaType !== 'application/json') headers.set('accept', json.mediaType);
    const isStreamWanted = !negotiated.acceptsJson && negotiated.stream !== undefined;
    const result = await withTimeout(core.limits.timeoutMs, exchange.gone, (cancelTimeout) => {
      const operationContext: HttpGraphQLContext = {
        ...context,
        document,
        onGenerates: cancelTimeout,
        onRefused: exchange.challenge,
      };
      // Apollo Server takes null for absent, but not undefined.
      const { query, operationName = null, variables = null, extensions = null } = operation;
      const body = { query, operationName, variables, extensions };
      return executeGraphQL({ server: core.apollo, request, body, headers, context: async () => operationContext });
    });
    // What was refused has no result to stream: it is plain JSON with its status, as for a subscription.
    const isRefused = (result.status ?? 200) >= 400;
    if (isStreamWanted && negotiated.stream && !isRefused && result.body.kind === 'complete') {
      const value: FormattedExecutionResult = JSON.parse(result.body.string);
      await writeEventStream(response, negotiated.stream, singleResult(value));
    } else {
      await writeGraphQLResponse(response, result);
    }
  }

  return async (request, response, arrival) => {
    const { requestId, settings } = arrival;
    const negotiated = negotiate(request.headers.accept);
    let caller: Caller | undefined;
    let isWellFormed = false;
    let isThrottledStranger = false;
    const end = lifecycle.begin();
    const gone = new AbortController();
    const onClose = (): void => {
      if (!response.writableFinished) gone.abort(new Error('the caller left'));
      end();
    };
    response.once('close', onClose);
    const challenge = (errors: readonly GraphQLFormattedError[]): void => {
      const value = settings.protectedResource.challenge(request, arrival.client, errors);
      if (value !== undefined && !response.headersSent) response.setHeader('WWW-Authenticate', value);
    };
    const refuse = (errors: readonly GraphQLFormattedError[]): void => {
      if (response.headersSent || response.destroyed) return;
      challenge(errors);
      discardBody(request, caller === undefined ? settings.maxAnonymousBodyBytes : settings.maxBodyBytes * 8);
      answerErrors(response, errors, negotiated.json, isWellFormed, isThrottledStranger ? request : undefined);
    };
    try {
      if (request.method !== 'POST') throw new SluiceError('METHOD_NOT_ALLOWED');
      lifecycle.requireAccepting();
      const from = { origin: request.headers.origin, address: arrival.client.address };
      caller = await identify(request, response, arrival, from);
      const operation = await readOperation(request, settings.maxBodyBytes);
      isWellFormed = true;
      // The body may have been a minute on its way.
      const known = liveCallers.requireKnown(caller, from);
      caller = known instanceof Promise ? await known : known;
      const context: GraphQLContext = {
        requestId,
        caller,
        upstreams: settings.upstreams,
        signal: gone.signal,
        idempotencyKeyHeader: idempotencyKeyOf(request),
        closeStalledReader: () => void response.destroy(),
        plan: undefined,
      };
      const errors = await serve(operation, negotiated, {
        request,
        response,
        from,
        context,
        gone,
        settings,
        challenge,
      });
      if (errors !== undefined) refuse(errors);
    } catch (error) {
      if (caller === undefined && error instanceof SluiceError && error.code === 'RATE_LIMITED') {
        isThrottledStranger = true;
        if (!response.headersSent) lastRequests.end(request, response);
      }
      // Who has left needs no answer, and its leaving is no fault worth a line in the log.
      if (!response.destroyed) refuse([settings.core.formatError(error, requestId)]);
    }
    return { caller, isThrottledStranger };
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly from: SentFrom;
  readonly context: GraphQLContext;
  readonly gone: AbortController;
  readonly settings: ServerSettings;
  /** Says in a header what is missing to whoever is refused for it. */
  readonly challenge: (errors: readonly GraphQLFormattedError[]) => void;
}

function isSubscriptionNamed(document: Parameters<typeof selectOperation>[0], name: string | undefined): boolean {
  try {
    return selectOperation(document, name).operation === 'subscription';
  } catch {
    // Apollo Server says what is wrong with the name.
    return false;
  }
}

/** Answers after `timeoutMs` whatever still runs, and tells it to stop. Operations that run a model cancel it. */
function withTimeout<T>(timeoutMs: number, gone: AbortController, run: (cancel: () => void) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new SluiceError('OVERLOADED', `The operation took longer than ${timeoutMs} ms and was stopped.`);
      gone.abort(error);
      reject(error);
    }, timeoutMs);
    const cancel = (): void => clearTimeout(timer);
    run(cancel).then(resolve, reject).finally(cancel);
  });
}

/** As sent; the standard's draft puts the key in quotes, most clients do not. */
function idempotencyKeyOf(request: IncomingMessage): string | undefined {
  const sent = request.headers['idempotency-key'];
  if (typeof sent !== 'string') return undefined;
  return /^".*"$/.test(sent) && sent.length > 2 ? sent.slice(1, -1) : sent;
}
