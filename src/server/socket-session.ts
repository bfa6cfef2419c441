// One WebSocket from its opening to its close: sign-in, running operations, backpressure, close codes.

import { GraphQLError, type GraphQLFormattedError, parse } from 'graphql';
import { CloseCode, makeServer } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { type Caller, loggedPrincipal } from '../core/caller.ts';
import { SluiceError } from '../core/errors.ts';
import { newRequestId } from '../core/ids.ts';
import type { GraphQLContext } from '../graphql/context.ts';
import type { SubscriptionResults } from '../graphql/subscribe-operation.ts';
import { hasCredentials, readCredentials } from './authenticate.ts';
import { readGraphQLRequest } from './graphql-request.ts';
import type { CallerChange } from './live-callers.ts';
import type { WebSocketServerOptions } from './socket-options.ts';
import { createSocketWire } from './socket-wire.ts';

export interface SocketSessionOptions extends WebSocketServerOptions {
  readonly socket: WebSocket;
  readonly address: string;
  /** `Origin` of the upgrade. */
  readonly origin: string | undefined;
  /** Takes a place among the caller's sockets and gives it back; undefined when all are taken. */
  readonly takePlace: (caller: Caller) => (() => void) | undefined;
}

export interface SocketSession {
  readonly closed: Promise<void>;
  ping(): void;
  close(code: number, reason: string): void;
  /** Cuts the connection without waiting for the peer. */
  terminate(): void;
  /** Closes with 1012 once no operation runs. */
  closeWhenIdle(): void;
}

/** graphql-ws wants something to look at; what runs is in `rootValue` already. */
const nothingToExecute = parse('subscription { results }');
const goneAway = 'Try again later';
const maxIdCharacters = 256;
/** How long the goodbye of a peer that never signed in is waited for. */
const strangerCloseMs = 2_000;
/** The same for one whose caller has ended. */
const endedCloseMs = 1_000;

