// The server: routes, time-outs, the log line of each request, and the way it stops.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { loggedPrincipal } from '../core/caller.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { SluiceError } from '../core/errors.ts';
import { answerErrors, discardBody } from './answer.ts';
import { type Arrival, readArrival } from './arrival.ts';
import {
  type ConnectionTimings,
  connectionSettings,
  defaultConnectionTimings,
  guardConnections,
} from './connection-guard.ts';
import { createEdgeThrottle } from './edge-throttle.ts';
import { createEventStreamWriter, type EventStreamOptions } from './event-stream.ts';
import { createGraphQLEndpoint, type EndpointOutcome } from './graphql-endpoint.ts';
import { answerHealth, answerReadiness, type Readiness } from './health.ts';
import { requireHttps, strictTransportHeader } from './https-only.ts';
import { createLastRequests } from './last-requests.ts';
import { createLifecycle } from './lifecycle.ts';
import { createLiveCallers } from './live-callers.ts';
import { negotiate } from './negotiate.ts';
import { type Certificate, createNodeServer } from './node-server.ts';
import { METADATA_PATHS } from './protected-resource.ts';
import { refuseSocket } from './refuse-socket.ts';
import { setSecurityHeaders } from './security-headers.ts';
import type { ServerLogger } from './server-logger.ts';
import { createServerSettings, type ServerConfiguration, type ServerSettings } from './server-settings.ts';
import { problemOfRequest } from './sound-request.ts';
import { createThrottleLog } from './throttle-log.ts';
import { createWebSocketServer } from './websocket-server.ts';

export interface HttpServerOptions extends ServerConfiguration {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** undefined: it speaks plain HTTP. */
  readonly certificate?: Certificate | undefined;
  readonly logger: ServerLogger;
  /** What keeps the process from serving; the server itself adds that it is stopping. Default: nothing. */
  readonly readiness?: Readiness;
  readonly clock?: Clock;
  /** After a stop began, how long new work is still taken, so that load balancers notice first. Default 5,000. */
  readonly acceptMs?: number;
  /** Over how long a stopping server spreads the closing of its sockets. Default 5,000. */
  readonly socketSpreadMs?: number;
  readonly eventStreams?: EventStreamOptions;
  /** Those not given keep their defaults. */
  readonly connectionTimings?: Partial<ConnectionTimings>;
  readonly socketTimings?: { readonly initTimeoutMs?: number; readonly pingMs?: number };
  /**
   * Told once when the grace of a stop is over and something still runs, before connections are closed: whoever runs it
   * ends it, and what it then answers is still written.
   */
  readonly onGraceOver?: () => Promise<void>;
}

export interface HttpServer {
  listen(): Promise<void>;
  /** e.g. `https://127.0.0.1:4000`; known once it listens. */
  readonly url: string;
  readonly address: AddressInfo;
  /** Other settings for what begins from now on, at once: what runs goes on by those it began with. Then as `renewCallers`. */
  apply(configuration: ServerConfiguration): Promise<number>;
  /**
   * Who is connected goes by what is known of keys, roles and access now: sockets and streams of those whose credentials
   * are good no longer, or for less, end. Gives how many.
   */
  renewCallers(): Promise<number>;
  /** For handshakes from now on. */
  replaceCertificate(certificate: Certificate): void;
  /** Not ready at once, then nothing new, then waits for what runs up to `graceMs` in all, then closes. Asked again, the shorter grace counts. */
  stop(graceMs: number): Promise<void>;
}

