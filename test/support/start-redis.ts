// A Redis of a test's own, for tests that stop it, ask it for a password or make it a cluster. What only needs some Redis
// takes `testRedisUrl()`.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startProgram } from '../../scripts/services/program.mjs';
import { findPrograms } from '../../scripts/services/programs.mjs';

export interface TestRedis {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestRedisOptions {
  /** Default: a free one. */
  readonly port?: number;
  readonly settings?: readonly string[];
  /** Lines of its configuration file make it a sentinel. */
  readonly sentinel?: readonly string[];
}

export async function startTestRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const { redisServer } = findPrograms();
  if (redisServer === undefined) throw new Error('There is no redis-server: "npm test" installs it, or says how.');
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'sluice-redis-'));
  const common = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder];
  const args =
    options.sentinel === undefined
      ? [...common, '--save', '', ...(options.settings ?? [])]
      : [writeConfiguration(folder, options.sentinel), ...common, '--sentinel'];
  const redis = startProgram('Redis', redisServer, args, { cwd: folder });
  await redis.printed(options.sentinel === undefined ? /Ready to accept connections/ : /\+monitor master/);
  const stop = async (): Promise<void> => {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { port, url: `redis://127.0.0.1:${port}`, stop, [Symbol.asyncDispose]: stop };
}

function writeConfiguration(folder: string, lines: readonly string[]): string {
  const file = join(folder, 'sentinel.conf');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}
