// The thin adapter between node:http and Apollo Server's core. It knows nothing of Sluice: policies (identity, limits,
// bodies, headers) come before it, in graphql-endpoint.ts, or inside Apollo Server, as plugins.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApolloServer, BaseContext, HeaderMap, HTTPGraphQLResponse } from '@apollo/server';

export interface GraphQLExchange<TContext extends BaseContext> {
  readonly server: ApolloServer<TContext>;
  readonly request: IncomingMessage;
  /** The parsed body; undefined where there is none Apollo Server should look at. */
  readonly body: unknown;
  /** What Apollo Server is to see of the request's headers. */
  readonly headers: HeaderMap;
  readonly context: () => Promise<TContext>;
}

/** Runs the operation and leaves the answer to the caller to write, with writeGraphQLResponse. */
export function executeGraphQL<TContext extends BaseContext>(
  exchange: GraphQLExchange<TContext>,
): Promise<HTTPGraphQLResponse> {
  const { server, request, body, headers, context } = exchange;
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return server.executeHTTPGraphQLRequest({
    httpGraphQLRequest: {
      method: (request.method ?? 'GET').toUpperCase(),
      headers,
      search: query === -1 ? '' : url.slice(query),
      body,
    },
    context,
  });
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
