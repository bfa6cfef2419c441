// What of the configuration requests go by: one immutable object, replaced as a whole at a reload. Whatever serves a
// request, or an operation on a socket, takes the current one once, at its start, and goes by it to its end.

import type { Upstreams } from '../generation/upstreams.ts';
import type { GraphQLCore } from '../graphql/graphql-core.ts';
import type { AskAgainAt, Authenticate, RenewCaller } from './authenticate.ts';
import { type Cors, createCors } from './cors.ts';
import type { EdgeThrottleLimits } from './edge-throttle.ts';
import { createProtectedResource, type ProtectedResource } from './protected-resource.ts';
import { createReadClient, type ReadClient } from './read-client.ts';
import { defaultSocketLimits, type SocketLimits } from './socket-limits.ts';

/** What may be left out has a default. */
export interface ServerConfiguration {
  readonly core: GraphQLCore;
  readonly upstreams: Upstreams;
  readonly authenticate: Authenticate;
  /** Default: callers never change. */
  readonly renew?: RenewCaller;
  /** Default: never. */
  readonly askAgainAtMs?: AskAgainAt | undefined;
  /** Default: none. */
  readonly allowedOrigins?: readonly string[];
  /** How clients reach the server, where that is not by its host and port. */
  readonly publicUrl?: string | undefined;
  /** Issuers of the tokens that are taken, as OAuth clients are told. Default: none are taken. */
  readonly authorizationServers?: readonly string[] | undefined;
  /** Addresses of proxies, or ranges of them, whose X-Forwarded-For and -Proto are believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Whether GraphQL is refused to those who came over plain HTTP from another machine. Default: false. */
  readonly httpsOnly?: boolean;
  /** Open at once, signed in or not; further ones are closed unanswered. Default 20,000. */
  readonly maxConnections?: number;
  readonly throttle?: EdgeThrottleLimits;
  readonly sockets?: SocketLimits;
  /** Default 4 MiB; also the largest message on a socket. */
  readonly bodyBytes?: number;
  /** Before the caller is known. Default 64 KiB; also the largest first message on a socket. */
  readonly anonymousBodyBytes?: number;
}

export interface ServerSettings {
  readonly core: GraphQLCore;
  readonly upstreams: Upstreams;
  readonly authenticate: Authenticate;
  readonly renew: RenewCaller;
  readonly askAgainAtMs: AskAgainAt;
  readonly cors: Cors;
  readonly protectedResource: ProtectedResource;
  readonly readClient: ReadClient;
  readonly httpsOnly: boolean;
  readonly maxConnections: number;
  readonly sockets: SocketLimits;
  readonly maxBodyBytes: number;
  readonly maxAnonymousBodyBytes: number;
}

const kib = 1024;

export function createServerSettings(configuration: ServerConfiguration): ServerSettings {
  const { core, upstreams, authenticate, allowedOrigins = [], publicUrl } = configuration;
  return {
    core,
    upstreams,
    authenticate,
    renew: configuration.renew ?? ((caller) => caller),
    askAgainAtMs: configuration.askAgainAtMs ?? (() => undefined),
    cors: createCors(allowedOrigins, publicUrl),
    protectedResource: createProtectedResource({
      publicUrl,
      authorizationServers: configuration.authorizationServers,
    }),
    readClient: createReadClient(configuration.trustedProxies ?? []),
    httpsOnly: configuration.httpsOnly ?? false,
    maxConnections: configuration.maxConnections ?? 20_000,
    sockets: configuration.sockets ?? defaultSocketLimits,
    maxBodyBytes: configuration.bodyBytes ?? 4 * kib * kib,
    maxAnonymousBodyBytes: configuration.anonymousBodyBytes ?? 64 * kib,
  };
}
