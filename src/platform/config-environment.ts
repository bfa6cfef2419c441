// Reads the environment variables of the server. An empty variable counts as not set, as compose files leave them.

import { PROVIDER_KIND_FACTS, PROVIDER_KINDS, type ProviderKind } from '../core/provider-kinds.ts';
import type { LogFormat, LogLevel } from './config.ts';
import { type ConfigProblem, describeLength, describeValue, nearestName } from './config-errors.ts';
import { readProxySettings } from './config-proxy.ts';
import { readStores } from './config-stores.ts';
import type { ProxySettings } from './proxy-choice.ts';
import { createSecret, type Secret } from './secret.ts';

export interface Environment {
  readonly production: boolean;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly configFile: string | undefined;
  readonly adminKey: Secret | undefined;
  readonly secret: Secret | undefined;
  readonly previousSecret: Secret | undefined;
  /** undefined: the embedded database in the data folder. */
  readonly databaseUrl: Secret | undefined;
  readonly redisUrl: Secret | undefined;
  readonly dataDirectory: string;
  readonly allowEmbedded: boolean;
  readonly allowSimulator: boolean;
  readonly logLevel: LogLevel;
  /** undefined: decided by whether the output is a terminal. */
  readonly logFormat: LogFormat | undefined;
  /** Keys of providers whose models are offered where there is no file. */
  readonly providerKeys: ReadonlyMap<ProviderKind, Secret>;
  readonly proxies: ProxySettings;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const LOG_FORMATS = ['json', 'pretty'] as const;
const PORT_RANGE = 'a whole number from 0 to 65535 (0: any free port)';
const ADMIN_KEY = /^[\x21-\x7e]{32,256}$/;
const PROVIDER_KEY = /^[\x21-\x7e]{1,4096}$/;
const PROVIDER_KEY_WORDS = 'printable ASCII characters without spaces or line breaks';
const KNOWN = [
  'SLUICE_CONFIG',
  'SLUICE_ADMIN_KEY',
  'SLUICE_SECRET',
  'SLUICE_SECRET_PREVIOUS',
  'SLUICE_DATA_DIR',
  'SLUICE_ALLOW_EMBEDDED',
  'SLUICE_ALLOW_SIMULATOR',
];
/** Set, they promise something this version does not do; each with what happens instead. */
const NOT_USED: Readonly<Record<string, string>> = {
  REDIS_CACHE_URL: 'this version has no response cache',
  ALL_PROXY: 'set HTTPS_PROXY, and HTTP_PROXY for http:// addresses',
  METRICS_PORT: 'this version has no /metrics',
};

export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const problems: ConfigProblem[] = [];
  const report = (field: string, found: string, expected: string): undefined => {
    problems.push({ place: 'environment', line: undefined, field, found, expected });
  };
  const get = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);

  const oneOf = <Value extends string>(name: string, values: readonly Value[], hint = ''): Value | undefined => {
    const given = get(name);
    if (given === undefined) return undefined;
    const value = values.find((candidate) => candidate === given.toLowerCase());
    return value ?? report(name, describeValue(given), `one of ${values.join(', ')}${hint}`);
  };
  const isOn = (name: string): boolean => {
    const value = get(name)?.toLowerCase();
    if (value === undefined || ['0', 'false', 'no', 'off'].includes(value)) return false;
    if (['1', 'true', 'yes', 'on'].includes(value)) return true;
    report(name, describeValue(env[name]), '1 or true, 0 or false');
    return false;
  };
  const secretOf = (name: string, fits: (value: string) => boolean, expected: string): Secret | undefined => {
    const value = get(name);
    if (value === undefined) return undefined;
    return fits(value) ? createSecret(value) : report(name, describeLength(value), expected);
  };
  const port = get('PORT');
  const isPort = port !== undefined && /^\d{1,5}$/.test(port) && Number(port) <= 65_535;
  const host = get('HOST');
  const isHost = host === undefined || /^[A-Za-z0-9.:_-]{1,255}$/.test(host);
  if (port !== undefined && !isPort) report('PORT', describeValue(port), PORT_RANGE);
  if (!isHost) report('HOST', describeValue(host), 'a host name or IP address');
  const providerKeys = new Map<ProviderKind, Secret>();
  for (const kind of PROVIDER_KINDS) {
    const { keyVariable } = PROVIDER_KIND_FACTS[kind];
    const key = keyVariable && secretOf(keyVariable, (value) => PROVIDER_KEY.test(value), PROVIDER_KEY_WORDS);
    if (key) providerKeys.set(kind, key);
  }
  const proxies = readProxySettings(get, report);
  const stores = readStores(get, report);
  const ecsIsToCome = get('LOG_FORMAT') === 'ecs' ? ' (ecs is not supported by this version)' : '';

  return {
    production: get('NODE_ENV') === 'production',
    host: isHost ? host : undefined,
    port: isPort ? Number(port) : undefined,
    configFile: get('SLUICE_CONFIG'),
    adminKey: secretOf(
      'SLUICE_ADMIN_KEY',
      (value) => ADMIN_KEY.test(value),
      '32 to 256 printable ASCII characters without spaces',
    ),
    secret: secretOf('SLUICE_SECRET', (value) => Buffer.byteLength(value) >= 32, 'at least 32 bytes'),
    previousSecret: secretOf(
      'SLUICE_SECRET_PREVIOUS',
      (value) => Buffer.byteLength(value) >= 32 && value !== get('SLUICE_SECRET'),
      'at least 32 bytes, and another secret than SLUICE_SECRET',
    ),
    databaseUrl: stores.databaseUrl,
    redisUrl: stores.redisUrl,
    dataDirectory: get('SLUICE_DATA_DIR') ?? '.sluice',
    allowEmbedded: isOn('SLUICE_ALLOW_EMBEDDED'),
    allowSimulator: isOn('SLUICE_ALLOW_SIMULATOR'),
    logLevel: oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
    logFormat: oneOf('LOG_FORMAT', LOG_FORMATS, ecsIsToCome),
    providerKeys,
    proxies: proxies.settings,
    problems,
    warnings: [...warningsOf(env), ...stores.warnings, ...proxies.warnings],
  };
}

function warningsOf(env: NodeJS.ProcessEnv): readonly string[] {
  const isSet = (name: string): boolean => env[name] !== undefined && env[name] !== '';
  const unused = Object.entries(NOT_USED)
    .filter(([name]) => isSet(name))
    .map(([name, instead]) => `${name} is set but not used: ${instead}.`);
  const unknown = Object.keys(env)
    .filter((name) => name.startsWith('SLUICE_') && isSet(name) && !KNOWN.includes(name) && !(name in NOT_USED))
    .map((name) => {
      const nearest = nearestName(name, KNOWN);
      return `${name} is set but not known${nearest === undefined ? '' : `: did you mean ${nearest}?`}`;
    });
  return [...unused, ...unknown];
}
