// What a reload changes, and what it cannot: told by name in the log. Values are not told, they may be secrets.

import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.ts';
import type { Secret } from './secret.ts';

/** Phrases like `model smart: prices changed`, in the order of the file. */
export function describeChanges(before: Config, after: Config): readonly string[] {
  return [
    ...changesOfItems('provider', before.providers, after.providers, ({ id }) => id),
    ...changesOfItems('model', before.models, after.models, ({ name }) => name),
    ...changesOfItems('key', before.auth.apiKeys, after.auth.apiKeys, ({ name }) => name),
    ...changesOfItems('issuer', before.auth.jwt, after.auth.jwt, ({ issuer }) => issuer),
    ...changesOfSettings(settingsOf(before), settingsOf(after)),
  ];
}

/** The configuration to go by where the process has begun with another: what it stands on cannot be changed under it. */
export function withStanding(before: Config, wanted: Config): Config {
  const { production, dataDirectory, log } = before;
  const { host, port } = before.server;
  // Who ends TLS is one choice: with only half of it, production would refuse everybody who comes from elsewhere.
  const { tls, trustedProxies } = isTlsSwitched(before, wanted) ? before.server : wanted.server;
  const server = { ...wanted.server, host, port, tls, trustedProxies };
  return { ...wanted, production, dataDirectory, log, server };
}

const isTlsSwitched = (before: Config, after: Config): boolean =>
  (before.server.tls === undefined) !== (after.server.tls === undefined);

/** What of it stays as it was at the start, in the names of the file. */
export function changesThatWait(before: Config, after: Config): readonly string[] {
  const of = ({ server, dataDirectory, log, production }: Config) => ({
    server: {
      host: server.host,
      port: server.port,
      tls: server.tls === undefined ? 'off' : 'on',
      ...(isTlsSwitched(before, after) ? { trustedProxies: server.trustedProxies } : {}),
    },
    dataDirectory,
    log,
    production,
  });
  return changesOfSettings(of(before), of(after));
}

function settingsOf(config: Config) {
  // Told elsewhere, or nothing that was set.
  const { providers, models, warnings, file, simulator, dataDirectory, log, production, ...rest } = config;
  const { host, port, tls, ...server } = rest.server;
  return {
    ...rest,
    auth: { ...rest.auth, apiKeys: undefined, jwt: undefined },
    server: { ...server, tls: tls?.pair.fingerprint },
  };
}

function changesOfItems<Item extends object>(
  what: string,
  before: readonly Item[],
  after: readonly Item[],
  nameOf: (item: Item) => string,
): readonly string[] {
  const earlier = new Map(before.map((item) => [nameOf(item), item]));
  const later = new Map(after.map((item) => [nameOf(item), item]));
  const removed = [...earlier.keys()].filter((name) => !later.has(name)).map((name) => `${what} ${name} removed`);
  const others = after.flatMap((item) => {
    const name = nameOf(item);
    const known = earlier.get(name);
    if (known === undefined) return [`${what} ${name} added`];
    const fields = differingFields(known, item);
    return fields.length === 0 ? [] : [`${what} ${name}: ${fields.join(', ')} changed`];
  });
  return [...removed, ...others];
}

function changesOfSettings(before: object, after: object, path = ''): readonly string[] {
  return differingFields(before, after).flatMap((field) => {
    const place = path === '' ? field : `${path}.${field}`;
    const [earlier, later] = [fieldOf(before, field), fieldOf(after, field)];
    return isSection(earlier) && isSection(later) ? changesOfSettings(earlier, later, place) : [`${place} changed`];
  });
}

const differingFields = (before: object, after: object): readonly string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (field) => !isSame(fieldOf(before, field), fieldOf(after, field)),
  );

const fieldOf = (value: object, field: string): unknown => (value as Readonly<Record<string, unknown>>)[field];

const isSection = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map) && !isSecret(value);

const isSecret = (value: object): value is Secret => 'reveal' in value && typeof value.reveal === 'function';

/** Of what was made of the configuration, functions and all. */
const hasFingerprint = (value: object): value is { readonly fingerprint: string } =>
  'fingerprint' in value && typeof value.fingerprint === 'string';

function isSame(before: unknown, after: unknown): boolean {
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) {
    return before === after;
  }
  if (hasFingerprint(before) && hasFingerprint(after)) return before.fingerprint === after.fingerprint;
  if (isSecret(before) || isSecret(after)) {
    return isSecret(before) && isSecret(after) && before.reveal() === after.reveal();
  }
  if (isSection(before) && isSection(after)) return differingFields(before, after).length === 0;
  return isDeepStrictEqual(before, after);
}
