// `npm run migrate`: brings the database to this version and ends, for deployments that do so apart from a start.
import { runChild } from './bootstrap/child.mjs';
import { prepare } from './bootstrap/prepare.mjs';

/** @param {string[]} args */
export async function run(args) {
  const node = await prepare({ built: true });
  return runChild(node, ['dist/main.js', 'migrate', ...args]);
}
