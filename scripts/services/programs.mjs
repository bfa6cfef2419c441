// Finds the programs of the services that tests run against, and installs what is missing where that can be done.
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runChild } from '../bootstrap/child.mjs';
import { CommandError, report } from '../bootstrap/project.mjs';

/** @typedef {{ redisServer: string | undefined, postgresFolder: string | undefined }} Programs `postgresFolder`: of initdb and postgres */

/** Where Debian and Red Hat keep the versions of Postgres, beside the PATH. */
const postgresHomes = ['/usr/lib/postgresql', '/usr'];

/** @param {{ path?: string, homes?: readonly string[] }} [where] @returns {Programs} */
export function findPrograms({ path = process.env.PATH ?? '', homes = postgresHomes } = {}) {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const redisFolder = folders.find((folder) => existsSync(join(folder, 'redis-server')));
  const postgresFolder = [...folders, ...homes.flatMap(versionsIn)].find(
    (folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  );
  return { redisServer: redisFolder && join(redisFolder, 'redis-server'), postgresFolder };
}

/** @param {string} home @returns {string[]} the newest first */
function versionsIn(home) {
  if (!existsSync(home)) return [];
  return readdirSync(home)
    .map((name) => ({ name, version: Number(/^(?:pgsql-)?(\d+)$/.exec(name)?.[1]) }))
    .filter(({ version }) => version > 0)
    .sort((a, b) => b.version - a.version)
    .map(({ name }) => join(home, name, 'bin'));
}

/**
 * @param {{ redis: boolean, postgres: boolean }} needed
 * @returns {Promise<Programs>} with all that is needed
 */
export async function providePrograms(needed) {
  const found = findPrograms();
  const missing = missingPackages(found, needed);
  if (missing.length === 0) return found;
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (!mayInstall) throw new CommandError(describeMissing(missing));
  await installPackages(missing);
  const now = findPrograms();
  const still = missingPackages(now, needed);
  if (still.length > 0) throw new CommandError(describeMissing(still));
  return now;
}

/** @param {Programs} found @param {{ redis: boolean, postgres: boolean }} needed @returns {string[]} as Debian calls them */
export function missingPackages({ redisServer, postgresFolder }, needed) {
  return [
    ...(needed.redis && redisServer === undefined ? ['redis-server'] : []),
    ...(needed.postgres && postgresFolder === undefined ? ['postgresql'] : []),
  ];
}

/** @param {readonly string[]} packages */
export function describeMissing(packages) {
  return [
    `The tests run against a real Redis and a real Postgres, and find no ${packages.join(' and no ')} on this machine.`,
    `Debian, Ubuntu: sudo apt-get install ${packages.join(' ')}`,
    `macOS:          brew install ${packages.map((name) => (name === 'redis-server' ? 'redis' : name)).join(' ')}`,
    'Nothing of it has to be started. Or name servers of your own that tests may write to, as one who may create',
    'databases, in SLUICE_TEST_POSTGRES_URL and SLUICE_TEST_REDIS_URL.',
  ].join('\n');
}

/** @param {readonly string[]} packages */
async function installPackages(packages) {
  report(`Installing ${packages.join(' and ')} for the tests…`);
  const allowStart = forbidStarts();
  try {
    if ((await aptGet('install', ...packages)) === 0) return;
    // A machine that knows no packages yet.
    await aptGet('update');
    await aptGet('install', ...packages);
  } finally {
    allowStart();
  }
}

/** @param {string} command @param {readonly string[]} packages */
function aptGet(command, ...packages) {
  return runChild('apt-get', [command, '--yes', '--quiet=2', '--no-install-recommends', ...packages], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdoutTo: 'stderr',
  });
}

/** Debian starts a service as it installs it, unless this file says no. @returns {() => void} takes it back */
function forbidStarts() {
  const file = '/usr/sbin/policy-rc.d';
  if (existsSync(file)) return () => {};
  writeFileSync(file, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return () => rmSync(file, { force: true });
}
