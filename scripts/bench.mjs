// `npm run bench`: the bench is TypeScript that the project's Node runs as it is (types are stripped), so it may import
// what has no decorators from src/; the server it measures is dist/main.js, in a process of its own.
import { runChild } from './bootstrap/child.mjs';
import { prepare } from './bootstrap/prepare.mjs';

/** @param {string[]} args */
export async function run(args) {
  const node = await prepare({ built: true });
  return runChild(node, ['scripts/bench/bench.ts', ...args]);
}
