// Node's own server, with or without TLS: the same events and the same settings either way.

import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Secret } from '../platform/secret.ts';

/** PEM: the server's own certificate, then those of its issuers. */
export interface Certificate {
  readonly certificate: string;
  readonly key: Secret;
}

export interface NodeServer {
  readonly server: Server;
  readonly scheme: 'http' | 'https';
  /** For handshakes from now on; connections that stand go on. @throws Error without TLS. */
  replaceCertificate(certificate: Certificate): void;
}

// Said aloud, so that no flag of the runtime lowers it; ciphers are Node's own choice.
const secureContext = ({ certificate, key }: Certificate) =>
  ({ cert: certificate, key: key.reveal(), minVersion: 'TLSv1.2' }) as const;

/** A peer that does not shake hands is cut off when it could have sent its headers. */
export function createNodeServer(
  settings: ServerOptions & { readonly headersTimeout: number },
  certificate: Certificate | undefined,
): NodeServer {
  if (certificate === undefined) {
    const replaceCertificate = (): never => {
      throw new Error('a server without TLS has no certificate to replace');
    };
    return { server: createServer(settings), scheme: 'http', replaceCertificate };
  }
  const server = createSecureServer({
    ...settings,
    ...secureContext(certificate),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: settings.headersTimeout,
  });
  return { server, scheme: 'https', replaceCertificate: (next) => server.setSecureContext(secureContext(next)) };
}
