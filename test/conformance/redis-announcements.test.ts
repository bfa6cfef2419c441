import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { createRedisAnnouncements } from '../../src/platform/redis-announcements.ts';
import { createSecret } from '../../src/platform/secret.ts';
import { startTestRedis } from '../support/start-redis.ts';
import { testRedisUrl } from '../support/test-database.ts';
import { describeAnnouncements, listen, until } from './announcements-conformance.ts';

const silent = pino({ level: 'silent' });

describeAnnouncements('Redis', () => createRedisAnnouncements({ url: createSecret(testRedisUrl()), logger: silent }));

describe('announcements by Redis', () => {
  it('reach another node', async () => {
    const [here, there] = [testRedisUrl(), testRedisUrl()].map((url) =>
      createRedisAnnouncements({ url: createSecret(url), logger: silent }),
    );
    if (here === undefined || there === undefined) throw new Error('unreachable');
    try {
      const channel = randomUUID();
      const { heard } = listen(there, channel);
      await until(() => {
        here.publish(channel, 'news');
        return heard.includes('news');
      });
    } finally {
      here.close();
      there.close();
    }
  });

  it('go on after Redis was away: listeners are told that they may have missed something, the log says both, once', async () => {
    const first = await startTestRedis({ settings: ['--requirepass', 'a-password-of-redis'] });
    const lines: string[] = [];
    const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
    const url = `redis://:a-password-of-redis@127.0.0.1:${first.port}`;
    const announcements = createRedisAnnouncements({ url: createSecret(url), logger });
    try {
      const { heard } = listen(announcements, 'news');
      await until(() => {
        announcements.publish('news', 'before');
        return heard.includes('before');
      });
      await first.stop();
      await until(() => lines.filter((line) => line.includes('does not answer')).length === 2);
      heard.length = 0;
      // Nobody hears it, and nobody is troubled by it.
      announcements.publish('news', 'while it is away');

      await using _again = await startTestRedis({
        port: first.port,
        settings: ['--requirepass', 'a-password-of-redis'],
      });
      await until(() => heard.includes(undefined));
      expect(heard).toEqual([undefined]);
      await until(() => {
        announcements.publish('news', 'after');
        return heard.includes('after');
      });
      await until(() => lines.filter((line) => line.includes('answers again')).length === 2);
      expect(lines.filter((line) => line.includes('does not answer'))).toHaveLength(2);
      expect(lines.join('')).not.toContain('a-password-of-redis');
    } finally {
      announcements.close();
    }
  });
});
