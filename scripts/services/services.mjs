// One Redis and one Postgres for a run of the tests, in a process that keeps them: it ends them, and removes what they
// wrote, when this one lets go of it, however this one ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CommandError } from '../bootstrap/project.mjs';
import { providePrograms } from './programs.mjs';

/**
 * @typedef {{ env: Record<string, string>, stop: () => Promise<void> }} Services `env`: where tests find them
 */

const postgresVariable = 'SLUICE_TEST_POSTGRES_URL';
const redisVariable = 'SLUICE_TEST_REDIS_URL';

/** Starts what the environment names none of. @returns {Promise<Services>} */
export async function startServices() {
  const needed = { redis: !process.env[redisVariable], postgres: !process.env[postgresVariable] };
  if (!needed.redis && !needed.postgres) return { env: {}, stop: async () => {} };
  const programs = await providePrograms(needed);
  const wanted = {
    redisServer: needed.redis ? programs.redisServer : undefined,
    postgresFolder: needed.postgres ? programs.postgresFolder : undefined,
  };
  const script = fileURLToPath(new URL('./keeper.mjs', import.meta.url));
  // A process group of its own: Ctrl-C is for the tests, which need their services to the end.
  const keeper = spawn(process.execPath, [script, JSON.stringify(wanted)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(keeper, 'exit');
  keeper.stdin.on('error', () => {});
  const answer = await Promise.race([once(keeper.stdout.setEncoding('utf8'), 'data'), ended.then(() => undefined)]);
  if (answer === undefined) throw new CommandError('The services for the tests did not start; see above.');
  const { postgresUrl, redisUrl } = JSON.parse(answer[0]);
  return {
    env: {
      ...(postgresUrl === undefined ? {} : { [postgresVariable]: postgresUrl }),
      ...(redisUrl === undefined ? {} : { [redisVariable]: redisUrl }),
    },
    stop: async () => {
      keeper.stdin.end();
      await ended;
    },
  };
}
