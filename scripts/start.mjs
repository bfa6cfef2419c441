// `npm start`: a running server from a fresh clone.
import { runChild } from './bootstrap/child.mjs';
import { prepare } from './bootstrap/prepare.mjs';

/** @param {string[]} args */
export async function run(args) {
  const node = await prepare({ built: true });
  return runChild(node, ['dist/main.js', ...args]);
}
