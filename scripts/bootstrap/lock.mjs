// One command at a time may install or build in a tree. The lock is a directory (mkdir is atomic everywhere);
// its owner touches it while it works, so a lock whose owner died is recognised, also from another container.
import { mkdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {{ staleAfterMs?: number, pollMs?: number, onWait?: () => void }} LockOptions */

/**
 * Runs `work` while nobody else holds the lock at `path`.
 * @template T
 * @param {string} path a directory that does not exist while nobody holds the lock
 * @param {() => Promise<T>} work
 * @param {LockOptions} [options] `staleAfterMs`: how long an untouched lock is believed, 20 s unless told
 * @returns {Promise<T>}
 */
export async function withLock(path, work, options = {}) {
  const staleAfterMs = options.staleAfterMs ?? 20_000;
  mkdirSync(dirname(path), { recursive: true });
  let waited = false;
  while (!tryMakeDirectory(path)) {
    if (ageMs(path) > staleAfterMs) removeStaleLock(path, staleAfterMs);
    else {
      if (!waited) options.onWait?.();
      waited = true;
      await sleep(options.pollMs ?? 250);
    }
  }
  const heartbeat = setInterval(() => touch(path), staleAfterMs / 10);
  const release = () => rmSync(path, { recursive: true, force: true });
  process.on('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    process.off('exit', release);
    release();
  }
}

/**
 * Of several that see the same stale lock only one may remove it, and only if it is still stale then:
 * otherwise the second would remove the fresh lock of the first.
 * @param {string} path
 * @param {number} staleAfterMs
 */
function removeStaleLock(path, staleAfterMs) {
  const removal = `${path}.removal`;
  if (!tryMakeDirectory(removal)) {
    if (ageMs(removal) > staleAfterMs) rmSync(removal, { recursive: true, force: true });
    return;
  }
  try {
    if (ageMs(path) > staleAfterMs) rmSync(path, { recursive: true, force: true });
  } finally {
    rmSync(removal, { recursive: true, force: true });
  }
}

/** @param {string} path */
function tryMakeDirectory(path) {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} path @returns {number} 0 if it is gone */
function ageMs(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 0 : Date.now() - stats.mtimeMs;
}

/** @param {string} path */
function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Somebody removed the lock by hand; the work goes on.
  }
}
