// Which IP addresses belong to the public internet. Everything else (this machine, private networks, the metadata
// services of clouds, ways to write one address inside another) is refused where an address comes from outside.
// After the registries of special-purpose addresses: https://www.iana.org/assignments/iana-ipv4-special-registry and
// https://www.iana.org/assignments/iana-ipv6-special-registry

import { isIPv4, isIPv6 } from 'node:net';
import { createAddressRanges } from './address-ranges.ts';

const NOT_PUBLIC_V4 = createAddressRanges([
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared by carriers (CGNAT), and the metadata service of Alibaba Cloud
  '127.0.0.0/8', // loopback
  '168.63.129.16', // the host of every Azure machine
  '169.254.0.0/16', // link-local, and the metadata services of most clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments, and the metadata service of Oracle Cloud
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // relays of 6to4
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
]);

/**
 * All that is handed out to the public. Outside of it: loopback, unique local, link-local, site-local, multicast, IPv4
 * written as IPv6 (mapped, compatible, NAT64), and what nobody has assigned.
 */
const GLOBAL_V6 = createAddressRanges(['2000::/3']);
const NOT_PUBLIC_V6 = createAddressRanges([
  '2001::/23', // protocol assignments: Teredo, benchmarking, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: an IPv4 address inside
  '3fff::/20', // documentation
]);

/** False for everything that is no IP address too, and for one with a zone (`fe80::1%eth0`). */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !NOT_PUBLIC_V4.has(address);
  return isIPv6(address) && !address.includes('%') && GLOBAL_V6.has(address) && !NOT_PUBLIC_V6.has(address);
}