const paths: ReadonlySet<string> = new Set(['/graphql', '/healthz', '/readyz', ...METADATA_PATHS]);
const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?', 1)[0] ?? '/';
const nothingHere = (): SluiceError => new SluiceError('NOT_FOUND', 'There is nothing here. GraphQL is at "/graphql".');
const unknownCaller: EndpointOutcome = { caller: undefined, isThrottledStranger: false };
/** For writing the answers of what was ended by the end of the grace. */
const lastWordsMs = 1_000;

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { logger, clock = systemClock } = options;
  let settings = createServerSettings(options);
  const lifecycle = createLifecycle();
  const throttleLog = createThrottleLog({ logger });
  const throttle = createEdgeThrottle({ limits: options.throttle, onRefused: throttleLog.count });
  const lastRequests = createLastRequests();
  const liveCallers = createLiveCallers({
    renew: (caller, from) => settings.renew(caller, from),
    askAgainAtMs: (caller) => settings.askAgainAtMs(caller),
    clock,
    logger,
  });
  const shared = { throttle, lifecycle, liveCallers };
  const graphql = createGraphQLEndpoint({
    ...shared,
    lastRequests,
    writeEventStream: createEventStreamWriter(options.eventStreams),
    lastEventMs: options.eventStreams?.lastEventMs,
  });
  const sockets = createWebSocketServer({
    ...shared,
    ...options.socketTimings,
    settings: () => settings,
    clock,
    logger,
  });

  async function route(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    arrival: Arrival,
  ): Promise<EndpointOutcome> {
    const problem = problemOfRequest(request);
    if (problem !== undefined) {
      // Where such a request ends is in doubt: nothing behind it is read.
      response.setHeader('Connection', 'close');
      throw problem;
    }
    if (path === '/graphql') {
      const { cors, httpsOnly } = arrival.settings;
      cors.apply(request, response);
      if (httpsOnly) requireHttps(arrival.client);
      if (cors.answerPreflight(request, response)) return unknownCaller;
      return graphql(request, response, arrival);
    }
    discardBody(request, arrival.settings.maxAnonymousBodyBytes);
    if (path === '/healthz') answerHealth(response);
    else if (METADATA_PATHS.includes(path)) {
      arrival.settings.protectedResource.answerMetadata(request, response, arrival.client);
    } else if (path === '/readyz') answerReadiness(response, lifecycle, options.readiness ?? (() => []));
    else throw nothingHere();
    return unknownCaller;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrival = readArrival(request, settings, clock);
    const { requestId, client, settings: current } = arrival;
    const path = pathOf(request);
    const startedAtMs = clock.elapsed();
    let { caller, isThrottledStranger } = unknownCaller;
    let isRouted = false;
    let isClosed = false;
    const log = (): void => {
      if (!isRouted || !isClosed) return;
      const { method } = request;
      const ms = Math.round((clock.elapsed() - startedAtMs) * 10) / 10;
      // Any other path is the caller's text.
      const known = paths.has(path) ? path : undefined;
      const fields = {
        requestId,
        method,
        path: known,
        status: response.statusCode,
        ms,
        complete: response.writableFinished,
        principal: caller && loggedPrincipal(caller),
        client: client.address,
      };
      if (path === '/graphql' && !isThrottledStranger) logger.info(fields, 'request');
      else logger.debug(fields, 'request');
    };
    response.once('close', () => {
      isClosed = true;
      log();
    });
    response.setHeader('X-Request-Id', requestId);
    setSecurityHeaders(response);
    const strictTransport = strictTransportHeader(client, request);
    if (strictTransport !== undefined) response.setHeader(...strictTransport);
    if (lifecycle.phase === 'DRAINING') response.setHeader('Connection', 'close');
    try {
      ({ caller, isThrottledStranger } = await route(request, response, path, arrival));
    } catch (error) {
      refuse(request, response, error, current);
    }
    isRouted = true;
    log();
  }

  function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    error: unknown,
    { core, maxAnonymousBodyBytes }: ServerSettings,
  ): void {
    const formatted = core.formatError(error, String(response.getHeader('X-Request-Id')));
    if (response.headersSent) return void response.destroy();
    discardBody(request, maxAnonymousBodyBytes);
    answerErrors(response, [formatted], negotiate(request.headers.accept).json, false);
  }

  const timings = { ...defaultConnectionTimings, ...options.connectionTimings };
  const nodeSettings = {
    ...connectionSettings(timings),
    // Clients that offer HTTP/2 (`Upgrade: h2c`) are answered in HTTP/1.1, as the standard has it.
    shouldUpgradeCallback: (request: IncomingMessage) => request.headers.upgrade?.toLowerCase() === 'websocket',
  };
  const { server, scheme, replaceCertificate } = createNodeServer(nodeSettings, options.certificate);
  guardConnections({
    server,
    timings,
    clock,
    logger,
    isBehindLast: lastRequests.isBehind,
    refuse: (request, response, error) => {
      response.setHeader('Connection', 'close');
      refuse(request, response, error, settings);
    },
  });
  server.maxConnections = settings.maxConnections;
  server.on('drop', (dropped) => throttleLog.count(dropped?.remoteAddress ?? '', 'connections beyond the most'));
  server.on('request', (request, response) => {
    if (!lastRequests.isBehind(request)) void serve(request, response);
    // Nothing more is read: megabytes that have come already would be taken apart before the connection is closed. Once
    // this packet is through, that is: Node begins to read again with each request in it.
    else queueMicrotask(() => request.socket.pause());
  });
  server.on('upgrade', (request, socket, head) => {
    // From here on nobody else listens: a caller that resets the connection is no fault of the process.
    socket.on('error', () => socket.destroy());
    const arrival = readArrival(request, settings, clock);
    const problem = problemOfRequest(request) ?? (pathOf(request) === '/graphql' ? undefined : nothingHere());
    if (problem === undefined) void sockets.handleUpgrade(request, socket, head, arrival);
    else refuseSocket(socket, problem, arrival.requestId, strictTransportHeader(arrival.client, request));
  });

  const giveUp = new AbortController();
  const whenGivenUp = new Promise<void>((resolve) => {
    giveUp.signal.addEventListener('abort', () => resolve());
  });

  async function drain(): Promise<void> {
    lifecycle.advance('STOPPING');
    await delay(options.acceptMs ?? 5_000, undefined, { signal: giveUp.signal }).catch(() => undefined);
    lifecycle.advance('DRAINING');
    const allSocketsGone = sockets.stop(options.socketSpreadMs ?? 5_000);
    await lifecycle.idle(giveUp.signal);
    await Promise.race([allSocketsGone, whenGivenUp]);
    if (lifecycle.running > 0 && options.onGraceOver !== undefined) {
      await options
        .onGraceOver()
        .catch((error: unknown) => logger.error({ err: error }, 'what ran could not be ended'));
      await lifecycle.idle(AbortSignal.timeout(lastWordsMs));
      // A socket's last message follows the end of its operation within the same turn.
      await nextTurn();
    }
    lifecycle.advance('CLOSED');
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    sockets.close();
    server.closeAllConnections();
    await allSocketsGone;
    await closed;
    liveCallers.close();
    throttleLog.stop();
    await settings.core.apollo.stop();
  }
  let stopping: Promise<void> | undefined;

  const address = (): AddressInfo => {
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('the server does not listen');
    return bound;
  };
  return {
    async listen() {
      await settings.core.apollo.start();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: options.host, port: options.port }, () => {
          server.off('error', reject);
          resolve();
        });
      });
    },
    get url() {
      const { address: host, family, port } = address();
      const name = host === '::' || host === '0.0.0.0' ? 'localhost' : family === 'IPv6' ? `[${host}]` : host;
      return `${scheme}://${name}:${port}`;
    },
    get address() {
      return address();
    },
    apply(configuration) {
      settings = createServerSettings(configuration);
      throttle.adjust(configuration.throttle);
      server.maxConnections = settings.maxConnections;
      return liveCallers.renewAll();
    },
    renewCallers: liveCallers.renewAll,
    replaceCertificate,
    async stop(graceMs) {
      const timer = setTimeout(() => giveUp.abort(), graceMs);
      stopping ??= drain();
      await stopping.finally(() => clearTimeout(timer));
    },
  };
}
