// The address a request comes from, which throttles count by.

import type { IncomingMessage } from 'node:http';

export type ClientAddress = (request: IncomingMessage) => string;

/** IPv4 addresses look the same whether the socket is of IPv4 or of both. */
export const clientAddress: ClientAddress = (request) => (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
