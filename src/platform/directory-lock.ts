// Keeps a folder to one process. A file beside it names its owner; the lock of an owner that is gone is taken over. On
// this machine that is known by its process; of another one (containers that share a volume) by the time of the file,
// which an owner renews.

import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, rmdir, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from './error-code.ts';

export interface DirectoryLock {
  release(): Promise<void>;
}

interface Owner {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** Of the process, as the system counts; undefined: it does not tell. */
  readonly startedAt: string | undefined;
}

const RENEW_MS = 5_000;
/** Longer than an owner may be too busy to renew it. */
const STALE_MS = 30_000;
const POLL_MS = 20;

/** Another process has the folder. */
class DirectoryLockedError extends Error {
  override readonly name = 'DirectoryLockedError';
}

/** @throws DirectoryLockedError, which names folder and process. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const file = `${directory}.lock`;
  const own: Owner = {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    startedAt: (await readProcess(process.pid))?.startedAt,
  };
  while (!(await tryToOwn(file, own))) {
    const owner = await readOwner(file);
    if (owner === undefined) continue;
    if (await isAlive(owner, file)) throw new DirectoryLockedError(whoHasIt(directory, owner));
    await removeStale(file, owner);
  }
  const renewal = setInterval(() => {
    // Somebody removed it by hand: nothing to renew.
    utimes(file, new Date(), new Date()).catch(() => undefined);
  }, RENEW_MS);
  renewal.unref();
  return {
    async release() {
      clearInterval(renewal);
      if ((await readOwner(file))?.id === own.id) await rm(file, { force: true });
    },
  };
}

function whoHasIt(directory: string, { pid, host }: Owner): string {
  const where = host === hostname() ? '' : ` on ${host}`;
  return `${directory} is in use by process ${pid}${where}: an embedded database serves one process. Stop that one, name another folder with SLUICE_DATA_DIR, or share a Postgres with DATABASE_URL.`;
}

/** Written whole and linked into place: nobody reads half of it, and only the first one succeeds. */
async function tryToOwn(file: string, own: Owner): Promise<boolean> {
  const draft = `${file}.${own.id}`;
  await writeFile(draft, JSON.stringify(own), { mode: 0o600 });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

/** undefined: there is none. One that cannot be read names nobody who lives. */
async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    const { id, pid, host, startedAt } = JSON.parse(await readFile(file, 'utf8'));
    return { id: String(id), pid: Number(pid), host: String(host), startedAt };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (error instanceof SyntaxError) return { id: '', pid: 0, host: hostname(), startedAt: undefined };
    throw error;
  }
}

async function isAlive(owner: Owner, file: string): Promise<boolean> {
  if (owner.host !== hostname()) return (await ageMs(file)) < STALE_MS;
  if (owner.pid <= 0 || !doesProcessExist(owner.pid)) return false;
  const found = await readProcess(owner.pid);
  // Its number may have gone to another process since; and one that is dead but not buried owns nothing.
  if (found !== undefined && owner.startedAt !== undefined) {
    return found.startedAt === owner.startedAt && !found.isDead;
  }
  return true;
}

function doesProcessExist(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** Of Linux: state and start time of a process (fields 3 and 22 of its `stat`; the name before them may hold anything). */
async function readProcess(pid: number): Promise<{ startedAt: string; isDead: boolean } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields?.[0];
  const startedAt = fields?.[19];
  return state === undefined || startedAt === undefined
    ? undefined
    : { startedAt, isDead: state === 'Z' || state === 'X' };
}

async function ageMs(path: string): Promise<number> {
  const stats = await stat(path).catch(() => undefined);
  return stats === undefined ? 0 : Date.now() - stats.mtimeMs;
}

/**
 * Of several that find the same dead owner only one may remove its lock, and only while it is still that one:
 * otherwise the second would remove the fresh lock of the first.
 */
async function removeStale(file: string, owner: Owner): Promise<void> {
  const removal = `${file}.removal`;
  try {
    await mkdir(removal);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    // Whoever removes it needs a moment; one that was killed meanwhile is not waited for.
    if ((await ageMs(removal)) > STALE_MS) await rmdir(removal).catch(() => undefined);
    else await sleep(POLL_MS);
    return;
  }
  try {
    if ((await readOwner(file))?.id === owner.id) await rm(file, { force: true });
  } finally {
    await rmdir(removal).catch(() => undefined);
  }
}
