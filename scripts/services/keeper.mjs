// Keeps a Redis and a Postgres running while its standard input is open. Tells where they are in one line of JSON.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from './postgres.mjs';
import { startRedis } from './redis.mjs';

/** @typedef {import('./program.mjs').Program} Program */

const { redisServer, postgresFolder } = JSON.parse(process.argv[2] ?? '{}');
const folder = mkdtempSync(join(tmpdir(), 'sluice-services-'));
/** @type {Program[]} */
const started = [];
let ending = false;

/** @param {number} exitCode */
async function end(exitCode) {
  if (ending) return;
  ending = true;
  await Promise.all(started.map((program) => program.stop()));
  rmSync(folder, { recursive: true, force: true });
  process.exit(exitCode);
}

/** @param {Program} program */
function keep(program) {
  started.push(program);
  void program.ended.then((output) => {
    if (!ending) process.stderr.write(`${program.name}, started for the tests, has ended:\n${output}\n`);
  });
}

process.stdin.resume().on('end', () => void end(0));
process.on('SIGTERM', () => void end(143));
process.on('SIGINT', () => {});

// A machine that is very busy needs a while.
const patience = setTimeout(() => {
  process.stderr.write('Redis or Postgres, started for the tests, did not get ready in two minutes.\n');
  void end(1);
}, 120_000);
try {
  const [redisUrl, postgresUrl] = await Promise.all([
    redisServer && startRedis({ program: redisServer, folder, keep }),
    postgresFolder && startPostgres({ programs: postgresFolder, folder, keep }),
  ]);
  clearTimeout(patience);
  process.stdout.write(`${JSON.stringify({ redisUrl, postgresUrl })}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  await end(1);
}
