// How much memory reloads leave behind, in a process of its own.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startTestSimulator } from './start-simulator.ts';

/** Bytes by which the heap grew over the last third of so many reloads. */
export async function heapGrowthOfReloads(count: number): Promise<number> {
  await using simulator = await startTestSimulator();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-reloads-'));
  try {
    const script = resolve('test/support/many-reloads.mjs');
    const parts = ['--expose-gc', script, simulator.url, folder, String(count)];
    const { stdout } = await promisify(execFile)(process.execPath, parts);
    process.stdout.write(`heap after two thirds of ${count} reloads, and after all: ${stdout}\n`);
    const { early, late } = JSON.parse(stdout);
    return late - early;
  } finally {
    await rm(folder, { recursive: true });
  }
}
