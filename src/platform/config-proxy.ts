// HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in lower case too, which wins as everywhere. Their values may hold a password:
// nothing of them is ever shown.

import { describeLength } from './config-errors.ts';
import { meaninglessExceptions, type OutgoingProxy, type ProxySettings } from './proxy-choice.ts';
import { createSecret, type Secret } from './secret.ts';

const PROXY_ADDRESS =
  'the address of a proxy, http://host:port or https://host:port, with user:password@ before the host if it asks for them';

export interface ProxyReading {
  readonly settings: ProxySettings;
  readonly warnings: readonly string[];
}

export function readProxySettings(
  get: (name: string) => string | undefined,
  report: (field: string, found: string, expected: string) => undefined,
): ProxyReading {
  const nameOf = (name: string): string => (get(name.toLowerCase()) === undefined ? name : name.toLowerCase());
  const proxy = (name: string): OutgoingProxy | undefined => {
    const given = get(nameOf(name));
    if (given === undefined) return undefined;
    return readProxy(given) ?? report(nameOf(name), describeLength(given), PROXY_ADDRESS);
  };
  const noProxy = nameOf('NO_PROXY');
  const except = (get(noProxy) ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  const warnings = meaninglessExceptions(except).map((entry) => {
    const shown = /^[\w.*:/[\]<>-]{1,64}$/.test(entry) ? `"${entry}"` : 'an entry';
    return `${noProxy}: ${shown} is no host name, address or range of addresses, and excepts nothing.`;
  });
  return { settings: { https: proxy('HTTPS_PROXY'), http: proxy('HTTP_PROXY'), except }, warnings };
}

/** Without a scheme it is http, as for curl. */
function readProxy(given: string): OutgoingProxy | undefined {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === '') return undefined;
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return undefined;
  try {
    return { url: url.origin, authorization: authorizationOf(url) };
  } catch {
    // A percent sign that stands for nothing.
    return undefined;
  }
}

function authorizationOf({ username, password }: URL): Secret | undefined {
  if (username === '' && password === '') return undefined;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return createSecret(`Basic ${Buffer.from(credentials).toString('base64')}`);
}
