// `/healthz`: the process lives. `/readyz`: it can serve; says what is missing.

import type { ServerResponse } from 'node:http';
import { answerJson } from './answer.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What keeps this process from serving, in words for an operator; empty when ready. */
export type Readiness = () => readonly string[];

export const answerHealth = (response: ServerResponse): void => answerJson(response, 200, { status: 'ok' });

export function answerReadiness(response: ServerResponse, lifecycle: Lifecycle, readiness: Readiness): void {
  const missing = lifecycle.phase === 'SERVING' ? readiness() : ['the server is stopping'];
  const isReady = missing.length === 0;
  answerJson(response, isReady ? 200 : 503, isReady ? { status: 'ready' } : { status: 'not ready', missing });
}
