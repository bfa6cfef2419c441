// The id that ties a request to its answer, its errors and its log lines.

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../core/clock.ts';
import { newRequestId } from '../core/ids.ts';

const acceptable = /^[\w.-]{1,128}$/;

/** The caller's `X-Request-Id` where it is harmless to repeat, else a new one. */
export function requestIdOf(request: IncomingMessage, clock: Clock): string {
  const sent = request.headers['x-request-id'];
  return typeof sent === 'string' && acceptable.test(sent) ? sent : newRequestId(clock.now());
}
