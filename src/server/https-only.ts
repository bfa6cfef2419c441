// What keeps keys and prompts off the open wire: plain HTTP is refused where the configuration says so, and clients that
// came over TLS are told to never come without (HSTS, RFC 6797).

import type { IncomingMessage } from 'node:http';
import { SluiceError } from '../core/errors.ts';
import type { Client } from './read-client.ts';

/** One year, as browsers' own lists ask for. */
export const strictTransport = ['Strict-Transport-Security', 'max-age=31536000'] as const;

/** To set on every answer; undefined where there is nothing to set: plain HTTP must not carry it. */
export function strictTransportHeader(
  client: Client,
  { headers }: Pick<IncomingMessage, 'headers'>,
): readonly [name: string, value: string] | undefined {
  // For localhost it would hold for every server on a developer's machine, whatever its port, for a year.
  const isOwnMachine = /(?:^|\.)localhost(?::\d+)?$/i.test(headers.host ?? '');
  return client.connection === 'TLS' && !isOwnMachine ? strictTransport : undefined;
}

/** @throws SluiceError FORBIDDEN. No redirect: the key was sent in the clear already, and the body would be again. */
export function requireHttps({ connection }: Client): void {
  if (connection !== 'PLAIN') return;
  throw new SluiceError(
    'FORBIDDEN',
    'Plain HTTP is refused here: use https. Behind a proxy that ends TLS, the server must list the proxy in ' +
      '"trustedProxies", and the proxy must send "X-Forwarded-Proto: https".',
  );
}
