// What the WebSocket side needs and how much it allows.

import type { Clock } from '../core/clock.ts';
import type { GraphQLCore } from '../graphql/graphql-core.ts';
import type { Authenticate } from './authenticate.ts';
import type { ClientAddress } from './client-address.ts';
import type { Cors } from './cors.ts';
import type { EdgeThrottle } from './edge-throttle.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ServerLogger } from './server-logger.ts';

export interface SocketLimits {
  /** Open sockets of one user. */
  readonly perUser: number;
  readonly perKey: number;
  /** Running operations on one socket. */
  readonly operationsPerUser: number;
  readonly operationsPerKey: number;
}

export const defaultSocketLimits: SocketLimits = {
  perUser: 10,
  perKey: 1_000,
  operationsPerUser: 20,
  operationsPerKey: 5_000,
};

export interface WebSocketServerOptions {
  readonly core: Pick<GraphQLCore, 'subscribe' | 'formatError'>;
  readonly authenticate: Authenticate;
  readonly throttle: EdgeThrottle;
  readonly clientAddress: ClientAddress;
  readonly cors: Cors;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly logger: ServerLogger;
  readonly limits: SocketLimits;
  /** The first message carries the credentials: nobody is known yet. */
  readonly maxFirstMessageBytes: number;
  readonly maxMessageBytes: number;
  /** How long a socket may take to send `connection_init`. Default 3,000. */
  readonly initTimeoutMs?: number;
  /** Default 12,000; a peer that answers none in that time is cut off. */
  readonly pingMs?: number;
}
