// Connections through a proxy, made by CONNECT: what comes after it, TLS with the server included, is between us and the
// server alone. Takes the place of undici's own connector in a pool.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import { errorCode } from './error-code.ts';
import type { OutgoingProxy } from './proxy-choice.ts';

/** What the proxy itself did wrong, or would not do. Nothing was sent to the server behind it. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  /** Its answer to CONNECT; undefined: there was none. */
  readonly status: number | undefined;
  /** Of the network error. */
  readonly networkCode: string | undefined;

  constructor(details: { readonly status?: number; readonly networkCode?: string | undefined }) {
    super('the proxy made no connection');
    this.status = details.status;
    this.networkCode = details.networkCode;
  }
}

export interface TunnelOptions {
  readonly proxy: OutgoingProxy;
  /** PEM, for the server behind the proxy; undefined: as Node trusts. The proxy's own certificate is checked as Node does. */
  readonly certificateAuthorities: string | undefined;
  /** For the tunnel, and again for TLS in it. */
  readonly timeoutMs: number;
}

export function createTunnelConnector(options: TunnelOptions): buildConnector.connector {
  const { certificateAuthorities: ca, timeoutMs } = options;
  const secure = buildConnector({ allowH2: false, timeout: timeoutMs, ...(ca === undefined ? {} : { ca }) });
  return (target, callback) => {
    const { hostname, protocol, port } = target;
    const host = hostname.includes(':') ? `[${hostname}]` : hostname;
    const authority = `${host}:${port || (protocol === 'https:' ? 443 : 80)}`;
    openTunnel(authority, options).then(
      (socket) =>
        protocol === 'https:' ? secure({ ...target, httpSocket: socket }, callback) : callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

/** @throws ProxyError */
function openTunnel(authority: string, { proxy, timeoutMs }: TunnelOptions): Promise<Socket> {
  const url = new URL(proxy.url);
  const credentials = proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization.reveal() };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, 'user-agent': 'sluice', ...credentials },
      agent: false,
      // Else Node would take the name in the proxy's certificate from the host header.
      servername: isIP(url.hostname) === 0 ? url.hostname : '',
    });
    const timer = setTimeout(() => request.destroy(new ProxyError({ networkCode: 'ETIMEDOUT' })), timeoutMs);
    request.once('connect', ({ statusCode }: IncomingMessage, socket, head) => {
      clearTimeout(timer);
      if (statusCode !== undefined && statusCode >= 200 && statusCode < 300) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket as Socket);
        return;
      }
      socket.on('error', () => undefined).destroy();
      reject(new ProxyError(statusCode === undefined ? {} : { status: statusCode }));
    });
    request.once('error', (error) => {
      clearTimeout(timer);
      reject(error instanceof ProxyError ? error : new ProxyError({ networkCode: errorCode(error) }));
    });
    request.end();
  });
}
