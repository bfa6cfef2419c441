// Cross-origin rules: which pages may call, what their scripts may send and read. Credentials travel in headers that
// scripts set themselves, so cookies are never allowed.

import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Cors {
  /** Sets the headers of any answer. */
  apply(request: IncomingMessage, response: ServerResponse): void;
  /** Answers a preflight; true when it was one. */
  answerPreflight(request: IncomingMessage, response: ServerResponse): boolean;
  /** Whether a page of the request's origin may open a socket; clients that are no browsers send no origin. */
  allowsSocket(request: IncomingMessage): boolean;
}

const exposed = [
  'WWW-Authenticate',
  'X-Request-Id',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
].join(', ');
const allowedHeaders = [
  'Authorization',
  'X-API-Key',
  'Content-Type',
  'Accept',
  'Idempotency-Key',
  'X-Request-Id',
  'Apollo-Require-Preflight',
  'X-Apollo-Operation-Name',
  'traceparent',
  'tracestate',
].join(', ');
const preflightSeconds = 600;

/**
 * `allowedOrigins`: e.g. `https://app.example.com`; `*` allows every page (keys still decide who may do what).
 * `publicUrl`: the server's own address as its clients see it, where a proxy gives it another name.
 */
export function createCors(allowedOrigins: readonly string[], publicUrl?: string): Cors {
  const any = allowedOrigins.includes('*');
  const allowed = new Set(allowedOrigins.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
  const ownHosts = publicUrl === undefined ? [] : [new URL(publicUrl).host];
  const allows = (origin: string): boolean => any || allowed.has(origin.toLowerCase());

  return {
    apply(request, response) {
      if (allowedOrigins.length === 0) return;
      response.setHeader('Vary', 'Origin');
      const origin = request.headers.origin;
      if (origin === undefined || !allows(origin)) return;
      response.setHeader('Access-Control-Allow-Origin', any ? '*' : origin);
      response.setHeader('Access-Control-Expose-Headers', exposed);
    },
    answerPreflight(request, response) {
      if (request.method !== 'OPTIONS') return false;
      const { origin } = request.headers;
      const isPreflight = origin !== undefined && request.headers['access-control-request-method'] !== undefined;
      if (isPreflight && allows(origin)) {
        response.setHeader('Access-Control-Allow-Methods', 'POST, OPTIONS');
        response.setHeader('Access-Control-Allow-Headers', allowedHeaders);
        response.setHeader('Access-Control-Max-Age', preflightSeconds);
      }
      response.writeHead(204, { Allow: 'POST, OPTIONS', 'Content-Length': 0 }).end();
      return true;
    },
    allowsSocket({ headers }) {
      const { origin, host } = headers;
      if (origin === undefined || allows(origin)) return true;
      return URL.canParse(origin) && [...ownHosts, host?.toLowerCase()].includes(new URL(origin).host);
    },
  };
}
