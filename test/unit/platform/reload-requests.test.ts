// Reloads as signals ask for them.

import { expect, it } from '@jest/globals';
import type { Config } from '../../../src/platform/config.ts';
import { ConfigError } from '../../../src/platform/config-errors.ts';
import { createReloadRequests, type Reloadable } from '../../../src/platform/reload-requests.ts';

function requests(load: (count: number) => unknown) {
  const log: object[] = [];
  const applied: unknown[] = [];
  let loads = 0;
  let running = 0;
  let mostRunning = 0;
  let idle: (() => void) | undefined;
  const apply = async (config: Config): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    applied.push(config);
    idle?.();
  };
  const logger = {
    error: (fields: object): void => {
      log.push(fields);
      idle?.();
    },
  };
  const started = Promise.withResolvers<Reloadable>();
  const request = createReloadRequests({
    started: started.promise,
    load: async () => {
      mostRunning = Math.max(mostRunning, ++running);
      try {
        return (await load(++loads)) as Config;
      } catch (error) {
        running--;
        throw error;
      }
    },
  });
  const until = async (isThere: () => boolean): Promise<void> => {
    while (!isThere()) {
      await new Promise<void>((resolve) => {
        idle = resolve;
      });
    }
  };
  const start = (): void => started.resolve({ reload: apply, logger });
  return { start, request, until, log, applied, loads: () => loads, mostRunning: () => mostRunning };
}

it('run one after the other, and those that come meanwhile are one more, of what is there last', async () => {
  const { start, request, until, applied, loads, mostRunning } = requests((count) => {
    // While the first one is read.
    if (count === 1) for (let more = 0; more < 10; more++) request();
    return count;
  });
  start();
  request();
  await until(() => applied.length === 2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(loads()).toBe(2);
  request();
  await until(() => applied.length === 3);
  expect(applied).toEqual([1, 2, 3]);
  expect(mostRunning()).toBe(1);
});

it('that fail are told with every problem, and the next one counts again', async () => {
  const problem = (field: string) => ({ place: 'sluice.yaml', line: 3, field, found: undefined, expected: 'a key' });
  const { start, request, until, log, applied } = requests((count) => {
    if (count === 1) throw new ConfigError([problem('a'), problem('b')]);
    if (count === 2) throw new Error('the disk is gone');
    return count;
  });
  start();
  request();
  await until(() => log.length === 1);
  request();
  await until(() => log.length === 2);
  request();
  await until(() => applied.length === 1);
  expect(log[0]).toEqual({ problems: ['sluice.yaml:3 a: a key', 'sluice.yaml:3 b: a key'] });
  expect(log[1]).toEqual({ err: new Error('the disk is gone') });
  expect(applied).toEqual([3]);
});

it('wait until there is something to reload, and read the file only then', async () => {
  const { start, request, until, applied, loads } = requests((count) => count);
  request();
  request();
  await new Promise((resolve) => setImmediate(resolve));
  expect(loads()).toBe(0);
  start();
  await until(() => applied.length === 1);
  expect(loads()).toBe(1);
});
