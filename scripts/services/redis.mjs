// A Redis for tests: on a free port of this machine, in memory alone.
import { freePort, startProgram } from './program.mjs';

/**
 * @param {{ program: string, folder: string, keep: (program: import('./program.mjs').Program) => void }} options
 * @returns {Promise<string>} its URL
 */
export async function startRedis({ program, folder, keep }) {
  const port = await freePort();
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const redis = startProgram('Redis', program, settings, { cwd: folder });
  keep(redis);
  await redis.printed(/Ready to accept connections/);
  return `redis://127.0.0.1:${port}`;
}
