// Runs the fuzzing process and reads its report.

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { propertySeed } from '../property.ts';
import type { FuzzReport } from './report.ts';

/** The report is printed, too, for whoever reads the test run. @throws Error when the process ends without one. */
export async function runFuzz(operations: number): Promise<FuzzReport> {
  const folder = resolve('test/support/fuzz');
  const args = ['--expose-gc', '--import', `${folder}/use-dist.mjs`, `${folder}/main.ts`, operations, propertySeed];
  const child = spawn(process.execPath, args.map(String), {
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  const [output, errors, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  if (exitCode !== 0 || !line.startsWith('{'))
    throw new Error(`the process ended with ${exitCode}:\n${output}${errors}`);
  const report: FuzzReport = JSON.parse(line);
  process.stdout.write(`${summaryOf(report)}\n${errors}`);
  return report;
}

function summaryOf({
  seed,
  operations,
  sent,
  validated,
  resolved,
  heapKib,
  heapGrowthBytesPer10000,
  ms,
}: FuzzReport): string {
  const share = (count: number): string => `${((100 * count) / operations).toFixed(1)} %`;
  const ways = Object.entries(sent).map(([way, count]) => `${count} ${way}`);
  return [
    `fuzz: seed ${seed}, ${operations} operations (${ways.join(', ')}) in ${(ms / 1000).toFixed(1)} s`,
    `fuzz: ${share(validated)} passed validation, ${share(resolved)} reached a resolver`,
    `fuzz: heap ${(heapGrowthBytesPer10000 / 1024).toFixed(0)} KiB per 10,000 (KiB after each window: ${heapKib.join(' ')})`,
  ].join('\n');
}
