// A server that runs until it is stopped, with the end of what it printed.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

/**
 * @typedef {{ name: string, printed: (pattern: RegExp) => Promise<void>, ended: Promise<string>, stop: () => Promise<void> }} Program
 * `printed` rejects with its output when it ends first. `stop` is at once: nothing it holds is needed any more.
 */

const keptCharacters = 4_000;

/**
 * @param {string} name
 * @param {string} file
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Program}
 */
export function startProgram(name, file, args, options) {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  /** @type {Set<() => void>} */
  const watchers = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-keptCharacters);
      for (const look of watchers) look();
    });
  }
  /** @type {Promise<string>} */
  const ended = new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', () => resolve(output.trim()));
  });
  return {
    name,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(output)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
        void ended.then((last) => reject(new Error(`${name} did not start:\n${last}`)));
      }),
    stop: async () => {
      // Of a Postgres: at once, with all its processes.
      child.kill('SIGQUIT');
      await ended;
    },
  };
}

/** @returns {Promise<number>} a port of this machine that nobody listens on */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
