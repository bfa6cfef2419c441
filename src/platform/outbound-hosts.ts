// Which hosts an address from outside may name, as far as the text alone tells: IP addresses and names that can only
// mean this machine or its network are refused unless the configuration allows them by name. What a name resolves to
// is checked by safe-fetch, when it connects.

import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.ts';

/** Takes what `parseOutboundUrl` made. */
export interface OutboundHosts {
  /** The configuration names it: whatever address it has, and http:// as well. */
  allows(url: URL): boolean;
  /** Refused without looking further. */
  refuses(url: URL): boolean;
}

/** Endings of names that no public name has: https://www.iana.org/assignments/special-use-domain-names and habit. */
const LOCAL_NAME = /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|private|corp|home|lan|home\.arpa|svc)$/;

/**
 * An address with its host in one spelling: numbers as dotted IPv4, lower case, no dot at the end. undefined: it is none.
 */
export function parseOutboundUrl(text: string, base?: string): URL | undefined {
  if (!URL.canParse(text, base)) return undefined;
  const url = new URL(text, base);
  // Without its last dot a name may turn out to be a number. Each run of dots is tried once: callers may send thousands.
  url.hostname = url.hostname.replace(/(?<!\.)\.+$/, '');
  return url.hostname === '' || url.hostname.endsWith('.') ? undefined : url;
}

/** As it is dialled: IPv6 without brackets. */
export const plainHost = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

function isLocalHost(host: string): boolean {
  if (isIP(host) !== 0) return !isPublicAddress(host);
  return !host.includes('.') || LOCAL_NAME.test(host);
}

const portOf = (url: URL): string => url.port || (url.protocol === 'https:' ? '443' : '80');

/** A host name or IP address (IPv6 in brackets), maybe with a port, as the configuration has it. */
export interface AllowedHost {
  readonly host: string;
  /** undefined: any. */
  readonly port: string | undefined;
}

/** undefined: it is neither. `*` and the like are no names. */
export function parseAllowedHost(text: string): AllowedHost | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([1-9]\d{0,4}))?$/i.exec(text);
  const url = match === null ? undefined : parseOutboundUrl(`http://${match[1]}`);
  const port = match?.[2];
  if (url === undefined || Number(port ?? 0) > 65_535) return undefined;
  return { host: plainHost(url), port };
}

export function createOutboundHosts(allowed: readonly AllowedHost[]): OutboundHosts {
  const allows = (url: URL): boolean => {
    const host = plainHost(url);
    return allowed.some((entry) => entry.host === host && (entry.port === undefined || entry.port === portOf(url)));
  };
  return { allows, refuses: (url) => !allows(url) && isLocalHost(plainHost(url)) };
}
