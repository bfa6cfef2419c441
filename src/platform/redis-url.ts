// The forms of REDIS_URL: one server, a cluster, or servers that sentinels watch; each with TLS by `rediss`.

export interface RedisAddress {
  readonly kind: 'SERVER' | 'CLUSTER' | 'SENTINEL';
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** At least one; of sentinels with SENTINEL. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** What sentinels call the server; '' otherwise. */
  readonly name: string;
  readonly database: number;
}

export const REDIS_URL_FORMS =
  'redis://host:6379, rediss://host:6379 (TLS), redis+cluster://host:6379,host:6379 or redis+sentinel://host:26379,host:26379/name';

const DEFAULT_PORTS = { SERVER: 6_379, CLUSTER: 6_379, SENTINEL: 26_379 } as const;
const URL_FORM = /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^/@]*)@)?([^/?#]+)(?:\/([^?#]*))?$/;
const HOST = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

/** undefined: it is of no such form. */
export function parseRedisUrl(text: string): RedisAddress | undefined {
  const match = URL_FORM.exec(text);
  if (match === null) return undefined;
  const [, tls, form, credentials, hostList = '', path = ''] = match;
  const kind = form === 'cluster' ? 'CLUSTER' : form === 'sentinel' ? 'SENTINEL' : 'SERVER';
  const hosts = hostList.split(',').map((host) => parseHost(host, DEFAULT_PORTS[kind]));
  const [first = '', second, ...rest] = path.split('/');
  const name = kind === 'SENTINEL' ? decode(first) : '';
  const database = readDatabase(kind === 'SENTINEL' ? second : first);
  const [username, password] = readCredentials(credentials);
  const isWhole =
    hosts.every((host) => host !== undefined) &&
    (kind !== 'SERVER' || hosts.length === 1) &&
    name !== undefined &&
    (kind === 'SENTINEL') === (name !== '') &&
    database !== undefined &&
    // Clusters have but one.
    (kind !== 'CLUSTER' || database === 0) &&
    rest.length === 0 &&
    (kind === 'SENTINEL' || second === undefined) &&
    username !== null &&
    password !== null;
  if (!isWhole) return undefined;
  return {
    kind,
    tls: tls === 's',
    username,
    password,
    hosts: hosts.filter((host) => host !== undefined),
    name,
    database,
  };
}

function parseHost(text: string, defaultPort: number): { host: string; port: number } | undefined {
  const match = HOST.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

function readDatabase(text = ''): number | undefined {
  if (text === '') return 0;
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}

/** `user:password`, `:password`, or nothing; null: not decodable. */
function readCredentials(text = ''): readonly [string | undefined | null, string | undefined | null] {
  if (text === '') return [undefined, undefined];
  const colon = text.indexOf(':');
  const username = colon === -1 ? text : text.slice(0, colon);
  const password = colon === -1 ? '' : text.slice(colon + 1);
  return [
    username === '' ? undefined : (decode(username) ?? null),
    password === '' ? undefined : (decode(password) ?? null),
  ];
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
