// The thin adapter between node:http and Apollo Server's core. It knows nothing of Sluice: policies (identity, limits,
// bodies, headers) come before it, in graphql-endpoint.ts, or inside Apollo Server, as plugins.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ApolloServer, type BaseContext, HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';

export interface GraphQLHttpHandlerOptions<TContext extends BaseContext> {
  /** Started by its owner. */
  readonly server: ApolloServer<TContext>;
}

export interface GraphQLExchange<TContext extends BaseContext> {
  readonly request: IncomingMessage;
  /** The parsed body; undefined where there is none Apollo Server should look at. */
  readonly body: unknown;
  readonly context: () => Promise<TContext>;
  /** What Apollo Server is shown instead of the request's own headers. */
  readonly headers?: HeaderMap;
}

export interface GraphQLHttpHandler<TContext extends BaseContext> {
  /** Runs the operation and leaves the answer to the caller to write. */
  execute(exchange: GraphQLExchange<TContext>): Promise<HTTPGraphQLResponse>;
  /** Runs the operation and writes the answer; a caller that has gone is no error. */
  handle(exchange: GraphQLExchange<TContext>, response: ServerResponse): Promise<void>;
}

export function createGraphQLHttpHandler<TContext extends BaseContext>(
  options: GraphQLHttpHandlerOptions<TContext>,
): GraphQLHttpHandler<TContext> {
  const { server } = options;

  const execute: GraphQLHttpHandler<TContext>['execute'] = ({ request, body, context, headers }) => {
    const url = request.url ?? '/';
    const query = url.indexOf('?');
    return server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: (request.method ?? 'GET').toUpperCase(),
        headers: headers ?? headersOf(request),
        search: query === -1 ? '' : url.slice(query),
        body,
      },
      context,
    });
  };

  return {
    execute,
    async handle(exchange, response) {
      const result = await execute(exchange);
      await writeGraphQLResponse(response, result);
    },
  };
}

function headersOf(request: IncomingMessage): HeaderMap {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}

/** Headers set before stay unless the result brings its own. */
export async function writeGraphQLResponse(response: ServerResponse, result: HTTPGraphQLResponse): Promise<void> {
  if (response.destroyed || response.headersSent) return;
  response.statusCode = result.status ?? 200;
  for (const [name, value] of result.headers) response.setHeader(name, value);
  if (result.body.kind === 'complete') {
    response.setHeader('content-length', Buffer.byteLength(result.body.string));
    response.end(result.body.string);
    return;
  }
  for await (const chunk of result.body.asyncIterator) {
    if (response.destroyed) break;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

/** Resolves when more may be written, or nobody reads any more. */
export function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed || !response.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      response.off('drain', settle).off('close', settle);
      resolve();
    };
    response.on('drain', settle).on('close', settle);
  });
}
