// Which connections go out through a proxy. The rules of NO_PROXY are curl's, with ranges of addresses besides; what is
// on this machine is reached directly, as in Go: a proxy's loopback is another machine.

import { BlockList, isIP } from 'node:net';
import { isLoopbackHost } from './loopback-host.ts';
import type { Secret } from './secret.ts';

export interface OutgoingProxy {
  /** `http://host:port` or `https://host:port`, without credentials. */
  readonly url: string;
  /** Value of `Proxy-Authorization`; undefined: the proxy asks for none. */
  readonly authorization: Secret | undefined;
}

export interface ProxySettings {
  /** For https:// addresses; undefined: they are reached directly. */
  readonly https: OutgoingProxy | undefined;
  /** For http:// addresses. */
  readonly http: OutgoingProxy | undefined;
  /** Entries of NO_PROXY. */
  readonly except: readonly string[];
}

export type ProxyFor = (url: URL) => OutgoingProxy | undefined;

/** An entry of NO_PROXY: whether an address needs no proxy. undefined: the entry means nothing. */
type Exception = (host: string, port: number) => boolean;

const HOST_NAME = /^(?:\*\.|\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/;

const bare = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[(.+)\]$/, '$1')
    .replace(/(.)\.$/, '$1');

function splitPort(entry: string): { readonly host: string; readonly port: number | undefined } {
  // An IPv6 address has many colons, and its port comes after a bracket.
  const match = /^(\[.+\]|[^:]+):(\d{1,5})$/.exec(entry);
  return match === null ? { host: entry, port: undefined } : { host: match[1] ?? '', port: Number(match[2]) };
}

const familyOf = (host: string): 'ipv4' | 'ipv6' | undefined =>
  (({ 4: 'ipv4', 6: 'ipv6' }) as const)[isIP(host) as 4 | 6];

/** Of an address alone, or of a range like `10.0.0.0/8`. */
function addresses(entry: string): ((host: string) => boolean) | undefined {
  const [network = '', bits] = entry.split('/');
  const family = familyOf(bare(network));
  if (family === undefined) return undefined;
  const most = family === 'ipv4' ? 32 : 128;
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most)) return undefined;
  const range = new BlockList();
  range.addSubnet(bare(network), bits === undefined ? most : Number(bits), family);
  return (host) => {
    const hostFamily = familyOf(host);
    return hostFamily !== undefined && range.check(host, hostFamily);
  };
}

function hostNames(pattern: string): ((host: string) => boolean) | undefined {
  if (pattern === '*') return () => true;
  if (!HOST_NAME.test(pattern)) return undefined;
  const name = pattern.replace(/^\*?\./, '');
  const withItself = !pattern.startsWith('*');
  return (host) => host.endsWith(`.${name}`) || (withItself && host === name);
}

/** `example.com`, `.example.com`, `*.example.com`, `host:port`, an address, a range of addresses, `*`. */
function readException(entry: string): Exception | undefined {
  if (entry.includes('/')) return addresses(entry);
  const { host, port } = splitPort(entry);
  const fits = addresses(host) ?? hostNames(bare(host));
  return fits && ((name, its) => (port === undefined || port === its) && fits(name));
}

/** Entries that no address can ever match. */
export const meaninglessExceptions = (entries: readonly string[]): readonly string[] =>
  entries.filter((entry) => readException(entry) === undefined);

/** Asked once per address, not per call. */
export function createProxyChoice({ https, http, except }: ProxySettings): ProxyFor {
  const exceptions = except.map(readException).filter((exception) => exception !== undefined);
  return (url) => {
    const proxy = url.protocol === 'https:' ? https : http;
    if (proxy === undefined || isLoopbackHost(url.hostname)) return undefined;
    const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
    return exceptions.some((exception) => exception(bare(url.hostname), port)) ? undefined : proxy;
  };
}
