import { describe, expect, it } from '@jest/globals';
import { parseRedisUrl } from '../../../src/platform/redis-url.ts';

const plain = { tls: false, username: undefined, password: undefined, name: '', database: 0 };

describe('the URL of a Redis', () => {
  it.each([
    ['redis://localhost', { ...plain, kind: 'SERVER', hosts: [{ host: 'localhost', port: 6379 }] }],
    [
      'rediss://user:p%40ss%2Fword@[::1]:6380/3',
      {
        ...plain,
        ...{ kind: 'SERVER', tls: true, username: 'user', password: 'p@ss/word', database: 3 },
        hosts: [{ host: '::1', port: 6380 }],
      },
    ],
    [
      'redis://:secret@10.0.0.1:1/',
      { ...plain, kind: 'SERVER', password: 'secret', hosts: [{ host: '10.0.0.1', port: 1 }] },
    ],
    [
      'redis+cluster://a,b:7001',
      {
        ...plain,
        kind: 'CLUSTER',
        hosts: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 7001 },
        ],
      },
    ],
    [
      'rediss+sentinel://:s@a,b:1/main/2',
      {
        ...plain,
        ...{ kind: 'SENTINEL', tls: true, password: 's', name: 'main', database: 2 },
        hosts: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 1 },
        ],
      },
    ],
  ])('%s is understood', (url, address) => {
    expect(parseRedisUrl(url)).toEqual(address);
  });

  it.each([
    'localhost:6379',
    'http://localhost',
    'redis://',
    'redis://a,b',
    'redis://a/b',
    'redis://a/1/2',
    'redis://a:0',
    'redis://a:65536',
    'redis://a?db=1',
    'redis://user:%zz@a',
    'redis+cluster://a/1',
    'redis+cluster://a,,b',
    'redis+sentinel://a,b',
    'redis+sentinel://a/main/x',
    'redis+unknown://a',
  ])('%s is not taken', (url) => {
    expect(parseRedisUrl(url)).toBeUndefined();
  });
});
