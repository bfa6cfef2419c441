// Every package the server runs with may be shipped with it: its licence is permissive, and asks for nothing but a notice.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../bootstrap/project.mjs';
import { readProductionPackages } from './production-packages.mjs';

/** @typedef {{ name: string, version: string, licence: string | undefined }} LicensedPackage */

const ALLOWED = new Set(['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0']);

/** Others, looked at one by one: package → licence. */
const EXCEPTIONS = new Map([
  // Permissive as MIT is. Ours is an older version under ISC; this one comes inside @apollo/server.
  ['lru-cache', 'BlueOak-1.0.0'],
]);

/** @returns {Promise<import('../check.mjs').Outcome>} */
export async function checkLicences(root = projectRoot) {
  const packages = readProductionPackages(root).map(({ path, name, version, lockedLicence }) => ({
    name,
    version,
    licence: installedLicence(join(root, path)) ?? lockedLicence,
  }));
  const problems = licenceProblems(packages);
  return { exitCode: problems.length === 0 ? 0 : 1, output: problems.join('\n') };
}

/**
 * @param {readonly LicensedPackage[]} packages
 * @returns {string[]} one line each
 */
export function licenceProblems(packages) {
  const known = [...ALLOWED].join(', ');
  return packages.flatMap(({ name, version, licence }) => {
    if (licence !== undefined && (isAllowed(licence) || EXCEPTIONS.get(name) === licence)) return [];
    const found = licence === undefined ? 'says no licence' : `is under ${JSON.stringify(licence)}`;
    return [`${name}@${version} ${found}: allowed are ${known}. Use another package, or add it here with a reason.`];
  });
}

/**
 * Reads an SPDX expression: OR lets us choose, AND binds to both. What it cannot read is not allowed.
 * @param {string} expression
 */
export function isAllowed(expression) {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  let next = 0;
  /** @returns {boolean} */
  const readTerm = () => {
    const token = tokens[next++];
    if (token !== '(') return token !== undefined && ALLOWED.has(token);
    const inner = readAny();
    return tokens[next++] === ')' && inner;
  };
  /** @returns {boolean} */
  const readAll = () => {
    let allowed = readTerm();
    while (tokens[next] === 'AND') {
      next++;
      allowed = readTerm() && allowed;
    }
    return allowed;
  };
  /** @returns {boolean} */
  const readAny = () => {
    let allowed = readAll();
    while (tokens[next] === 'OR') {
      next++;
      allowed = readAll() || allowed;
    }
    return allowed;
  };
  return readAny() && next === tokens.length;
}

/**
 * What the package itself says; old ones say it in other forms.
 * @param {string} folder
 * @returns {string | undefined} undefined: it is not installed on this platform, or says nothing
 */
function installedLicence(folder) {
  try {
    const { license, licenses } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const stated = license ?? (Array.isArray(licenses) ? licenses[0] : undefined);
    return typeof stated === 'string' ? stated : stated?.type;
  } catch {
    return undefined;
  }
}
