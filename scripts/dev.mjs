// `npm run dev`: compiles at every change and restarts the server. Ends with everything it started.
import { spawn } from 'node:child_process';
import { forgetBuild } from './bootstrap/build.mjs';
import { watchParent } from './bootstrap/child.mjs';
import { prepare } from './bootstrap/prepare.mjs';
import { installed, projectRoot } from './bootstrap/project.mjs';

/** @param {string[]} args */
export async function run(args) {
  const node = await prepare({ built: true });
  forgetBuild();
  const programs = [
    [installed('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json', '--watch', '--preserveWatchOutput'],
    ['--watch', '--watch-preserve-output', '--enable-source-maps', 'dist/main.js', ...args],
  ];
  // stdin stays with this script: the server reads none, and tsc --watch would end with it.
  const children = programs.map((program) =>
    spawn(node, program, { cwd: projectRoot, stdio: ['ignore', 'inherit', 'inherit'] }),
  );
  let stopping = false;
  const stop = () => {
    stopping = true;
    for (const child of children) child.kill('SIGTERM');
  };
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, stop);
  watchParent(stop);
  process.on('exit', () => {
    for (const child of children) child.kill('SIGKILL');
  });
  const exits = children.map(
    (child) =>
      new Promise((resolve) => {
        child.on('error', resolve);
        child.on('close', resolve);
      }),
  );
  await Promise.race(exits);
  const endedByItself = !stopping;
  stop();
  await Promise.all(exits);
  return endedByItself ? 1 : 0;
}
