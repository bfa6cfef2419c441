// IP addresses as they are written in headers and configuration, and ranges of them (CIDR).

import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net';

export interface AddressRanges {
  /** False for what is no IP address, too. An IPv4 address is the same one when it is written as IPv6. */
  has(address: string): boolean;
}

const RANGE = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/;

interface Range {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

function parseRange(text: string): Range | undefined {
  const [, address = '', length] = RANGE.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const most = version === 4 ? 32 : 128;
  const prefix = length === undefined ? most : Number(length);
  return prefix > most ? undefined : { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** An address, or one with the length of its prefix, e.g. `10.0.0.0/8`. */
export const isAddressRange = (text: string): boolean => parseRange(text) !== undefined;

/** Whether everybody is in it. */
export const isEverywhere = (text: string): boolean => parseRange(text)?.prefix === 0;

/** @throws Error for what is no range: the configuration is checked before. */
export function createAddressRanges(texts: readonly string[]): AddressRanges {
  const list = new BlockList();
  for (const text of texts) {
    const range = parseRange(text);
    if (range === undefined) throw new Error('a range of addresses was not checked');
    list.addSubnet(range.address, range.prefix, range.family);
  }
  return {
    has(address) {
      const version = isIP(address);
      if (version === 0) return false;
      // A zone (`fe80::1%eth0`) says on which wire the address is, not which one it is.
      return list.check(address.replace(/%.*$/, ''), version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/**
 * One spelling for each address, undefined for what is none: `::ffff:10.0.0.1` and `::ffff:a00:1` are `10.0.0.1`. Takes
 * what proxies write into X-Forwarded-For, ports and brackets included.
 */
export function plainAddress(text: string): string | undefined {
  const bare = withoutPort(text.trim());
  if (isIPv4(bare)) return bare;
  if (isIP(bare) === 0 || bare.includes('%')) return undefined;
  return unmapped(new SocketAddress({ address: bare, family: 'ipv6' }).address);
}

/** `1.2.3.4:80`, `[::1]`, `[::1]:80`: without brackets the colons of IPv6 are its own. */
function withoutPort(text: string): string {
  const [, inBrackets] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? [];
  return inBrackets ?? text.replace(/^([\d.]+):\d{1,5}$/, '$1');
}

/** IPv4 addresses look the same whether the socket is of IPv4 or of both. */
export const unmapped = (address: string): string => address.replace(/^::ffff:(?=[\d.]+$)/, '');

/** What one party surely has to itself: of an IPv6 address the first 64 bits, of any other all. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [before = [], after = []] = address.split('::').map((side) => side.split(':').filter((group) => group !== ''));
  const gap = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...gap, ...after].slice(0, 4).join(':');
}
