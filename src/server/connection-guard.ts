// Watches over connections: what breaks HTTP or comes too slowly is answered in our shape and closed, and who does not
// read an answer does not keep it in memory.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { SluiceError } from '../core/errors.ts';
import { newRequestId } from '../core/ids.ts';
import { errorCode } from '../platform/error-code.ts';
import { strictTransport } from './https-only.ts';
import { refuseSocket } from './refuse-socket.ts';
import type { ServerLogger } from './server-logger.ts';
import { maxHeaders } from './sound-request.ts';

/** How long a connection may take for each thing, in milliseconds. */
export interface ConnectionTimings {
  /** Until the headers of a request are there, from the first byte or, on a new connection, from its opening. */
  readonly headersMs: number;
  /** Until a request is there whole: a body that trickles is cut off. */
  readonly requestMs: number;
  /** Between two requests. Above the idle times of usual load balancers, so that they close first. */
  readonly keepAliveMs: number;
  /** Without a byte taken of an answer that is written whole. */
  readonly unreadMs: number;
  /** Between two looks for connections that are late. */
  readonly checkMs: number;
}

export const defaultConnectionTimings: ConnectionTimings = {
  headersMs: 10_000,
  requestMs: 60_000,
  keepAliveMs: 75_000,
  unreadMs: 15_000,
  checkMs: 5_000,
};

const maxHeaderBytes = 16 * 1024;
/** Finds peers that are gone without a goodbye while nothing is written to them. */
const keepAliveProbeMs = 30_000;

/** What to create the server with. */
export const connectionSettings = (timings: ConnectionTimings) => ({
  maxHeaderSize: maxHeaderBytes,
  headersTimeout: timings.headersMs,
  requestTimeout: timings.requestMs,
  keepAliveTimeout: timings.keepAliveMs,
  connectionsCheckingInterval: timings.checkMs,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveProbeMs,
  // Checked with the other headers, to answer in our own words.
  requireHostHeader: false,
});

export interface ConnectionGuardOptions {
  readonly server: Server;
  readonly timings: ConnectionTimings;
  readonly clock: Clock;
  readonly logger: ServerLogger;
  /** Answers a request whose body broke or did not come in time, as any other error of it. */
  /** What came behind the last request of a connection has no answer to wait for. */
  readonly isBehindLast: (request: IncomingMessage) => boolean;
  readonly refuse: (request: IncomingMessage, response: ServerResponse, error: SluiceError) => void;
}

/** The last request of a connection, and how many of its answers are not written yet: requests may come in a row. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly open: Set<ServerResponse>;
}

export function guardConnections({
  server,
  timings,
  clock,
  logger,
  isBehindLast,
  refuse,
}: ConnectionGuardOptions): void {
  const latest = new WeakMap<object, Exchange>();
  const refused = new WeakSet<object>();
  // One more than is let through: Node drops those beyond without a word.
  server.maxHeadersCount = maxHeaders + 1;

  server.on('request', (request, response) => {
    const { socket } = request;
    if (isBehindLast(request)) return;
    const open = latest.get(socket)?.open ?? new Set();
    latest.set(socket, { request, response, open });
    open.add(response);
    response.once('prefinish', () => socket.setTimeout(timings.unreadMs));
    response.once('finish', () => {
      open.delete(response);
      // With none left, Node has set the time between two requests.
      if (open.size > 0) socket.setTimeout(0);
    });
  });
  // An expectation is a wish: it is not granted, and the request is served as any other.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));

  server.on('clientError', (error, duplex) => {
    const socket = duplex as Socket;
    // What follows on a broken connection breaks it again.
    if (refused.has(socket)) return;
    refused.add(socket);
    const problem = problemOf(error);
    const exchange = latest.get(socket);
    const isBusy = exchange !== undefined && !exchange.response.writableFinished;
    if (problem === undefined || !socket.writable || (isBusy && exchange.response.headersSent)) {
      socket.destroy();
    } else if (!isBusy) {
      const requestId = newRequestId(clock.now());
      logger.info({ requestId, code: problem.code, reason: errorCode(error) }, 'refused a connection');
      refuseSocket(socket, problem, requestId, 'encrypted' in socket ? strictTransport : undefined);
    } else if (exchange.request.complete) {
      // What is broken stands behind a request that is whole: that one is answered, then nothing more is read.
      exchange.response.setHeader('Connection', 'close');
    } else {
      refuse(exchange.request, exchange.response, problem);
    }
  });
}

/** What to tell whoever sent it; undefined where nobody is left to be told. */
function problemOf(error: Error): SluiceError | undefined {
  const code = errorCode(error) ?? '';
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new SluiceError('REQUEST_TIMEOUT');
    case 'HPE_HEADER_OVERFLOW':
      return new SluiceError('HEADERS_TOO_LARGE');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new SluiceError('PAYLOAD_TOO_LARGE', 'The chunk extensions of the body are too large.');
    default:
      return code.startsWith('HPE_')
        ? new SluiceError('BAD_USER_INPUT', 'This is not a valid HTTP/1.1 request.')
        : undefined;
  }
}
