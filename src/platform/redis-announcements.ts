// Announcements among nodes that share a Redis: published by one connection, heard by another.

import type { Announcements } from './announcements.ts';
import type { Logger } from './logger.ts';
import { connectRedis } from './redis-connection.ts';
import type { Secret } from './secret.ts';

export interface RedisAnnouncementsOptions {
  readonly url: Secret;
  readonly logger: Logger;
}

/** Of other programs that share the Redis. */
const PREFIX = 'sluice:';

export function createRedisAnnouncements({ url, logger }: RedisAnnouncementsOptions): Announcements {
  const listeners = new Map<string, ((message: string | undefined) => void)[]>();
  const publisher = connectRedis({ url, logger, name: 'publisher' });
  const subscriber = connectRedis({
    url,
    logger,
    name: 'subscriber',
    onReady: () => {
      // Whatever was published since the connection broke, or before there was one, was not heard.
      const channels = [...listeners.keys()];
      void listenTo(channels).then((holds) => {
        if (holds) for (const channel of channels) tell(channel, undefined);
      });
    },
  });
  let isClosed = false;

  function tell(channel: string, message: string | undefined): void {
    if (isClosed) return;
    for (const listener of listeners.get(channel) ?? []) listener(message);
  }

  async function listenTo(channels: readonly string[]): Promise<boolean> {
    if (channels.length === 0 || isClosed) return false;
    try {
      await subscriber.client.subscribe(...channels.map((channel) => PREFIX + channel));
      return true;
    } catch (error) {
      if (isClosed || !subscriber.isReady) return false;
      // Connected, but not allowed to listen: it stays so, until somebody changes it.
      logger.warn({ reason: error instanceof Error ? error.message : undefined }, 'Redis lets nobody subscribe');
      return false;
    }
  }

  subscriber.client.on('message', (channel: string, message: string) => tell(channel.slice(PREFIX.length), message));

  return {
    publish(channel, message) {
      if (isClosed || !publisher.isReady) return;
      publisher.client.publish(PREFIX + channel, message).catch(() => undefined);
    },
    subscribe(channel, listener) {
      const known = listeners.get(channel);
      listeners.set(channel, [...(known ?? []), listener]);
      if (known === undefined && subscriber.isReady) void listenTo([channel]);
    },
    close() {
      isClosed = true;
      publisher.close();
      subscriber.close();
    },
  };
}
