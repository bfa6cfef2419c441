// Redis in each of the forms it is reached in, by real servers.

import { describe, it } from '@jest/globals';
import { pino } from 'pino';
import { createRedisAnnouncements } from '../../src/platform/redis-announcements.ts';
import { connectRedis } from '../../src/platform/redis-connection.ts';
import { createSecret } from '../../src/platform/secret.ts';
import { listen, until } from '../conformance/announcements-conformance.ts';
import { startTestRedis } from '../support/start-redis.ts';

const logger = pino({ level: 'silent' });

async function hears(url: string): Promise<void> {
  const announcements = createRedisAnnouncements({ url: createSecret(url), logger });
  try {
    const { heard } = listen(announcements, 'news');
    await until(() => {
      announcements.publish('news', 'here');
      return heard.includes('here');
    });
  } finally {
    announcements.close();
  }
}

describe('announcements reach nodes by', () => {
  it('a cluster, of which one node is named', async () => {
    await using node = await startTestRedis({
      settings: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    });
    const { client, close } = connectRedis({ url: createSecret(node.url), logger, name: 'of-a-test' });
    await until(() => client.status === 'ready');
    await client.call('cluster', 'addslotsrange', '0', '16383');
    // A node that has just started waits until it takes itself for whole.
    close();
    await hears(`redis+cluster://127.0.0.1:${node.port},127.0.0.1:1`);
  });

  it('sentinels, one of which is away', async () => {
    await using master = await startTestRedis({ settings: ['--requirepass', 'of-a-test'] });
    await using sentinel = await startTestRedis({
      sentinel: [`sentinel monitor main 127.0.0.1 ${master.port} 1`, 'sentinel auth-pass main of-a-test'],
    });
    await hears(`redis+sentinel://:of-a-test@127.0.0.1:1,127.0.0.1:${sentinel.port}/main`);
  });
});
