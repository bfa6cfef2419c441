// `npm run check`: all that can be known about the code without running it. `npm run check -- layers types` runs some.
// Every check runs even if an earlier one failed, so that one run tells everything.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captureChild } from './bootstrap/child.mjs';
import { prepare } from './bootstrap/prepare.mjs';
import { CommandError, installed, projectRoot, report } from './bootstrap/project.mjs';
import { checkLicences } from './checks/licences.mjs';
import { checkSecrets } from './checks/secrets.mjs';

/**
 * @typedef {{ exitCode: number, output: string, skipped?: string }} Outcome
 * @typedef {{ name: string, about: string, run: (node: string) => Promise<Outcome> }} Check
 */

/**
 * @param {string} name
 * @param {string} about what is wrong when it fails
 * @param {readonly string[]} program
 * @returns {Check}
 */
const toolCheck = (name, about, ...program) => ({ name, about, run: (node) => captureChild(node, program) });

const compiler = installed('typescript', 'bin', 'tsc');

/** @type {readonly Check[]} */
const checks = [
  toolCheck(
    'style',
    'format and lint',
    installed('@biomejs', 'biome', 'bin', 'biome'),
    'check',
    '--error-on-warnings',
    '--colors=off',
  ),
  toolCheck('types', 'types of src/', compiler, '--noEmit', '-p', 'tsconfig.json'),
  toolCheck('test-types', 'types of tests, scripts and examples', compiler, '-p', 'tsconfig.test.json'),
  toolCheck(
    'layers',
    'who may import whom',
    installed('dependency-cruiser', 'bin', 'dependency-cruiser.mjs'),
    ...['--config', '.dependency-cruiser.mjs', '--output-type', 'err-long', 'src', 'test', 'scripts'],
  ),
  toolCheck('dead-code', 'files, exports and dependencies nobody uses', installed('knip', 'bin', 'knip.js')),
  toolCheck('schema', 'schema/schema.graphql is what the code makes', 'scripts/run.cjs', 'emit-schema', '--check'),
  { name: 'schema-breaks', about: 'no change of the schema breaks clients', run: checkBreakingChanges },
  toolCheck(
    'codegen',
    'test/generated/ and the manifest of documents fit schema/',
    ...['scripts/run.cjs', 'codegen', '--check'],
  ),
  { name: 'secrets', about: 'no secret is committed', run: (node) => checkSecrets(node) },
  { name: 'licences', about: 'what production runs with may be shipped', run: () => checkLicences() },
];

/** @param {string[]} args names of checks; none = all */
export async function run(args) {
  const unknown = args.filter((name) => !checks.some((check) => check.name === name));
  if (unknown.length > 0) {
    const known = checks.map((check) => check.name).join(', ');
    throw new CommandError(`Unknown check ${unknown.join(', ')}. Known: ${known}.`);
  }
  const node = await prepare({ built: false });
  const failed = [];
  for (const check of checks) {
    if (args.length > 0 && !args.includes(check.name)) continue;
    const outcome = await check.run(node);
    if (outcome.exitCode !== 0) {
      failed.push(check.name);
      report(`✗ ${check.name}: ${check.about}\n\n${outcome.output.trim()}\n`);
    } else if (outcome.skipped !== undefined) report(`- ${check.name}: skipped, ${outcome.skipped}`);
    else report(`✓ ${check.name}`);
  }
  report(failed.length === 0 ? '\nAll checks passed.' : `\nFailed: ${failed.join(', ')}.`);
  return failed.length === 0 ? 0 : 1;
}

/**
 * Compares with the schema of the last commit. A break that is meant is committed with SLUICE_ALLOW_SCHEMA_BREAKS=1 set.
 * @param {string} node
 * @returns {Promise<Outcome>}
 */
async function checkBreakingChanges(node) {
  if (process.env.SLUICE_ALLOW_SCHEMA_BREAKS === '1') {
    return { exitCode: 0, output: '', skipped: 'SLUICE_ALLOW_SCHEMA_BREAKS=1 is set' };
  }
  const committed = spawnSync('git', ['show', 'HEAD:./schema/schema.graphql'], { cwd: projectRoot, encoding: 'utf8' });
  if (committed.status !== 0)
    return { exitCode: 0, output: '', skipped: 'git has no committed schema to compare with' };
  const folder = mkdtempSync(join(tmpdir(), 'sluice-schema-'));
  try {
    const before = join(folder, 'committed.graphql');
    writeFileSync(before, committed.stdout);
    const inspector = installed('@graphql-inspector', 'cli', 'cjs', 'index.js');
    return await captureChild(node, [inspector, 'diff', before, 'schema/schema.graphql']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
