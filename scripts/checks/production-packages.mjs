// Which packages the server runs with: those of package-lock.json that are not for development alone, on any platform.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, projectRoot } from '../bootstrap/project.mjs';

/**
 * @typedef {{ name?: string, version?: string, license?: string, dev?: boolean, link?: boolean }} LockedPackage
 * @typedef {{ path: string, name: string, version: string, lockedLicence: string | undefined }} ProductionPackage
 */

/**
 * @param {{ packages?: Record<string, LockedPackage> }} lock
 * @returns {ProductionPackage[]} one for each place in node_modules
 */
export function productionPackages(lock) {
  return Object.entries(lock.packages ?? {}).flatMap(([path, entry]) => {
    if (path === '' || entry.dev === true) return [];
    // An alias stands under another name than its own.
    const name = entry.name ?? path.split('node_modules/').at(-1) ?? path;
    return [{ path, name, version: entry.version ?? '', lockedLicence: entry.license }];
  });
}

/** @returns {ProductionPackage[]} */
export function readProductionPackages(root = projectRoot) {
  const packages = productionPackages(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  if (packages.length === 0)
    throw new CommandError('package-lock.json names no production dependency: that cannot be.');
  return packages;
}
