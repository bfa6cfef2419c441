import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lockDirectory } from '../../../src/platform/directory-lock.ts';

let folder: string;
let directory: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-lock-'));
  directory = join(folder, 'database');
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  await rm(folder, { recursive: true });
});

/** Another process that tries to lock the folder, says how it went, and stays. */
function startOther(): { child: ChildProcess; answer: Promise<string> } {
  const source = pathToFileURL(resolve('src/platform/directory-lock.ts')).href;
  const script = `
    import { lockDirectory } from ${JSON.stringify(source)};
    await lockDirectory(process.argv[1]).then(() => console.log('HELD'), (error) => console.log(error.message));
    setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const answer = once(child.stdout, 'data').then(([line]) => String(line).trim());
  return { child, answer };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('the lock of a folder', () => {
  it('names folder and process to the second who wants it, whichever process that is', async () => {
    const lock = await lockDirectory(directory);
    const message = `${directory} is in use by process ${process.pid}: an embedded database serves one process.`;
    await expect(lockDirectory(directory)).rejects.toThrow(message);
    expect(await startOther().answer).toContain(message);
    await lock.release();
    await (await lockDirectory(directory)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is free at once when its owner was killed', async () => {
    const { child, answer } = startOther();
    expect(await answer).toBe('HELD');
    await expect(lockDirectory(directory)).rejects.toThrow(`in use by process ${child.pid}`);
    await kill(child);
    const lock = await lockDirectory(directory);
    expect(JSON.parse(await readFile(`${directory}.lock`, 'utf8'))).toMatchObject({ pid: process.pid });
    await lock.release();
  });

  it('goes to exactly one of many who find its owner dead', async () => {
    const { child, answer } = startOther();
    await answer;
    await kill(child);
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(directory)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of answers) if (one.status === 'fulfilled') await one.value.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is free when the number of its owner has gone to another process', async () => {
    const owner = { id: 'gone', pid: process.pid, host: hostname(), startedAt: '1' };
    await writeFile(`${directory}.lock`, JSON.stringify(owner));
    await (await lockDirectory(directory)).release();
  });

  it('of another machine is believed while it is renewed, and no longer', async () => {
    const file = `${directory}.lock`;
    await writeFile(file, JSON.stringify({ id: 'far', pid: 1, host: 'elsewhere', startedAt: '1' }));
    await expect(lockDirectory(directory)).rejects.toThrow('in use by process 1 on elsewhere');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(file, longAgo, longAgo);
    await (await lockDirectory(directory)).release();
  });

  it('that is no lock at all holds nobody off', async () => {
    await writeFile(`${directory}.lock`, '{"id":');
    await (await lockDirectory(directory)).release();
    await expect(access(`${directory}.lock`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('leaves the lock of somebody else alone when it is released late', async () => {
    const lock = await lockDirectory(directory);
    const foreign = JSON.stringify({ id: 'next', pid: process.pid, host: 'elsewhere' });
    await writeFile(`${directory}.lock`, foreign);
    await lock.release();
    expect(await readFile(`${directory}.lock`, 'utf8')).toBe(foreign);
  });
});
