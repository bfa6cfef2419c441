// The processes the bench measures: each a child of ours on loopback that dies with it.

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const projectRoot = join(import.meta.dirname, '..', '..');
const TICKS_PER_SECOND = 100;

export interface MeasuredProcess {
  readonly url: string;
  /** CPU used so far, user and system, all threads, microseconds. */
  cpuUs(): number;
  /** Resident memory, bytes. */
  memoryBytes(): number;
  stop(): Promise<void>;
}

export async function startForked(path: string, args: readonly string[] = []): Promise<MeasuredProcess> {
  const child = fork(join(projectRoot, path), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message: { type?: string; port?: number }) => {
      if (message.type === 'listening') resolve(message.port ?? 0);
    });
    child.once('exit', (code) => reject(new Error(`${path} ended with ${code} before it listened`)));
  });
  return measured(child, `http://127.0.0.1:${port}`);
}

export const benchKey = 'bench-key-0123456789abcdef0123456789abcdef';

/** The built server, configured as in production: logs on, every policy on. */
export async function startGateway(upstreamUrl: string): Promise<MeasuredProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const prices = '{ input: "3.00", output: "15.00" }';
  const config = join(folder, 'sluice.yaml');
  writeFileSync(
    config,
    `providers:\n  - { id: upstream, kind: openai-compatible, baseUrl: "${upstreamUrl}/v1" }\nmodels:\n` +
      ['sim-instant', 'bench-stream', 'bench-burst']
        .map((id) => `  - { id: ${id}, targets: [{ provider: upstream, model: ${id} }], prices: ${prices} }\n`)
        .join(''),
  );
  const child = spawn(process.execPath, [join(projectRoot, 'dist', 'main.js')], {
    cwd: folder,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      SLUICE_ALLOW_EMBEDDED: '1',
      SLUICE_CONFIG: config,
      SLUICE_ADMIN_KEY: benchKey,
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_FORMAT: 'json',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise<string>((resolve, reject) => {
    // Read on to the end, or the pipe would fill and stop the server.
    lines.on('line', (line) => {
      const found = /"url":"(http:[^"]+)"/.exec(line);
      if (found?.[1] !== undefined) resolve(new URL(found[1]).origin);
    });
    child.once('exit', (code) => reject(new Error(`the gateway ended with ${code} before it listened`)));
  });
  const gateway = measured(child, url);
  return {
    ...gateway,
    async stop() {
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function measured(child: ChildProcess, url: string): MeasuredProcess {
  // However the bench ends, nothing it started outlives it.
  process.once('exit', () => child.kill('SIGKILL'));
  return {
    url,
    cpuUs() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
      return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND;
    },
    memoryBytes() {
      const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'));
      return Number(match?.[1]) * 1024;
    },
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}
