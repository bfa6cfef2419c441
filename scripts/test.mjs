// `npm test` and `npm run test:long`: runs the tests, against a Redis and a Postgres of their own, and ends with one line
// that tells the whole result.
// Other arguments go to jest: `npm test -- unit/core`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild } from './bootstrap/child.mjs';
import { prepare } from './bootstrap/prepare.mjs';
import { installed } from './bootstrap/project.mjs';
import { judge } from './bootstrap/test-verdict.mjs';
import { startServices } from './services/services.mjs';

/** @param {string[]} args */
export async function run(args) {
  const long = args[0] === '--long';
  const starting = startServices();
  try {
    // Whichever fails first is told; the other one is not left behind.
    const [node, services] = await Promise.all([prepare({ built: true }), starting]);
    return await runTests(node, long ? args.slice(1) : args, long, services.env);
  } finally {
    await starting.then(
      (services) => services.stop(),
      () => {},
    );
  }
}

/** @param {string} node @param {string[]} args @param {boolean} long @param {Record<string, string>} servicesEnv */
async function runTests(node, args, long, servicesEnv) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const summaryFile = join(folder, 'summary.json');
  try {
    const exitCode = await runChild(
      node,
      [
        '--experimental-vm-modules',
        '--disable-warning=ExperimentalWarning',
        installed('jest', 'bin', 'jest.js'),
        '--config',
        long ? 'jest.long.config.mjs' : 'jest.config.mjs',
        ...args,
      ],
      { env: { ...process.env, ...servicesEnv, SLUICE_TEST_SUMMARY: summaryFile } },
    );
    const verdict = judge(exitCode, readSummary(summaryFile));
    process.stdout.write(`\n${verdict.line}\n`);
    return verdict.exitCode;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} file @returns {import('./bootstrap/test-verdict.mjs').TestCounts | undefined} */
function readSummary(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
