// Installs the dependencies when what lies in node_modules is not what package-lock.json asks for.
import { readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { runChild } from './child.mjs';
import { CommandError, projectRoot, report } from './project.mjs';

/**
 * @typedef {{ version?: string, optional?: boolean, devOptional?: boolean }} LockEntry
 * @typedef {{ packages?: Record<string, LockEntry> }} LockFile
 */

/**
 * npm leaves a list of what it installed in node_modules/.package-lock.json, as its last step.
 * @param {LockFile} wanted package-lock.json
 * @param {LockFile | undefined} present undefined: nothing was ever installed, or not to the end
 */
export function isInstallStale(wanted, present) {
  if (present === undefined) return true;
  return Object.entries(wanted.packages ?? {}).some(([path, entry]) => {
    if (path === '') return false;
    const found = present.packages?.[path];
    // Optional ones may be meant for other platforms.
    if (found === undefined) return !(entry.optional || entry.devOptional);
    return found.version !== entry.version;
  });
}

/** @param {string} root */
export function needsInstall(root = projectRoot) {
  const wanted = readJson(join(root, 'package-lock.json'));
  if (wanted === undefined) throw new CommandError('package-lock.json is missing or not JSON; restore it from git.');
  return isInstallStale(wanted, readJson(join(root, 'node_modules', '.package-lock.json')));
}

export async function install() {
  report('Installing dependencies…');
  // npm must not run on the Node inside node_modules, which it is about to replace.
  const ownBin = join(projectRoot, 'node_modules', '.bin');
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => resolve(folder) !== ownBin);
  const exitCode = await runChild(
    'npm',
    ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      env: { ...process.env, PATH: path.join(delimiter) },
      stdoutTo: 'stderr',
    },
  );
  if (exitCode !== 0) throw new CommandError(`npm ci failed (exit code ${exitCode}); see its output above.`);
}

/** @param {string} path @returns {LockFile | undefined} */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
