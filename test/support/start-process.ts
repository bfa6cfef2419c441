// The server as a process of its own, from dist/, with an environment and a working directory of its own.

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

export interface StartProcessOptions {
  /** Its working directory. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Default: that of dist/. */
  readonly script?: string;
}

const main = resolve('dist/main.js');

export function startProcess({ folder, env, script = main }: StartProcessOptions) {
  // A process group of its own, as a terminal gives it.
  const child = spawn(process.execPath, [script], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', ...env },
    detached: true,
  });
  let output = '';
  const watchers = new Set<() => void>();
  const lineWatchers = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lineStart = output.lastIndexOf('\n') + 1;
      output += text;
      for (const look of watchers) look();
      if (lineWatchers.size === 0) return;
      for (const line of output.slice(lineStart).split('\n').slice(0, -1)) for (const look of lineWatchers) look(line);
    });
  }
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  return {
    child,
    exited,
    output: () => output,
    /** As a terminal does it: to the server and to its simulator. */
    signalGroup: (signal: NodeJS.Signals) => {
      if (child.pid === undefined) throw new Error('it has not started');
      process.kill(-child.pid, signal);
    },
    /** The first line from now on that matches; for output too long to look through as a whole. */
    nextLine: (pattern: RegExp) =>
      new Promise<string>((done, reject) => {
        const look = (line: string): void => {
          if (!pattern.test(line)) return;
          lineWatchers.delete(look);
          done(line);
        };
        lineWatchers.add(look);
        void exited.then(() => reject(new Error(`ended before it printed ${pattern}:\n${output}`)));
      }),
    printed: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((done, reject) => {
        const look = (): void => {
          const match = pattern.exec(output);
          if (match === null) return;
          watchers.delete(look);
          done(match);
        };
        watchers.add(look);
        void exited.then(() => reject(new Error(`ended before it printed ${pattern}:\n${output}`)));
        look();
      }),
  };
}
