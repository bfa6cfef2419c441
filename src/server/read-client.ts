// Who is at the other end of a request: its address, which throttles count by and logs tell, and whether it came over
// TLS. What proxies say of both is believed from those the configuration trusts, and from nobody else.

import type { IncomingMessage } from 'node:http';
import { createAddressRanges, plainAddress, unmapped } from '../platform/address-ranges.ts';

export interface Client {
  readonly address: string;
  /** TLS: encrypted where it left its client. LOCAL: not, but from this machine, and no proxy said otherwise. */
  readonly connection: 'TLS' | 'PLAIN' | 'LOCAL';
}

export type ReadClient = (request: IncomingMessage) => Client;

const loopback = createAddressRanges(['127.0.0.0/8', '::1']);

/** `trustedProxies`: addresses or ranges of them, checked. */
export function createReadClient(trustedProxies: readonly string[]): ReadClient {
  const trusted = createAddressRanges(trustedProxies);

  return ({ socket, headers }) => {
    const peer = unmapped(socket.remoteAddress ?? '');
    const own = 'encrypted' in socket ? 'TLS' : loopback.has(peer) ? 'LOCAL' : 'PLAIN';
    if (trustedProxies.length === 0 || !trusted.has(peer)) return { address: peer, connection: own };
    const proto = textOf(headers['x-forwarded-proto']);
    return {
      address: forwardedAddress(peer, textOf(headers['x-forwarded-for'])),
      connection: proto === undefined ? own : isEachHttps(proto) ? 'TLS' : 'PLAIN',
    };
  };

  /** Each proxy appends whom it heard: from the right, past those that are trusted, to the first that is not. */
  function forwardedAddress(peer: string, forwardedFor: string | undefined): string {
    let client = peer;
    for (const hop of forwardedFor?.split(',').reverse() ?? []) {
      const address = plainAddress(hop);
      // What stands left of it cannot be placed.
      if (address === undefined) break;
      client = address;
      if (!trusted.has(address)) break;
    }
    return client;
  }
}

/** Of several hops, all: the leftmost word is the client's own where a proxy appends to what it was sent. */
const isEachHttps = (proto: string): boolean => proto.split(',').every((hop) => hop.trim().toLowerCase() === 'https');

/** Node joins repeated headers; a list is what its types allow. */
const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(',') : header;
