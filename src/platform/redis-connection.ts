// A connection to Redis, of whichever form its URL is. It never stops trying, answers at once with an error while there
// is none, and says in one line each time that comes or goes.

import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from './logger.ts';
import { parseRedisUrl, REDIS_URL_FORMS, type RedisAddress } from './redis-url.ts';
import type { Secret } from './secret.ts';

export type RedisClient = Redis | Cluster;

export interface RedisConnection {
  readonly client: RedisClient;
  readonly isReady: boolean;
  close(): void;
}

export interface RedisConnectionOptions {
  readonly url: Secret;
  readonly logger: Logger;
  /** What it is for, as the server's list of clients and our log show it, e.g. `announcements`. */
  readonly name: string;
  /** Each time it can be used, after the first connection and after each later one. */
  readonly onReady?: () => void;
}

const CONNECT_TIMEOUT_MS = 2_000;
const COMMAND_TIMEOUT_MS = 1_000;
const KEEP_ALIVE_MS = 10_000;
const LONGEST_PAUSE_MS = 2_000;

export function connectRedis({ url, logger, name, onReady }: RedisConnectionOptions): RedisConnection {
  const address = parseRedisUrl(url.reveal());
  if (address === undefined) throw new TypeError(`Not the URL of a Redis: ${REDIS_URL_FORMS}.`);
  const client = createClient(address, name);
  let state: 'UNKNOWN' | 'UP' | 'DOWN' | 'CLOSED' = 'UNKNOWN';
  let reason: string | undefined;
  client.on('error', (error: Error) => {
    // The last of several tells most; a cluster keeps what its nodes said.
    const { lastNodeError } = error as { lastNodeError?: Error };
    reason = (lastNodeError ?? error).message;
  });
  client.on('ready', () => {
    if (state === 'CLOSED') return;
    if (state !== 'UP') logger.info({ purpose: name }, state === 'DOWN' ? 'Redis answers again' : 'connected to Redis');
    state = 'UP';
    onReady?.();
  });
  client.on('close', () => {
    if (state === 'DOWN' || state === 'CLOSED') return;
    state = 'DOWN';
    logger.warn({ purpose: name, reason }, 'Redis does not answer');
  });
  return {
    client,
    get isReady() {
      return client.status === 'ready';
    },
    close() {
      state = 'CLOSED';
      client.disconnect();
    },
  };
}

function createClient(address: RedisAddress, name: string): RedisClient {
  const { kind, tls, username, password, hosts, database } = address;
  const retryStrategy = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 10), LONGEST_PAUSE_MS);
  const common = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    connectionName: `sluice-${name}`,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    // Who resubscribes knows then that it holds.
    autoResubscribe: false,
  } satisfies RedisOptions;
  // A command finds a connection or fails: none waits for one to come back.
  const failFast = { enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy } satisfies RedisOptions;
  switch (kind) {
    case 'CLUSTER':
      return new Cluster([...hosts], {
        redisOptions: common,
        enableOfflineQueue: false,
        clusterRetryStrategy: retryStrategy,
        // A certificate is for a name, not for what it resolves to.
        ...(tls ? { dnsLookup: (host: string, use: (error: null, address: string) => void) => use(null, host) } : {}),
      });
    case 'SENTINEL':
      return new Redis({
        ...common,
        ...failFast,
        db: database,
        name: address.name,
        sentinels: [...hosts],
        sentinelRetryStrategy: retryStrategy,
        enableTLSForSentinelMode: tls,
      });
    case 'SERVER':
      return new Redis({ ...common, ...failFast, ...hosts[0], db: database });
  }
}
