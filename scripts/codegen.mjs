// `npm run codegen`: typed documents from schema/ for tests and scripts, into test/generated/. `--check` only compares.
import { runChild } from './bootstrap/child.mjs';
import { prepare } from './bootstrap/prepare.mjs';
import { installed } from './bootstrap/project.mjs';

/** @param {string[]} args */
export async function run(args) {
  const node = await prepare({ built: false });
  const cli = installed('@graphql-codegen', 'cli', 'esm', 'bin.js');
  return runChild(node, [cli, '--config', 'codegen.yml', ...args]);
}