export function createSocketSession(options: SocketSessionOptions): SocketSession {
  const { socket, settings, lifecycle, liveCallers, clock, logger, address, origin, throttle, takePlace } = options;
  const running = new Map<AbortController, SubscriptionResults | undefined>();
  let caller: Caller | undefined;
  let releasePlace: (() => void) | undefined;
  let leaveLiveCallers: (() => void) | undefined;
  let isAlive = true;
  let isLeaving = false;
  const maxStrangerBytes = settings().maxAnonymousBodyBytes;
  const { promise: closed, resolve: markClosed } = Promise.withResolvers<void>();

  function close(code: number, reason: string): void {
    if (socket.readyState !== socket.OPEN) return;
    // Who is slow to read is slow to say goodbye, too (ws waits half a minute): what runs ends now.
    socket.close(code, reason);
    endOperations();
    if (caller === undefined) cutUnlessClosed(strangerCloseMs);
  }

  function cutUnlessClosed(ms: number): void {
    const timer = setTimeout(() => socket.terminate(), ms);
    void closed.then(() => clearTimeout(timer));
  }

  function endOperations(): void {
    for (const [gone, results] of running) {
      gone.abort(new Error('the socket was closed'));
      results?.return().catch((error: unknown) => logger.error({ err: error }, 'an operation did not end'));
    }
  }

  function leaveIfIdle(): void {
    if (isLeaving && running.size === 0) close(1012, 'Service restart');
  }

  async function signIn(parameters: Readonly<Record<string, unknown>> | undefined): Promise<Caller> {
    lifecycle.requireAccepting();
    const credentials = readCredentials(parameters, { origin, address });
    if (!hasCredentials(credentials)) {
      await throttle.countAnonymous(address);
      throw new SluiceError('UNAUTHENTICATED');
    }
    try {
      return await settings().authenticate(credentials);
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'UNAUTHENTICATED') await throttle.countFailedSignIn(address);
      throw error;
    }
  }

  async function connect(parameters: Readonly<Record<string, unknown>> | undefined): Promise<boolean> {
    try {
      const found = await signIn(parameters);
      if (socket.readyState !== socket.OPEN) return false;
      releasePlace = takePlace(found);
      if (releasePlace === undefined) throw new SluiceError('RATE_LIMITED', 'Too many open sockets');
      caller = found;
      leaveLiveCallers = liveCallers.join(found, { origin, address }, onCallerChange);
      // It may have ended between the sign-in and this.
      return socket.readyState === socket.OPEN;
    } catch (error) {
      const [code, reason] = closeCodeOf(error);
      if (code === CloseCode.InternalServerError) logger.error({ err: error }, 'a socket could not sign in');
      close(code, reason);
      return false;
    }
  }

  /** Later operations go by what the caller may do now. Who may do less, or goes by another name, signs in anew. */
  function onCallerChange(change: CallerChange): void {
    if (change.type === 'CHANGED') caller = change.caller;
    else {
      close(CloseCode.Forbidden, change.mayReturn ? 'Sign in again' : 'Forbidden');
      cutUnlessClosed(endedCloseMs);
    }
  }

  async function subscribe(
    id: string,
    payload: unknown,
    openOperations: number,
  ): Promise<SubscriptionResults | readonly GraphQLFormattedError[]> {
    const { core, sockets: limits, upstreams } = settings();
    const requestId = newRequestId(clock.now());
    const startedAtMs = clock.elapsed();
    const gone = new AbortController();
    const end = lifecycle.begin();
    running.set(gone, undefined);
    const finish = (outcome: string): void => {
      if (!running.delete(gone)) return;
      end();
      gone.abort(new Error('the operation has ended'));
      const ms = Math.round(clock.elapsed() - startedAtMs);
      logger.info(
        {
          requestId,
          transport: 'websocket',
          outcome,
          ms,
          principal: caller && loggedPrincipal(caller),
          client: address,
        },
        'subscription',
      );
      // After the last message of the operation, which graphql-ws sends once this returns.
      setImmediate(leaveIfIdle);
    };
    try {
      lifecycle.requireAccepting();
      if (caller === undefined) throw new SluiceError('UNAUTHENTICATED');
      // What runs may outlive a database that is away; what begins goes by copies that are good still.
      const known = await settings().renew(caller, { origin, address });
      if (known === undefined) throw new SluiceError('UNAUTHENTICATED', undefined, { wasKnown: true });
      const most = known.principalKind === 'USER' ? limits.operationsPerUser : limits.operationsPerKey;
      // It comes back with every event.
      if (id.length > maxIdCharacters) {
        throw new SluiceError('BAD_USER_INPUT', `The id of an operation has at most ${maxIdCharacters} characters.`);
      }
      if (openOperations > most) {
        throw new SluiceError(
          'RATE_LIMITED',
          `At most ${most} operations may run on one socket: end one before the next.`,
        );
      }
      const context: GraphQLContext = {
        requestId,
        caller: known,
        upstreams,
        signal: gone.signal,
        idempotencyKeyHeader: undefined,
        closeStalledReader: () => close(1013, goneAway),
        plan: undefined,
      };
      const operation = readGraphQLRequest(payload);
      const found = core.findDocument(operation, known);
      const outcome = await core.subscribe({ ...operation, found }, context);
      if (outcome.type === 'STARTED') {
        const results = withEnd(outcome.results, finish);
        if (running.has(gone)) running.set(gone, results);
        if (gone.signal.aborted) await results.return();
        return results;
      }
      finish('REFUSED');
      return outcome.errors;
    } catch (error) {
      finish('REFUSED');
      return [core.formatError(error, requestId)];
    }
  }

  const protocol = makeServer<Record<string, unknown>>({
    connectionInitWaitTimeout: options.initTimeoutMs ?? 3_000,
    onConnect: (context) => connect(context.connectionParams),
    onSubscribe: async (context, id, payload) => {
      const started = await subscribe(id, payload, Object.keys(context.subscriptions).length);
      if (!('next' in started)) return started.map((error) => new SentError(error));
      // graphql-ws types what it executes; here it executes nothing.
      return { schema: undefined as never, document: nothingToExecute, rootValue: started, contextValue: undefined };
    },
    subscribe: (args) => args.rootValue as never,
    onNext: (_context, _id, _payload, _args, result) => result as never,
  });

  const wireClosed = protocol.opened(
    createSocketWire({ socket, close, isStranger: () => caller === undefined, maxStrangerBytes, logger }),
    {},
  );

  socket.on('pong', () => {
    isAlive = true;
  });
  // ws closes with the right code by itself (1007, 1009 and the like).
  socket.on('error', (error) => logger.debug({ code: (error as NodeJS.ErrnoException).code }, 'socket error'));
  socket.once('close', (code, reason) => {
    isLeaving = false;
    releasePlace?.();
    leaveLiveCallers?.();
    endOperations();
    wireClosed(code, String(reason))
      .catch((error: unknown) => logger.error({ err: error }, 'unexpected error at the close of a socket'))
      .finally(markClosed);
  });

  return {
    closed,
    close,
    terminate: () => socket.terminate(),
    ping() {
      if (!isAlive) return socket.terminate();
      isAlive = false;
      if (socket.readyState === socket.OPEN) socket.ping();
    },
    closeWhenIdle() {
      isLeaving = true;
      leaveIfIdle();
    },
  };
}

/** An error that is formatted already: graphql-ws sends `toJSON()`. */
class SentError extends GraphQLError {
  readonly #formatted: GraphQLFormattedError;

  constructor(formatted: GraphQLFormattedError) {
    super(formatted.message);
    this.#formatted = formatted;
  }

  override toJSON(): GraphQLFormattedError {
    return this.#formatted;
  }
}

function withEnd(results: SubscriptionResults, finish: (outcome: string) => void): SubscriptionResults {
  const watched: SubscriptionResults = {
    async next() {
      const result = await results.next();
      if (result.done) finish('COMPLETED');
      return result;
    },
    async return() {
      finish('LEFT');
      return results.return();
    },
    [Symbol.asyncIterator]: () => watched,
  };
  return watched;
}

/** Never 4403 for a bad key, never 4429 for a limit: clients take the first for worth a retry and the second for their own fault. */
function closeCodeOf(error: unknown): readonly [code: number, reason: string] {
  if (!(error instanceof SluiceError)) return [CloseCode.InternalServerError, 'Internal server error'];
  if (error.wasKnown) return [CloseCode.Forbidden, 'Forbidden'];
  switch (error.code) {
    case 'UNAUTHENTICATED':
      return [CloseCode.Unauthorized, 'Unauthorized'];
    case 'FORBIDDEN':
      return [CloseCode.Forbidden, 'Forbidden'];
    case 'SHUTTING_DOWN':
      return [1012, 'Service restart'];
    case 'RATE_LIMITED':
    case 'OVERLOADED':
    case 'AUTHENTICATION_UNAVAILABLE':
    case 'ACCESS_UNAVAILABLE':
      return [1013, goneAway];
    default:
      return [CloseCode.InternalServerError, 'Internal server error'];
  }
}
