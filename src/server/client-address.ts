// The address a request comes from: the socket's, or what a trusted proxy says it was.

import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv4, isIPv6 } from 'node:net';

export type ClientAddress = (request: IncomingMessage) => string;

/** `trustedProxies`: addresses or CIDR ranges; `X-Forwarded-For` is believed from these only. */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = new BlockList();
  for (const range of trustedProxies) {
    const [address = '', bits] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    trusted.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  const isTrusted = (address: string): boolean =>
    isIPv4(address) ? trusted.check(address, 'ipv4') : isIPv6(address) && trusted.check(address, 'ipv6');

  return (request) => {
    const peer = plain(request.socket.remoteAddress ?? '');
    if (trustedProxies.length === 0 || !isTrusted(peer)) return peer;
    // Each proxy appends whom it saw: from the right, the first that is not ours is the client.
    const hops = String(request.headers['x-forwarded-for'] ?? '')
      .split(',')
      .map((hop) => plain(hop.trim()))
      .filter((hop) => isIPv4(hop) || isIPv6(hop));
    return hops.findLast((hop) => !isTrusted(hop)) ?? peer;
  };
}

const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);
