// Finds the Node the project runs on: the one its dependencies brought, else the one that runs this script.
import { spawnSync } from 'node:child_process';
import { refuseOldNode, SERVER_NODE_MAJOR } from './node-version.cjs';
import { CommandError, installed } from './project.mjs';

/** @type {string | undefined} */
let found;

/** @returns {string} path of a Node that can run the server */
export function findProjectNode() {
  found ??= chooseNode(installed('.bin', 'node'), process.execPath, readVersion);
  return found;
}

/**
 * @param {string} ownNode
 * @param {string} currentNode
 * @param {(path: string) => string | undefined} versionOf undefined: it is missing, or not made for this machine
 */
export function chooseNode(ownNode, currentNode, versionOf) {
  const ownVersion = versionOf(ownNode);
  if (ownVersion !== undefined && refuseOldNode(ownVersion, SERVER_NODE_MAJOR, '') === undefined) return ownNode;
  const refusal = refuseOldNode(
    versionOf(currentNode) ?? 'unknown',
    SERVER_NODE_MAJOR,
    'to run its server here (only on Linux x64 and arm64 with glibc does it bring its own)',
  );
  if (refusal !== undefined) throw new CommandError(refusal);
  return currentNode;
}

/** @param {string} path */
function readVersion(path) {
  if (path === process.execPath) return process.version;
  const result = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim() : undefined;
}
