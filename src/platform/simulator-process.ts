// Runs the simulator as a child process on a free loopback port. It shares nothing with the server but a message that
// says where it listens, and dies with it: its channel closes however the server ends.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Logger } from './logger.ts';

export interface SimulatorProcessOptions {
  /** The simulator's compiled entry; handed in, because nothing here may import the simulator. */
  readonly entry: URL | string;
  readonly args?: readonly string[];
  readonly logger: Pick<Logger, 'debug' | 'warn'>;
  /** For the start. Default one minute. */
  readonly timeoutMs?: number;
}

export interface SimulatorExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SimulatorProcess {
  /** Without a path, e.g. `http://127.0.0.1:40123`. */
  readonly url: string;
  /** Resolves once it is gone. */
  close(): Promise<void>;
  /** Resolves when it ends, asked or not; never rejects. */
  readonly exited: Promise<SimulatorExit>;
}

const START_TIMEOUT_MS = 60_000;
/** After this long without an end it is killed. */
const CLOSE_TIMEOUT_MS = 5_000;
const KEPT_OUTPUT_CHARACTERS = 2_000;

/** @throws Error when it does not come up; it is gone then. */
export async function startSimulatorProcess(options: SimulatorProcessOptions): Promise<SimulatorProcess> {
  const { entry, args = [], logger, timeoutMs = START_TIMEOUT_MS } = options;
  const path = entry instanceof URL ? fileURLToPath(entry) : entry;
  // An empty environment: the simulator needs none of it, least of all the server's port and secrets.
  const child = fork(path, [...args], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [], env: {} });
  const exited = new Promise<SimulatorExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => child.pid === undefined && resolve({ code: null, signal: null }));
  });
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  void exited.then(() => process.off('exit', killWithUs));

  let lastOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastOutput = (lastOutput + text).slice(-KEPT_OUTPUT_CHARACTERS);
    logger.debug({ output: text.trimEnd() }, 'The simulator wrote to its standard error.');
  });
  const close = async (): Promise<void> => {
    if (child.pid === undefined) return;
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
    await exited;
    clearTimeout(force);
  };

  try {
    const port = await listeningPort(child, exited, timeoutMs, () => lastOutput.trim());
    return { url: `http://127.0.0.1:${port}`, close, exited };
  } catch (error) {
    await close();
    throw error;
  }
}

function listeningPort(
  child: ChildProcess,
  exited: Promise<SimulatorExit>,
  timeoutMs: number,
  lastOutput: () => string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => {
      clearTimeout(timer);
      const output = lastOutput();
      reject(new Error(`The simulator ${what}.${output === '' ? '' : ` It wrote: ${output}`}`));
    };
    const timer = setTimeout(() => fail(`did not listen within ${timeoutMs} ms`), timeoutMs);
    child.once('error', (error) => fail(`could not be started (${error.message})`));
    void exited.then(({ code, signal }) => {
      fail(`ended before it listened (${signal === null ? `exit code ${code}` : signal})`);
    });
    child.on('message', (message) => {
      const port = portIn(message);
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(port);
    });
  });
}

function portIn(message: unknown): number | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  if (!('type' in message) || message.type !== 'listening' || !('port' in message)) return undefined;
  return typeof message.port === 'number' ? message.port : undefined;
}
