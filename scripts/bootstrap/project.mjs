// Where things are in this tree, and how the scripts speak to whoever started them.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A failure whose message says everything; shown without a stack. */
export class CommandError extends Error {
  /** @override */
  name = 'CommandError';
}

/**
 * The entry point of an installed tool, to be run by the project's Node.
 * @param {...string} path below node_modules
 */
export function installed(...path) {
  return join(projectRoot, 'node_modules', ...path);
}

/**
 * Progress goes to stderr: stdout belongs to what is run.
 * @param {string} line
 */
export function report(line) {
  process.stderr.write(`${line}\n`);
}
