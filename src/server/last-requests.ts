// Connections whose last request is known: its answer says so and closes them, and requests that came behind it are
// dropped unread. Who is turned away must not have hundreds of answers by sending hundreds of requests in a row.

import type { IncomingMessage, ServerResponse } from 'node:http';

export interface LastRequests {
  /** No request of this connection is served after this one, whose answer is not yet begun. */
  end(request: IncomingMessage, response: ServerResponse): void;
  /** Whether it came behind the last one. */
  isBehind(request: IncomingMessage): boolean;
}

export function createLastRequests(): LastRequests {
  const ended = new WeakSet<object>();
  return {
    end(request, response) {
      response.setHeader('Connection', 'close');
      ended.add(request.socket);
    },
    isBehind: (request) => ended.has(request.socket),
  };
}
