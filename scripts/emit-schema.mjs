// `npm run schema`: writes schema/schema.graphql from the code. `--check` only compares and shows what differs.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { captureChild } from './bootstrap/child.mjs';
import { prepare } from './bootstrap/prepare.mjs';
import { CommandError, projectRoot, report } from './bootstrap/project.mjs';
import { describeDifference } from './bootstrap/text-difference.mjs';

const target = join(projectRoot, 'schema', 'schema.graphql');

/** @param {string[]} args */
export async function run(args) {
  const emitted = await printSchema();
  const committed = readIfPresent(target);
  if (!args.includes('--check')) {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, emitted);
    report(committed === emitted ? 'schema/schema.graphql is up to date.' : 'Wrote schema/schema.graphql.');
    return 0;
  }
  if (committed === emitted) return 0;
  report('schema/schema.graphql is not what the code makes; run `npm run schema` and commit it.\n');
  report(describeDifference(committed ?? '', emitted));
  return 1;
}

/** The compiled schema is loaded by the project's Node; this script may run on an older one. */
async function printSchema() {
  const node = await prepare({ built: true });
  const program = `import { printSluiceSchema } from './dist/graphql/schema.js';
process.stdout.write(await printSluiceSchema());`;
  const { exitCode, stdout, output } = await captureChild(node, ['--input-type=module', '--eval', program]);
  if (exitCode !== 0) throw new CommandError(`The schema does not build:\n${output}`);
  return stdout.endsWith('\n') ? stdout : `${stdout}\n`;
}

/** @param {string} path */
function readIfPresent(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
